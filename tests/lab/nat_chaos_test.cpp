// SPDX-License-Identifier: GPL-2.0-or-later
//
// The worst moment, under traffic: a daemon that is killed, overrun or misses what the kernel
// tells, and a table that is taken away again and again.
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <set>

#include "gateway/base/text.h"
#include "tests/lab/support/crowd.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

// Leaves the daemon's ears for what the kernel announces as little room as the kernel allows.
int shrink_buffers_of(pid_t daemon) {
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, daemon, 0));
    int shrunk = 0;
    for (const auto& entry : std::filesystem::directory_iterator(concat("/proc/", daemon, "/fd"))) {
        const auto number = parse_number<int>(entry.path().filename().string());
        if (!number) continue;
        const Fd copy(static_cast<int>(::syscall(SYS_pidfd_getfd, process, *number, 0)));
        sockaddr_nl local{};
        socklen_t size = sizeof local;
        if (copy.number() < 0 ||
            ::getsockname(copy.number(), reinterpret_cast<sockaddr*>(&local), &size) != 0 ||
            local.nl_family != AF_NETLINK || local.nl_groups == 0) {
            continue;
        }
        const int least = 1;
        if (::setsockopt(copy.number(), SOL_SOCKET, SO_RCVBUFFORCE, &least, sizeof least) == 0) {
            ++shrunk;
        }
    }
    ::close(process);
    return shrunk;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(chaos)

// More first packets than may wait: those beyond pass as the kernel alone translates them.
BOOST_AUTO_TEST_CASE(an_overrun_queue_stops_nobody) {
    House house;
    Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const Crowd crowd(house, 30, 5000);
    const Crowd::Faces before = crowd.faces(server);
    const Capture outside = house.router.capture("wan0");
    router.freeze();
    flood(house, {.count = 9000});
    const UdpSocket late = house.phone.udp("0.0.0.0:6000");
    const std::string outside_of_late = seen_by(server, late);
    BOOST_TEST(outside_of_late != kNobody);
    BOOST_TEST((crowd.faces(server) == before));
    router.thaw();
    BOOST_TEST((crowd.faces(house.internet.udp("11.0.0.3:7001"), 10s) == before));
    BOOST_TEST(seen_by(server, late) == outside_of_late);
    BOOST_TEST(eventually(
        [&] { return Verdict(seen_by(server, house.phone.udp("0.0.0.0:6002")) != kNobody); }, 10s));
    BOOST_TEST(memory_and_kernel_agree(router));
    BOOST_TEST(leaked_nothing(outside));
}

BOOST_AUTO_TEST_CASE(packets_that_wait_while_their_interface_goes_do_no_harm) {
    House house;
    Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const Crowd crowd(house, 30, 5000);
    const Crowd::Faces before = crowd.faces(server);
    router.freeze();
    flood(house, {});
    house.wan_down();
    router.thaw();
    house.wan_up();
    BOOST_TEST((crowd.faces(server, 10s) == before));
    BOOST_TEST(router.cli({"status"}).ok());
    // The sessions from before may have answered, until the daemon heard of the interface.
    BOOST_TEST((crowd.faces(server, 10s) == before));
    BOOST_TEST(memory_and_kernel_agree(router));
}

BOOST_AUTO_TEST_CASE(what_the_daemon_failed_to_hear_it_finds_out) {
    House house;
    Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const Crowd crowd(house, 150, 5000);
    const Crowd::Faces before = crowd.faces(server);
    BOOST_REQUIRE(before.size() == 150U);
    BOOST_REQUIRE(shrink_buffers_of(router.pid()) >= 3);
    router.freeze();
    // Ends of sessions, interfaces, addresses and rules, each more than the buffers hold.
    house.router.run({"conntrack", "-D", "-s", "192.168.1.20"});
    house.router.run({"conntrack", "-D", "-s", "192.168.1.30"});
    std::string lines;
    for (int i = 0; i < 40; ++i)
        append(lines, "link add spare", i, " type bridge\nlink set spare", i, " up\n");
    house.router.ip(lines);
    house.change_wan_address("11.0.0.9/24");
    house.router.nft("flush ruleset");
    for (int i = 0; i < 20; ++i)
        house.router.nft(concat("table ip other", i, " { chain c { counter; }; }"));
    router.thaw();
    BOOST_TEST(router.says("outside address 11.0.0.1 -> 11.0.0.9"));
    BOOST_TEST(router.says("ruleset loaded"));
    BOOST_TEST(eventually(
        [&] {
            return Verdict(house.router.nft_ruleset().find("untranslated") != std::string::npos);
        },
        20s));
    const Ran metrics = house.router.run(
        {"curl", "-s", "--unix-socket", router.control(), "http://gatehouse/metrics"});
    BOOST_TEST(metrics.says("gatehouse_netlink_overruns_total "));
    BOOST_TEST(!metrics.says("gatehouse_netlink_overruns_total 0"));
    const Crowd::Faces after = crowd.faces(server, 10s);
    BOOST_REQUIRE(after.size() == before.size());
    for (const auto& [i, face] : after)
        BOOST_TEST(face == concat("11.0.0.9:", port_of(before.at(i)).number));
    BOOST_TEST(memory_and_kernel_agree(router));
}

// A flow that begins in the very moment without rules keeps the face that it got from the kernel
// alone; everything else is as if nothing had happened.
BOOST_AUTO_TEST_CASE(a_table_that_is_flushed_again_and_again_comes_back_whole) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const Crowd crowd(house, 60, 5000);
    const Crowd::Faces before = crowd.faces(server);
    const TcpListener listener = house.internet.listen("11.0.0.2:7002");
    TcpPair pair = tcp_pair(house.pc, listener);
    std::vector<Crowd> newcomers;
    for (int round = 0; round < 15; ++round) {
        house.router.nft("flush ruleset");
        newcomers.emplace_back(house, 12, 6000 + 20 * round);
        newcomers.back().speak(server);
        crowd.speak(server);
    }
    BOOST_TEST(
        eventually([&] { return Verdict(mappings_in_kernel(house.router).size() >= 60U); }, 20s));
    BOOST_TEST(pair.works());
    const Capture outside = house.router.capture("wan0");
    const UdpSocket third = house.internet.udp("11.0.0.3:7001");
    const UdpSocket fourth = house.internet.udp("11.0.0.4:7001");
    BOOST_TEST((crowd.faces(server) == before));
    BOOST_TEST((crowd.faces(third) == before));
    std::set<std::string> all = values(before);
    for (const Crowd& some : newcomers) {
        BOOST_TEST(some.faces(server).size() == 12U);
        const Crowd::Faces faces = some.faces(third);
        BOOST_TEST((some.faces(fourth) == faces));
        all.merge(values(faces));
    }
    BOOST_TEST(all.size() == 60U + 15U * 12U);
    BOOST_TEST(memory_and_kernel_agree(router));
    BOOST_TEST(leaked_nothing(outside));
}

BOOST_AUTO_TEST_CASE(kills_under_a_stream_of_new_flows_change_no_endpoint) {
    House house;
    Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket stranger = house.internet.udp("11.0.0.3:7001");
    const Capture outside = house.router.capture("wan0");
    std::vector<Crowd> crowds;
    std::vector<Crowd::Faces> faces;
    for (int round = 0; round < 6; ++round) {
        crowds.emplace_back(house, 30, 5000 + 100 * round);
        crowds.back().speak(server);
        router.kill_9();
        faces.push_back(crowds.back().faces(server));
        BOOST_TEST(faces.back().size() == 30U);
        crowds.emplace_back(house, 30, 5050 + 100 * round);
        faces.push_back(crowds.back().faces(server));
        router.start();
    }
    std::set<std::string> all;
    for (std::size_t i = 0; i < crowds.size(); ++i) {
        BOOST_TEST((crowds[i].faces(server) == faces[i]));
        all.merge(values(faces[i]));
    }
    BOOST_TEST(all.size() == crowds.size() * 30);
    BOOST_TEST(memory_and_kernel_agree(router));
    BOOST_TEST(leaked_nothing(outside));
}

BOOST_AUTO_TEST_SUITE_END()
