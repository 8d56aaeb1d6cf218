// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a house must not notice: the daemon that is killed, restarted or frozen, rules that another
// program throws away; and what it should notice only a little: another outside address.
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr std::uint8_t kUnreachable = 3, kProhibited = 13;  // RFC 792, RFC 1812 5.2.7.1

// Twenty inside endpoints on three devices, some of them on one port, and what each is outside.
class Endpoints {
  public:
    explicit Endpoints(const House& house)
        : house_(house), first_(house.internet.udp("11.0.0.2:7001")) {
        for (int i = 0; i < 20; ++i) {
            const Host* devices[] = {&house.phone, &house.console, &house.pc};
            const Host& device = *devices[i % 3];
            sockets_.push_back(device.udp(concat("0.0.0.0:", 5000 + i / 2)));
            outside_.push_back(seen_by(first_, sockets_.back()));
        }
    }

    // Each is seen as before, by the old peer and by one it has never talked to.
    void check_unchanged(int new_port) const {
        const UdpSocket stranger = house_.internet.udp(concat("11.0.0.3:", new_port));
        for (std::size_t i = 0; i < sockets_.size(); ++i) {
            BOOST_TEST(outside_[i] != kNobody);
            BOOST_TEST(seen_by(first_, sockets_[i]) == outside_[i]);
            BOOST_TEST(seen_by(stranger, sockets_[i]) == outside_[i]);
            BOOST_TEST(heard_by(sockets_[i], first_, outside_[i]) == "11.0.0.2:7001");
        }
    }

  private:
    const House& house_;
    UdpSocket first_;
    std::vector<UdpSocket> sockets_;
    std::vector<std::string> outside_;
};

std::string mappings(const Router& router) {
    return router.cli({"mappings", "--json"}).out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(survival)

BOOST_AUTO_TEST_CASE(every_endpoint_keeps_its_outside_endpoint_through_a_kill_and_a_start) {
    House house;
    Router router(house);
    const Endpoints endpoints(house);
    endpoints.check_unchanged(8000);
    for (int round = 1; round <= 3; ++round) {
        router.kill_9();
        endpoints.check_unchanged(8000 + 2 * round);
        router.start();
        endpoints.check_unchanged(8001 + 2 * round);
    }
}

BOOST_AUTO_TEST_CASE(every_endpoint_keeps_its_outside_endpoint_through_a_stop_and_a_reload) {
    House house;
    Router router(house);
    const Endpoints endpoints(house);
    router.restart();
    endpoints.check_unchanged(8001);
    BOOST_TEST(router.reload().ok());
    endpoints.check_unchanged(8002);
}

BOOST_AUTO_TEST_CASE(every_endpoint_keeps_its_outside_endpoint_while_the_daemon_is_frozen) {
    House house;
    Router router(house);
    const Endpoints endpoints(house);
    router.freeze();
    endpoints.check_unchanged(8001);
    router.thaw();
    endpoints.check_unchanged(8002);
}

BOOST_AUTO_TEST_CASE(every_endpoint_keeps_its_outside_endpoint_after_a_foreign_flush) {
    House house;
    const Router router(house);
    const Endpoints endpoints(house);
    for (int round = 1; round <= 5; ++round) {
        house.router.nft("flush ruleset");
        BOOST_TEST(eventually(
            [&] {
                const Ran map =
                    house.router.run({"nft", "list", "map", "inet", "gatehouse", "source"});
                return Verdict(map.out.find("5009") != std::string::npos);
            },
            20s));
        endpoints.check_unchanged(8000 + round);
    }
}

BOOST_AUTO_TEST_CASE(a_new_device_is_served_at_once_after_a_kill_and_after_the_start) {
    House house;
    Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    BOOST_TEST(seen_by(server, house.phone.udp("0.0.0.0:6000")) == "11.0.0.1:6000");
    router.kill_9();
    const UdpSocket orphan = house.console.udp("0.0.0.0:6001");
    const std::string outside = seen_by(server, orphan);
    BOOST_TEST(outside != kNobody);
    router.start();
    BOOST_TEST(heard_by(orphan, server, outside) == "11.0.0.2:7001");
    BOOST_TEST(seen_by(server, house.pc.udp("0.0.0.0:6000")) != "11.0.0.1:6000");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(outside_address)

BOOST_AUTO_TEST_CASE(a_keep_alive_leaves_from_the_new_address_at_once_and_from_its_port) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    const UdpSocket console = house.console.udp("0.0.0.0:6000");
    BOOST_TEST(seen_by(server, phone) == "11.0.0.1:6000");
    const std::string second = seen_by(server, console);
    const Capture outside = house.router.capture("wan0");
    house.change_wan_address("11.0.0.9/24");
    BOOST_TEST(eventually(
        [&] {
            phone.send_to("11.0.0.2:7001", "still here");
            const auto got = server.receive(50ms);
            return Verdict(got && got->from.to_string() == "11.0.0.9:6000");
        },
        20s));
    BOOST_TEST(seen_by(server, console) == concat("11.0.0.9:", port_of(second).number));
    BOOST_TEST(heard_by(phone, server, "11.0.0.9:6000") == "11.0.0.2:7001");
    BOOST_TEST(outside.none(
        [](const Packet& p) { return p.outgoing && p.ip4_source_in("192.168.0.0/16"); }));
    BOOST_TEST(house.router.conntrack().find("dst=11.0.0.1 ") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_list_of_mappings_tells_the_new_address) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    BOOST_TEST(seen_by(server, phone) == "11.0.0.1:6000");
    BOOST_TEST(mappings(router).find("11.0.0.1:6000") != std::string::npos);
    house.change_wan_address("11.0.0.9/24");
    BOOST_TEST(eventually(
        [&] {
            phone.send_to("11.0.0.2:7001", "still here");
            const std::string list = mappings(router);
            return Verdict(list.find("11.0.0.9:6000") != std::string::npos &&
                           list.find("11.0.0.1:") == std::string::npos);
        },
        20s));
}

BOOST_AUTO_TEST_CASE(a_link_that_flaps_changes_nothing) {
    House house;
    const Router router(house);
    const Endpoints endpoints(house);
    house.unplug_wan();
    house.plug_wan();
    BOOST_TEST(eventually([&] { return house.router.can_ping("11.0.0.2", 1s); }, 20s));
    endpoints.check_unchanged(8001);
}

BOOST_AUTO_TEST_CASE(nothing_leaks_while_there_is_no_outside_address) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    BOOST_TEST(seen_by(server, phone) == "11.0.0.1:6000");
    const Capture outside = house.router.capture("wan0");
    // The route stays by its interface, so that packets still want to leave.
    house.router.ip("address flush dev wan0 scope global\nroute add 11.0.0.0/24 dev wan0\n");
    for (int i = 0; i < 20; ++i) {
        phone.send_to("11.0.0.2:7001", "anybody?");
        house.pc.udp().send_to("11.0.0.2:7001", "anybody?");
    }
    BOOST_TEST(throughout(
        [&] {
            return outside.none(
                [](const Packet& p) { return p.outgoing && p.ip4_source_in("192.168.0.0/16"); });
        },
        500ms));
    house.change_wan_address("11.0.0.9/24");
    BOOST_TEST(eventually([&] { return Verdict(seen_by(server, phone) == "11.0.0.9:6000"); }, 20s));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(quota)

BOOST_AUTO_TEST_CASE(a_device_at_its_quota_is_told_so_and_nobody_else_notices) {
    House house;
    const Router router(house, section("nat 'nat'", {{"host_mappings", "16"}}));
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket console = house.console.udp("0.0.0.0:3074");
    BOOST_TEST(seen_by(server, console) == "11.0.0.1:3074");
    std::vector<UdpSocket> sockets;
    std::vector<std::string> outside;
    for (int i = 0; i < 16; ++i) {
        sockets.push_back(house.pc.udp(concat("0.0.0.0:", 5000 + i)));
        outside.push_back(seen_by(server, sockets.back()));
        BOOST_TEST(outside.back() == concat("11.0.0.1:", 5000 + i));
    }
    const PacketSocket wire = house.pc.packets("eth0");
    const UdpSocket one_more = house.pc.udp("0.0.0.0:6000");
    BOOST_TEST(heard_by(server, one_more, "11.0.0.2:7001", 500ms) == kNobody);
    const auto told = wire.receive(
        [](const Packet& p) { return p.is_icmp() && !p.outgoing && p.icmp_type == kUnreachable; });
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(told->icmp_code == kProhibited);
    BOOST_TEST(told->tos == 0xc0U);  // as of any error of a router (RFC 1812 4.3.2.5)
    BOOST_TEST(told->about.source.to_string() == "192.168.1.10:6000");
    for (std::size_t i = 0; i < sockets.size(); ++i)
        BOOST_TEST(seen_by(server, sockets[i]) == outside[i]);
    BOOST_TEST(seen_by(server, console) == "11.0.0.1:3074");
    BOOST_TEST(seen_by(server, house.phone.udp("0.0.0.0:6000")) == "11.0.0.1:6000");
}

BOOST_AUTO_TEST_CASE(a_device_with_too_many_sessions_is_told_so_and_nobody_else_notices) {
    House house;
    const Router router(house, section("nat 'nat'", {{"host_sessions", "100"}}));
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket pc = house.pc.udp("0.0.0.0:5000");
    BOOST_TEST(seen_by(server, pc) == "11.0.0.1:5000");
    const PacketSocket wire = house.pc.packets("eth0");
    for (int port = 8000; port < 9000; ++port)
        pc.send_to(concat("11.0.0.3:", port), "one more");
    const auto told = wire.receive([](const Packet& p) {
        return p.is_icmp() && !p.outgoing && p.icmp_type == kUnreachable &&
               p.icmp_code == kProhibited;
    });
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(told->about.source.to_string() == "192.168.1.10:5000");
    const std::string sessions = house.router.conntrack();
    const auto count = std::count(sessions.begin(), sessions.end(), '\n');
    BOOST_TEST(count >= 100);
    BOOST_TEST(count <= 110);
    BOOST_TEST(seen_by(server, pc) == "11.0.0.1:5000");
    for (int port = 7100; port < 7150; ++port) {
        const UdpSocket other = house.internet.udp(concat("11.0.0.4:", port));
        BOOST_TEST(seen_by(other, house.phone.udp("0.0.0.0:5001")) == "11.0.0.1:5001");
    }
}

// A service that answers makes sessions that the kernel does not give up for others.
BOOST_AUTO_TEST_CASE(nor_do_sessions_with_the_router_itself_fill_its_table) {
    House house;
    const Router router(house, section("nat 'nat'", {{"host_sessions", "100"}}));
    const auto ask = [](const UdpSocket& device) {
        device.send_to("192.168.1.1:5351", std::string_view("\0\0", 2));  // NAT-PMP: my address?
        return device.receive(1s).has_value();
    };
    const UdpSocket early = house.pc.udp();
    BOOST_TEST(ask(early));
    for (int port = 10000; port < 10500; ++port) {
        const UdpSocket socket = house.pc.udp(concat("192.168.1.10:", port));
        socket.send_to("192.168.1.1:5351", std::string_view("\0\0", 2));
    }
    const std::string sessions = house.router.conntrack();
    const auto count = std::count(sessions.begin(), sessions.end(), '\n');
    BOOST_TEST(count >= 100);
    BOOST_TEST(count <= 120);
    BOOST_TEST(ask(early));
    BOOST_TEST(ask(house.phone.udp()));
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    BOOST_TEST(seen_by(server, house.pc.udp("0.0.0.0:5000")) == "11.0.0.1:5000");
}

// Strangers who come to an open port of a device do not hinder what it begins itself.
BOOST_AUTO_TEST_CASE(a_flood_to_an_open_port_ends_at_the_limit_and_leaves_the_device_free) {
    House house;
    const Router router(house,
                        section("nat 'nat'", {{"type", "full-cone"}, {"host_sessions", "100"}}));
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket pc = house.pc.udp("0.0.0.0:5000");
    BOOST_TEST(seen_by(server, pc) == "11.0.0.1:5000");
    for (int port = 8000; port < 8500; ++port)
        house.internet.udp(concat("11.0.0.3:", port)).send_to("11.0.0.1:5000", "anybody?");
    const std::string sessions = house.router.conntrack();
    BOOST_TEST(std::count(sessions.begin(), sessions.end(), '\n') <= 110);
    BOOST_TEST(seen_by(house.internet.udp("11.0.0.4:7001"), pc) == "11.0.0.1:5000");
    BOOST_TEST(heard_by(pc, server, "11.0.0.1:5000") != kNobody);
}

BOOST_AUTO_TEST_CASE(a_house_without_free_ports_refuses_new_flows_and_keeps_the_old) {
    House house;
    const Router router(house, section("nat 'nat'", {{"ports", "20000-20019"}}));
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    std::vector<UdpSocket> sockets;
    std::set<std::string> outside;
    for (int i = 0; i < 20; ++i) {
        sockets.push_back((i % 2 == 0 ? house.pc : house.phone).udp());
        outside.insert(seen_by(server, sockets.back()));
    }
    BOOST_TEST(outside.size() == 20U);
    BOOST_TEST(outside.count(std::string(kNobody)) == 0U);
    const PacketSocket wire = house.console.packets("eth0");
    const UdpSocket late = house.console.udp("0.0.0.0:6000");
    BOOST_TEST(heard_by(server, late, "11.0.0.2:7001", 500ms) == kNobody);
    BOOST_TEST(wire.receive([](const Packet& p) {
                       return p.is_icmp() && p.icmp_type == kUnreachable &&
                              p.icmp_code == kProhibited;
                   })
                   .has_value());
    for (const UdpSocket& socket : sockets)
        BOOST_TEST(outside.count(seen_by(server, socket)) == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
