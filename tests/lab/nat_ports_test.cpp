// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which outside port it is: nobody shares one, none of the router's own is ever given away, and the
// number follows the rules (RFC 4787 4.2, RFC 6056).
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+
#include <boost/test/unit_test.hpp>
#include <set>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

const std::string_view kTypes[] = {"full-cone", "restricted-cone", "port-restricted-cone",
                                   "symmetric"};

bool is_even(Port port) {
    return port.number % 2 == 0;
}

// Sockets on free ports of the device, and what the server says each is outside. All stay open to
// the end, or the device would sometimes use one port twice.
std::vector<std::pair<Port, Port>> ports_of(const Host& device, const UdpSocket& server,
                                            int count) {
    std::vector<std::pair<Port, Port>> out;
    std::vector<UdpSocket> sockets;
    for (int i = 0; i < count; ++i) {
        const UdpSocket& socket = sockets.emplace_back(device.udp());
        out.emplace_back(socket.local().port, port_of(seen_by(server, socket)));
    }
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(two_consoles)

BOOST_AUTO_TEST_CASE(on_one_port_they_get_different_outside_ports_over_udp) {
    for (const std::string_view type : kTypes) {
        BOOST_TEST_CONTEXT(type) {
            House house;
            const Router router(house, nat_type(type));
            const UdpSocket first = house.internet.udp("11.0.0.2:3074");
            const UdpSocket second = house.internet.udp("11.0.0.3:3074");
            const UdpSocket phone = house.phone.udp("0.0.0.0:3074");
            const UdpSocket console = house.console.udp("0.0.0.0:3074");
            const std::string phone_outside = seen_by(first, phone);
            const std::string console_outside = seen_by(second, console);
            BOOST_TEST(phone_outside != kNobody);
            BOOST_TEST(console_outside != kNobody);
            BOOST_TEST(phone_outside != console_outside);
            BOOST_TEST(heard_by(phone, first, phone_outside) == "11.0.0.2:3074");
            BOOST_TEST(heard_by(console, second, console_outside) == "11.0.0.3:3074");
        }
    }
}

BOOST_AUTO_TEST_CASE(on_one_port_they_get_different_outside_ports_over_tcp) {
    House house;
    const Router router(house);
    const TcpListener first = house.internet.listen("11.0.0.2:80");
    const TcpListener second = house.internet.listen("11.0.0.3:80");
    TcpPair phone = tcp_pair(house.phone, first, At("192.168.1.20:3074"));
    TcpPair console = tcp_pair(house.console, second, At("192.168.1.30:3074"));
    BOOST_TEST(phone.seen() != console.seen());
    BOOST_TEST(phone.works());
    BOOST_TEST(console.works());
}

BOOST_AUTO_TEST_CASE(two_pings_with_one_identifier_get_different_ones_and_their_own_answers) {
    House house;
    const Router router(house);
    const Capture outside = house.router.capture("wan0");
    const IcmpSocket phone = house.phone.icmp();
    const IcmpSocket console = house.console.icmp();
    phone.send_echo("11.0.0.2", 99, 1, "phone");
    console.send_echo("11.0.0.3", 99, 1, "console");
    const auto to_phone = phone.receive_reply(99, 1);
    const auto to_console = console.receive_reply(99, 1);
    BOOST_REQUIRE((to_phone && to_console));
    BOOST_TEST(to_phone->data == "phone");
    BOOST_TEST(to_console->data == "console");
    const auto request_to = [](std::string_view where) {
        return [where](const Packet& p) { return p.is_icmp() && p.outgoing && p.is_to(where); };
    };
    const auto a = outside.wait_for(request_to("11.0.0.2"));
    const auto b = outside.wait_for(request_to("11.0.0.3"));
    BOOST_REQUIRE((a && b));
    BOOST_TEST(a->icmp_identifier != b->icmp_identifier);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(numbers)

BOOST_AUTO_TEST_CASE(a_free_port_is_kept) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    for (const auto& [inside, outside] : ports_of(house.pc, server, 20))
        BOOST_TEST(inside.number == outside.number);
}

BOOST_AUTO_TEST_CASE(a_port_that_cannot_be_kept_is_replaced_by_one_of_its_parity) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    for (const int port : {4000, 4001, 61000, 61001}) {
        std::set<std::string> seen;
        for (const Host* device : {&house.phone, &house.console, &house.pc}) {
            const std::string outside = seen_by(server, device->udp(concat("0.0.0.0:", port)));
            BOOST_REQUIRE(outside != kNobody);
            BOOST_TEST(is_even(port_of(outside)) == (port % 2 == 0));
            seen.insert(outside);
        }
        BOOST_TEST(seen.size() == 3U);
    }
}

BOOST_AUTO_TEST_CASE(all_outside_ports_lie_in_the_configured_range) {
    House house;
    const Router router(house, section("nat 'nat'", {{"ports", "20000-20099"}}));
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    std::set<std::uint16_t> seen;
    for (const auto& [inside, outside] : ports_of(house.pc, server, 50)) {
        BOOST_TEST(outside.number >= 20000);
        BOOST_TEST(outside.number <= 20099);
        seen.insert(outside.number);
    }
    BOOST_TEST(seen.size() == 50U);
}

BOOST_AUTO_TEST_CASE(a_low_port_stays_low_only_where_low_ports_are_allowed) {
    House house;
    Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    BOOST_TEST(port_of(seen_by(server, house.pc.udp("0.0.0.0:500"))).number >= 1024);
    router.configure(section("nat 'nat'", {{"ports", "1-65535"}}));
    BOOST_TEST(router.reload().ok());
    BOOST_TEST(seen_by(server, house.phone.udp("0.0.0.0:501")) == "11.0.0.1:501");
    const std::string second = seen_by(server, house.console.udp("0.0.0.0:501"));
    BOOST_TEST(second != "11.0.0.1:501");
    BOOST_TEST(port_of(second).number < 1024);
}

BOOST_AUTO_TEST_CASE(random_ports_tell_nothing_about_the_inside_and_stay_with_their_endpoint) {
    House house;
    const Router router(house, section("nat 'nat'", {{"port_choice", "random"}}));
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket other = house.internet.udp("11.0.0.3:7001");
    int kept = 0;
    int close = 0;
    std::uint16_t last = 0;
    for (const auto& [inside, outside] : ports_of(house.pc, server, 30)) {
        kept += inside == outside ? 1 : 0;
        close += std::abs(outside.number - last) < 16 ? 1 : 0;
        last = outside.number;
    }
    BOOST_TEST(kept <= 1);
    BOOST_TEST(close <= 2);
    const UdpSocket game = house.console.udp("0.0.0.0:3074");
    BOOST_TEST(seen_by(server, game) == seen_by(other, game));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(of_the_router)

// A device that sends from the number of a service must not get the answers meant for the router,
// nor cut its clients off (the port shadow attack).
BOOST_AUTO_TEST_CASE(a_device_cannot_shadow_a_service_of_the_router) {
    House house;
    const UdpSocket service = house.router.udp("0.0.0.0:3478");
    const Router router(house);
    const UdpSocket client = house.internet.udp("11.0.0.2:5000");
    const UdpSocket thief = house.pc.udp("0.0.0.0:3478");
    const std::string outside = seen_by(client, thief);
    BOOST_TEST(outside != kNobody);
    BOOST_TEST(outside != "11.0.0.1:3478");
    BOOST_TEST(heard_by(service, client, "11.0.0.1:3478") == "11.0.0.2:5000");
    BOOST_TEST(thief.stays_silent(200ms));
    BOOST_TEST(heard_by(client, service, "11.0.0.2:5000") == "11.0.0.1:3478");
}

BOOST_AUTO_TEST_CASE(nor_a_tcp_service) {
    House house;
    const TcpListener service = house.router.listen("0.0.0.0:8443");
    const Router router(house);
    const TcpListener web = house.internet.listen("11.0.0.2:80");
    TcpPair thief = tcp_pair(house.pc, web, At("192.168.1.10:8443"));
    BOOST_TEST(thief.works());
    BOOST_TEST(port_of(thief.seen()).number != 8443);
    const TcpConnection client = house.internet.connect("11.0.0.1:8443", 2s, At("11.0.0.2:81"));
    BOOST_TEST(client.is_alive());
    BOOST_TEST(service.accept().has_value());
}

// The daemon may need a moment to learn of it; then it must hold. Each look uses another service,
// because a device keeps the port that it was given before.
BOOST_AUTO_TEST_CASE(nor_a_service_that_was_started_after_the_daemon) {
    House house;
    const Router router(house);
    const UdpSocket client = house.internet.udp("11.0.0.2:5000");
    std::vector<UdpSocket> services;
    for (int port = 51000; port < 52000; ++port)
        services.push_back(house.router.udp(concat("0.0.0.0:", port)));
    std::size_t next = 0;
    const auto is_safe = [&] {
        if (next == services.size()) return no_because("no service is left to try");
        const Port port = services[next++].local().port;
        const UdpSocket thief = house.pc.udp(concat("0.0.0.0:", port.number));
        return Verdict(port_of(seen_by(client, thief)) != port);
    };
    BOOST_TEST(eventually(is_safe, 10s));
    BOOST_REQUIRE(next < services.size());
    const UdpSocket& service = services[next - 1];
    const std::string at = concat("11.0.0.1:", service.local().port.number);
    BOOST_TEST(heard_by(service, client, at) == "11.0.0.2:5000");
    BOOST_TEST(heard_by(client, service, "11.0.0.2:5000") == at);
}

BOOST_AUTO_TEST_CASE(the_routers_own_connections_and_those_of_the_house_do_not_meet) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:123");
    for (int i = 0; i < 50; ++i) {
        const UdpSocket own = house.router.udp("11.0.0.1:0");
        const std::string own_outside = seen_by(server, own);
        BOOST_TEST(own_outside == own.local().to_string());
        const UdpSocket twin = house.pc.udp(concat("0.0.0.0:", own.local().port.number));
        const std::string twin_outside = seen_by(server, twin);
        BOOST_TEST(twin_outside != kNobody);
        BOOST_TEST(twin_outside != own_outside);
        BOOST_TEST(heard_by(own, server, own_outside) == "11.0.0.2:123");
        BOOST_TEST(heard_by(twin, server, twin_outside) == "11.0.0.2:123");
    }
}

BOOST_AUTO_TEST_SUITE_END()
