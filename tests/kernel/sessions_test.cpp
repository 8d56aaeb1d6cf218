// SPDX-License-Identifier: GPL-2.0-or-later
#include <boost/test/unit_test.hpp>

#include "gateway/kernel/ct_codec.h"
#include "gateway/kernel/cttimeout.h"
#include "tests/kernel/captured.h"

namespace gatehouse::kernel::test {

namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kNew = 0x0100;
constexpr std::uint16_t kDestroy = 0x0102;
constexpr std::uint16_t kCreated = 0x600;

// A datagram from 127.0.0.1:4000 to :5000, translated to come from 127.0.0.9:6000.
const Captured kUdpBegan(
    kNew, kCreated,
    "020000003400018014000180080001007f000001080002007f0000011c0002800500010011000000060002000fa000"
    "00"
    "06000300138800003400028014000180080001007f000001080002007f0000091c0002800500010011000000060002"
    "00"
    "13880000060003001770000008000c008b8de3620800030000000198080007000000001e");
// The same session ended with conntrack -D, counters on.
const Captured kUdpEnded(
    kDestroy, 0,
    "020000003400018014000180080001007f000001080002007f0000011c0002800500010011000000060002000fa000"
    "00"
    "06000300138800003400028014000180080001007f000001080002007f0000091c0002800500010011000000060002"
    "00"
    "13880000060003001770000008000c008b8de3620800030000000398080007000000001d1c0009800c000100000000"
    "00"
    "000000010c000200000000000000001f1c000a800c00010000000000000000000c0002000000000000000000");
// A TCP connection from 127.0.0.1:4001 to :8080, when it became established and assured.
const Captured kTcpChanged(
    kNew, 0,
    "020000003400018014000180080001007f000001080002007f0000011c0002800500010006000000060002000fa100"
    "00"
    "060003001f9000003400028014000180080001007f000001080002007f0000011c0002800500010006000000060002"
    "00"
    "1f900000060003000fa1000008000c006e144d1f080003000000018e0800070000069780300004802c000180050001"
    "00"
    "03000000050002000a000000050003000a00000006000400230000000600050023000000");
// ping -c1 127.0.0.1
const Captured kIcmpBegan(kNew, kCreated,
                          "020000003c00018014000180080001007f000001080002007f0000012400028005000100"
                          "010000000600040034bf0000"
                          "050005000800000005000600000000003c00028014000180080001007f00000108000200"
                          "7f0000012400028005000100"
                          "010000000600040034bf00000500050000000000050006000000000008000c0011af8d87"
                          "080003000000018808000700"
                          "0000001e");

const Ip4 kHost = Ip4::of(127, 0, 0, 1);

}  // namespace

BOOST_AUTO_TEST_SUITE(sessions, *boost::unit_test::precondition(LittleEndian()))

BOOST_AUTO_TEST_CASE(a_translated_session_has_its_outside_endpoint) {
    const auto event = decode_session_event(kUdpBegan.view());
    BOOST_REQUIRE(event);
    BOOST_TEST((event->kind == SessionEventKind::began));
    const Session& session = event->session;
    BOOST_TEST((session.original.proto == Proto::udp));
    BOOST_TEST((session.original.from() == Endpoint{kHost, Port{4000}}));
    BOOST_TEST((session.original.to() == Endpoint{kHost, Port{5000}}));
    BOOST_TEST(session.outside().to_string() == "127.0.0.9:6000");
    BOOST_TEST((session.source_nat && session.confirmed));
    BOOST_TEST((!session.destination_nat && !session.seen_reply && !session.assured));
    BOOST_TEST((session.timeout == 30s));
    BOOST_TEST(session.id == 0x8b8de362U);
    BOOST_TEST(session.zone == 0U);
    BOOST_TEST((!session.tcp && !session.sent));
}

BOOST_AUTO_TEST_CASE(the_end_of_a_session_tells_its_traffic) {
    const auto event = decode_session_event(kUdpEnded.view());
    BOOST_REQUIRE(event);
    BOOST_TEST((event->kind == SessionEventKind::ended));
    BOOST_TEST(event->session.dying);
    BOOST_TEST((event->session.sent == Traffic{1, 31}));
    BOOST_TEST((event->session.received == Traffic{0, 0}));
}

BOOST_AUTO_TEST_CASE(a_tcp_session_has_a_state) {
    const auto event = decode_session_event(kTcpChanged.view());
    BOOST_REQUIRE(event);
    BOOST_TEST((event->kind == SessionEventKind::changed));
    BOOST_TEST((event->session.tcp == TcpState::established));
    BOOST_TEST(to_string(*event->session.tcp) == "established");
    BOOST_TEST((event->session.assured && event->session.seen_reply));
    BOOST_TEST((event->session.timeout == 432000s));
    BOOST_TEST(to_string(static_cast<TcpState>(77)) == "unknown");
}

BOOST_AUTO_TEST_CASE(the_identifier_of_a_ping_is_its_source_port) {
    const auto event = decode_session_event(kIcmpBegan.view());
    BOOST_REQUIRE(event);
    BOOST_TEST(event->session.original.source_port.number == 0x34bfU);
    BOOST_TEST(event->session.original.destination_port.number == 0U);
    BOOST_TEST(event->session.original.icmp_type == 8U);
    BOOST_TEST(event->session.reply.icmp_type == 0U);
}

BOOST_AUTO_TEST_CASE(a_session_cut_anywhere_is_whole_in_what_it_tells_or_refused) {
    for (const Captured* one : {&kUdpBegan, &kUdpEnded, &kTcpChanged, &kIcmpBegan}) {
        const auto whole = decode_session_event(one->view());
        for (std::size_t n = 0; n < one->bytes.size(); ++n) {
            const auto part = decode_session_event(one->cut(n));
            if (part) BOOST_TEST((part->session.reply == whole->session.reply));
        }
    }
}

BOOST_AUTO_TEST_CASE(messages_of_other_subsystems_are_no_sessions) {
    const Captured expectation(0x0200, 0, to_hex(kUdpBegan.bytes));
    BOOST_TEST(!decode_session_event(expectation.view()));
    const Captured statistics(0x0104, 0, to_hex(kUdpBegan.bytes));
    BOOST_TEST(!decode_session_event(statistics.view()));
}

BOOST_AUTO_TEST_CASE(a_session_is_ended_by_its_tuple_zone_and_id) {
    for (const Captured* one : {&kUdpBegan, &kTcpChanged, &kIcmpBegan}) {
        Session session = decode_session_event(one->view())->session;
        session.zone = 5;
        const auto bytes = encode_session_delete(session);
        const auto request = MessageReader(bytes).next();
        BOOST_REQUIRE(request);
        BOOST_TEST(request->type == kDestroy);
        // The original tuple stands first in both messages, nested bits and all.
        const std::size_t size = host16(Bytes(one->bytes), 4);
        BOOST_TEST(to_hex(request->payload.subspan(4, size)) ==
                   to_hex(Bytes(one->bytes).subspan(4, size)));
        const Attributes attributes(request->behind(4));
        BOOST_TEST(attributes.be16(18).value_or(0) == 5U);
        BOOST_TEST(attributes.be32(12).value_or(0) == session.id);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(session_timeouts)

BOOST_AUTO_TEST_CASE(only_the_values_that_are_given_are_written) {
    TcpTimeouts tcp;
    tcp.established = 7440s;
    const auto bytes = encode_timeout_policy("calls", tcp);
    const Attributes attributes(MessageReader(bytes).next()->behind(4));
    BOOST_TEST(attributes.text(1) == "calls");
    BOOST_TEST(attributes.be16(2).value_or(0) == 2U);
    BOOST_TEST(attributes.u8(3).value_or(0) == 6U);
    const Attributes data(attributes.at(4));
    BOOST_TEST(data.be32(3).value_or(0) == 7440U);
    BOOST_TEST((!data.has(1) && !data.has(2) && !data.has(4)));
}

BOOST_AUTO_TEST_CASE(a_timeout_is_at_least_a_second) {
    const auto bytes = encode_timeout_defaults(UdpTimeouts{0s, -5s});
    const Attributes attributes(MessageReader(bytes).next()->behind(4));
    const Attributes data(attributes.at(4));
    BOOST_TEST(data.be32(1).value_or(0) == 1U);
    BOOST_TEST(data.be32(2).value_or(0) == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace gatehouse::kernel::test
