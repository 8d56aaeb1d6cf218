// SPDX-License-Identifier: GPL-2.0-or-later
//
// The empty house: Gatehouse with nothing asked of it but to route. What passes, and what never
// may.
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+
#include <boost/test/unit_test.hpp>

#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

bool comes_from_inside(const Packet& packet) {
    return packet.outgoing && packet.ip4_source_in("192.168.0.0/16");
}

// A peer that knows the way to the house's inside, as the provider's other customers may.
void teach_the_inside(House& house) {
    house.internet.ip("route add 192.168.1.0/24 via 11.0.0.1");
}

FrameHead from_pc_to_internet(House& house, Ip4 source) {
    return {*house.pc.mac("eth0"), *house.router.mac("br-lan"), source, Ip4::of(11, 0, 0, 2)};
}

// Frames from the pc that no session covers: none of them may reach the wire untranslated.
void send_odd_packets(House& house) {
    const PacketSocket wire = house.pc.packets("eth0");
    const FrameHead own = from_pc_to_internet(house, Ip4::of(192, 168, 1, 10));
    const FrameHead spoofed = from_pc_to_internet(house, Ip4::of(192, 168, 77, 7));
    const std::uint8_t kOdd[] = {kAck, kRst, kFin | kAck, kRst | kAck, kSyn | kAck, kSyn | kFin, 0};
    std::uint16_t port = 40000;
    for (const std::uint8_t flags : kOdd) {
        TcpFields tcp{Port{++port}, Port{80}, 1000, 2000, flags, 512};
        BOOST_TEST(wire.send(tcp4_frame(own, tcp, "odd")));
        BOOST_TEST(wire.send(tcp4_frame(spoofed, tcp, "odd")));
    }
    BOOST_TEST(wire.send(udp4_frame(spoofed, Port{5060}, Port{5060}, "spoofed")));
    BOOST_TEST(wire.send(icmp4_frame(own, 0, 0, 7, "an answer nobody asked for")));
    BOOST_TEST(wire.send(icmp4_frame(own, 3, 3, 0, "an error about nothing")));
    BOOST_TEST(wire.send(ip4_frame(own, Proto::gre, as_bytes("\x20\x01\x88\x0b tunnel"))));
    BOOST_TEST(wire.send(ip4_frame(own, Proto::sctp, as_bytes("twelve bytes or more"))));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(what_passes)

BOOST_AUTO_TEST_CASE(a_pc_opens_a_page_on_the_internet) {
    House house;
    const Router router(house);
    const TcpListener web = house.internet.listen("11.0.0.2:80");
    TcpConnection page = house.pc.connect("11.0.0.2:80");
    BOOST_TEST(page.is_alive());
    auto served = web.accept();
    BOOST_REQUIRE(served.has_value());
    BOOST_TEST(served->peer()->address.to_string() == "11.0.0.1");
    BOOST_TEST(page.send("GET /"));
    BOOST_TEST(served->receive_exactly(5) == "GET /");
    BOOST_TEST(served->send("hello"));
    BOOST_TEST(page.receive_exactly(5) == "hello");
}

BOOST_AUTO_TEST_CASE(a_phone_asks_by_udp_and_gets_its_answer) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.3:3478");
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    BOOST_TEST(phone.send_to("11.0.0.3:3478", "who am I"));
    const auto question = server.receive();
    BOOST_REQUIRE(question.has_value());
    BOOST_TEST(question->from.to_string() == "11.0.0.1:5060");
    BOOST_TEST(server.send_to(question->from, "you"));
    const auto answer = phone.receive();
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(answer->from.to_string() == "11.0.0.3:3478");
}

BOOST_AUTO_TEST_CASE(every_device_pings_every_address_of_the_internet) {
    House house;
    const Router router(house);
    for (Host* device : {&house.phone, &house.console, &house.pc}) {
        for (const char* address : {"11.0.0.1", "11.0.0.2", "11.0.0.3", "11.0.0.4"}) {
            BOOST_TEST(device->can_ping(address));
        }
    }
}

BOOST_AUTO_TEST_CASE(devices_on_two_inside_networks_reach_each_other) {
    House house;
    Bridge guests(house.router, "br-guest", {"192.168.2.1/24"});
    Host guest("guest");
    guests.plug(guest, "eth0");
    guest.ip("address add 192.168.2.30/24 dev eth0");
    guest.ip("route add default via 192.168.2.1");
    const Router router(house,
                        "config gateway 'main'\n\toption wan 'wan0'\n\tlist lan 'br-lan'\n"
                        "\tlist lan 'br-guest'\n\toption control '/run/gatehouse.sock'\n"
                        "\toption state '/run/gatehouse'\n");
    BOOST_TEST(guest.can_ping("192.168.1.20"));
    BOOST_TEST(guest.can_ping("11.0.0.2"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(what_does_not_pass)

BOOST_AUTO_TEST_CASE(outside_reaches_nothing_inside) {
    House house;
    const Router router(house);
    teach_the_inside(house);
    const TcpListener service = house.pc.listen("192.168.1.10:80");
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    const Capture inside = house.router.capture("br-lan");
    BOOST_TEST(!house.internet.connect("192.168.1.10:80", 1s).is_alive());
    BOOST_TEST(!house.internet.can_ping("192.168.1.20", 1s));
    const UdpSocket stranger = house.internet.udp("11.0.0.4:5060");
    stranger.send_to("192.168.1.20:5060", "let me in");
    stranger.send_to("11.0.0.1:5060", "let me in");
    BOOST_TEST(phone.stays_silent(300ms));
    BOOST_TEST(inside.none([](const Packet& p) { return p.ip4_source_in("11.0.0.0/24"); }));
}

BOOST_AUTO_TEST_CASE(a_stranger_gets_nothing_through_the_mapping_of_another_peer) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:3478");
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    phone.send_to("11.0.0.2:3478", "hello");
    const auto hello = server.receive();
    BOOST_REQUIRE(hello.has_value());
    const UdpSocket stranger = house.internet.udp("11.0.0.4:9");
    stranger.send_to(hello->from, "let me in");
    BOOST_TEST(phone.stays_silent(300ms));
}

BOOST_AUTO_TEST_CASE(nothing_leaves_with_an_inside_address_while_the_daemon_works) {
    House house;
    const Router router(house);
    const Capture outside = house.router.capture("wan0");
    send_odd_packets(house);
    BOOST_TEST(house.pc.can_ping("11.0.0.2"));
    BOOST_TEST(outside.none(comes_from_inside));
    BOOST_TEST(outside.any([](const Packet& p) { return p.is_from("11.0.0.1") && p.is_icmp(); }));
}

BOOST_AUTO_TEST_CASE(nothing_leaves_with_an_inside_address_after_the_daemon_has_stopped) {
    House house;
    Router router(house);
    const Capture outside = house.router.capture("wan0");
    router.stop();
    send_odd_packets(house);
    BOOST_TEST(house.pc.can_ping("11.0.0.2"));
    BOOST_TEST(outside.none(comes_from_inside));
}

BOOST_AUTO_TEST_CASE(nothing_leaves_with_an_inside_address_after_the_daemon_was_killed) {
    House house;
    Router router(house);
    const Capture outside = house.router.capture("wan0");
    router.kill_9();
    send_odd_packets(house);
    BOOST_TEST(house.pc.can_ping("11.0.0.2"));
    BOOST_TEST(outside.none(comes_from_inside));
}

// The kernel translates as the session began, until the daemon has heard of the change and ended
// it.
BOOST_AUTO_TEST_CASE(nothing_leaves_from_a_lost_address_once_the_change_is_known) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:3478");
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    phone.send_to("11.0.0.2:3478", "register");
    BOOST_REQUIRE(server.receive().has_value());
    house.change_wan_address("11.0.0.9/24");
    BOOST_REQUIRE(eventually(
        [&] {
            return Verdict(router.cli({"status", "--json"}).says("11.0.0.9"));
        },
        10s));
    const Capture outside = house.router.capture("wan0");
    BOOST_TEST(eventually(
        [&] {
            phone.send_to("11.0.0.2:3478", "keep-alive");
            const auto kept = server.receive(200ms);
            return Verdict(kept && kept->from.to_string() == "11.0.0.9:5060");
        },
        10s));
    BOOST_TEST(outside.none([](const Packet& p) { return p.outgoing && p.is_from("11.0.0.1"); }));
}

BOOST_AUTO_TEST_SUITE_END()
