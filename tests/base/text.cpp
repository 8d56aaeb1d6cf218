// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/text.h"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/base/random.h"

using namespace gatehouse;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(a_number_is_read_whole_and_within_its_type) {
    BOOST_TEST((parse_number<std::uint8_t>("0") == 0));
    BOOST_TEST((parse_number<std::uint8_t>("255") == 255));
    BOOST_TEST((parse_number<std::uint8_t>("007") == 7));
    BOOST_TEST((parse_number<std::uint16_t>("65535") == 65535));
    BOOST_TEST((parse_number<std::uint32_t>("4294967295") == 4294967295U));
    BOOST_TEST((parse_number<std::uint64_t>("18446744073709551615") == UINT64_MAX));
    BOOST_TEST((parse_number<std::int64_t>("-9223372036854775808") == INT64_MIN));
    BOOST_TEST((parse_number<int>("-1") == -1));
}

BOOST_AUTO_TEST_CASE(what_is_no_number_or_does_not_fit_is_refused) {
    for (const char* text : {"", "256", "-1", "-0", "+1", " 1", "1 ", "1.0", "1e2", "0x1", "a",
                             "99999999999999999999999999"}) {
        BOOST_TEST(!parse_number<std::uint8_t>(text), text);
    }
    BOOST_TEST(!parse_number<std::uint64_t>("18446744073709551616"));
    BOOST_TEST(!parse_number<std::int8_t>("128"));
    BOOST_TEST(!parse_number<std::int8_t>("-129"));
    BOOST_TEST(!parse_number<int>("1\0"s));
    BOOST_TEST(!parse_number<int>(std::string_view()));
}

BOOST_AUTO_TEST_CASE(splitting_keeps_empty_pieces) {
    using Pieces = std::vector<std::string_view>;
    BOOST_TEST((split("", ',') == Pieces{""}));
    BOOST_TEST((split("a", ',') == Pieces{"a"}));
    BOOST_TEST((split(",", ',') == Pieces{"", ""}));
    BOOST_TEST((split("a,,b", ',') == Pieces{"a", "", "b"}));
    BOOST_TEST((split(",a,", ',') == Pieces{"", "a", ""}));
}

BOOST_AUTO_TEST_CASE(trimming_takes_blanks_from_both_ends_only) {
    BOOST_TEST(trim("") == "");
    BOOST_TEST(trim(" \t\r\n") == "");
    BOOST_TEST(trim("  a b\t\r\n") == "a b");
    BOOST_TEST(trim("a") == "a");
    BOOST_TEST(trim("\va\v") == "\va\v");
}

BOOST_AUTO_TEST_CASE(letter_case_is_that_of_ascii) {
    BOOST_TEST(to_lower("AZ az [@`{ 09 \xc3\x84") == "az az [@`{ 09 \xc3\x84");
    BOOST_TEST(equal_ignoring_case("Content-Length", "CONTENT-length"));
    BOOST_TEST(equal_ignoring_case("", ""));
    BOOST_TEST(!equal_ignoring_case("a", "ab"));
    BOOST_TEST(!equal_ignoring_case("ab", "a"));
    BOOST_TEST(!equal_ignoring_case("@", "`"));
    BOOST_TEST(!equal_ignoring_case("\xc3\x84", "\xc3\xa4"));
}

BOOST_AUTO_TEST_CASE(parts_of_all_kinds_become_one_text) {
    const std::string owned = "own";
    BOOST_TEST(concat() == "");
    BOOST_TEST(concat("a", 'b', owned, std::string_view("v"), 1, -2, std::uint8_t{255},
                      std::int8_t{-128}, UINT64_MAX) == "abownv1-2255-12818446744073709551615");
    std::string out = "x";
    append(out, '=', 1);
    BOOST_TEST(out == "x=1");
}

BOOST_AUTO_TEST_CASE(utf8_sequences_are_measured_strictly) {
    const std::vector<std::pair<std::string, std::size_t>> cases{
        {"", 0},
        {"a", 1},
        {"\0"s, 1},
        {"\x7f", 1},
        {"\x80", 0},  // continuation without a lead
        {"\xbf", 0},
        {"\xc0\x80", 0},  // overlong NUL
        {"\xc1\xbf", 0},  // overlong U+007F
        {"\xc2\x80", 2},  // U+0080, the first of two bytes
        {"\xdf\xbf", 2},  // U+07FF, the last
        {"\xc3", 0},      // cut
        {"\xc3(", 0},
        {"\xe0\x9f\xbf", 0},  // overlong U+07FF
        {"\xe0\xa0\x80", 3},  // U+0800
        {"\xe2\x82\xac", 3},  // U+20AC
        {"\xe2\x82", 0},
        {"\xe2(\xac", 0},
        {"\xed\x9f\xbf", 3},      // U+D7FF, before the surrogates
        {"\xed\xa0\x80", 0},      // U+D800
        {"\xed\xbf\xbf", 0},      // U+DFFF
        {"\xee\x80\x80", 3},      // U+E000, after them
        {"\xef\xbf\xbf", 3},      // U+FFFF
        {"\xf0\x8f\xbf\xbf", 0},  // overlong U+FFFF
        {"\xf0\x90\x80\x80", 4},  // U+10000
        {"\xf0\x9f\x98\x80", 4},  // U+1F600
        {"\xf0\x9f\x98", 0},
        {"\xf4\x8f\xbf\xbf", 4},  // U+10FFFF, the last of all
        {"\xf4\x90\x80\x80", 0},  // one past it
        {"\xf5\x80\x80\x80", 0},
        {"\xf8\x88\x80\x80\x80", 0},  // five bytes
        {"\xff", 0},
    };
    for (const auto& [text, length] : cases) {
        BOOST_TEST(utf8_length(text) == length, printable(text));
        if (length > 0) BOOST_TEST(utf8_length(text + "\x80") == length, printable(text));
    }
}

BOOST_AUTO_TEST_CASE(printable_text_is_safe_for_one_line) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", ""},
        {"plain text ~", "plain text ~"},
        {"K\xc3\xbc"
         "che",
         "K\xc3\xbc"
         "che"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"a\nb", "a\\x0ab"},
        {"\r\t\0"s, "\\x0d\\x09\\x00"},
        {"\x1b[31mred", "\\x1b[31mred"},
        {"\x7f", "\\x7f"},
        {"C:\\x0a", "C:\\x5cx0a"},   // an escape cannot be forged
        {"\xc2\x80", "\\xc2\\x80"},  // the first C1 control
        {"\xc2\x9b"
         "31m",
         "\\xc2\\x9b31m"},           // CSI as one character
        {"\xc2\x9f", "\\xc2\\x9f"},  // the last
        {"\xc2\xa0", "\xc2\xa0"},    // one past it
        {"\xff", "\\xff"},
        {"a\xc3", "a\\xc3"},  // cut at the end
        {"\xc3(", "\\xc3("},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
        {"\xc0\xaf", "\\xc0\\xaf"},
        {"\xe2\x82\xac\x82", "\xe2\x82\xac\\x82"},
    };
    for (const auto& [raw, shown] : cases)
        BOOST_TEST(printable(raw) == shown);
}

BOOST_AUTO_TEST_CASE(printable_text_of_any_bytes_is_utf8_without_controls) {
    SeededRandom random(4);
    for (int run = 0; run < 5000; ++run) {
        std::string raw;
        for (std::uint64_t i = random.below(24); i > 0; --i) {
            // High bytes often enough to make sequences.
            const std::uint64_t byte =
                random.below(2) == 0 ? random.below(256) : random.between(0x80, 0xf5);
            raw.push_back(static_cast<char>(byte));
        }
        const std::string shown = printable(raw);
        std::string_view left = shown;
        while (!left.empty()) {
            const std::size_t length = utf8_length(left);
            BOOST_REQUIRE(length > 0);
            BOOST_REQUIRE(static_cast<std::uint8_t>(left[0]) >= 0x20 && left[0] != 0x7f);
            left.remove_prefix(length);
        }
        // Nothing is lost: undoing the escapes gives the bytes back.
        std::string undone;
        for (std::size_t i = 0; i < shown.size();) {
            if (shown[i] != '\\') {
                undone.push_back(shown[i++]);
                continue;
            }
            undone.push_back(static_cast<char>(std::stoi(shown.substr(i + 2, 2), nullptr, 16)));
            i += 4;
        }
        BOOST_REQUIRE(undone == raw);
    }
}

BOOST_AUTO_TEST_CASE(xml_text_cannot_become_markup) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", ""},
        {"plain", "plain"},
        {"<a href=\"x\">'&'</a>", "&lt;a href=&quot;x&quot;&gt;&apos;&amp;&apos;&lt;/a&gt;"},
        {"]]>", "]]&gt;"},
        {"&amp;", "&amp;amp;"},
        {"a\tb\nc\rd", "a&#9;b&#10;c&#13;d"},
        {"\0\x01\x1f"s, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\x7f", "\x7f"},
        {"\xc3\xbc", "\xc3\xbc"},
        {"\xff", "\xef\xbf\xbd"},
        {"\xc3<", "\xef\xbf\xbd&lt;"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xef\xbf\xbd", "\xef\xbf\xbd"},
        {"\xef\xbf\xbe", "\xef\xbf\xbd"},
        {"\xef\xbf\xbf", "\xef\xbf\xbd"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
    };
    for (const auto& [raw, escaped] : cases)
        BOOST_TEST(escape_xml(raw) == escaped);
}

BOOST_AUTO_TEST_SUITE_END()
