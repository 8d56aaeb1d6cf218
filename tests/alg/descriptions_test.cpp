// SPDX-License-Identifier: GPL-2.0-or-later
//
// Session descriptions and addresses that real phones write and that other gateways spoil: each is
// carried through, and what it opens is counted.
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/alg/support/house.h"

using namespace gatehouse;
using namespace gatehouse::sip;
using namespace gatehouse::sip::test;

namespace {

std::string described(std::string_view origin, std::string_view connection,
                      std::string_view media) {
    return concat("v=0\no=a 1 1 ", origin, "\ns=-\nc=", connection, "\nt=0 0\n", media);
}

constexpr std::string_view kOwn = "IN IP4 192.168.1.20";
constexpr std::string_view kAudio = "m=audio 40000 RTP/AVP 8\n";

Endpoint4 rtp(std::uint16_t port) {
    return {gatehouse::test::kOutside, Port{port}};
}

const Endpoint4 kAnybody{Ip4::of(11, 0, 9, 66), Port{7}};

// The body behind the headers says how long it is.
void has_right_length(std::string_view text) {
    const auto message = parse_message(text);
    BOOST_REQUIRE(message.ok());
    BOOST_TEST(message->content_length == std::to_string(text.size() - text.find("\r\n\r\n") - 4));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(descriptions)

BOOST_AUTO_TEST_CASE(an_origin_that_is_no_address_stays_and_the_rest_is_translated) {
    for (const char* origin :
         {"IN IP4 phone.example", "IN IP4 anonymous.invalid", "IN IP6 fd00::7"}) {
        SipHouse house;
        const std::string after = house.out(kPhone, invite(described(origin, kOwn, kAudio)));
        BOOST_TEST(has(after, concat("o=a 1 1 ", origin, "\r\n")));
        BOOST_TEST(has(after, "c=IN IP4 11.0.0.1\r\n"));
        BOOST_TEST(house.is_open(rtp(40000), kAnybody));
        has_right_length(after);
    }
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_no_inside_address_passes_and_opens_nothing) {
    for (const char* other : {"IN IP4 phone.example", "IN IP6 fd00::7", "IN IP4 11.0.9.9"}) {
        SipHouse house;
        const std::string text = invite(described(other, other, kAudio));
        const std::string after = house.out(kPhone, text);
        BOOST_TEST(after.substr(after.find("v=0")) == text.substr(text.find("v=0")));
        BOOST_TEST(house.alg.streams() == 0U);
    }
}

BOOST_AUTO_TEST_CASE(every_stream_is_opened) {
    SipHouse house;
    const std::string after = house.out(
        kPhone,
        invite(described(kOwn, kOwn,
                         "m=audio 40000 RTP/AVP 8\nm=video 40002 RTP/AVP 31\n"
                         "m=audio 40004 RTP/SAVP 8\nm=text 40006 RTP/AVP 98\n"
                         "m=video 40008 UDP/TLS/RTP/SAVPF 96\nm=application 40010 UDP/BFCP *\n"
                         "m=image 40012 udptl t38\nm=message 40014 TCP/MSRP *\n"
                         "m=audio 0 RTP/AVP 8\n")));
    BOOST_TEST(house.alg.streams() == 7U);
    for (std::uint16_t port = 40000; port <= 40012; port = static_cast<std::uint16_t>(port + 2))
        BOOST_TEST(house.is_open(rtp(port), kAnybody));
    BOOST_TEST(!house.is_open(rtp(40014), kAnybody));
    BOOST_TEST(!has(after, "IP4 192.168.1.20"));
    has_right_length(after);
}

BOOST_AUTO_TEST_CASE(an_odd_port_has_its_reports_beside_it) {
    SipHouse house;
    const std::string after =
        house.out(kPhone, invite(described(kOwn, kOwn, "m=audio 40001 RTP/AVP 8\n")));
    const std::string line = after.substr(after.find("m=audio ") + 8);
    const auto port = parse_number<std::uint16_t>(line.substr(0, line.find(' ')));
    BOOST_REQUIRE(port.has_value());
    BOOST_TEST(*port % 2 == 0);
    BOOST_CHECK(house.house.receive(rtp(*port), kAnybody) == host(20, 40001));
    BOOST_CHECK(house.house.receive(rtp(static_cast<std::uint16_t>(*port + 1)), kAnybody) ==
                host(20, 40002));
}

BOOST_AUTO_TEST_CASE(reports_may_have_a_port_of_their_own) {
    SipHouse house;
    const std::string after = house.out(
        kPhone,
        invite(described(kOwn, kOwn, "m=audio 4027 RTP/AVP 8\na=rtcp:4018 IN IP4 192.168.1.20\n")));
    const std::string line = after.substr(after.find("a=rtcp:") + 7);
    const auto port = parse_number<std::uint16_t>(line.substr(0, line.find(' ')));
    BOOST_REQUIRE(port.has_value());
    BOOST_TEST(line.substr(line.find(' '), 18) == " IN IP4 11.0.0.1\r\n");
    BOOST_CHECK(house.house.receive(rtp(*port), kAnybody) == host(20, 4018));
}

BOOST_AUTO_TEST_CASE(two_streams_that_are_neighbours_do_not_take_each_others_port) {
    SipHouse house;
    const std::string after = house.out(
        kPhone,
        invite(described(kOwn, kOwn,
                         "m=audio 40000 RTP/AVP 8\na=rtcp-mux\nm=video 40001 RTP/AVP 31\n")));
    BOOST_TEST(has(after, "m=audio 40000 "));
    BOOST_CHECK(house.house.receive(rtp(40000), kAnybody) == host(20, 40000));
    const std::string line = after.substr(after.find("m=video ") + 8);
    const auto port = parse_number<std::uint16_t>(line.substr(0, line.find(' ')));
    BOOST_CHECK(house.house.receive(rtp(port.value_or(0)), kAnybody) == host(20, 40001));
    // Video leaves from where it is expected.
    BOOST_CHECK(house.house.send(host(20, 40001), kAnybody) == rtp(port.value_or(0)));
}

BOOST_AUTO_TEST_CASE(a_stream_of_several_pairs_is_a_range) {
    SipHouse house;
    const std::string after =
        house.out(kPhone, invite(described(kOwn, kOwn, "m=audio 40000/2 RTP/AVP 8\n")));
    BOOST_TEST(has(after, "m=audio 40000/2 "));
    BOOST_TEST(house.is_open(rtp(40003), kAnybody));
    BOOST_TEST(!house.is_open(rtp(40004), kAnybody));
}

BOOST_AUTO_TEST_CASE(endpoints_with_ice_find_their_way_themselves) {
    SipHouse house;
    const std::string text = invite(
        described(kOwn, kOwn,
                  "a=ice-ufrag:x\nm=audio 40000 RTP/AVP 8\na=rtcp:40005 IN IP4 192.168.1.20\n"
                  "a=candidate:1 1 UDP 1 192.168.1.20 40000 typ host\n"));
    const std::string after = house.out(kPhone, text);
    BOOST_TEST(after.substr(after.find("v=0")) == text.substr(text.find("v=0")));
    BOOST_TEST(has(after, "Contact: <sip:alice@11.0.0.1:5060>"));
    BOOST_TEST(house.alg.streams() == 0U);
    BOOST_TEST(house.alg.calls().all().begin()->second.reason == Reason::ice);
}

BOOST_AUTO_TEST_CASE(keys_and_fingerprints_are_not_touched) {
    SipHouse house;
    const std::string_view keys =
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\n"
        "a=fingerprint:sha-1 4A:AD:B9:B1:3F\na=setup:actpass\na=tls-id:192.168.1.20\n";
    const std::string after = house.out(
        kPhone, invite(described(kOwn, kOwn, concat("m=audio 40000 RTP/SAVP 8\n", keys))));
    BOOST_TEST(has(after, crlf(keys)));
}

BOOST_AUTO_TEST_CASE(a_part_of_a_multipart_is_translated_and_all_lengths_follow) {
    SipHouse house;
    const std::string description = crlf(described(kOwn, kOwn, kAudio));
    const std::string body =
        concat("--b\r\nContent-Type: application/sdp\r\nContent-Length: ", description.size(),
               "\r\n\r\n", description,
               "\r\n--b\r\nContent-Type: application/pidf+xml\r\n\r\n<a>192.168.1.20</a>\r\n--b--");
    const std::string head =
        "INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.20\r\nCall-ID: 1\r\nCSeq: 1 "
        "INVITE\r\n"
        "Contact: <sip:a@192.168.1.20>\r\nContent-Type: multipart/mixed;boundary=b\r\n";
    const std::string after =
        house.out(kPhone, concat(head, "Content-Length: ", body.size(), "\r\n\r\n", body));
    has_right_length(after);
    BOOST_TEST(has(after, concat("Content-Length: ", description.size() - 8, "\r\n\r\nv=0")));
    BOOST_TEST(has(after, "<a>192.168.1.20</a>"));
    BOOST_TEST(house.is_open(rtp(40000), kAnybody));
}

BOOST_AUTO_TEST_CASE(a_late_offer_and_an_update_open_what_they_name) {
    SipHouse house;
    house.out(kPhone, "\r\n\r\n");
    const std::string incoming = crlf(
        "INVITE sip:a@11.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 11.0.9.1\nFrom: <sip:b@x>;tag=9\n"
        "To: <sip:a@x>\nCall-ID: late\nCSeq: 1 INVITE\nContact: <sip:b@11.0.9.1>\n\n");
    house.in(kPhone, incoming);
    const std::string dialog =
        "Via: SIP/2.0/UDP 11.0.9.1\nFrom: <sip:b@x>;tag=9\nTo: <sip:a@x>;tag=1\nCall-ID: late\n";
    house.out(kPhone, with_body(concat("SIP/2.0 200 OK\n", dialog,
                                       "CSeq: 1 INVITE\nContact: <sip:a@192.168.1.20>\n"),
                                sdp("192.168.1.20", 40000)));
    BOOST_TEST(house.is_open(rtp(40000), kAnybody));
    // The answer comes with the ACK.
    house.in(kPhone, with_body(concat("ACK sip:a@11.0.0.1 SIP/2.0\n", dialog, "CSeq: 1 ACK\n"),
                               sdp("11.0.9.2", 9000)));
    BOOST_TEST(!house.is_open(rtp(40001), kAnybody));
    BOOST_TEST(house.is_open(rtp(40001), {Ip4::of(11, 0, 9, 2), Port{9001}}));
    const std::string update =
        with_body(concat("UPDATE sip:b@11.0.9.1 SIP/2.0\n", dialog, "CSeq: 2 UPDATE\n"),
                  sdp("192.168.1.20", 40000, "m=video 40010 RTP/AVP 31\n"));
    BOOST_TEST(has(house.out(kPhone, update), "m=video 40010 "));
    BOOST_TEST(house.is_open(rtp(40010), kAnybody));
}

BOOST_AUTO_TEST_CASE(a_call_that_becomes_a_fax_opens_its_port_and_keeps_the_one_of_its_sound) {
    SipHouse house;
    house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
    const std::string fax =
        replaced(sdp("192.168.1.20", 0, "m=image 40010 udptl t38\n"), "o=phone 1 1", "o=phone 1 2");
    const std::string sent = house.out(kPhone, replaced(invite(fax), "1 INVITE", "2 INVITE"));
    BOOST_TEST(has(sent, "m=audio 0 RTP/AVP"));
    BOOST_TEST(has(sent, "m=image 40010 udptl t38"));
    for (const std::uint16_t port : {std::uint16_t{40000}, std::uint16_t{40010}})
        BOOST_TEST(house.is_open({gatehouse::test::kOutside, Port{port}}, kServer));
}

BOOST_AUTO_TEST_CASE(a_signed_message_is_not_touched) {
    SipHouse house;
    std::string text = invite(sdp("192.168.1.20", 40000));
    text.insert(text.find("Contact"), "Identity: \"x\"\r\nIdentity-Info: <https://x/>\r\n");
    BOOST_TEST(house.out(kPhone, text) == text);
    BOOST_TEST(house.reason() == Reason::signed_body);
}

BOOST_AUTO_TEST_CASE(secure_addresses_and_several_contacts_are_all_translated) {
    SipHouse house;
    const std::string after = house.out(
        kPhone,
        crlf("REGISTER sip:x SIP/2.0\nVia: SIP/2.0/UDP\t192.168.1.20 ;branch=1\nCall-ID: 1\n"
             "CSeq: 1 REGISTER\nContact: <sips:a@192.168.1.20:5060>, \"b\" "
             "<sip:b@192.168.1.20>\nContact: sip:c@192.168.1.20:5070\n\n"));
    BOOST_TEST(has(after, "UDP\t11.0.0.1 ;branch"));
    BOOST_TEST(has(after, "<sips:a@11.0.0.1:5060>, \"b\" <sip:b@11.0.0.1>\r\n"));
    BOOST_TEST(has(after, "Contact: sip:c@11.0.0.1:5060\r\n"));
}

BOOST_AUTO_TEST_CASE(one_phone_may_use_one_media_port_in_two_calls) {
    SipHouse house;
    house.out(kPhone, invite(sdp("192.168.1.20", 40000), "one"));
    const std::string second = house.out(kPhone, invite(sdp("192.168.1.20", 40000), "two"));
    BOOST_TEST(has(second, "m=audio 40000 "));
    BOOST_TEST(house.alg.streams() == 1U);
    BOOST_TEST(house.alg.calls().size() == 2U);
    house.in(kPhone, crlf("SIP/2.0 486 Busy\nVia: SIP/2.0/UDP 11.0.0.1\nCall-ID: one\n"
                          "CSeq: 1 INVITE\n\n"));
    house.in(kPhone, crlf("SIP/2.0 180 Ringing\nVia: SIP/2.0/UDP 11.0.0.1\nCall-ID: two\n"
                          "CSeq: 1 INVITE\n\n"));
    house.pass(60s);
    BOOST_TEST(house.alg.calls().size() == 1U);
    BOOST_TEST(house.is_open(rtp(40000), kAnybody));
}

BOOST_AUTO_TEST_SUITE_END()
