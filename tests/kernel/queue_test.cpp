// SPDX-License-Identifier: GPL-2.0-or-later
#include <boost/test/unit_test.hpp>

#include "gateway/kernel/nfqueue.h"
#include "tests/kernel/captured.h"

namespace gatehouse::kernel::test {

namespace {

// "hello" in a datagram from 10.9.0.2:4000 to 10.9.0.1:5000 over a veth pair, queued at the input
// hook as queue 7; its sender had MAC address 02:00:00:00:00:02 and left the checksum to others.
const Captured kPacket(
    0x0300, 0,
    "020000070b000100000000010800010008000500000000021000090000060000020000000002"
    "000008000e000000000126000a004500002217e2400040110ed50a0900020a0900010fa01388"
    "000e143468656c6c6f0a");

}  // namespace

BOOST_AUTO_TEST_SUITE(packet_queue, *boost::unit_test::precondition(LittleEndian()))

BOOST_AUTO_TEST_CASE(a_packet_tells_where_it_came_from) {
    const auto packet = decode_packet(kPacket.view());
    BOOST_REQUIRE(packet);
    BOOST_TEST(packet->id == 1U);
    BOOST_TEST((packet->hook == Hook::input));
    BOOST_TEST(packet->in_link == 2U);
    BOOST_TEST(packet->out_link == 0U);
    BOOST_TEST(packet->mark == 0U);
    BOOST_REQUIRE(packet->sender.has_value());
    BOOST_TEST(packet->sender->to_string() == "02:00:00:00:00:02");
    BOOST_TEST(packet->payload.size() == 34U);
    BOOST_TEST(as_text(packet->payload.last(6)) == "hello\n");
    BOOST_TEST((packet->checksum_pending && !packet->segmented_later && !packet->truncated()));
    BOOST_TEST(packet->session.empty());
}

BOOST_AUTO_TEST_CASE(a_packet_cut_anywhere_is_refused_or_has_no_contents) {
    for (std::size_t n = 0; n < kPacket.bytes.size() - 2; ++n) {
        const auto packet = decode_packet(kPacket.cut(n));
        if (packet) BOOST_TEST(packet->payload.empty());
    }
    const Captured verdict(0x0301, 0, to_hex(kPacket.bytes));
    BOOST_TEST(!decode_packet(verdict.view()));
}

BOOST_AUTO_TEST_CASE(a_verdict_names_queue_and_packet) {
    BOOST_TEST(to_hex(encode_verdict(7, 1, Verdict::accept)) ==
               "20000000010301000000000000000000000000070c0002000000000100000001");
    BOOST_TEST(to_hex(encode_verdict(7, 2, Verdict::drop)) ==
               "20000000010301000000000000000000000000070c0002000000000000000002");
    // NF_STOP
    BOOST_TEST(to_hex(encode_verdict(7, 4, Verdict::accept_past_the_rest)) ==
               "20000000010301000000000000000000000000070c0002000000000500000004");
    BOOST_TEST(to_hex(encode_hand_over(7, 3, 1)) ==
               "20000000010301000000000000000000000000070c0002000001800300000003");
    BOOST_TEST(to_hex(encode_verdict_up_to(7, 9, Verdict::accept)) ==
               "20000000030301000000000000000000000000070c0002000000000100000009");
}

BOOST_AUTO_TEST_CASE(a_verdict_may_bring_other_contents) {
    const auto packet = decode_packet(kPacket.view());
    const auto bytes = encode_verdict(7, 1, Verdict::accept, packet->payload);
    const Attributes attributes(MessageReader(bytes).next()->behind(4));
    BOOST_TEST(to_hex(attributes.at(10)) == to_hex(packet->payload));
    const std::vector<std::uint8_t> too_large(70000);
    BOOST_TEST(encode_verdict(7, 1, Verdict::accept, too_large).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace gatehouse::kernel::test
