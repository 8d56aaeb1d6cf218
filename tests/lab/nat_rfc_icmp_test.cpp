// SPDX-License-Identifier: GPL-2.0-or-later
//
// ICMP through the router, as RFC 5508 asks for it: errors are translated both ways and change
// nothing else, those that belong to nothing go nowhere, queries pass.
//
//   console .30 --+
//   pc      .10 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//                                          pc :40000 is outside :40000 and talks to 11.0.0.2:7001
#include <boost/test/unit_test.hpp>

#include "gateway/base/checksum.h"
#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Ip4 kPc = Ip4::of(192, 168, 1, 10);
constexpr Ip4 kConsole = Ip4::of(192, 168, 1, 30);
constexpr Ip4 kOutside = Ip4::of(11, 0, 0, 1);
constexpr Ip4 kServer = Ip4::of(11, 0, 0, 2);
constexpr Port kPort{40000}, kServerPort{7001};
constexpr std::size_t kIcmpAt = 14 + 20;  // in a frame

// RFC 792.
constexpr std::uint8_t kEcho = 8, kUnreachable = 3, kTimeExceeded = 11, kBadParameter = 12;
constexpr std::uint8_t kTimestamp = 13, kTimestampReply = 14;

struct TypeCode {
    std::uint8_t type, code;
};
constexpr TypeCode kErrors[] = {{kUnreachable, 0},  {kUnreachable, 1},  {kUnreachable, 3},
                                {kUnreachable, 4},  {kUnreachable, 9},  {kUnreachable, 10},
                                {kUnreachable, 13}, {kTimeExceeded, 0}, {kTimeExceeded, 1},
                                {kBadParameter, 0}};
constexpr TypeCode kMarker = {kUnreachable, 5};  // what comes last in a test

PacketTest error(TypeCode wanted) {
    return [=](const Packet& p) {
        return p.is_icmp() && !p.outgoing && p.icmp_type == wanted.type &&
               p.icmp_code == wanted.code;
    };
}

PacketTest any_error() {
    return [](const Packet& p) {
        return p.is_icmp() && !p.outgoing &&
               (p.icmp_type == kUnreachable || p.icmp_type == kTimeExceeded);
    };
}

// A house in which the pc and the server talk, and both wires.
class Talk {
  public:
    explicit Talk(const std::string& config = {})
        : router(house, config),
          server(house.internet.udp("11.0.0.2:7001")),
          pc(house.pc.udp("0.0.0.0:40000")),
          wan(house.internet.packets("net0")),
          wire(house.pc.packets("eth0")) {
        BOOST_REQUIRE(seen_by(server, pc) == "11.0.0.1:40000");
    }

    // An error from the internet about a packet with this source port, and one of a device inside
    // about a packet to this port.
    Frame from_internet(TypeCode kind, const std::string& about) const {
        const FrameHead head{*house.internet.mac("net0"), *house.router.mac("wan0"), kServer,
                             kOutside};
        return icmp4_frame(head, kind.type, kind.code, 0, about);
    }
    Frame from_inside(TypeCode kind, const std::string& about, const Host& device,
                      Ip4 address) const {
        const FrameHead head{*device.mac("eth0"), *house.router.mac("br-lan"), address, kServer};
        return icmp4_frame(head, kind.type, kind.code, 0, about);
    }
    Frame from_pc(TypeCode kind, const std::string& about) const {
        return from_inside(kind, about, house.pc, kPc);
    }

    // Sends a good error and sees that nothing came through before it.
    void check_only_marker_to_pc() const {
        wan.send(from_internet(kMarker, sent()));
        const auto first = wire.receive(any_error());
        BOOST_REQUIRE(first.has_value());
        BOOST_TEST(first->icmp_code == kMarker.code);
        BOOST_TEST(!wire.receive(any_error(), 100ms).has_value());
    }
    void check_only_marker_to_internet() const {
        wire.send(from_pc(kMarker, received()));
        const auto first = wan.receive(any_error());
        BOOST_REQUIRE(first.has_value());
        BOOST_TEST(first->icmp_code == kMarker.code);
        BOOST_TEST(!wan.receive(any_error(), 100ms).has_value());
    }

    static std::string sent(Port from = kPort) {
        return quoted(udp4_frame({{}, {}, kOutside, kServer}, from, kServerPort, "to the server"));
    }
    static std::string received(Port to = kPort) {
        return quoted(udp4_frame({{}, {}, kServer, kPc}, kServerPort, to, "to the pc"));
    }

    House house;
    Router router;
    UdpSocket server, pc;
    PacketSocket wan, wire;
};

// The same packet with four bytes of IP options (RFC 791: three of no operation and the end).
std::string with_options(const std::string& packet) {
    ByteWriter out;
    out.u8(0x46);
    out.text(packet.substr(1, 19));
    out.u32(0x0101'0100);
    out.text(packet.substr(20));
    out.patch_u16(2, static_cast<std::uint16_t>(packet.size() + 4));
    out.patch_u16(10, 0);
    out.patch_u16(10, checksum(out.view().first(24)));
    return std::string(as_text(out.view()));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(errors)

BOOST_AUTO_TEST_CASE(every_error_from_outside_keeps_its_type_and_speaks_of_the_inside) {
    const Talk talk;
    for (const TypeCode kind : kErrors) {
        talk.wan.send(talk.from_internet(kind, Talk::sent()));
        const auto told = talk.wire.receive(error(kind));
        BOOST_REQUIRE(told.has_value());
        BOOST_TEST(told->flow.destination.address.to_string() == "192.168.1.10");
        BOOST_TEST(told->about.source.to_string() == "192.168.1.10:40000");
        BOOST_TEST(told->about.destination.to_string() == "11.0.0.2:7001");
        BOOST_TEST(has_right_checksums(*told));
    }
    BOOST_TEST(heard_by(talk.pc, talk.server, "11.0.0.1:40000") == "11.0.0.2:7001");
}

BOOST_AUTO_TEST_CASE(every_error_from_inside_keeps_its_type_and_speaks_of_the_outside) {
    const Talk talk;
    for (const TypeCode kind : kErrors) {
        talk.wire.send(talk.from_pc(kind, Talk::received()));
        const auto told = talk.wan.receive(error(kind));
        BOOST_REQUIRE(told.has_value());
        BOOST_TEST(told->flow.source.address.to_string() == "11.0.0.1");
        BOOST_TEST(told->about.source.to_string() == "11.0.0.2:7001");
        BOOST_TEST(told->about.destination.to_string() == "11.0.0.1:40000");
        BOOST_TEST(has_right_checksums(*told));
    }
    BOOST_TEST(seen_by(talk.server, talk.pc) == "11.0.0.1:40000");
}

// A device on the way to the pc, such as a second router inside.
BOOST_AUTO_TEST_CASE(an_error_of_another_device_inside_leaves_from_the_outside_address) {
    const Talk talk;
    const PacketSocket wire = talk.house.console.packets("eth0");
    wire.send(talk.from_inside({kTimeExceeded, 0}, Talk::received(), talk.house.console, kConsole));
    const auto told = talk.wan.receive(error({kTimeExceeded, 0}));
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(told->flow.source.address.to_string() == "11.0.0.1");
    BOOST_TEST(told->about.destination.to_string() == "11.0.0.1:40000");
    BOOST_TEST(has_right_checksums(*told));
}

BOOST_AUTO_TEST_CASE(an_error_with_a_wrong_checksum_goes_nowhere) {
    const Talk talk;
    Frame wrong = talk.from_internet({kUnreachable, 3}, Talk::sent());
    wrong[kIcmpAt + 2] ^= 0x55U;
    talk.wan.send(wrong);
    talk.check_only_marker_to_pc();
    wrong = talk.from_pc({kUnreachable, 3}, Talk::received());
    wrong[kIcmpAt + 2] ^= 0x55U;
    talk.wire.send(wrong);
    talk.check_only_marker_to_internet();
}

BOOST_AUTO_TEST_CASE(an_error_about_nothing_that_is_known_goes_nowhere) {
    const Talk talk;
    talk.wan.send(talk.from_internet({kUnreachable, 3}, Talk::sent(Port{49999})));
    talk.check_only_marker_to_pc();
    talk.wire.send(talk.from_pc({kUnreachable, 3}, Talk::received(Port{49999})));
    talk.check_only_marker_to_internet();
}

BOOST_AUTO_TEST_CASE(options_of_the_packet_in_an_error_are_stepped_over) {
    const Talk talk;
    talk.wan.send(talk.from_internet({kUnreachable, 3}, with_options(Talk::sent())));
    const auto told = talk.wire.receive(error({kUnreachable, 3}));
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(told->about.source.to_string() == "192.168.1.10:40000");
    BOOST_TEST(told->about.destination.to_string() == "11.0.0.2:7001");
    BOOST_TEST(has_right_checksums(*told));
}

// Only its first bytes need to be there, so nobody may insist on its checksum.
BOOST_AUTO_TEST_CASE(the_checksum_of_the_datagram_in_an_error_does_not_matter) {
    const Talk talk;
    std::string about = Talk::sent();
    about[26] = static_cast<char>(about[26] ^ 0x55);
    talk.wan.send(talk.from_internet({kUnreachable, 1}, about));
    BOOST_TEST(talk.wire.receive(error({kUnreachable, 1})).has_value());
    talk.wan.send(talk.from_internet({kUnreachable, 3}, Talk::sent().substr(0, 28)));
    const auto told = talk.wire.receive(error({kUnreachable, 3}));
    BOOST_REQUIRE(told.has_value());
    BOOST_TEST(told->about.source.to_string() == "192.168.1.10:40000");
}

// Neither an error about a query, nor one that answers a packet from outside.
BOOST_AUTO_TEST_CASE(an_error_neither_ends_a_session_nor_keeps_it_alive) {
    const Talk talk;
    const IcmpSocket ping = talk.house.pc.icmp();
    ping.send_echo("11.0.0.2", 77, 1);
    BOOST_REQUIRE(ping.receive_reply(77, 1).has_value());
    const auto query_left = [&] { return seconds_left(talk.house.router, {"icmp", "id=77 "}); };
    const auto flow_left = [&] { return seconds_left(talk.house.router, {"udp", "sport=40000"}); };
    BOOST_TEST(eventually(
        [&] { return Verdict(query_left().value_or(0) <= 57 && flow_left().value_or(0) <= 297); },
        20s));
    const FrameHead pinged{{}, {}, kOutside, kServer};
    talk.wan.send(talk.from_internet(
        {kTimeExceeded, 0}, quoted(icmp4_frame(pinged, kEcho, 0, (77U << 16U) | 1U, "echo"))));
    BOOST_TEST(talk.wire.receive(error({kTimeExceeded, 0})).has_value());
    talk.wire.send(talk.from_pc({kUnreachable, 3}, Talk::received()));
    BOOST_TEST(talk.wan.receive(error({kUnreachable, 3})).has_value());
    const auto query = query_left();
    const auto flow = flow_left();
    BOOST_REQUIRE((query && flow));
    BOOST_TEST(*query <= 57);
    BOOST_TEST(*query > 30);
    BOOST_TEST(*flow <= 297);
    ping.send_echo("11.0.0.2", 77, 2);
    BOOST_TEST(ping.receive_reply(77, 2).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(queries)

BOOST_AUTO_TEST_CASE(a_timestamp_is_asked_and_answered) {
    House house;
    const Router router(house);
    for (const Host* device : {&house.pc, &house.console}) {
        const IcmpSocket clock = device->icmp();
        clock.send("11.0.0.2",
                   Bytes(icmp_message(kTimestamp, 0, (99U << 16U) | 1U, std::string(12, '\0'))));
        BOOST_TEST(eventually(
            [&] {
                const auto answer = clock.receive(100ms);
                return Verdict(answer && answer->type == kTimestampReply &&
                               answer->identifier == 99);
            },
            20s));
    }
}

BOOST_AUTO_TEST_SUITE_END()
