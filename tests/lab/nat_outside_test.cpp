// SPDX-License-Identifier: GPL-2.0-or-later
//
// The outside of a house that is not one steady address: several of them, one that is good for
// nothing but the modem, links that flap, come late or change their kind.
//
//   phone   .20 --+                                    11.0.0.1 and more
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+
#include <boost/test/unit_test.hpp>
#include <set>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

std::string address_of(const std::string& endpoint) {
    return endpoint.substr(0, endpoint.find(':'));
}

void check_no_inside_address(const Capture& outside) {
    BOOST_TEST(outside.none(
        [](const Packet& p) { return p.outgoing && p.ip4_source_in("192.168.0.0/16"); }));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(several_addresses)

BOOST_AUTO_TEST_CASE(all_endpoints_of_a_device_leave_from_one_address_and_both_addresses_are_used) {
    House house;
    house.add_wan_address("11.0.0.8/24");
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const TcpListener listener = house.internet.listen("11.0.0.2:7002");
    std::set<std::string> used;
    for (int i = 0; i < 10; ++i) {
        Host& device = house.add_host(concat("device", i), {concat("192.168.1.", 100 + i, "/24")});
        std::set<std::string> of_this;
        for (int n = 0; n < 3; ++n) {
            const UdpSocket socket = device.udp();
            const std::string outside = seen_by(server, socket);
            of_this.insert(address_of(outside));
            BOOST_TEST(heard_by(socket, server, outside) == "11.0.0.2:7001");
        }
        TcpPair pair = tcp_pair(device, listener);
        BOOST_TEST(pair.works());
        of_this.insert(address_of(pair.seen()));
        BOOST_TEST(of_this.size() == 1U);
        used.merge(of_this);
    }
    // Ten devices drawn at random: one in five hundred houses would use only one.
    BOOST_TEST((used == std::set<std::string>{"11.0.0.1", "11.0.0.8"} || used.size() == 1U));
}

BOOST_AUTO_TEST_CASE(who_left_from_an_address_that_goes_leaves_from_the_other_at_once) {
    House house;
    house.add_wan_address("11.0.0.8/24");
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    std::vector<UdpSocket> sockets;
    for (const Host* device : {&house.phone, &house.console, &house.pc}) {
        sockets.push_back(device->udp("0.0.0.0:6000"));
        BOOST_TEST(seen_by(server, sockets.back()) != kNobody);
    }
    const Capture outside = house.router.capture("wan0");
    house.router.ip("address del 11.0.0.8/24 dev wan0");
    for (const UdpSocket& socket : sockets) {
        BOOST_TEST(eventually(
            [&] { return Verdict(address_of(seen_by(server, socket)) == "11.0.0.1"); }, 20s));
    }
    BOOST_TEST(house.router.conntrack().find("dst=11.0.0.8 ") == std::string::npos);
    check_no_inside_address(outside);
}

BOOST_AUTO_TEST_CASE(an_address_for_the_modem_alone_is_given_to_nobody) {
    House house;
    house.add_wan_address("192.168.100.2/24");
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    for (int i = 0; i < 8; ++i) {
        Host& device = house.add_host(concat("device", i), {concat("192.168.1.", 100 + i, "/24")});
        BOOST_TEST(address_of(seen_by(server, device.udp())) == "11.0.0.1");
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(unsteady)

BOOST_AUTO_TEST_CASE(a_link_that_flaps_ten_times_a_second_leaks_nothing_and_in_the_end_serves_all) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    const UdpSocket console = house.console.udp("0.0.0.0:6000");
    BOOST_TEST(seen_by(server, phone) == "11.0.0.1:6000");
    const Capture outside = house.router.capture("wan0");
    for (int i = 0; i < 20; ++i) {
        house.router.ip("link set wan0 down");
        phone.send_to("11.0.0.2:7001", "still here");
        house.pc.udp().send_to("11.0.0.2:7001", "new");
        house.router.ip("link set wan0 up\nroute replace default via 11.0.0.2 dev wan0 onlink");
        console.send_to("11.0.0.2:7001", "still here");
        house.pc.udp().send_to("11.0.0.2:7001", "new");
    }
    // The phone was there first, and keeps what it had.
    BOOST_TEST(eventually([&] { return Verdict(seen_by(server, phone) == "11.0.0.1:6000"); }, 20s));
    const std::string other = seen_by(server, console);
    BOOST_TEST(other != kNobody);
    BOOST_TEST(seen_by(server, console) == other);
    check_no_inside_address(outside);
}

BOOST_AUTO_TEST_CASE(sessions_go_on_when_the_cable_is_back_or_the_link_up_again) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const TcpListener listener = house.internet.listen("11.0.0.2:7002");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    TcpPair pair = tcp_pair(house.pc, listener);
    BOOST_TEST(seen_by(server, phone) == "11.0.0.1:6000");
    const auto is_down = [&] {
        return Verdict(router.cli({"status", "--json"}).says(R"("reach":"none")"));
    };
    const auto goes_on = [&] {
        // Without the phone having said anything since.
        BOOST_TEST(
            eventually([&] { return heard_by(phone, server, "11.0.0.1:6000") != kNobody; }, 20s));
        BOOST_TEST(pair.works());
    };
    house.unplug_wan();
    BOOST_TEST(eventually(is_down, 20s));
    house.plug_wan();
    goes_on();
    house.wan_down();
    BOOST_TEST(eventually(is_down, 20s));
    house.wan_up();
    goes_on();
}

BOOST_AUTO_TEST_CASE(an_interface_that_comes_late_or_back_with_another_name_serves_who_waited) {
    House house;
    house.wan_vanishes();
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    const TcpListener listener = house.internet.listen("11.0.0.2:7002");
    const auto served = [&] {
        return eventually([&] { return Verdict(seen_by(server, phone) == "11.0.0.1:6000"); }, 10s);
    };
    phone.send_to("11.0.0.2:7001", "anybody?");
    house.wan_comes_back();
    BOOST_TEST(served());
    house.rename_wan("uplink");
    const Capture elsewhere = house.router.capture("uplink");
    for (int i = 0; i < 5; ++i)
        phone.send_to("11.0.0.2:7001", "by another door?");
    BOOST_TEST(house.pc.connect("11.0.0.2:7002", 300ms).error() != 0);
    check_no_inside_address(elsewhere);
    house.rename_wan("wan0");
    BOOST_TEST(served());
    BOOST_TEST(tcp_pair(house.pc, listener).works());
}

// While the link had another name, an answer to the house was taken for the router's own, and the
// kernel remembers that for half a minute.
BOOST_AUTO_TEST_CASE(what_came_while_the_link_had_another_name_is_in_nobodys_way) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    BOOST_TEST(seen_by(server, phone) == "11.0.0.1:6000");
    house.rename_wan("uplink");
    BOOST_TEST(router.says("outside address 11.0.0.1 -> none", 10s));
    BOOST_TEST(eventually(
        [&] {
            server.send_to("11.0.0.1:6000", "an answer");
            return Verdict(house.router.conntrack().find("dst=11.0.0.1 sport=7001 dport=6000") !=
                           std::string::npos);
        },
        5s));
    house.rename_wan("wan0");
    house.wan_default_route();
    BOOST_TEST(eventually([&] { return Verdict(seen_by(server, phone) == "11.0.0.1:6000"); }, 12s));
}

BOOST_AUTO_TEST_CASE(the_status_tells_what_the_address_is_good_for) {
    House house;
    const Router router(house);
    for (const auto& [address, reach] :
         {std::pair("10.1.2.3", "private"), std::pair("100.64.0.9", "cgnat"),
          std::pair("11.0.0.7", "public")}) {
        house.router.ip(
            concat("address flush dev wan0 scope global\naddress add ", address, "/24 dev wan0"));
        const std::string wanted =
            concat(R"("address":")", address, R"(/24","reach":")", reach, "\"");
        BOOST_TEST(eventually(
            [&] {
                return Verdict(router.cli({"status", "--json"}).says(wanted));
            },
            20s));
    }
    house.router.ip("address flush dev wan0 scope global");
    BOOST_TEST(eventually(
        [&] {
            return Verdict(router.cli({"status", "--json"}).says(R"("reach":"none")"));
        },
        20s));
}

BOOST_AUTO_TEST_SUITE_END()
