// SPDX-License-Identifier: GPL-2.0-or-later
//
// The readers one by one: URIs, lists, Via hops, session descriptions and multipart bodies.
#include <boost/test/unit_test.hpp>

#include "alg/body.h"
#include "alg/edits.h"
#include "alg/sdp.h"
#include "alg/uri.h"
#include "gateway/base/text.h"
#include "tests/alg/support/house.h"

using namespace gatehouse;
using namespace gatehouse::sip;
using namespace gatehouse::sip::test;

BOOST_AUTO_TEST_SUITE(parsers)

BOOST_AUTO_TEST_CASE(a_uri_has_its_host_and_port_where_they_stand) {
    struct Case {
        const char* text;
        const char* user;
        const char* host;
        const char* port;
    };
    const Case good[] = {
        {"sip:a@192.0.2.1", "a", "192.0.2.1", ""},
        {"SIPS:192.0.2.1:5061", "", "192.0.2.1", "5061"},
        {"sip:a:secret@[2001:db8::1]:5060;lr", "a:secret", "[2001:db8::1]", "5060"},
        {"sip:a;b=c?d@h.example;transport=tcp", "a;b=c?d", "h.example", ""},
        {"sip:a@h?Replaces=1@10.0.0.1", "a", "h", ""},
    };
    for (const Case& one : good) {
        const auto uri = parse_uri(one.text);
        BOOST_TEST_CONTEXT(one.text) {
            BOOST_REQUIRE(uri.has_value());
            BOOST_TEST(uri->user == one.user);
            BOOST_TEST(uri->at.host == one.host);
            BOOST_TEST(uri->at.port == one.port);
        }
    }
    for (const char* bad :
         {"", "tel:+1", "sip:", "sip:a@", "sip:a@h:", "sip:a@[::1", "sip:a@h x", "sip:a@h:5060x"}) {
        BOOST_TEST(!parse_uri(bad).has_value(), bad);
    }
}

BOOST_AUTO_TEST_CASE(commas_in_quotes_and_brackets_do_not_split) {
    const auto list = split_list("\"a, \\\"b\" <sip:x,y@h>;q=1 , sip:z@h,\t<sip:w@h?a=b,c>");
    BOOST_REQUIRE(list.has_value());
    BOOST_REQUIRE(list->size() == 3U);
    BOOST_TEST(list->at(0) == "\"a, \\\"b\" <sip:x,y@h>;q=1");
    BOOST_TEST(list->at(1) == "sip:z@h");
    BOOST_TEST(list->at(2) == "<sip:w@h?a=b,c>");
    BOOST_TEST(!split_list("\"open").has_value());
    BOOST_TEST(!split_list("<open").has_value());
    BOOST_TEST(!split_list(std::string(100, ',')).has_value());
}

BOOST_AUTO_TEST_CASE(an_address_has_its_uri_with_and_without_brackets) {
    const auto bracketed = parse_name_address("\"<sip:no>\" <sip:a@h;lr> ;expires=3");
    BOOST_REQUIRE(bracketed.has_value());
    BOOST_TEST(bracketed->uri == "sip:a@h;lr");
    BOOST_TEST(find_param(bracketed->params, "EXPIRES").value() == "3");
    const auto bare = parse_name_address("sip:a@h;expires=3");
    BOOST_REQUIRE(bare.has_value());
    BOOST_TEST(bare->uri == "sip:a@h");
    BOOST_TEST(find_param(bare->params, "expires").value() == "3");
    BOOST_TEST(!parse_name_address("").has_value());
}

BOOST_AUTO_TEST_CASE(parameters_are_found_in_any_case_and_not_in_quotes) {
    constexpr std::string_view kParams = ";a=\";b=1\" ; B = 2;rport;c=<;d=4>";
    BOOST_TEST(find_param(kParams, "b").value() == "2");
    BOOST_TEST(find_param(kParams, "rport").value() == "");
    BOOST_TEST(!find_param(kParams, "d").has_value());
}

BOOST_AUTO_TEST_CASE(a_via_has_blanks_anywhere) {
    const auto via =
        parse_via("SIP / 2.0\r\n /UDP\r\n  192.0.2.1 : 5060 ;branch=1;received=1.2.3.4");
    BOOST_REQUIRE(via.has_value());
    BOOST_TEST(via->transport == "UDP");
    BOOST_TEST(via->at.both == "192.0.2.1 : 5060");
    BOOST_TEST(find_param(via->params, "received").value() == "1.2.3.4");
    for (const char* bad : {"", "SIP/2.0/UDP", "SIP/3.0/UDP h", "SIP/2.0/UDP h x", "h:5060"}) {
        BOOST_TEST(!parse_via(bad).has_value(), bad);
    }
}

BOOST_AUTO_TEST_CASE(a_description_tells_where_each_stream_goes) {
    const std::string text = crlf(
        "v=0\no=a 1 1 IN IP4 192.168.1.20\ns=x\nc=IN IP4 192.168.1.20/127\nt=0 0\na=inactive\n"
        "m=audio 4000/2 RTP/AVP 0\na=rtcp:4009 IN IP4 192.168.1.21\na=sendrecv\n"
        "m=video 0 RTP/AVP 31\nm=image 5000 udptl t38\nc=IN IP6 ::1\nm=message 9 TCP/MSRP *\n"
        "c=IN IP4 host.example\nb=AS:1\nz=0 0\n");
    const auto sdp = parse_sdp(text);
    BOOST_REQUIRE(sdp.has_value());
    BOOST_TEST(sdp->origin->is(Ip4::of(192, 168, 1, 20)));
    BOOST_TEST(sdp->connection->text == "192.168.1.20");
    BOOST_REQUIRE(sdp->media.size() == 4U);
    BOOST_TEST(sdp->media[0].count == 2U);
    BOOST_TEST(sdp->media[0].rtcp_port == 4009);
    BOOST_TEST(sdp->media[0].rtcp_address->is(Ip4::of(192, 168, 1, 21)));
    BOOST_TEST((sdp->flow_of(sdp->media[0]) == MediaFlow::both));
    BOOST_TEST((sdp->flow_of(sdp->media[1]) == MediaFlow::none));
    BOOST_TEST(!sdp->address_of(sdp->media[2]).has_value());
    BOOST_TEST(sdp->media[2].is_udp());
    BOOST_TEST(!sdp->media[3].is_udp());
    BOOST_TEST(!sdp->address_of(sdp->media[3]).has_value());
}

BOOST_AUTO_TEST_CASE(a_description_that_is_not_understood_is_none) {
    const std::string good = "v=0\r\no=a 1 1 IN IP4 1.2.3.4\r\ns=-\r\n";
    BOOST_TEST(parse_sdp(good).has_value());
    for (const char* bad : {"m=audio\r\n", "m=audio x RTP/AVP 0\r\n", "m=audio 04000 RTP/AVP 0\r\n",
                            "m=audio 70000 RTP/AVP 0\r\n", "c=IN\r\n", "nonsense\r\n",
                            "m=audio 1/0 RTP/AVP 0\r\n", "m=audio 1 RTP/AVP 0\r\na=rtcp:x\r\n"}) {
        BOOST_TEST(!parse_sdp(good + bad).has_value(), bad);
    }
    BOOST_TEST(!parse_sdp("o=a 1 1 IN IP4 1.2.3.4\r\n").has_value());
    std::string many = good;
    for (std::size_t i = 0; i <= Sdp::kMostMedia; ++i)
        many += "m=audio 4000 RTP/AVP 0\r\n";
    BOOST_TEST(!parse_sdp(many).has_value());
}

BOOST_AUTO_TEST_CASE(an_address_that_is_not_in_its_usual_form_is_no_address) {
    for (const char* odd : {"192.168.001.020", "192.168.1", "0300.168.1.1"}) {
        const auto sdp = parse_sdp(concat("v=0\r\no=a 1 1 IN IP4 ", odd, "\r\n"));
        BOOST_REQUIRE(sdp.has_value());
        BOOST_TEST(!sdp->origin->v4.has_value());
    }
}

BOOST_AUTO_TEST_CASE(descriptions_are_found_in_parts_and_sealed_ones_are_not_entered) {
    const auto find = [](std::string_view type, std::string_view body) {
        static std::string text;
        text = concat("INFO sip:a SIP/2.0\r\nc: ", type, "\r\n\r\n", body);
        static std::optional<Message> message;
        message = *parse_message(text);
        return find_descriptions(*message);
    };
    const std::string part = "Content-Type: application/sdp\r\n\r\nv=0\r\n";
    const auto parts = [&part](std::string_view boundary) {
        return concat("preamble\r\n--", boundary, "\r\n", part, "\r\n--", boundary,
                      "\r\nContent-Type: text/plain\r\n\r\nv=0\r\n--", boundary, "--\r\n");
    };
    BOOST_TEST(find("application/sdp;charset=x", "v=0\r\n").descriptions.size() == 1U);
    BOOST_TEST(find("Application/SDP", "v=0\r\n").descriptions.size() == 1U);
    BOOST_TEST(find("text/plain", "v=0\r\n").descriptions.empty());
    const Bodies mixed = find("multipart/mixed;boundary=b", parts("b"));
    BOOST_REQUIRE(mixed.descriptions.size() == 1U);
    BOOST_TEST(mixed.descriptions[0].text == "v=0\r\n");
    const std::string nested =
        concat("--o\r\nContent-Type: multipart/alternative; boundary=\"i\"\r\n\r\n", parts("i"),
               "\r\n--o--\r\n");
    BOOST_TEST(find("multipart/related; boundary=o", nested).descriptions.size() == 1U);
    const Bodies sealed = find("multipart/signed;boundary=b", parts("b"));
    BOOST_TEST(sealed.descriptions.empty());
    BOOST_TEST(sealed.sealed);
    BOOST_TEST(find("multipart/mixed", parts("b")).descriptions.empty());
    BOOST_TEST(find("multipart/mixed;boundary=b", "--b\r\n" + part).descriptions.empty());
    std::string many;
    for (int i = 0; i < 40; ++i)
        append(many, "--b\r\n", part, "\r\n");
    BOOST_TEST(find("multipart/mixed;boundary=b", many + "--b--").descriptions.empty());
}

BOOST_AUTO_TEST_CASE(edits_are_applied_by_place_and_leave_the_rest) {
    const std::string text = "abcdef";
    const std::string_view whole = text;
    Edits edits(whole);
    edits.replace(whole.substr(4, 1), "EE");
    edits.replace(whole.substr(0, 2), "");
    edits.replace(whole.substr(2, 1), "c");
    BOOST_TEST(edits.size() == 2U);
    BOOST_TEST(edits.apply() == "cdEEf");
    BOOST_TEST(edits.growth(whole.substr(2)) == 1);
    edits.cut_back(1);
    BOOST_TEST(edits.apply() == "abcdEEf");
}

BOOST_AUTO_TEST_SUITE_END()
