// SPDX-License-Identifier: GPL-2.0-or-later
//
// Devices of one house that reach each other by their outside endpoints (RFC 4787 REQ-9, RFC 5382
// REQ-8, RFC 5508 REQ-7): each sees the other as the internet would.
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

const std::string_view kCones[] = {"full-cone", "restricted-cone", "port-restricted-cone"};
constexpr Duration kSilence = 300ms;
constexpr std::uint8_t kUnreachable = 3, kPortUnreachable = 3, kTimeExceeded = 11;

std::string forward(std::string_view proto, std::string_view outside, std::string_view inside) {
    return section("forward 'web'", {{"proto", proto}, {"outside", outside}, {"inside", inside}});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(udp)

BOOST_AUTO_TEST_CASE(two_devices_talk_by_their_outside_endpoints_behind_every_cone) {
    for (const std::string_view type : kCones) {
        BOOST_TEST_CONTEXT(type) {
            House house;
            const Router router(house, nat_type(type));
            const UdpSocket server = house.internet.udp("11.0.0.2:3478");
            const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
            const UdpSocket console = house.console.udp("0.0.0.0:6000");
            const std::string phone_outside = seen_by(server, phone);
            const std::string console_outside = seen_by(server, console);
            BOOST_TEST(heard_by(console, phone, console_outside) == phone_outside);
            BOOST_TEST(heard_by(phone, console, phone_outside) == console_outside);
            BOOST_TEST(heard_by(console, phone, console_outside) == phone_outside);
            BOOST_TEST(heard_by(phone, server, phone_outside) == "11.0.0.2:3478");
        }
    }
}

// Each destination sees another port of a symmetric NAT, the neighbour's outside endpoint too.
BOOST_AUTO_TEST_CASE(behind_a_symmetric_nat_the_answer_goes_to_the_endpoint_that_was_seen) {
    House house;
    const Router router(house, nat_type("symmetric"));
    const UdpSocket server = house.internet.udp("11.0.0.2:3478");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    const UdpSocket console = house.console.udp("0.0.0.0:6001");
    const std::string phone_outside = seen_by(server, phone);
    const std::string console_outside = seen_by(server, console);
    const std::string caller = heard_by(console, phone, console_outside);
    BOOST_TEST(caller.starts_with("11.0.0.1:"));
    BOOST_TEST(caller != phone_outside);
    BOOST_REQUIRE(caller != kNobody);
    BOOST_TEST(heard_by(phone, console, caller) == console_outside);
}

BOOST_AUTO_TEST_CASE(a_device_reaches_itself_by_its_outside_endpoint) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:3478");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    const UdpSocket other = house.phone.udp("0.0.0.0:6001");
    const std::string outside = seen_by(server, phone);
    BOOST_TEST(heard_by(phone, other, outside) == "11.0.0.1:6001");
    BOOST_TEST(heard_by(phone, phone, outside) == outside);
}

BOOST_AUTO_TEST_CASE(the_caller_gets_an_outside_endpoint_even_if_it_never_spoke_to_the_internet) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:3478");
    const UdpSocket console = house.console.udp("0.0.0.0:6000");
    const std::string outside = seen_by(server, console);
    const UdpSocket phone = house.phone.udp("0.0.0.0:6002");
    const std::string caller = heard_by(console, phone, outside);
    BOOST_TEST(caller == "11.0.0.1:6002");
    BOOST_TEST(seen_by(server, phone) == caller);
}

BOOST_AUTO_TEST_CASE(a_forwarded_port_is_reached_from_inside_and_answers_from_outside) {
    House house;
    const Router router(house, forward("udp", "8080", "192.168.1.10:80"));
    const UdpSocket service = house.pc.udp("0.0.0.0:80");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    const std::string caller = heard_by(service, phone, "11.0.0.1:8080");
    BOOST_TEST(caller == "11.0.0.1:6000");
    BOOST_REQUIRE(caller != kNobody);
    BOOST_TEST(heard_by(phone, service, caller) == "11.0.0.1:8080");
}

BOOST_AUTO_TEST_CASE(the_dmz_is_reached_from_inside_by_the_outside_address_alone) {
    House house;
    const UdpSocket service = house.router.udp("0.0.0.0:500");
    const Router router(house, section("dmz", {{"inside", "192.168.1.10"}}));
    const UdpSocket pc = house.pc.udp("0.0.0.0:12345");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    const std::string caller = heard_by(pc, phone, "11.0.0.1:12345");
    BOOST_TEST(caller == "11.0.0.1:6000");
    BOOST_REQUIRE(caller != kNobody);
    BOOST_TEST(heard_by(phone, pc, caller) == "11.0.0.1:12345");
    BOOST_TEST(heard_by(service, phone, "11.0.0.1:500") == "192.168.1.20:6000");
    BOOST_TEST(heard_by(service, phone, "192.168.1.1:500") == "192.168.1.20:6000");
    BOOST_TEST(heard_by(pc, phone, "192.168.1.1:12345", kSilence) == kNobody);
}

BOOST_AUTO_TEST_CASE(without_hairpin_nobody_answers) {
    House house;
    const Router router(house, section("nat 'nat'", {{"hairpin", "0"}}));
    const UdpSocket server = house.internet.udp("11.0.0.2:3478");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    const UdpSocket console = house.console.udp("0.0.0.0:6001");
    const std::string outside = seen_by(server, console);
    BOOST_TEST(outside != kNobody);
    BOOST_TEST(heard_by(console, phone, outside, kSilence) == kNobody);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(tcp)

BOOST_AUTO_TEST_CASE(a_forwarded_web_server_is_reached_from_inside_by_its_outside_address) {
    for (const std::string_view type :
         {"full-cone", "restricted-cone", "port-restricted-cone", "symmetric"}) {
        BOOST_TEST_CONTEXT(type) {
            House house;
            const Router router(house, nat_type(type) + forward("tcp", "8080", "192.168.1.10:80"));
            const TcpListener web = house.pc.listen("192.168.1.10:80");
            for (const Host* client : {&house.phone, &house.pc}) {
                TcpPair page = tcp_pair(*client, web, {}, At("11.0.0.1:8080"));
                BOOST_TEST(page.seen().starts_with("11.0.0.1:"));
                BOOST_TEST(page.works());
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_mapping_made_by_a_connection_is_reached_from_inside) {
    House house;
    const Router router(house, nat_type("full-cone"));
    const TcpListener server = house.internet.listen("11.0.0.2:80");
    const TcpPair first = tcp_pair(house.console, server, At("192.168.1.30:6000"));
    BOOST_REQUIRE(first.seen() != kNobody);
    const TcpListener console = house.console.listen("192.168.1.30:6000");
    TcpPair second = tcp_pair(house.phone, console, At("192.168.1.20:7000"), At(first.seen()));
    BOOST_TEST(second.seen() == "11.0.0.1:7000");
    BOOST_TEST(second.works());
}

BOOST_AUTO_TEST_CASE(a_megabyte_goes_through_whole) {
    House house;
    const Router router(house, forward("tcp", "8080", "192.168.1.10:80"));
    const TcpListener web = house.pc.listen("192.168.1.10:80");
    TcpPair page = tcp_pair(house.phone, web, {}, At("11.0.0.1:8080"));
    BOOST_REQUIRE(page.server.has_value());
    const std::string piece(10'000, 'x');
    for (int i = 0; i < 100; ++i) {
        BOOST_REQUIRE(page.server->send(piece));
        BOOST_REQUIRE(page.client.receive_exactly(piece.size()) == piece);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(errors)

// What the phone sent, as it must stand in an error that comes back to it.
FrameHead from_phone(const House& house, std::uint8_t ttl) {
    return {*house.phone.mac("eth0"), *house.router.mac("br-lan"), Ip4::of(192, 168, 1, 20),
            Ip4::of(11, 0, 0, 1), ttl};
}

BOOST_AUTO_TEST_CASE(a_closed_port_behind_a_forward_is_told_to_the_caller_in_its_own_terms) {
    House house;
    const Router router(house, forward("udp", "8080", "192.168.1.10:80"));
    const PacketSocket wire = house.phone.packets("eth0");
    wire.send(udp4_frame(from_phone(house, 64), Port{6000}, Port{8080}, "anybody?"));
    const auto error =
        wire.receive([](const Packet& p) { return p.is_icmp() && p.icmp_type == kUnreachable; });
    BOOST_REQUIRE(error.has_value());
    BOOST_TEST(error->icmp_code == kPortUnreachable);
    BOOST_TEST(error->flow.source.address.to_string() == "11.0.0.1");
    BOOST_TEST(error->flow.destination.address.to_string() == "192.168.1.20");
    BOOST_TEST(error->about.source.to_string() == "192.168.1.20:6000");
    BOOST_TEST(error->about.destination.to_string() == "11.0.0.1:8080");
    BOOST_TEST(has_right_checksums(*error));
}

BOOST_AUTO_TEST_CASE(a_closed_port_behind_a_mapping_is_told_to_the_caller_in_its_own_terms) {
    House house;
    const Router router(house);
    const PacketSocket wire = house.phone.packets("eth0");
    {
        const UdpSocket server = house.internet.udp("11.0.0.2:3478");
        const UdpSocket console = house.console.udp("0.0.0.0:6001");
        BOOST_TEST(seen_by(server, console) == "11.0.0.1:6001");
    }
    wire.send(udp4_frame(from_phone(house, 64), Port{6000}, Port{6001}, "anybody?"));
    const auto error =
        wire.receive([](const Packet& p) { return p.is_icmp() && p.icmp_type == kUnreachable; });
    BOOST_REQUIRE(error.has_value());
    BOOST_TEST(error->flow.source.address.to_string() == "11.0.0.1");
    BOOST_TEST(error->about.source.to_string() == "192.168.1.20:6000");
    BOOST_TEST(error->about.destination.to_string() == "11.0.0.1:6001");
    BOOST_TEST(has_right_checksums(*error));
}

BOOST_AUTO_TEST_CASE(a_packet_whose_time_is_over_is_told_to_the_caller_in_its_own_terms) {
    House house;
    const Router router(house, forward("udp", "8080", "192.168.1.10:80"));
    const UdpSocket service = house.pc.udp("0.0.0.0:80");
    const PacketSocket wire = house.phone.packets("eth0");
    wire.send(udp4_frame(from_phone(house, 1), Port{6000}, Port{8080}, "short-lived"));
    const auto error =
        wire.receive([](const Packet& p) { return p.is_icmp() && p.icmp_type == kTimeExceeded; });
    BOOST_REQUIRE(error.has_value());
    BOOST_TEST(error->about.source.to_string() == "192.168.1.20:6000");
    BOOST_TEST(error->about.destination.to_string() == "11.0.0.1:8080");
    BOOST_TEST(has_right_checksums(*error));
    BOOST_TEST(service.stays_silent(100ms));
}

BOOST_AUTO_TEST_SUITE_END()
