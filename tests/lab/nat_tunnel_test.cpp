// SPDX-License-Identifier: GPL-2.0-or-later
//
// What has no ports, and what must not notice that it goes through a NAT: tunnels. One device for
// each peer may use a protocol without ports.
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Ip4 kPc = Ip4::of(192, 168, 1, 10);
constexpr Ip4 kPhone = Ip4::of(192, 168, 1, 20);
constexpr Ip4 kOutside = Ip4::of(11, 0, 0, 1);

struct Tunnel {
    Proto proto;
    std::string_view packet;
};

const Tunnel kPlainGre{Proto::gre, std::string_view("\x00\x00\x08\x00 tunnel", 11)};
const Tunnel kSealed{Proto{50}, std::string_view("\x12\x34\x56\x78\x00\x00\x00\x01 sealed", 15)};

PacketTest is(const Tunnel& tunnel, std::string_view from, std::string_view to) {
    return [=](const Packet& p) {
        return p.is_ip4() && !p.outgoing && p.flow.proto == tunnel.proto && p.is_from(from) &&
               p.is_to(to);
    };
}

Frame from_device(const House& house, const Host& device, Ip4 source, Ip4 to,
                  const Tunnel& tunnel) {
    return ip4_frame({*device.mac("eth0"), *house.router.mac("br-lan"), source, to}, tunnel.proto,
                     as_bytes(tunnel.packet));
}

Frame from_peer(const House& house, Ip4 source, const Tunnel& tunnel) {
    return ip4_frame({*house.internet.mac("net0"), *house.router.mac("wan0"), source, kOutside},
                     tunnel.proto, as_bytes(tunnel.packet));
}

void check_one_device(const Tunnel& tunnel) {
    House house;
    const Router router(house);
    const PacketSocket pc = house.pc.packets("eth0");
    const PacketSocket wan = house.internet.packets("net0");
    const Ip4 peer = Ip4::of(11, 0, 0, 2);
    for (int i = 0; i < 3; ++i) {
        pc.send(from_device(house, house.pc, kPc, peer, tunnel));
        BOOST_TEST(wan.receive(is(tunnel, "11.0.0.1", "11.0.0.2")).has_value());
        wan.send(from_peer(house, peer, tunnel));
        BOOST_TEST(pc.receive(is(tunnel, "11.0.0.2", "192.168.1.10")).has_value());
    }
}

void check_two_devices(const Tunnel& tunnel) {
    House house;
    const Router router(house);
    const PacketSocket pc = house.pc.packets("eth0");
    const PacketSocket phone = house.phone.packets("eth0");
    const PacketSocket wan = house.internet.packets("net0");
    const Ip4 first = Ip4::of(11, 0, 0, 2);
    const Ip4 second = Ip4::of(11, 0, 0, 3);
    pc.send(from_device(house, house.pc, kPc, first, tunnel));
    BOOST_TEST(wan.receive(is(tunnel, "11.0.0.1", "11.0.0.2")).has_value());
    phone.send(from_device(house, house.phone, kPhone, second, tunnel));
    BOOST_TEST(wan.receive(is(tunnel, "11.0.0.1", "11.0.0.3")).has_value());
    wan.send(from_peer(house, second, tunnel));
    BOOST_TEST(phone.receive(is(tunnel, "11.0.0.3", "192.168.1.20")).has_value());
    wan.send(from_peer(house, first, tunnel));
    BOOST_TEST(pc.receive(is(tunnel, "11.0.0.2", "192.168.1.10")).has_value());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(without_ports)

BOOST_AUTO_TEST_CASE(one_device_has_a_gre_tunnel_to_a_peer) {
    check_one_device(kPlainGre);
}

BOOST_AUTO_TEST_CASE(one_device_has_an_esp_tunnel_to_a_peer) {
    check_one_device(kSealed);
}

BOOST_AUTO_TEST_CASE(two_devices_have_gre_tunnels_to_two_peers) {
    check_two_devices(kPlainGre);
}

BOOST_AUTO_TEST_CASE(two_devices_have_esp_tunnels_to_two_peers) {
    check_two_devices(kSealed);
}

// The first keeps its tunnel, and nothing that was meant for it goes to the second.
BOOST_AUTO_TEST_CASE(a_second_device_does_not_take_over_the_tunnel_of_the_first) {
    House house;
    const Router router(house);
    const PacketSocket pc = house.pc.packets("eth0");
    const PacketSocket phone = house.phone.packets("eth0");
    const PacketSocket wan = house.internet.packets("net0");
    const Ip4 peer = Ip4::of(11, 0, 0, 2);
    pc.send(from_device(house, house.pc, kPc, peer, kSealed));
    BOOST_TEST(wan.receive(is(kSealed, "11.0.0.1", "11.0.0.2")).has_value());
    phone.send(from_device(house, house.phone, kPhone, peer, kSealed));
    wan.send(from_peer(house, peer, kSealed));
    BOOST_TEST(pc.receive(is(kSealed, "11.0.0.2", "192.168.1.10")).has_value());
    BOOST_TEST(!phone.receive(is(kSealed, "11.0.0.2", "192.168.1.20"), 300ms).has_value());
}

// Each direction has a call number of its own (RFC 2637 4.1), which tells who it is for.
const Tunnel kCallToPeer{Proto::gre,
                         std::string_view("\x30\x01\x88\x0b\0\x04\0\x07\0\0\0\x01 ppp", 16)};
const Tunnel kCallToUs{Proto::gre,
                       std::string_view("\x30\x01\x88\x0b\0\x04\0\x09\0\0\0\x01 ppp", 16)};

BOOST_AUTO_TEST_CASE(one_device_has_a_pptp_tunnel_to_a_peer) {
    House house;
    const Router router(house);
    const PacketSocket pc = house.pc.packets("eth0");
    const PacketSocket phone = house.phone.packets("eth0");
    const PacketSocket wan = house.internet.packets("net0");
    const Ip4 peer = Ip4::of(11, 0, 0, 2);
    for (int i = 0; i < 3; ++i) {
        pc.send(from_device(house, house.pc, kPc, peer, kCallToPeer));
        BOOST_TEST(wan.receive(is(kCallToPeer, "11.0.0.1", "11.0.0.2")).has_value());
        wan.send(from_peer(house, peer, kCallToUs));
        BOOST_TEST(pc.receive(is(kCallToUs, "11.0.0.2", "192.168.1.10")).has_value());
    }
    // A second one does not take it over.
    phone.send(from_device(house, house.phone, kPhone, peer, kCallToPeer));
    wan.send(from_peer(house, peer, kCallToUs));
    BOOST_TEST(pc.receive(is(kCallToUs, "11.0.0.2", "192.168.1.10")).has_value());
}

BOOST_AUTO_TEST_CASE(a_stranger_gets_no_tunnel_into_the_house) {
    House house;
    const Router router(house, nat_type("full-cone"));
    const PacketSocket pc = house.pc.packets("eth0");
    const PacketSocket wan = house.internet.packets("net0");
    pc.send(from_device(house, house.pc, kPc, Ip4::of(11, 0, 0, 2), kSealed));
    BOOST_TEST(wan.receive(is(kSealed, "11.0.0.1", "11.0.0.2")).has_value());
    wan.send(from_peer(house, Ip4::of(11, 0, 0, 3), kSealed));
    BOOST_TEST(!pc.receive(is(kSealed, "11.0.0.3", "192.168.1.10"), 300ms).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

// A protocol whose ports the kernel maps alone.
BOOST_AUTO_TEST_SUITE(other_ports)

// The checksum of SCTP (RFC 9260 appendix A), as it stands in the packet.
std::uint32_t crc32c(Bytes bytes) {
    std::uint32_t crc = 0xffff'ffffU;
    for (const std::uint8_t byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82f6'3b78U : 0U);
    }
    crc = ~crc;
    return crc >> 24U | (crc >> 8U & 0xff00U) | (crc << 8U & 0xff'0000U) | crc << 24U;
}

constexpr std::uint8_t kInit = 1, kInitAck = 2;  // chunks

std::vector<std::uint8_t> sctp(Port from, Port to, std::uint32_t tag, std::uint8_t chunk) {
    ByteWriter out;
    out.u16(from.number);
    out.u16(to.number);
    out.u32(tag);
    out.u32(0);
    out.u8(chunk);
    out.u8(0);
    out.u16(20);
    for (const std::uint32_t word : {0xcafeU, 65535U, 0x0001'0001U, 1U})
        out.u32(word);
    const std::uint32_t sum = crc32c(out.view());
    out.patch_u16(8, static_cast<std::uint16_t>(sum >> 16U));
    out.patch_u16(10, static_cast<std::uint16_t>(sum & 0xffffU));
    return out.take();
}

BOOST_AUTO_TEST_CASE(an_sctp_association_begins_through_the_router) {
    House house;
    const Router router(house);
    const PacketSocket pc = house.pc.packets("eth0");
    const PacketSocket wan = house.internet.packets("net0");
    const auto has_come = [](const PacketSocket& socket, std::uint8_t chunk) {
        const auto got = socket.receive([chunk](const Packet& p) {
            const Bytes packet = p.frame();
            return p.is_ip4() && !p.outgoing && p.flow.proto == Proto::sctp &&
                   packet.size() >= 14 + 20 + 32 && packet[14 + 20 + 12] == chunk;
        });
        if (!got) return no_because("nothing came");
        // As it would be with a right checksum.
        const Bytes packet = got->frame().subspan(14 + 20, 32);
        ByteReader in(packet);
        const Port from{in.u16()}, to{in.u16()};
        const auto right = sctp(from, to, in.u32(), chunk);
        return Verdict(std::equal(packet.begin(), packet.end(), right.begin(), right.end()));
    };
    const Ip4 peer = Ip4::of(11, 0, 0, 2);
    pc.send(ip4_frame({*house.pc.mac("eth0"), *house.router.mac("br-lan"), kPc, peer}, Proto::sctp,
                      sctp(Port{5000}, Port{36412}, 0, kInit)));
    BOOST_TEST(has_come(wan, kInit));
    wan.send(ip4_frame({*house.internet.mac("net0"), *house.router.mac("wan0"), peer, kOutside},
                       Proto::sctp, sctp(Port{36412}, Port{5000}, 0xcafe, kInitAck)));
    BOOST_TEST(has_come(pc, kInitAck));
}

BOOST_AUTO_TEST_SUITE_END()

// Tunnels over UDP: WireGuard, IPsec with NAT traversal, OpenVPN. What they need of a NAT is that
// an endpoint stays what it is, and that it is left behind at once when it changes.
BOOST_AUTO_TEST_SUITE(over_udp)

BOOST_AUTO_TEST_CASE(two_devices_have_tunnels_to_one_peer_from_one_port) {
    House house;
    const Router router(house);
    const UdpSocket peer = house.internet.udp("11.0.0.2:4500");
    const UdpSocket pc = house.pc.udp("0.0.0.0:4500");
    const UdpSocket phone = house.phone.udp("0.0.0.0:4500");
    const std::string pc_outside = seen_by(peer, pc);
    const std::string phone_outside = seen_by(peer, phone);
    BOOST_TEST(pc_outside != phone_outside);
    for (int i = 0; i < 5; ++i) {
        BOOST_TEST(heard_by(pc, peer, pc_outside) == "11.0.0.2:4500");
        BOOST_TEST(heard_by(phone, peer, phone_outside) == "11.0.0.2:4500");
        BOOST_TEST(seen_by(peer, pc) == pc_outside);
        BOOST_TEST(seen_by(peer, phone) == phone_outside);
    }
}

BOOST_AUTO_TEST_CASE(a_peer_that_moves_is_followed_from_the_same_outside_endpoint) {
    House house;
    const Router router(house);
    const UdpSocket home = house.internet.udp("11.0.0.2:51820");
    const UdpSocket away = house.internet.udp("11.0.0.4:51820");
    const UdpSocket pc = house.pc.udp("0.0.0.0:51820");
    const std::string outside = seen_by(home, pc);
    BOOST_TEST(seen_by(away, pc) == outside);
    BOOST_TEST(heard_by(pc, away, outside) == "11.0.0.4:51820");
    BOOST_TEST(heard_by(pc, home, outside) == "11.0.0.2:51820");
}

BOOST_AUTO_TEST_CASE(behind_a_full_cone_a_peer_that_moves_finds_the_device_by_itself) {
    House house;
    const Router router(house, nat_type("full-cone"));
    const UdpSocket home = house.internet.udp("11.0.0.2:51820");
    const UdpSocket away = house.internet.udp("11.0.0.4:4444");
    const UdpSocket pc = house.pc.udp("0.0.0.0:51820");
    const std::string outside = seen_by(home, pc);
    BOOST_TEST(heard_by(pc, away, outside) == "11.0.0.4:4444");
    BOOST_TEST(heard_by(away, pc, "11.0.0.4:4444") == outside);
}

BOOST_AUTO_TEST_CASE(a_device_that_gets_another_address_goes_on_from_a_new_endpoint) {
    House house;
    const Router router(house);
    const UdpSocket peer = house.internet.udp("11.0.0.2:51820");
    const UdpSocket pc = house.pc.udp("0.0.0.0:51820");
    BOOST_TEST(seen_by(peer, pc) == "11.0.0.1:51820");
    house.pc.ip(
        "address del 192.168.1.10/24 dev eth0\naddress add 192.168.1.99/24 dev eth0\n"
        "route replace default via 192.168.1.1");
    const std::string moved = seen_by(peer, pc);
    BOOST_REQUIRE(moved != kNobody);
    BOOST_TEST(heard_by(pc, peer, moved) == "11.0.0.2:51820");
}

BOOST_AUTO_TEST_SUITE_END()
