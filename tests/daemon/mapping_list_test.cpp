// SPDX-License-Identifier: GPL-2.0-or-later
//
// A list that is too long for one turn: whole, in order, in pieces, and true to the table.
#include "gateway/daemon/mapping_list.h"

#include <boost/test/unit_test.hpp>

#include "gateway/control/json_value.h"
#include "tests/daemon/api.h"

using namespace gatehouse;
using test::Api;
using test::at;
using test::host;
using test::kServer;
using Next = control::Stream::Next;

namespace {

// Mappings of many hosts, not in the order of the list.
void fill(Api& api, int hosts, int ports) {
    for (int port = ports; port-- > 0;) {
        for (int n = hosts; n-- > 0;) {
            api.house.send(
                host(static_cast<std::uint8_t>(n + 2), static_cast<std::uint16_t>(20000 + port)),
                at(kServer, 53));
        }
    }
}

std::vector<std::string> insides(const std::string& list) {
    const auto value = control::parse_json(list);
    BOOST_REQUIRE(value.ok());
    std::vector<std::string> out;
    for (const control::JsonValue& row : value->items)
        out.push_back(row["inside"].string);
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(long_lists)

BOOST_AUTO_TEST_CASE(ten_thousand_mappings_come_whole_and_in_order_and_in_pieces) {
    Api api;
    fill(api, 100, 100);
    const auto rows = insides(api.get("mappings"));
    BOOST_TEST(api.streamed);
    BOOST_REQUIRE(rows.size() == 10000U);
    BOOST_TEST(rows.front() == "192.168.1.2:20000");
    BOOST_TEST(rows[100] == "192.168.1.3:20000");
    BOOST_TEST(rows.back() == "192.168.1.101:20099");
}

BOOST_AUTO_TEST_CASE(a_part_of_a_long_list_is_that_part) {
    Api api;
    fill(api, 50, 50);
    const auto all = insides(api.get("mappings"));
    const auto part = insides(api.get("mappings?limit=7&offset=2490"));
    BOOST_REQUIRE(all.size() == 2500U);
    BOOST_TEST(part == std::vector(all.begin() + 2490, all.begin() + 2497),
               boost::test_tools::per_element());
    BOOST_TEST(insides(api.get("mappings?offset=2498")).size() == 2U);
    BOOST_TEST(api.get("mappings?offset=2500") == "[]");
    BOOST_TEST(api.get("mappings?limit=0") == "[]");
}

BOOST_AUTO_TEST_CASE(no_piece_is_longer_than_a_turn_may_take) {
    Api api;
    fill(api, 100, 100);
    daemon::MappingList list(*api.house.engine, nullptr, {}, api.house.now);
    std::size_t longest = 0;
    std::size_t turns = 0;
    for (std::string piece; list.next(piece) != Next::end; piece.clear()) {
        longest = std::max(longest, piece.size());
        ++turns;
    }
    BOOST_TEST(longest < 16384U);
    BOOST_TEST(turns >= 10000U / 64);
}

BOOST_AUTO_TEST_CASE(what_ends_while_it_is_listed_is_left_out) {
    Api api;
    fill(api, 40, 40);
    daemon::MappingList list(*api.house.engine, nullptr, {}, api.house.now);
    std::string text;
    while (text.empty())
        list.next(text);
    for (int port = 0; port < 40; ++port)
        api.house.end_sessions_of(host(30, static_cast<std::uint16_t>(20000 + port)));
    api.house.pass(60s);
    while (list.next(text) != Next::end) {
    }
    const auto rows = insides(text);
    BOOST_TEST(rows.size() == 1560U);
    for (const std::string& inside : rows)
        BOOST_TEST(!inside.starts_with("192.168.1.30:"), inside);
}

BOOST_AUTO_TEST_CASE(a_part_that_is_no_number_is_refused_with_what_to_do) {
    Api api;
    const control::Response answer = api.ask("GET", "/api/v1/mappings?limit=many");
    BOOST_TEST(answer.status == 400U);
    BOOST_TEST(answer.body == R"({"error":"limit is not a number","hint":"limit and offset are )"
                              R"(numbers of rows"})");
}

BOOST_AUTO_TEST_SUITE_END()
