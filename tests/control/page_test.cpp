// SPDX-License-Identifier: GPL-2.0-or-later
//
// The files of the status page, and the hour behind its plots.
#include "gateway/control/page.h"

#include <boost/test/unit_test.hpp>

#include "gateway/control/history.h"
#include "gateway/control/json_value.h"

using namespace gatehouse;
using namespace gatehouse::control;

namespace {

Request get(const std::string& path, const std::string& encoding) {
    Request request;
    request.method = "GET";
    request.path = path;
    if (!encoding.empty()) request.headers.emplace_back("Accept-Encoding", encoding);
    return request;
}

std::vector<std::int64_t> numbers(const History& history, std::string_view name) {
    const auto json = parse_json(history.write_json());
    BOOST_REQUIRE(json);
    std::vector<std::int64_t> out;
    for (const JsonValue& item : (*json)[name].items)
        out.push_back(item.number);
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(page)

BOOST_AUTO_TEST_CASE(its_files_come_compressed_to_whom_that_is_right) {
    for (const PageFile& file : page_files()) {
        const auto answer = serve_page(get(std::string(file.path), "deflate, gzip;q=0.5"));
        BOOST_REQUIRE(answer);
        BOOST_TEST(answer->status == 200U);
        BOOST_TEST(answer->body.starts_with("\x1f\x8b"));
        BOOST_TEST(*find_value(answer->headers, "Content-Encoding") == "gzip");
        BOOST_TEST(*find_value(answer->headers, "Vary") == "Accept-Encoding");
    }
}

BOOST_AUTO_TEST_CASE(who_takes_no_gzip_is_told_what_to_do) {
    for (const char* takes : {"", "deflate, br"}) {
        const auto answer = serve_page(get("/", takes));
        BOOST_REQUIRE(answer);
        BOOST_TEST(answer->status == 406U);
        BOOST_TEST(answer->body == R"({"error":"the page is only there compressed",)"
                                   R"("hint":"try curl --compressed"})");
    }
    BOOST_TEST(!serve_page(get("/other", "gzip")));
}

BOOST_AUTO_TEST_CASE(all_of_it_is_small) {
    std::size_t size = 0;
    for (const PageFile& file : page_files())
        size += file.size;
    BOOST_TEST(size < 120000U);
    BOOST_TEST(page_files().size() == 4U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(history)

BOOST_AUTO_TEST_CASE(it_begins_empty_and_its_first_totals_are_no_step) {
    History history;
    BOOST_TEST(history.write_json() ==
               R"({"step":15,"bytes_out":[],"bytes_in":[],"mappings_made":[],"refused":[]})");
    history.add({1000, 2000, 30, 4});
    BOOST_TEST(numbers(history, "bytes_in").empty());
}

BOOST_AUTO_TEST_CASE(a_step_is_what_has_come_since_the_one_before) {
    History history;
    history.add({1000, 2000, 30, 4});
    history.add({1500, 2001, 30, 9});
    history.add({1500, 2101, 31, 9});
    BOOST_TEST(history.write_json() == R"({"step":15,"bytes_out":[500,0],"bytes_in":[1,100],)"
                                       R"("mappings_made":[0,1],"refused":[5,0]})");
}

BOOST_AUTO_TEST_CASE(a_total_that_begins_again_counts_as_nothing) {
    History history;
    history.add({1000, 0, 0, 0});
    history.add({10, 0, 0, 0});
    history.add({30, 0, 0, 0});
    BOOST_TEST((numbers(history, "bytes_out") == std::vector<std::int64_t>{0, 20}));
}

BOOST_AUTO_TEST_CASE(an_hour_is_kept_and_the_newest_is_the_last) {
    History history;
    for (std::uint64_t i = 0; i <= History::kSteps + 10; ++i)
        history.add({i * i, 0, 0, 0});
    const auto steps = numbers(history, "bytes_out");
    BOOST_TEST_REQUIRE(steps.size() == History::kSteps);
    // The difference of two squares next to each other.
    BOOST_TEST(steps.back() == std::int64_t(2 * (History::kSteps + 10) - 1));
    BOOST_TEST(steps.front() == 2 * 11 - 1);
}

BOOST_AUTO_TEST_SUITE_END()
