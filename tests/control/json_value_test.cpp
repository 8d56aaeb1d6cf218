// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/control/json_value.h"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "gateway/base/json.h"
#include "gateway/base/text.h"

using namespace gatehouse;
using namespace gatehouse::control;

namespace {

struct Case {
    std::string text;
    std::string shown;  // as a table shows it
};
std::ostream& operator<<(std::ostream& out, const Case& c) {
    return out << c.text;
}

const std::vector<Case> kGood{
    {"null", "-"},
    {"true", "yes"},
    {" false\n", "no"},
    {"0", "0"},
    {"-9223372036854775808", "-9223372036854775808"},
    {R"("")", ""},
    {R"("a\"b\\c\/d")", "a\"b\\x5cc/d"},
    {R"("tab\tbell")", "tab\\x09bell"},
    {R"("\u00e9\u20ac\ud83d\ude00")", "\u00e9\u20ac\U0001f600"},
    {R"("\ud83d alone")", "\ufffd alone"},
    {R"(["a",1,null])", "a 1 -"},
    {R"({"inside":"192.168.1.2:80","n":2})", "inside=192.168.1.2:80 n=2"},
    {"[]", ""},
    {"{}", ""},
    {" [ { \"a\" : [ 1 , 2 ] } ] ", "a=1 2"},
};

struct Bad {
    std::string text;
    std::string why;
};
std::ostream& operator<<(std::ostream& out, const Bad& c) {
    return out << c.text;
}

const std::vector<Bad> kBad{
    {"", "not JSON at byte 0: the text ends early"},
    {"[1,", "not JSON at byte 3: the text ends early"},
    {"[1 2]", "not JSON at byte 3: ']' is missing"},
    {"{\"a\" 1}", "not JSON at byte 5: ':' is missing"},
    {"{1:2}", "not JSON at byte 1: a string is missing"},
    {"\"abc", "not JSON at byte 4: a string does not end"},
    {"\"\\x\"", "not JSON at byte 3: an unknown escape"},
    {"\"\\u12\"", "not JSON at byte 6: a bad \\u escape"},
    {"tru", "not JSON at byte 0: 'tru' is no value"},
    {"1.5", "not JSON at byte 0: '1.5' is no value"},
    {"99999999999999999999", "not JSON at byte 0: '99999999999999999999' is no value"},
    {"{} x", "not JSON at byte 3: more text after the value"},
};

}  // namespace

BOOST_DATA_TEST_CASE(a_value_is_read_and_shown, boost::unit_test::data::make(kGood)) {
    const auto value = parse_json(sample.text);
    BOOST_REQUIRE_MESSAGE(value.ok(), (value.ok() ? "" : value.error().text));
    BOOST_TEST(value->to_text() == sample.shown);
}

BOOST_DATA_TEST_CASE(what_is_no_json_is_refused_with_its_place,
                     boost::unit_test::data::make(kBad)) {
    const auto value = parse_json(sample.text);
    BOOST_REQUIRE(!value.ok());
    BOOST_TEST(value.error().text == sample.why);
}

BOOST_AUTO_TEST_CASE(nesting_is_bounded) {
    BOOST_TEST(parse_json(std::string(32, '[') + std::string(32, ']')).ok());
    BOOST_TEST(!parse_json(std::string(100000, '[')).ok());
}

BOOST_AUTO_TEST_CASE(a_member_that_is_not_there_is_null) {
    const auto value = parse_json(R"({"a":{"b":7}})");
    BOOST_REQUIRE(value.ok());
    BOOST_TEST((*value)["a"]["b"].number == 7);
    BOOST_TEST(((*value)["x"]["y"].kind == JsonValue::Kind::null));
}

BOOST_AUTO_TEST_CASE(whatever_the_writer_writes_the_reader_reads) {
    std::string hostile;
    for (int byte = 0; byte < 128; ++byte)
        hostile.push_back(static_cast<char>(byte));
    hostile += "\u00e9\u20ac\U0001f600";
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    json.field(hostile, hostile);
    json.end_object();
    const auto value = parse_json(text);
    BOOST_REQUIRE(value.ok());
    BOOST_REQUIRE(value->members.size() == 1U);
    BOOST_TEST((value->members[0].name == hostile));
    BOOST_TEST((value->members[0].value.string == hostile));
}
