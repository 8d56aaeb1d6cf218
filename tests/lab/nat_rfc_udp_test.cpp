// SPDX-License-Identifier: GPL-2.0-or-later
//
// UDP through the router, as RFC 4787 and RFC 7857 ask for it, as far as the other tests do not
// show it: what keeps a flow alive, fragments, several outside addresses.
//
//   phone .20 --+
//   pc    .10 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 (.9) ---- 11.0.0.2 .3 .4 [internet]
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "gateway/base/checksum.h"
#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Ip4 kPc = Ip4::of(192, 168, 1, 10);
constexpr Ip4 kServer = Ip4::of(11, 0, 0, 2);
constexpr std::size_t kIpAt = 14;  // in a frame

FrameHead from_pc(const House& house) {
    return {*house.pc.mac("eth0"), *house.router.mac("br-lan"), kPc, kServer};
}

std::string datagram(std::size_t size) {
    std::string out;
    for (std::size_t i = 0; i < size; ++i)
        out.push_back(static_cast<char>('a' + i % 23));
    return out;
}

unsigned fragment_offset(const Packet& p) {
    const Bytes ip = p.frame().subspan(kIpAt);
    return ((ip[6] & 0x1fU) << 8U) | ip[7];
}

}  // namespace

BOOST_AUTO_TEST_SUITE(refresh)

BOOST_AUTO_TEST_CASE(traffic_from_outside_alone_keeps_a_flow_alive) {
    House house;
    const Router router(
        house, nat_type("port-restricted-cone") + section("timeout 'timeout'", {{"udp", "2"}}));
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    const std::string outside = seen_by(server, phone);
    BOOST_TEST(throughout(
        [&] { return Verdict(heard_by(phone, server, outside) == "11.0.0.2:7001"); }, 4s));
}

BOOST_AUTO_TEST_CASE(strangers_that_are_not_let_in_keep_nothing_alive) {
    House house;
    const Router router(house, section("timeout 'timeout'", {{"udp", "2"}}));
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket stranger = house.internet.udp("11.0.0.3:7001");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    BOOST_REQUIRE(seen_by(server, phone) == "11.0.0.1:6000");
    BOOST_TEST(eventually(
        [&] {
            stranger.send_to("11.0.0.1:6000", "let me in");
            return Verdict(!seconds_left(house.router, {"udp", "sport=6000"}));
        },
        10s));
    BOOST_TEST(!seconds_left(house.router, {"src=11.0.0.3 "}));
    BOOST_TEST(phone.stays_silent(50ms));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(fragments)

BOOST_AUTO_TEST_CASE(a_datagram_too_big_for_the_uplink_leaves_in_pieces_in_order) {
    House house;
    const Router router(house);
    house.router.ip("link set wan0 mtu 1000");
    const Capture outside = house.router.capture("wan0");
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const PacketSocket wire = house.pc.packets("eth0");
    Frame frame = udp4_frame(from_pc(house), Port{40000}, Port{7001}, datagram(1400));
    frame[kIpAt + 5] = 9;  // an identification
    frame[kIpAt + 6] = 0;  // it may be fragmented
    frame[kIpAt + 10] = frame[kIpAt + 11] = 0;
    const std::uint16_t sum = ip4_header_checksum(Bytes(frame).subspan(kIpAt, 20));
    frame[kIpAt + 10] = static_cast<std::uint8_t>(sum >> 8U);
    frame[kIpAt + 11] = static_cast<std::uint8_t>(sum & 0xffU);
    BOOST_TEST(wire.send(frame));
    const auto got = server.receive();
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST(got->from.to_string() == "11.0.0.1:40000");
    BOOST_TEST((got->data == datagram(1400)));
    std::vector<unsigned> offsets;
    for (const Packet& p : outside.packets()) {
        if (p.outgoing && p.is_fragment) offsets.push_back(fragment_offset(p));
    }
    BOOST_TEST(offsets.size() == 2U);
    BOOST_TEST(std::is_sorted(offsets.begin(), offsets.end()));
}

// More beginnings than the kernel keeps memory for.
BOOST_AUTO_TEST_CASE(a_flood_of_fragments_does_not_hinder_whole_datagrams) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    const PacketSocket wire = house.pc.packets("eth0");
    const Frame whole = udp4_frame(from_pc(house), Port{41000}, Port{7001}, datagram(2800));
    for (std::uint16_t id = 1; id <= 5000; ++id)
        wire.send(fragments_of(whole, 1400, id).front());
    for (int i = 0; i < 50; ++i)
        BOOST_TEST(seen_by(server, phone) == "11.0.0.1:6000");
    BOOST_TEST(heard_by(phone, server, "11.0.0.1:6000") == "11.0.0.2:7001");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(addresses)

BOOST_AUTO_TEST_CASE(each_device_keeps_to_one_of_several_outside_addresses) {
    House house;
    house.add_wan_address("11.0.0.9/24");
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket other = house.internet.udp("11.0.0.3:7001");
    std::set<std::string> used;
    for (int n = 100; n < 116; ++n) {
        const std::string address = concat("192.168.1.", n);
        house.pc.ip(concat("address add ", address, "/24 dev eth0"));
        const UdpSocket one = house.pc.udp(concat(address, ":5000"));
        const UdpSocket two = house.pc.udp(concat(address, ":5002"));
        const std::string outside = seen_by(server, one);
        BOOST_REQUIRE(outside != kNobody);
        const std::string its_address = outside.substr(0, outside.find(':'));
        BOOST_TEST(seen_by(other, one) == outside);
        BOOST_TEST(seen_by(other, two).starts_with(its_address + ":"));
        BOOST_TEST(heard_by(one, server, outside) == "11.0.0.2:7001");
        used.insert(its_address);
    }
    BOOST_TEST((used == std::set<std::string>{"11.0.0.1", "11.0.0.9"}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(contents)

// Nobody reads along: neither Gatehouse, where it is told not to, nor a helper of the kernel.
BOOST_AUTO_TEST_CASE(a_sip_message_passes_byte_for_byte_when_its_gateway_is_off) {
    House house;
    const Router router(house, section("sip 'sip'", {{"mode", "off"}}));
    const UdpSocket registrar = house.internet.udp("11.0.0.2:5060");
    const UdpSocket phone = house.phone.udp("0.0.0.0:5060");
    const std::string message =
        "REGISTER sip:11.0.0.2 SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK1\r\n"
        "Contact: <sip:phone@192.168.1.20:5060>\r\nContent-Length: 0\r\n\r\n";
    BOOST_TEST(phone.send_to("11.0.0.2:5060", message));
    const auto got = registrar.receive();
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST(got->data == message);
    BOOST_TEST(registrar.send_to(got->from, message));
    BOOST_TEST(phone.receive().value_or(Datagram{}).data == message);
    BOOST_TEST(house.router.conntrack().find("helper=") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
