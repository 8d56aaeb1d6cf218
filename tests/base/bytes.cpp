// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/bytes.h"

#include <boost/test/unit_test.hpp>
#include <limits>
#include <string>
#include <vector>

#include "gateway/base/random.h"

using namespace gatehouse;

namespace {

std::vector<std::uint8_t> hex(std::string_view text) {
    bool ok = false;
    auto out = from_hex(text, ok);
    BOOST_REQUIRE(ok);
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bytes)

BOOST_AUTO_TEST_CASE(numbers_are_read_big_endian) {
    const auto input = hex("01 0203 04050607 08090a0b0c0d0e0f");
    ByteReader in(input);
    BOOST_TEST(in.u8() == 0x01U);
    BOOST_TEST(in.u16() == 0x0203U);
    BOOST_TEST(in.u32() == 0x04050607U);
    BOOST_TEST(in.u64() == 0x08090a0b0c0d0e0fU);
    BOOST_TEST(in.ok());
    BOOST_TEST(in.at_end());
}

BOOST_AUTO_TEST_CASE(the_last_byte_can_be_read_and_none_beyond) {
    const auto input = hex("aabb");
    ByteReader last(input);
    last.skip(1);
    BOOST_TEST(last.u8() == 0xbbU);
    BOOST_TEST(last.ok());
    BOOST_TEST(last.u8() == 0U);
    BOOST_TEST(!last.ok());

    ByteReader half(input);
    half.skip(1);
    BOOST_TEST(half.u16() == 0U);
    BOOST_TEST(!half.ok());
}

BOOST_AUTO_TEST_CASE(after_an_error_nothing_can_be_read_any_more) {
    const auto input = hex("01020304");
    ByteReader in(input);
    BOOST_TEST(in.u64() == 0U);
    BOOST_TEST(!in.ok());
    BOOST_TEST(in.u8() == 0U);
    BOOST_TEST(in.take(1).empty());
    BOOST_TEST(in.rest().empty());
    BOOST_TEST(in.remaining() == 0U);
    BOOST_TEST(in.at_end());
    in.seek(0);
    BOOST_TEST(in.u8() == 0U);
    BOOST_TEST((in.array<2>() == std::array<std::uint8_t, 2>{}));
}

BOOST_AUTO_TEST_CASE(a_length_that_would_wrap_around_is_refused) {
    const auto input = hex("01020304");
    ByteReader in(input);
    in.skip(2);
    BOOST_TEST(in.take(std::numeric_limits<std::size_t>::max()).empty());
    BOOST_TEST(!in.ok());
}

BOOST_AUTO_TEST_CASE(taking_nothing_at_the_end_is_no_error) {
    ByteReader in(Bytes{});
    BOOST_TEST(in.take(0).empty());
    BOOST_TEST(in.rest().empty());
    BOOST_TEST(in.ok());
    BOOST_TEST(in.at_end());
}

BOOST_AUTO_TEST_CASE(seeking_reaches_the_end_and_not_one_past_it) {
    const auto input = hex("010203");
    ByteReader in(input);
    in.seek(3);
    BOOST_TEST(in.ok());
    BOOST_TEST(in.at_end());
    in.seek(1);
    BOOST_TEST(in.u8() == 2U);
    in.seek(4);
    BOOST_TEST(!in.ok());
}

BOOST_AUTO_TEST_CASE(an_array_is_copied_whole_or_is_zero) {
    const auto input = hex("010203");
    ByteReader in(input);
    BOOST_TEST((in.array<2>() == std::array<std::uint8_t, 2>{1, 2}));
    BOOST_TEST((in.array<2>() == std::array<std::uint8_t, 2>{0, 0}));
    BOOST_TEST(!in.ok());
}

BOOST_AUTO_TEST_CASE(a_reader_that_was_failed_by_hand_stays_failed) {
    const auto input = hex("0102");
    ByteReader in(input);
    in.fail();
    BOOST_TEST(!in.ok());
    BOOST_TEST(in.u8() == 0U);
}

BOOST_AUTO_TEST_CASE(numbers_are_written_big_endian) {
    ByteWriter out;
    out.u8(0x01);
    out.u16(0x0203);
    out.u32(0x04050607);
    out.u64(0x08090a0b0c0d0e0fU);
    out.bytes(hex("1011"));
    out.text("ab");
    out.zeros(2);
    BOOST_TEST(out.ok());
    BOOST_TEST(to_hex(out.view()) == "0102030405060708090a0b0c0d0e0f101161620000");
}

BOOST_AUTO_TEST_CASE(a_writer_fills_its_limit_and_not_one_byte_more) {
    ByteWriter out(4);
    out.u16(0x0102);
    out.u16(0x0304);
    BOOST_TEST(out.ok());
    out.u8(5);
    BOOST_TEST(!out.ok());
    BOOST_TEST(out.size() == 4U);
    BOOST_TEST(out.take().empty());
}

BOOST_AUTO_TEST_CASE(a_field_that_does_not_fit_is_not_written_in_part) {
    const auto long_field = hex("0102030405060708090a");
    for (int kind = 0; kind < 6; ++kind) {
        ByteWriter out(1);
        switch (kind) {
            case 0: out.u16(1); break;
            case 1: out.u32(1); break;
            case 2: out.u64(1); break;
            case 3: out.bytes(long_field); break;
            case 4: out.text("two words"); break;
            default: out.zeros(std::numeric_limits<std::size_t>::max()); break;
        }
        BOOST_TEST(!out.ok(), "kind " << kind);
        BOOST_TEST(out.size() == 0U, "kind " << kind);
        out.u8(1);  // would fit, and comes too late
        BOOST_TEST(out.size() == 0U, "kind " << kind);
    }
}

BOOST_AUTO_TEST_CASE(a_length_can_be_patched_only_where_it_was_written) {
    ByteWriter out;
    out.zeros(4);
    out.patch_u16(2, 0xabcd);
    BOOST_TEST(out.ok());
    BOOST_TEST(to_hex(out.view()) == "0000abcd");
    out.patch_u16(3, 1);
    BOOST_TEST(!out.ok());

    ByteWriter empty;
    empty.patch_u16(0, 1);
    BOOST_TEST(!empty.ok());
}

BOOST_AUTO_TEST_CASE(taking_the_bytes_leaves_the_writer_empty_and_usable) {
    ByteWriter out(2);
    out.u16(0x0102);
    BOOST_TEST(to_hex(out.take()) == "0102");
    BOOST_TEST(out.size() == 0U);
    out.u16(0x0304);
    BOOST_TEST(to_hex(out.take()) == "0304");
}

BOOST_AUTO_TEST_CASE(hex_is_read_with_and_without_separators) {
    for (const char* text : {"0a1bff", "0A1BFF", "0a:1b:ff", "0a 1b ff", " 0a1b\n\tff\r\n"}) {
        bool ok = false;
        BOOST_TEST(to_hex(from_hex(text, ok)) == "0a1bff", text);
        BOOST_TEST(ok, text);
    }
    bool ok = false;
    BOOST_TEST(from_hex("", ok).empty());
    BOOST_TEST(ok);
}

BOOST_AUTO_TEST_CASE(hex_that_is_cut_or_foreign_is_refused) {
    for (const char* text : {"0", "0a1", "0g", "g0", "0 a", "0:a", "0x0a", "-1", "0a,1b"}) {
        bool ok = true;
        BOOST_TEST(from_hex(text, ok).empty(), text);
        BOOST_TEST(!ok, text);
    }
}

BOOST_AUTO_TEST_CASE(text_and_bytes_are_two_views_of_one_thing) {
    const std::string text("a\0\xff", 3);
    BOOST_TEST(to_hex(as_bytes(text)) == "6100ff");
    BOOST_TEST(as_text(as_bytes(text)) == text);
    BOOST_TEST(as_text(Bytes{}).empty());
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back) {
    SeededRandom random(1);
    for (int run = 0; run < 200; ++run) {
        const std::uint64_t kinds = random.next();
        const std::uint64_t seed = random.next();
        ByteWriter out;
        SeededRandom values(seed);
        for (unsigned i = 0; i < 32; ++i) {
            const std::uint64_t value = values.next();
            switch ((kinds >> (2 * i)) & 3U) {
                case 0: out.u8(static_cast<std::uint8_t>(value)); break;
                case 1: out.u16(static_cast<std::uint16_t>(value)); break;
                case 2: out.u32(static_cast<std::uint32_t>(value)); break;
                default: out.u64(value); break;
            }
        }
        const auto written = out.take();
        ByteReader in(written);
        SeededRandom again(seed);
        for (unsigned i = 0; i < 32; ++i) {
            const std::uint64_t value = again.next();
            switch ((kinds >> (2 * i)) & 3U) {
                case 0: BOOST_REQUIRE_EQUAL(in.u8(), static_cast<std::uint8_t>(value)); break;
                case 1: BOOST_REQUIRE_EQUAL(in.u16(), static_cast<std::uint16_t>(value)); break;
                case 2: BOOST_REQUIRE_EQUAL(in.u32(), static_cast<std::uint32_t>(value)); break;
                default: BOOST_REQUIRE_EQUAL(in.u64(), value); break;
            }
        }
        BOOST_REQUIRE(in.ok() && in.at_end());
    }
}

BOOST_AUTO_TEST_SUITE_END()
