// SPDX-License-Identifier: GPL-2.0-or-later
//
// What becomes of a port that a device opened: its lease ends, the daemon restarts or dies, another
// program flushes the rules, the outside address changes, the device is another one.
//
//   phone .20 --+
//   pc    .10 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
#include <boost/test/unit_test.hpp>
#include <chrono>

#include "gateway/base/bytes.h"
#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/upnp.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kSilence = 300ms;

struct OpenPort {
    explicit OpenPort(std::string_view lease = "3600") : pc(house.pc.udp("192.168.1.10:6881")) {
        const Ran added =
            upnpc(house.pc, {"-a", "192.168.1.10", "6881", "6881", "UDP", std::string(lease)});
        BOOST_REQUIRE(added.says("is redirected to"));
    }

    bool reaches(std::string_view from, std::string_view to = "11.0.0.1:6881",
                 Duration limit = 10s) {
        return heard_by(pc, house.internet.udp(from), to, limit) == from;
    }

    House house;
    Router router{house};
    UdpSocket pc;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(life)

BOOST_AUTO_TEST_CASE(it_survives_restart_death_and_a_foreign_flush) {
    OpenPort open;
    BOOST_TEST(open.reaches("11.0.0.2:1001"));
    open.router.restart();
    BOOST_TEST(open.reaches("11.0.0.2:1002"));
    BOOST_TEST(open.router.cli({"forwards"}).says("igd"));
    open.router.kill_9();
    BOOST_TEST(open.reaches("11.0.0.2:1003"));
    open.router.start();
    BOOST_TEST(open.reaches("11.0.0.2:1004"));
    BOOST_TEST(open.router.cli({"forwards"}).says("igd"));
    open.house.router.nft("flush ruleset");
    BOOST_TEST(eventually(
        [&] { return Verdict(open.reaches("11.0.0.2:1005", "11.0.0.1:6881", 100ms)); }, 10s));
}

// What it sends while nobody translates begins a session of the router's own, which would stay for
// as long as the stranger goes on.
BOOST_AUTO_TEST_CASE(a_stranger_that_speaks_all_the_while_is_heard_after_a_foreign_flush) {
    OpenPort open;
    const UdpSocket stranger = open.house.internet.udp("11.0.0.2:1001");
    open.router.freeze();
    open.house.router.nft("flush ruleset");
    BOOST_TEST(heard_by(open.pc, stranger, "11.0.0.1:6881", kSilence) == kNobody);
    open.router.thaw();
    BOOST_TEST(eventually(
        [&] {
            return Verdict(heard_by(open.pc, stranger, "11.0.0.1:6881", 100ms) == "11.0.0.2:1001");
        },
        10s));
}

BOOST_AUTO_TEST_CASE(after_a_kill_a_lost_table_is_written_from_the_journal) {
    OpenPort open;
    open.router.kill_9();
    open.house.router.nft("flush ruleset");
    open.router.start();
    BOOST_TEST(open.reaches("11.0.0.2:1001"));
}

BOOST_AUTO_TEST_CASE(it_ends_with_its_lease) {
    OpenPort open("5");
    BOOST_TEST(
        eventually([&] { return Verdict(!open.router.cli({"forwards"}).says("igd")); }, 10s));
    BOOST_TEST(!open.reaches("11.0.0.2:1001", "11.0.0.1:6881", kSilence));
}

// Half of them by UPnP, half by PCP: whatever asked for it, all are elements of the same maps.
BOOST_AUTO_TEST_CASE(five_thousand_ports_are_back_in_a_moment_after_a_foreign_flush) {
    constexpr std::uint32_t kFirst = 40000;
    constexpr std::uint32_t kCount = 5000;
    constexpr Duration kSoon = 5s;  // a second is asked for; a busy machine takes longer
    House house;
    const Router router(house, section("upnp", {{"host_quota", "6000"}, {"quota", "6000"}}));
    const IgdClient igd(house.pc);
    const UdpSocket pcp = house.pc.udp("192.168.1.10:0");
    for (std::uint32_t port = kFirst; port < kFirst + kCount; port += 2) {
        BOOST_REQUIRE(igd.add(port, "192.168.1.10"));
        ByteWriter number(2);
        number.u16(static_cast<std::uint16_t>(port + 1));
        const std::string other = to_hex(number.view());
        bool ok = false;
        const auto request = from_hex(
            concat("0201000000000e1000000000000000000000ffffc0a8010a0102030405060708090a0b0c"
                   "11000000",
                   other, other, "00000000000000000000ffff00000000"),
            ok);
        const auto answer = pcp.ask("192.168.1.1:5351", as_text(request), 10s);
        BOOST_REQUIRE((answer && answer->data.size() == 60U && answer->data[3] == 0));
    }
    const std::string last = std::to_string(kFirst + kCount - 1);
    const UdpSocket pc = house.pc.udp(At("192.168.1.10:" + last));
    const auto is_open = [&] {
        return heard_by(pc, house.internet.udp("11.0.0.3:0"), At("11.0.0.1:" + last), 10ms) !=
               kNobody;
    };
    BOOST_REQUIRE(eventually([&] { return Verdict(is_open()); }, 10s));
    house.router.nft("flush ruleset");
    const auto begin = std::chrono::steady_clock::now();
    BOOST_TEST(eventually([&] { return Verdict(is_open()); }, 30s));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    BOOST_TEST_MESSAGE("back after " << took.count() << " s");
    BOOST_TEST(took < kSoon);
    // And the first one, and one that was never asked for.
    const UdpSocket first = house.pc.udp("192.168.1.10:40000");
    BOOST_TEST(heard_by(first, house.internet.udp("11.0.0.2:0"), "11.0.0.1:40000", 10s) != kNobody);
    const UdpSocket closed = house.pc.udp("192.168.1.10:45000");
    BOOST_TEST(heard_by(closed, house.internet.udp("11.0.0.2:0"), "11.0.0.1:45000", kSilence) ==
               kNobody);
}

BOOST_AUTO_TEST_CASE(it_moves_with_the_outside_address) {
    OpenPort open;
    open.house.change_wan_address("11.0.0.9/24");
    BOOST_TEST(eventually(
        [&] { return Verdict(open.reaches("11.0.0.2:1001", "11.0.0.9:6881", 200ms)); }, 10s));
    BOOST_TEST(upnpc(open.house.pc, {"-s"}).says("ExternalIPAddress = 11.0.0.9"));
}

BOOST_AUTO_TEST_CASE(another_device_at_the_address_does_not_inherit_it) {
    OpenPort open;
    open.house.pc.ip("link set eth0 address 02:00:00:00:00:99");
    BOOST_TEST(open.house.pc.can_ping("192.168.1.1", 10s));
    BOOST_TEST(
        eventually([&] { return Verdict(!open.router.cli({"forwards"}).says("igd")); }, 10s));
}

BOOST_AUTO_TEST_SUITE_END()
