// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/log.h"

#include <boost/test/unit_test.hpp>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "gateway/base/random.h"
#include "gateway/base/text.h"

using namespace gatehouse;
using namespace std::string_literals;

namespace {

Instant at(Duration since_start) {
    return Instant(since_start);
}

std::string shown(std::string value) {
    const LogLine line{Level::info, "r", "f", {{"k", std::move(value)}}};
    const std::string text = line.to_string();
    BOOST_REQUIRE(text.starts_with("r: f k="));
    return text.substr(7);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(log_lines)

BOOST_AUTO_TEST_CASE(a_line_is_room_fact_and_fields) {
    BOOST_TEST((LogLine{Level::info, "nat", "started", {}}.to_string()) == "nat: started");
    const LogLine line{Level::warning,
                       "kernel",
                       "table restored",
                       {{"by", "nft -f"}, {"handle", "12"}, {"why", ""}}};
    BOOST_TEST(line.to_string() == "kernel: table restored by=\"nft -f\" handle=12 why=\"\"");
    BOOST_TEST(line.with_priority() ==
               "<4>kernel: table restored by=\"nft -f\" handle=12 why=\"\"");
}

BOOST_AUTO_TEST_CASE(levels_are_the_priorities_of_syslog) {
    const std::vector<std::pair<std::string, char>> cases{
        {"error", '3'}, {"warning", '4'}, {"notice", '5'}, {"info", '6'}, {"debug", '7'}};
    for (const auto& [name, digit] : cases) {
        const auto level = parse_level(name);
        BOOST_REQUIRE_MESSAGE(level, name);
        BOOST_TEST(to_string(*level) == name);
        const LogLine line{*level, "r", "f", {}};
        BOOST_TEST(line.with_priority() == concat('<', digit, ">r: f"));
    }
    for (const char* name : {"", "Error", "warn", "3", "info "}) {
        BOOST_TEST(!parse_level(name), name);
    }
}

BOOST_AUTO_TEST_CASE(values_are_quoted_only_where_they_need_it) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "\"\""},
        {"a", "a"},
        {"192.0.2.1:80", "192.0.2.1:80"},
        {"udp->tcp", "udp->tcp"},
        {"two words", "\"two words\""},
        {" ", "\" \""},
        {"a=b", "\"a=b\""},
        {"\"", "\"\\x22\""},
        {"say \"hi\"", "\"say \\x22hi\\x22\""},
        {"x\\", "x\\x5c"},
        {"a\nnat: forged", "\"a\\x0anat: forged\""},
        {"\x1b[0m", "\\x1b[0m"},
        {"\t", "\\x09"},
        {"K\xc3\xbc"
         "che",
         "K\xc3\xbc"
         "che"},
        {"\xff", "\\xff"},
        {"\0"s, "\\x00"},
    };
    for (const auto& [raw, expected] : cases)
        BOOST_TEST(shown(raw) == expected);
}

BOOST_AUTO_TEST_CASE(a_fact_cannot_break_the_line) {
    const LogLine line{Level::error, "config", "line 3: unknown option 'a\nb'", {}};
    BOOST_TEST(line.to_string() == "config: line 3: unknown option 'a\\x0ab'");
}

BOOST_AUTO_TEST_CASE(a_long_value_is_cut_between_characters) {
    const std::size_t limit = LogLine::kLongestValue;
    const std::string full(limit, 'x');
    BOOST_TEST(shown(full) == full);
    BOOST_TEST(shown(full + "y") == full + "...");
    BOOST_TEST(shown(std::string(limit - 1, 'x') + "\xc3\xbc") ==
               std::string(limit - 1, 'x') + "...");
    BOOST_TEST(shown(std::string(limit - 2, 'x') + "\xf0\x9f\x98\x80") ==
               std::string(limit - 2, 'x') + "...");
    BOOST_TEST(shown(std::string(limit - 2, 'x') + "\xc3\xbc") ==
               std::string(limit - 2, 'x') + "\xc3\xbc");
    // Bytes that are no text at all have no characters to cut between.
    BOOST_TEST(shown(std::string(100000, '\x80')).size() <= 4 * limit + 3);
    BOOST_TEST(shown(std::string(100000, '\x80')).size() >= 4 * (limit - 3));
}

BOOST_AUTO_TEST_CASE(a_burst_passes_and_the_rest_waits_for_the_next_stretch) {
    RateLimit limit(3, 10s);
    const Instant start = at(100s);
    for (int i = 0; i < 3; ++i)
        BOOST_TEST((limit.allow("drop", start) == 0U));
    BOOST_TEST(!limit.allow("drop", start));
    BOOST_TEST(!limit.allow("drop", start + 10s - 1ns));
    BOOST_TEST(limit.suppressed() == 2U);
    BOOST_TEST((limit.allow("drop", start + 10s) == 2U));
    BOOST_TEST((limit.allow("drop", start + 10s) == 0U));
    BOOST_TEST(limit.suppressed() == 2U);
}

BOOST_AUTO_TEST_CASE(reasons_do_not_take_lines_from_each_other) {
    RateLimit limit(1, 10s);
    BOOST_TEST((limit.allow("a", at(0s)) == 0U));
    BOOST_TEST(!limit.allow("a", at(1s)));
    BOOST_TEST((limit.allow("b", at(1s)) == 0U));
    BOOST_TEST((limit.allow("a", at(10s)) == 1U));
    BOOST_TEST(!limit.allow("b", at(10s)));  // its stretch began at 1 s
    BOOST_TEST((limit.allow("b", at(11s)) == 1U));
}

BOOST_AUTO_TEST_CASE(a_burst_of_none_lets_nothing_through) {
    RateLimit limit(0, 1s);
    BOOST_TEST(!limit.allow("a", at(0s)));
    BOOST_TEST(!limit.allow("a", at(100s)));
    BOOST_TEST(limit.suppressed() == 2U);
}

BOOST_AUTO_TEST_CASE(the_end_of_a_flood_is_told_once) {
    RateLimit limit(1, 10s);
    for (int i = 0; i < 5; ++i)
        (void)limit.allow("flood", at(0s));
    (void)limit.allow("single", at(0s));
    BOOST_TEST(limit.finished(at(10s - 1ns)).empty());
    const auto finished = limit.finished(at(10s));
    BOOST_REQUIRE_EQUAL(finished.size(), 1U);
    BOOST_TEST(finished[0].reason == "flood");
    BOOST_TEST(finished[0].lines == 4U);
    BOOST_TEST(limit.finished(at(20s)).empty());
    BOOST_TEST((limit.allow("flood", at(20s)) == 0U));
    BOOST_TEST(limit.suppressed() == 4U);
}

BOOST_AUTO_TEST_CASE(more_reasons_than_places_share_one_allowance) {
    RateLimit limit(1, 10s);
    for (std::size_t i = 0; i + 1 < RateLimit::kMostReasons; ++i) {
        BOOST_REQUIRE(limit.allow(concat("reason ", i), at(0s)) == 0U);
    }
    BOOST_TEST((limit.allow("one more", at(0s)) == 0U));
    for (int i = 0; i < 1000; ++i)
        BOOST_REQUIRE(!limit.allow(concat("new ", i), at(1s)));
    BOOST_TEST(!limit.allow("reason 0", at(1s)));
    BOOST_TEST(limit.suppressed() == 1001U);
    // Later the old ones make place.
    BOOST_TEST((limit.allow("late", at(10s)) == 0U));
    BOOST_TEST(!limit.allow("late", at(10s)));
    const auto finished = limit.finished(at(20s));
    BOOST_REQUIRE_EQUAL(finished.size(), 3U);  // shared, "late", "reason 0"
    BOOST_TEST(finished[0].reason == "");
    BOOST_TEST(finished[0].lines == 1000U);
}

BOOST_AUTO_TEST_CASE(every_line_is_let_through_or_counted) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        SeededRandom random(50 + seed);
        const auto burst = static_cast<std::uint32_t>(random.between(1, 5));
        RateLimit limit(burst, 10s);
        std::map<std::string, std::deque<Instant>> passed;
        std::uint64_t told = 0;
        std::uint64_t suppressed = 0;
        Instant now;
        for (int step = 0; step < 2000; ++step) {
            now += Duration(static_cast<std::int64_t>(random.below(2'000'000'000)));
            if (random.below(50) == 0) {
                for (const auto& finished : limit.finished(now))
                    told += finished.lines;
            }
            const std::string reason(1, static_cast<char>('a' + random.below(3)));
            const auto verdict = limit.allow(reason, now);
            if (!verdict) {
                ++suppressed;
                continue;
            }
            told += *verdict;
            // Two neighbouring stretches at most lie within one length of time.
            auto& times = passed[reason];
            times.push_back(now);
            while (now - times.front() >= 10s)
                times.pop_front();
            BOOST_REQUIRE_LE(times.size(), std::size_t{2} * burst);
        }
        for (const auto& finished : limit.finished(now + 10s))
            told += finished.lines;
        BOOST_TEST(limit.suppressed() == suppressed);
        BOOST_TEST(told == suppressed);
        BOOST_TEST(suppressed > 0U);
    }
}

BOOST_AUTO_TEST_SUITE_END()
