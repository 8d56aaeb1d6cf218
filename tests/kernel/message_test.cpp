// SPDX-License-Identifier: GPL-2.0-or-later
#include <boost/test/unit_test.hpp>

#include "gateway/kernel/netlink.h"
#include "tests/kernel/captured.h"

namespace gatehouse::kernel::test {

namespace {

std::vector<std::uint8_t> message(std::uint16_t type, std::string_view text) {
    MessageWriter out(type, 1);
    out.text(3, text);
    return out.take();
}

std::size_t count(Bytes datagram, bool& ok) {
    MessageReader reader(datagram);
    std::size_t n = 0;
    while (reader.next())
        ++n;
    ok = reader.ok();
    return n;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(message_bytes)

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back) {
    MessageWriter out(0x0a0c, 5);
    out.netfilter_header(1, 0x1234);
    out.u8(1, 7);
    out.be16(2, 0x0102);
    out.be32(3, 0x01020304);
    out.be64(4, 0x0102030405060708);
    out.text(5, "wan");
    const std::size_t nest = out.begin(6);
    out.u8(1, 9);
    out.end(nest);
    const auto bytes = out.take();
    MessageReader reader(bytes);
    const auto one = reader.next();
    BOOST_REQUIRE(one);
    BOOST_TEST(one->subsystem() == 0x0a);
    BOOST_TEST(one->number() == 0x0c);
    BOOST_TEST(to_hex(one->payload.first(4)) == "01001234");
    const Attributes attributes(one->behind(4));
    BOOST_TEST(attributes.ok());
    BOOST_TEST(attributes.u8(1).value_or(0) == 7);
    BOOST_TEST(attributes.be16(2).value_or(0) == 0x0102);
    BOOST_TEST(attributes.be32(3).value_or(0) == 0x01020304U);
    BOOST_TEST(attributes.be64(4).value_or(0) == 0x0102030405060708U);
    BOOST_TEST(attributes.text(5) == "wan");
    BOOST_TEST(Attributes(attributes.at(6)).u8(1).value_or(0) == 9);
    BOOST_TEST(!reader.next());
    BOOST_TEST(reader.ok());
}

BOOST_AUTO_TEST_CASE(a_number_of_another_size_is_no_number) {
    MessageWriter out(1, 0);
    out.be16(1, 5);
    const auto bytes = out.take();
    const Attributes attributes(MessageReader(bytes).next()->payload);
    BOOST_TEST(attributes.has(1));
    BOOST_TEST(!attributes.u8(1));
    BOOST_TEST(!attributes.be32(1));
    BOOST_TEST(!attributes.be64(1));
    BOOST_TEST(!attributes.has(2));
    BOOST_TEST(!attributes.has(100000));
}

BOOST_AUTO_TEST_CASE(several_messages_share_a_datagram) {
    auto all = message(1, "a");
    const auto second = message(2, "bcdefg");
    all.insert(all.end(), second.begin(), second.end());
    bool ok = false;
    BOOST_TEST(count(all, ok) == 2U);
    BOOST_TEST(ok);
}

BOOST_AUTO_TEST_CASE(a_datagram_cut_anywhere_is_noticed) {
    auto all = message(1, "abc");
    const std::size_t first = all.size();
    const auto second = message(2, "defg");
    all.insert(all.end(), second.begin(), second.end());
    for (std::size_t n = 1; n < all.size(); ++n) {
        bool ok = true;
        const std::size_t whole = count(Bytes(all).first(n), ok);
        BOOST_TEST(whole == (n >= first ? 1U : 0U));
        BOOST_TEST(ok == (n == first));
    }
}

BOOST_AUTO_TEST_CASE(lengths_too_small_or_too_large_end_the_reading) {
    for (const char* hex : {"00000000010000000000000000000000", "0f000000010000000000000000000000",
                            "11000000010000000000000000000000", "ffffffff010000000000000000000000",
                            "000000000100", "10"}) {
        bool ok = true;
        BOOST_TEST(count(bytes_of(hex), ok) == 0U);
        BOOST_TEST(!ok);
    }
    for (const char* hex : {"0000", "00000100", "03000100", "05000100", "ffff0100"}) {
        BOOST_TEST(!Attributes(bytes_of(hex)).ok());
    }
}

BOOST_AUTO_TEST_CASE(an_attribute_too_long_for_its_length_makes_no_message) {
    const std::vector<std::uint8_t> large(65536);
    MessageWriter flat(1, 0);
    flat.attribute(1, large);
    BOOST_TEST(flat.take().empty());
    MessageWriter nested(1, 0);
    const std::size_t nest = nested.begin(1);
    nested.attribute(2, Bytes(large).first(40000));
    nested.attribute(2, Bytes(large).first(40000));
    nested.end(nest);
    BOOST_TEST(nested.take().empty());
}

// An interface of a kind that does not exist was asked for, with extended acknowledgements on.
BOOST_AUTO_TEST_CASE(the_kernels_own_words_are_in_the_error,
                     *boost::unit_test::precondition(LittleEndian())) {
    const auto datagram = bytes_of(
        "3c000000020000030100000098430000a1ffffff38000000100005060100000000000000"
        "18000100556e6b6e6f776e20646576696365207479706500");
    const auto one = MessageReader(datagram).next();
    BOOST_REQUIRE(one && one->is_error());
    const NetlinkError error = decode_error(*one);
    BOOST_TEST(error.number == 95);
    BOOST_TEST(error.text.find("(Unknown device type)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_acknowledgement_is_an_error_of_number_zero) {
    const Captured ack(2, 0x100, "0000000028000000100005000100000000000000");
    BOOST_TEST(decode_error(ack.view()).number == 0);
    for (std::size_t n = 0; n < 4; ++n)
        BOOST_TEST(decode_error(ack.cut(n)).number != 0);
    const Captured smallest(2, 0x300, "00000080");
    BOOST_TEST(decode_error(smallest.view()).number != 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace gatehouse::kernel::test
