// SPDX-License-Identifier: GPL-2.0-or-later
//
// What becomes of a port that a device opened: its lease ends, the daemon restarts or dies, another
// program flushes the rules, the outside address changes, the device is another one.
//
//   phone .20 --+
//   pc    .10 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
#include <boost/test/unit_test.hpp>

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
