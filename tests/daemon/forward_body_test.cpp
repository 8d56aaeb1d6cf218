// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/forward_body.h"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace gatehouse;
using namespace gatehouse::daemon;

namespace {

std::string quoted(std::string_view text) {
    std::string out;
    for (const char c : text)
        out += c == '\'' ? '"' : c;
    return out;
}

struct Wrong {
    const char* body;  // with ' for "
    const char* field;
    const char* text;  // a part of the sentence
};

std::ostream& operator<<(std::ostream& out, const Wrong& wrong) {
    return out << wrong.body;
}

const Wrong kWrong[] = {
    {"", "", "not JSON"},
    {"[]", "", "a JSON object is meant"},
    {"{'proto':'udp','outside':'1','inside':'10.0.0.1'} x", "", "more text after the value"},
    {"{}", "proto", "'proto' is missing"},
    {"{'proto':'icmp'}", "proto", "'proto' is 'icmp': tcp, udp or both is meant"},
    {"{'proto':17}", "proto", "'proto' is '17': text is meant"},
    {"{'proto':'udp'}", "outside", "'outside' is missing"},
    {"{'proto':'udp','outside':'0'}", "outside", "'outside' is '0': a port from 1 to 65535"},
    {"{'proto':'udp','outside':65536}", "outside", "'outside' is '65536': a port from 1"},
    {"{'proto':'udp','outside':-1}", "outside", "'outside' is '-1': a port from 1"},
    {"{'proto':'udp','outside':'9-5'}", "outside", "a range like 8000-8010 is meant"},
    {"{'proto':'udp','outside':true}", "outside", "'outside' is 'yes': text is meant"},
    {"{'proto':'udp','outside':'1-1025'}", "outside", "at most 1024 ports are meant"},
    {"{'proto':'udp','outside':'5060'}", "inside", "'inside' is missing"},
    {"{'proto':'udp','outside':'5060','inside':'phone'}", "inside",
     "'inside' is 'phone': the address of a host is meant"},
    {"{'proto':'udp','outside':'5060','inside':'127.0.0.1:80'}", "inside", "the address of a host"},
    {"{'proto':'udp','outside':'5060','inside':'10.0.0.1:0'}", "inside", "the address of a host"},
    {"{'proto':'udp','outside':'8000-8010','inside':'10.0.0.1:80'}", "inside",
     "as many ports as outside are meant, which is 11"},
    {"{'proto':'udp','outside':'80','inside':'10.0.0.1','remote':'a.example'}", "remote",
     "'remote' is 'a.example': one address outside is meant"},
    {"{'proto':'udp','outside':'80','inside':'10.0.0.1','remote':'0.0.0.0'}", "remote",
     "one address outside"},
    {"{'proto':'udp','outside':'80','inside':'10.0.0.1','lifetime':0}", "lifetime",
     "'lifetime' is '0': whole seconds from 1 to 31536000 are meant"},
    {"{'proto':'udp','outside':'80','inside':'10.0.0.1','lifetime':31536001}", "lifetime",
     "whole seconds"},
    {"{'proto':'udp','outside':'80','inside':'10.0.0.1','lifetime':'1h'}", "lifetime",
     "'lifetime' is '1h'"},
    {"{'proto':'udp','outside':'80','inside':'10.0.0.1','name':5}", "name", "text is meant"},
    {"{'proto':'udp','outside':'80','inside':'10.0.0.1','port':5}", "port",
     "there is no field 'port'; there are proto, outside"},
    {"{'proto':'udp','proto':'tcp','outside':'80','inside':'10.0.0.1'}", "proto",
     "'proto' is twice"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(forward_body)

BOOST_AUTO_TEST_CASE(the_smallest_body_asks_for_exactly_one_port_for_ever) {
    const auto asked =
        parse_forward_body(R"({"proto":"udp","outside":"5060","inside":"192.168.1.20:5061"})");
    BOOST_REQUIRE(asked.ok());
    BOOST_REQUIRE(asked->size() == 1U);
    const nat::ForwardRequest& request = asked->front();
    BOOST_CHECK(request.proto == Proto::udp);
    BOOST_TEST(request.outside->number == 5060);
    BOOST_TEST(request.must_have_port);
    BOOST_TEST(request.count == 1U);
    BOOST_TEST(request.inside.to_string() == "192.168.1.20:5061");
    BOOST_TEST(!request.remote.has_value());
    BOOST_TEST(!request.lifetime.has_value());
    BOOST_TEST(request.description == "");
    BOOST_CHECK(request.owner == (nat::Owner{nat::OwnerKind::static_, "control"}));
}

BOOST_AUTO_TEST_CASE(every_field_counts_and_both_is_two_requests) {
    const auto asked = parse_forward_body(
        R"({"name":"web","lifetime":60,"remote":"198.51.100.7","inside":"192.168.1.20",)"
        R"("outside":"8000-8010","proto":"both"})");
    BOOST_REQUIRE(asked.ok());
    BOOST_REQUIRE(asked->size() == 2U);
    BOOST_CHECK((*asked)[0].proto == Proto::tcp);
    BOOST_CHECK((*asked)[1].proto == Proto::udp);
    for (const nat::ForwardRequest& request : *asked) {
        BOOST_TEST(request.count == 11U);
        BOOST_TEST(request.inside.to_string() == "192.168.1.20:8000");
        BOOST_TEST(request.remote->to_string() == "198.51.100.7");
        BOOST_CHECK(request.lifetime == 60s);
        BOOST_TEST(request.description == "web");
    }
}

BOOST_AUTO_TEST_CASE(a_port_may_be_a_number_and_null_is_as_good_as_nothing) {
    const auto asked = parse_forward_body(
        R"({"proto":"tcp","outside":80,"inside":"10.0.0.1:8080","remote":null,"lifetime":null,)"
        R"("name":null})");
    BOOST_REQUIRE(asked.ok());
    BOOST_TEST(asked->front().outside->number == 80);
}

BOOST_DATA_TEST_CASE(what_is_wrong_is_said_with_its_field, kWrong, wrong) {
    const auto asked = parse_forward_body(quoted(wrong.body));
    BOOST_REQUIRE(!asked.ok());
    BOOST_TEST(asked.error().field == wrong.field);
    BOOST_TEST(asked.error().text.find(wrong.text) != std::string::npos, asked.error().text);
}

BOOST_AUTO_TEST_CASE(a_name_has_256_bytes_at_most) {
    const auto with = [](std::size_t size) {
        return parse_forward_body(R"({"proto":"tcp","outside":80,"inside":"10.0.0.1","name":")" +
                                  std::string(size, 'x') + "\"}");
    };
    BOOST_TEST(with(256).ok());
    BOOST_REQUIRE(!with(257).ok());
    BOOST_TEST(with(257).error().text == "'name' has 257 bytes; at most 256 are meant");
}

BOOST_AUTO_TEST_SUITE_END()
