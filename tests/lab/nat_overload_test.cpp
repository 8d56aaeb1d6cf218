// SPDX-License-Identifier: GPL-2.0-or-later
//
// Too much for too long: a daemon that stands still for seconds, and a house that fills the
// kernel's table of sessions.
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+
#include <boost/test/unit_test.hpp>
#include <set>

#include "gateway/base/text.h"
#include "tests/lab/support/crowd.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

BOOST_AUTO_TEST_SUITE(overload)

BOOST_AUTO_TEST_CASE(five_seconds_of_a_frozen_daemon_cost_no_session_and_no_endpoint) {
    House house;
    Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket stranger = house.internet.udp("11.0.0.3:7001");
    const Crowd crowd(house, 60, 5000);
    const Crowd::Faces before = crowd.faces(server);
    BOOST_REQUIRE(before.size() == 60U);
    const TcpListener listener = house.internet.listen("11.0.0.2:7002");
    TcpPair pair = tcp_pair(house.pc, listener);
    const Capture outside = house.router.capture("wan0");
    router.freeze();
    const Crowd newcomers(house, 60, 6000);
    newcomers.speak(server);
    BOOST_TEST(throughout([&] { return Verdict(pair.works()); }, 5s));
    BOOST_TEST((crowd.faces(server) == before));
    router.thaw();
    const Crowd::Faces theirs = newcomers.faces(server);
    BOOST_TEST(theirs.size() == 60U);
    BOOST_TEST((newcomers.faces(stranger) == theirs));
    BOOST_TEST((crowd.faces(stranger) == before));
    std::set<std::string> all = values(before);
    all.merge(values(theirs));
    BOOST_TEST(all.size() == 120U);
    BOOST_TEST(memory_and_kernel_agree(router));
    BOOST_TEST(leaked_nothing(outside));
}

// Of its sessions a sample is counted, so where it ends is a matter of chance: of 8,192 most times
// within a tenth, and never so far off.
BOOST_AUTO_TEST_CASE(an_endpoint_that_has_a_mapping_begins_no_more_sessions_than_its_device_may) {
    House house;
    const Router router(house);
    house.internet.nft(
        "table ip quiet { chain in { type filter hook prerouting priority raw; "
        "udp sport 5999 drop; }; }");
    const UdpSocket source = house.pc.udp("0.0.0.0:5999");
    source.send_to("11.0.0.3:1", "the first");
    flood(house, {.to = "11.0.0.3", .first_port = 5999, .one_source = true, .count = 30000});
    const auto count = parse_number<int>(house.router.sysctl("net.netfilter.nf_conntrack_count"));
    BOOST_TEST_MESSAGE(count.value_or(0) << " sessions of one endpoint");
    BOOST_TEST(count.value_or(0) > 4096);
    BOOST_TEST(count.value_or(0) < 2 * 8192);
}

// First packets that wait for the daemon are not sessions yet. Those that it lets through count as
// much as any other.
BOOST_AUTO_TEST_CASE(what_waited_for_a_frozen_daemon_counts_as_sessions_of_its_device) {
    House house;
    Router router(house, section("nat 'nat'", {{"host_sessions", "1000"}}));
    house.internet.nft(
        "table ip quiet { chain in { type filter hook prerouting priority raw; "
        "udp sport 5999 drop; }; }");
    const UdpSocket source = house.pc.udp("0.0.0.0:5999");
    router.freeze();
    flood(house, {.to = "11.0.0.3", .first_port = 5999, .one_source = true, .count = 8000});
    router.thaw();
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    BOOST_TEST(seen_by(server, house.phone.udp("0.0.0.0:6000")) == "11.0.0.1:6000");
    flood(house, {.to = "11.0.0.4", .first_port = 5999, .one_source = true, .count = 8000});
    const auto count = parse_number<int>(house.router.sysctl("net.netfilter.nf_conntrack_count"));
    BOOST_TEST_MESSAGE(count.value_or(0) << " sessions of one endpoint");
    BOOST_TEST(count.value_or(0) > 500);
    BOOST_TEST(count.value_or(0) < 2000);
}

// Each look at a packet in vain is one that somebody else waits for.
BOOST_AUTO_TEST_CASE(a_device_that_has_all_its_mappings_and_asks_on_is_refused_by_the_kernel) {
    House house;
    const Router router(house, section("nat 'nat'", {{"host_mappings", "100"}}));
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket pc = house.pc.udp("0.0.0.0:5000");
    BOOST_TEST(seen_by(server, pc) == "11.0.0.1:5000");
    const std::uint64_t before = packets_in_queue(house.router).value_or(0);
    flood(house, {.first_port = 10000, .count = 50000});
    const std::uint64_t looked_at = packets_in_queue(house.router).value_or(0) - before;
    BOOST_TEST_MESSAGE(looked_at << " of 50000 packets were looked at");
    BOOST_TEST(looked_at >= 200U);
    BOOST_TEST(looked_at < 10000U);
    BOOST_TEST(seen_by(server, house.phone.udp("0.0.0.0:6000")) == "11.0.0.1:6000");
    // What has a mapping goes on with it, to others, too.
    BOOST_TEST(seen_by(house.internet.udp("11.0.0.4:7001"), pc) == "11.0.0.1:5000");
    const Ran metrics =
        router.run({"curl", "-s", "--unix-socket", router.control(), "http://gatehouse/metrics"});
    const std::string dropped = "gatehouse_packets_dropped_total{reason=\"host_mappings\"} ";
    BOOST_TEST(metrics.says(dropped));
    BOOST_TEST(!metrics.says(dropped + "0\n"));
}

// One device begins more sessions than the kernel keeps, where the owner lets it. It can say no to
// nobody else: what has answered stays, and newcomers take the place of what nobody answered.
BOOST_AUTO_TEST_CASE(a_device_that_fills_the_kernels_table_harms_nobody_else) {
    House house;
    const Router router(house, section("nat 'nat'", {{"host_sessions", "0"}}));
    const int most =
        parse_number<int>(house.router.sysctl("net.netfilter.nf_conntrack_max")).value_or(1 << 30);
    if (most > 300'000) {
        BOOST_TEST_MESSAGE("kernel lacks: a table that can be filled in seconds");
        return;
    }
    // The answer of closed ports would be more traffic than the flood.
    house.internet.nft(
        "table ip quiet { chain in { type filter hook prerouting priority raw; "
        "udp sport 5999 drop; }; }");
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const Crowd crowd(house, 30, 5000);
    const Crowd::Faces before = crowd.faces(server);
    const TcpListener listener = house.internet.listen("11.0.0.2:7002");
    TcpPair pair = tcp_pair(house.phone, listener);
    BOOST_TEST(pair.works());
    for (int last = 5; last <= 8; ++last)
        house.internet.ip(concat("address add 11.0.0.", last, "/24 dev net0"));
    const UdpSocket source = house.pc.udp("0.0.0.0:5999");
    source.send_to("11.0.0.3:1", "the first");
    for (int sent = 0, last = 3; sent <= most; sent += 65000, ++last) {
        flood(house, {.to = concat("11.0.0.", last),
                      .first_port = 5999,
                      .one_source = true,
                      .count = 65000});
    }
    const auto count = parse_number<int>(house.router.sysctl("net.netfilter.nf_conntrack_count"));
    BOOST_TEST(count.value_or(0) > most - most / 10);
    BOOST_TEST(pair.works());
    BOOST_TEST((crowd.faces(server) == before));
    const Crowd newcomers(house, 30, 6000);
    BOOST_TEST(newcomers.faces(server).size() == 30U);
    BOOST_TEST(tcp_pair(house.console, listener).works());
    BOOST_TEST(router.cli({"status"}).ok());
    BOOST_TEST(memory_and_kernel_agree(router));
}

BOOST_AUTO_TEST_SUITE_END()
