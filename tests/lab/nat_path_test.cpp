// SPDX-License-Identifier: GPL-2.0-or-later
//
// The path through the router: sizes, fragments, hops, and the errors about them (RFC 4787 REQ-12
// to 14, RFC 5508 3 to 5). The errors must be about what their reader has sent, with right
// checksums.
//
//   pc .10 ---- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet] 12.0.0.1
//                                                                                           |
//                                                                            [far] 12.0.0.2
#include <boost/test/unit_test.hpp>
#include <optional>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Ip4 kPc = Ip4::of(192, 168, 1, 10);
constexpr Ip4 kOutside = Ip4::of(11, 0, 0, 1);
constexpr Ip4 kServer = Ip4::of(11, 0, 0, 2);
constexpr Ip4 kFar = Ip4::of(12, 0, 0, 2);

// RFC 792.
constexpr std::uint8_t kUnreachable = 3, kTimeExceeded = 11;
constexpr std::uint8_t kPortUnreachable = 3, kFragmentationNeeded = 4;

FrameHead from_pc(const House& house, Ip4 to, std::uint8_t ttl = 64) {
    return {*house.pc.mac("eth0"), *house.router.mac("br-lan"), kPc, to, ttl};
}

FrameHead from_server(const House& house, Ip4 source = kServer) {
    return {*house.internet.mac("net0"), *house.router.mac("wan0"), source, kOutside};
}

PacketTest error(std::uint8_t type, std::uint8_t code) {
    return [=](const Packet& p) {
        return p.is_icmp() && !p.outgoing && p.icmp_type == type && p.icmp_code == code;
    };
}

std::string datagram(std::size_t size) {
    std::string out;
    for (std::size_t i = 0; i < size; ++i)
        out.push_back(static_cast<char>('a' + i % 23));
    return out;
}

// The maximum segment size that a SYN announces.
std::optional<unsigned> mss_of(const Packet& syn) {
    const Bytes tcp = syn.frame().subspan(14 + 20);
    const std::size_t end = std::min<std::size_t>(tcp.size(), (tcp[12] >> 4U) * std::size_t{4});
    for (std::size_t at = 20; at + 3 < end;) {
        const std::uint8_t kind = tcp[at];
        if (kind == 0) break;
        if (kind == 2) return tcp[at + 2] * 256U + tcp[at + 3];
        at += kind == 1 ? 1 : std::max<std::size_t>(tcp[at + 1], 2);
    }
    return std::nullopt;
}

// A host one hop behind the internet's.
class Far {
  public:
    explicit Far(House& house) : host("far"), link_(house.internet, "far0", host, "eth0") {
        house.internet.ip("address add 12.0.0.1/24 dev far0");
        house.internet.sysctl("net.ipv4.ip_forward", "1");
        host.ip("address add 12.0.0.2/24 dev eth0\nroute add default via 12.0.0.1");
    }

    Host host;

  private:
    Link link_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(hops)

BOOST_AUTO_TEST_CASE(the_router_is_one_hop_each_way) {
    House house;
    const Router router(house);
    const Capture inside = house.pc.capture("eth0");
    const Capture outside = house.router.capture("wan0");
    BOOST_TEST(house.pc.can_ping("11.0.0.2"));
    const auto request = [](const Packet& p) { return p.is_icmp() && p.icmp_type == 8; };
    const auto reply = [](const Packet& p) { return p.is_icmp() && p.icmp_type == 0; };
    BOOST_TEST(inside.wait_for(request)->ttl == outside.wait_for(request)->ttl + 1);
    BOOST_TEST(outside.wait_for(reply)->ttl == inside.wait_for(reply)->ttl + 1);
}

BOOST_AUTO_TEST_CASE(a_traceroute_sees_every_hop) {
    House house;
    Far far(house);
    const Router router(house);
    const PacketSocket wire = house.pc.packets("eth0");
    const struct {
        std::uint8_t ttl, type, code;
        std::string_view hop;
    } kExpected[] = {{1, kTimeExceeded, 0, "192.168.1.1"},
                     {2, kTimeExceeded, 0, "11.0.0.2"},
                     {3, kUnreachable, kPortUnreachable, "12.0.0.2"}};
    for (const auto& [ttl, type, code, hop] : kExpected) {
        const Port from{static_cast<std::uint16_t>(40000 + ttl)};
        wire.send(udp4_frame(from_pc(house, kFar, ttl), from, Port{33434}, "where are you?"));
        const auto answer = wire.receive(error(type, code));
        BOOST_REQUIRE(answer.has_value());
        BOOST_TEST(answer->flow.source.address.to_string() == hop);
        BOOST_TEST(answer->about.source.to_string() == concat("192.168.1.10:", from.number));
        BOOST_TEST(answer->about.destination.to_string() == "12.0.0.2:33434");
        BOOST_TEST(has_right_checksums(*answer));
    }
}

BOOST_AUTO_TEST_CASE(a_traceroute_by_ping_sees_every_hop) {
    House house;
    Far far(house);
    const Router router(house);
    for (const auto& [ttl, says] : {std::pair("1", "From 192.168.1.1"),
                                    {"2", "From 11.0.0.2"},
                                    {"3", "bytes from 12.0.0.2"}}) {
        const Ran ping = house.pc.run({"ping", "-n", "-c1", "-W2", "-t", ttl, "12.0.0.2"});
        BOOST_TEST(ping.says(says));
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(errors)

BOOST_AUTO_TEST_CASE(an_error_from_anywhere_on_the_path_reaches_the_sender_in_its_own_terms) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket pc = house.pc.udp("0.0.0.0:40000");
    BOOST_TEST(seen_by(server, pc) == "11.0.0.1:40000");
    const PacketSocket wan = house.internet.packets("net0");
    const PacketSocket wire = house.pc.packets("eth0");
    const FrameHead sent{{}, {}, kOutside, kServer};
    const Frame packet = udp4_frame(sent, Port{40000}, Port{7001}, "too big, or so they say");
    constexpr std::uint32_t kMtu = 1300;
    wan.send(icmp4_frame(from_server(house, Ip4::of(11, 0, 0, 77)), kUnreachable,
                         kFragmentationNeeded, kMtu, quoted(packet)));
    const auto told = wire.receive(error(kUnreachable, kFragmentationNeeded));
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(told->flow.source.address.to_string() == "11.0.0.77");
    BOOST_TEST(told->about.source.to_string() == "192.168.1.10:40000");
    BOOST_TEST(told->about.destination.to_string() == "11.0.0.2:7001");
    BOOST_TEST(told->icmp_sequence == kMtu);  // where the next hop's size stands
    BOOST_TEST(has_right_checksums(*told));
}

BOOST_AUTO_TEST_CASE(an_error_does_not_end_a_mapping) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket pc = house.pc.udp("0.0.0.0:40000");
    BOOST_TEST(seen_by(server, pc) == "11.0.0.1:40000");
    const PacketSocket wan = house.internet.packets("net0");
    const PacketSocket wire = house.pc.packets("eth0");
    const Frame packet =
        udp4_frame({{}, {}, kOutside, kServer}, Port{40000}, Port{7001}, "was it closed?");
    wan.send(icmp4_frame(from_server(house), kUnreachable, kPortUnreachable, 0, quoted(packet)));
    BOOST_TEST(wire.receive(error(kUnreachable, kPortUnreachable)).has_value());
    BOOST_TEST(heard_by(pc, server, "11.0.0.1:40000") == "11.0.0.2:7001");
    BOOST_TEST(seen_by(server, pc) == "11.0.0.1:40000");
}

BOOST_AUTO_TEST_CASE(an_error_of_a_device_inside_leaves_in_the_terms_of_the_outside) {
    House house;
    const Router router(house, nat_type("full-cone"));
    {
        const UdpSocket server = house.internet.udp("11.0.0.2:7001");
        const UdpSocket pc = house.pc.udp("0.0.0.0:40000");
        BOOST_TEST(seen_by(server, pc) == "11.0.0.1:40000");
    }
    const PacketSocket wan = house.internet.packets("net0");
    wan.send(udp4_frame(from_server(house), Port{7001}, Port{40000}, "still there?"));
    const auto told = wan.receive(error(kUnreachable, kPortUnreachable));
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(told->flow.source.address.to_string() == "11.0.0.1");
    BOOST_TEST(told->about.source.to_string() == "11.0.0.2:7001");
    BOOST_TEST(told->about.destination.to_string() == "11.0.0.1:40000");
    BOOST_TEST(has_right_checksums(*told));
}

BOOST_AUTO_TEST_CASE(an_error_about_a_ping_finds_the_ping) {
    House house;
    Far far(house);
    const Router router(house);
    // The second of two devices with one identifier: its own was translated.
    for (const Host* device : {&house.phone, &house.pc}) {
        const IcmpSocket ping = device->icmp();
        ping.send_echo("11.0.0.2", 77, 1);
        BOOST_TEST(ping.receive_reply(77, 1).has_value());
    }
    const PacketSocket wire = house.pc.packets("eth0");
    wire.send(icmp4_frame(from_pc(house, kFar, 2), 8, 0, (77U << 16U) | 5U, "echo"));
    const auto told = wire.receive(error(kTimeExceeded, 0));
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(has_right_checksums(*told));
    const std::string_view inner = told->payload();
    BOOST_REQUIRE(inner.size() >= 28);
    BOOST_TEST(inner.substr(24, 4) == std::string_view("\0\x4d\0\x05", 4));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(sizes)

BOOST_AUTO_TEST_CASE(a_narrow_uplink_is_told_to_the_sender) {
    House house;
    const Router router(house);
    house.router.ip("link set wan0 mtu 1400");
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const PacketSocket wire = house.pc.packets("eth0");
    wire.send(udp4_frame(from_pc(house, kServer), Port{40000}, Port{7001}, datagram(1400)));
    const auto told = wire.receive(error(kUnreachable, kFragmentationNeeded));
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(told->icmp_sequence == 1400);
    BOOST_TEST(told->about.source.to_string() == "192.168.1.10:40000");
    BOOST_TEST(has_right_checksums(*told));
    const UdpSocket pc = house.pc.udp("0.0.0.0:40001");
    BOOST_TEST(eventually(
        [&] {
            pc.send_to("11.0.0.2:7001", datagram(1460));
            const auto got = server.receive(200ms);
            return Verdict(got && got->data == datagram(1460));
        },
        20s));
}

BOOST_AUTO_TEST_CASE(a_narrow_house_is_told_to_the_sender_outside) {
    House house;
    const Router router(house);
    house.router.ip("link set br-lan mtu 1300");
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket pc = house.pc.udp("0.0.0.0:40000");
    BOOST_TEST(seen_by(server, pc) == "11.0.0.1:40000");
    const PacketSocket wan = house.internet.packets("net0");
    wan.send(udp4_frame(from_server(house), Port{7001}, Port{40000}, datagram(1400)));
    const auto told = wan.receive(error(kUnreachable, kFragmentationNeeded));
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(told->flow.source.address.to_string() == "11.0.0.1");
    BOOST_TEST(told->about.source.to_string() == "11.0.0.2:7001");
    BOOST_TEST(told->about.destination.to_string() == "11.0.0.1:40000");
    BOOST_TEST(told->icmp_sequence == 1300);
    BOOST_TEST(has_right_checksums(*told));
}

BOOST_AUTO_TEST_CASE(tcp_segments_fit_a_narrow_uplink_from_the_start) {
    House house;
    const Router router(house);
    house.router.ip("link set wan0 mtu 1400");
    const Capture outside = house.router.capture("wan0");
    const Capture inside = house.pc.capture("eth0");
    const TcpListener web = house.internet.listen("11.0.0.2:80");
    TcpPair page = tcp_pair(house.pc, web);
    BOOST_REQUIRE(page.works());
    const auto syn = outside.wait_for([](const Packet& p) { return p.has_flags(kSyn); });
    const auto answer = inside.wait_for([](const Packet& p) { return p.has_flags(kSyn | kAck); });
    BOOST_REQUIRE((syn && answer));
    BOOST_TEST(mss_of(*syn).value_or(0) == 1360U);
    BOOST_TEST(mss_of(*answer).value_or(0) == 1360U);
    const std::string piece = datagram(20'000);
    for (int i = 0; i < 10; ++i) {
        BOOST_TEST((page.server->send(piece) && page.client.receive_exactly(20'000) == piece));
        BOOST_TEST((page.client.send(piece) && page.server->receive_exactly(20'000) == piece));
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(fragments)

BOOST_AUTO_TEST_CASE(a_big_datagram_is_the_first_packet_of_a_flow) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket pc = house.pc.udp("0.0.0.0:40000");
    pc.send_to("11.0.0.2:7001", datagram(8000));
    const auto got = server.receive();
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST(got->from.to_string() == "11.0.0.1:40000");
    BOOST_TEST((got->data == datagram(8000)));
    server.send_to(got->from, datagram(8000));
    const auto back = pc.receive();
    BOOST_REQUIRE(back.has_value());
    BOOST_TEST((back->data == datagram(8000)));
}

BOOST_AUTO_TEST_CASE(fragments_pass_in_order_and_out_of_order) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const PacketSocket wire = house.pc.packets("eth0");
    std::uint16_t port = 41000;
    for (const bool backwards : {false, true}) {
        ++port;
        std::vector<Frame> pieces = fragments_of(
            udp4_frame(from_pc(house, kServer), Port{port}, Port{7001}, datagram(4000)), 1000,
            port);
        if (backwards) std::reverse(pieces.begin(), pieces.end());
        for (const Frame& piece : pieces)
            BOOST_TEST(wire.send(piece));
        const auto got = server.receive();
        BOOST_REQUIRE(got.has_value());
        BOOST_TEST(got->from.to_string() == concat("11.0.0.1:", port));
        BOOST_TEST((got->data == datagram(4000)));
    }
}

BOOST_AUTO_TEST_CASE(fragments_come_back_in_order_and_out_of_order) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket pc = house.pc.udp("0.0.0.0:40000");
    BOOST_TEST(seen_by(server, pc) == "11.0.0.1:40000");
    const PacketSocket wan = house.internet.packets("net0");
    for (const bool backwards : {false, true}) {
        std::vector<Frame> pieces =
            fragments_of(udp4_frame(from_server(house), Port{7001}, Port{40000}, datagram(4000)),
                         1000, backwards ? 9 : 8);
        if (backwards) std::reverse(pieces.begin(), pieces.end());
        for (const Frame& piece : pieces)
            BOOST_TEST(wan.send(piece));
        const auto got = pc.receive();
        BOOST_REQUIRE(got.has_value());
        BOOST_TEST(got->from.to_string() == "11.0.0.2:7001");
        BOOST_TEST((got->data == datagram(4000)));
    }
}

BOOST_AUTO_TEST_SUITE_END()
