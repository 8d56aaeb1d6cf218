// SPDX-License-Identifier: GPL-2.0-or-later
//
// What becomes of whole messages, and what they open and close.
#include <boost/test/unit_test.hpp>
#include <set>

#include "gateway/base/text.h"
#include "tests/alg/support/house.h"

using namespace gatehouse;
using namespace gatehouse::sip;
using namespace gatehouse::sip::test;

namespace {

const Endpoint4 kPeer{Ip4::of(11, 0, 9, 2), Port{9000}};

std::string response(std::string_view status, std::string_view via, std::string_view body = {},
                     std::string_view cseq = "1 INVITE",
                     std::string_view call_id = "call-1@192.168.1.20") {
    const std::string headers =
        concat("SIP/2.0 ", status, "\nVia: SIP/2.0/UDP ", via,
               "\nFrom: <sip:alice@example.net>;tag=1\nTo: <sip:bob@example.net>;tag=2\nCall-ID: ",
               call_id, "\nCSeq: ", cseq, "\nContact: <sip:bob@11.0.9.2:5060>\n");
    if (body.empty()) return crlf(headers + "Content-Length: 0\n\n");
    return with_body(headers, body);
}

std::string request(std::string_view method, std::string_view more = {},
                    std::string_view call_id = "call-1@192.168.1.20") {
    return crlf(concat(method, " sip:bob@example.net SIP/2.0\n",
                       "Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK-2\n",
                       "From: <sip:alice@example.net>;tag=1\nTo: <sip:bob@example.net>;tag=2\n",
                       "Call-ID: ", call_id, "\nCSeq: 2 ", method, "\n", more,
                       "Content-Length: 0\n\n"));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(messages)

BOOST_AUTO_TEST_CASE(an_invite_of_a_private_phone_names_the_outside_and_nothing_else_changes) {
    SipHouse house;
    const std::string before = invite(sdp("192.168.1.20", 40000));
    const std::string after = house.out(kPhone, before);
    BOOST_TEST(house.reason() == Reason::edited);
    // The Call-ID holds the inside address and stays.
    BOOST_TEST(has(after, "call-1@192.168.1.20"));
    std::string expected = replaced(before, "192.168.1.20", "11.0.0.1");
    expected = replaced(expected, "call-1@11.0.0.1", "call-1@192.168.1.20");
    const std::size_t grown = sdp("192.168.1.20", 40000).size() + 7;
    expected = replaced(expected, concat("Content-Length: ", grown),
                        concat("Content-Length: ", grown - 8));
    BOOST_TEST(after == expected);
}

BOOST_AUTO_TEST_CASE(a_message_without_a_length_stays_without_one) {
    SipHouse house;
    const std::string before =
        replaced(invite(sdp("192.168.1.20", 40000)),
                 concat("Content-Length: ", sdp("192.168.1.20", 40000).size() + 7, "\r\n"), "");
    const std::string after = house.out(kPhone, before);
    BOOST_TEST(house.reason() == Reason::edited);
    BOOST_TEST(has(after, "c=IN IP4 11.0.0.1"));
    BOOST_TEST(!has(after, "Content-Length"));
}

BOOST_AUTO_TEST_CASE(compact_names_and_folded_lines_are_understood) {
    SipHouse house;
    const std::string body = crlf(sdp("192.168.1.20", 40000));
    const std::string after = house.out(
        kPhone, crlf(concat("INVITE sip:bob@example.net SIP/2.0\nv: SIP / 2.0\n /UDP\n"
                            "  192.168.1.20 : 5060 ; branch=z9hG4bK-1\nf: <sip:a@x>;tag=1\n"
                            "t: <sip:b@x>\ni: 1\nCSeq: 1 INVITE\nm:\n \"A, <B>\" \n"
                            "\t<sip:a@192.168.1.20>;q=0.5, <sip:a@192.168.1.20:5060>\n"
                            "c: application/sdp\nl: ",
                            body.size(), "\n\n")) +
                    body);
    BOOST_TEST(has(after, "v: SIP / 2.0\r\n /UDP\r\n  11.0.0.1:5060 ; branch"));
    BOOST_TEST(has(after, "\t<sip:a@11.0.0.1>;q=0.5, <sip:a@11.0.0.1:5060>\r\n"));
    BOOST_TEST(has(after, concat("l: ", body.size() - 8, "\r\n")));
}

BOOST_AUTO_TEST_CASE(what_is_no_sip_passes_and_is_counted_as_what_it_is) {
    const std::pair<std::string, Reason> cases[] = {
        {"\r\n\r\n", Reason::keep_alive},
        {"", Reason::keep_alive},
        {std::string(4, '\0'), Reason::keep_alive},
        {"POST / HTTP/1.1\r\nHost: x\r\n\r\nREGISTER sip:x SIP/2.0\r\n", Reason::http},
        {std::string("\0\1\0\0\x21\x12\xa4\x42............", 20), Reason::stun},
        {std::string("\x16\x03\x01\x00\x05.....", 10), Reason::encrypted},
        {std::string("\x16\xfe\xfd\x00\x05.....", 10), Reason::encrypted},
        {"hello\r\n\r\n", Reason::not_sip},
        {"INVITE  sip:x SIP/2.0\r\n\r\n", Reason::malformed_start},
        {"SIP/2.0 99 x\r\n\r\n", Reason::malformed_start},
        {"OPTIONS sip:x SIP/2.0\r\nno colon\r\n\r\n", Reason::malformed_header},
        {"OPTIONS sip:x SIP/2.0\r\nl: 5\r\n\r\nabc", Reason::content_length},
        {"OPTIONS sip:x SIP/2.0\r\nl: 0\r\nContent-Length: 0\r\n\r\n", Reason::content_length},
        {"OPTIONS sip:x SIP/2.0\r\nl: -1\r\n\r\n", Reason::content_length},
        {"OPTIONS sip:x SIP/2.0\r\nVia: nonsense\r\n\r\n", Reason::malformed_address},
        {"OPTIONS sip:x SIP/2.0\r\nm: <sip:a@192.168.1.20\r\n\r\n", Reason::malformed_address},
    };
    for (const auto& [text, reason] : cases) {
        SipHouse house;
        BOOST_TEST_CONTEXT(text) {
            BOOST_TEST(house.out(kPhone, text) == text);
            BOOST_TEST(house.reason() == reason);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_flow_that_is_no_sip_is_left_to_the_kernel_and_one_that_is_never) {
    SipHouse house;
    const auto bypassed = [&](int times, std::string_view text, Endpoint4 remote = kServer) {
        std::size_t out = 0;
        for (int i = 0; i < times; ++i) {
            house.out(kPhone, text, remote);
            out += house.effects.bypasses.size();
        }
        return out;
    };
    BOOST_TEST(bypassed(31, "a game") == 0U);
    BOOST_TEST(bypassed(1, "a game") == 1U);
    BOOST_TEST(house.effects.bypasses[0].inside.to_string() == kPhone.to_string());
    BOOST_TEST(house.effects.bypasses[0].remote.to_string() == kServer.to_string());
    // It is seen again when the kernel has forgotten.
    BOOST_TEST(bypassed(64, "a game") == 2U);
    BOOST_TEST(bypassed(200, "\r\n\r\n") == 0U);
    for (int i = 0; i < 10; ++i) {
        BOOST_TEST(bypassed(31, "what is this") == 0U);
        house.out(kPhone, request("OPTIONS"));
    }
    for (std::uint16_t port = 1; port < 5000; ++port)
        BOOST_REQUIRE(bypassed(1, "a scan", {kServer.address, Port{port}}) == 0U);
}

BOOST_AUTO_TEST_CASE(a_port_that_is_not_kept_is_written_and_comes_back_as_it_was) {
    SipHouse house;
    house.out(kSecond, "\r\n\r\n");
    const std::string register_text =
        "REGISTER sip:example.net SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.20;branch=z9hG4bK-7;rport\n"
        "From: <sip:a@x>;tag=1\nTo: <sip:a@x>\nCall-ID: 1\nCSeq: 1 REGISTER\n"
        "Contact: <sip:a@192.168.1.20>;expires=60\nContent-Length: 0\n\n";
    const std::string after = house.out(kPhone, crlf(register_text));
    const Endpoint4 outside = house.outside(kPhone);
    BOOST_TEST(outside.port.number != 5060);
    const std::string name = outside.to_string();
    BOOST_TEST(has(after, concat("UDP ", name, ";branch")));
    BOOST_TEST(has(after, concat("<sip:a@", name, ">;expires")));
    const std::string answer = house.in(
        kPhone, crlf(concat("SIP/2.0 200 OK\nVia: SIP/2.0/UDP ", name,
                            ";branch=z9hG4bK-7;rport=", outside.port.number, ";received=11.0.0.1\n",
                            "From: <sip:a@x>;tag=1\nTo: <sip:a@x>;tag=2\nCall-ID: 1\n"
                            "CSeq: 1 REGISTER\nContact: <sip:a@",
                            name, ">;expires=60, <sip:a@11.0.9.7>\nContent-Length: 0\n\n")));
    BOOST_TEST(
        has(answer, "UDP 192.168.1.20;branch=z9hG4bK-7;rport=5060;received=192.168.1.20\r\n"));
    BOOST_TEST(has(answer, "Contact: <sip:a@192.168.1.20>;expires=60, <sip:a@11.0.9.7>\r\n"));
}

BOOST_AUTO_TEST_CASE(a_contact_with_another_port_than_the_flow_comes_back_as_it_was) {
    SipHouse house;
    const Endpoint4 flow = host(20, 41234);
    const std::string after = house.out(
        flow, crlf("REGISTER sip:x SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.20:5060;branch=1\n"
                   "Call-ID: 1\nCSeq: 1 REGISTER\nContact: <sip:a@192.168.1.20:5060>\n\n"));
    BOOST_TEST(has(after, "UDP 11.0.0.1:41234;"));
    BOOST_TEST(has(after, "<sip:a@11.0.0.1:41234>"));
    const std::string answer = house.in(
        flow, crlf("SIP/2.0 200 OK\nVia: SIP/2.0/UDP 11.0.0.1:41234;branch=1\n"
                   "Call-ID: 1\nCSeq: 1 REGISTER\nContact: <sip:a@11.0.0.1:41234>;expires=9\n\n"));
    BOOST_TEST(has(answer, "UDP 192.168.1.20:5060;"));
    BOOST_TEST(has(answer, "<sip:a@192.168.1.20:5060>;expires=9"));
}

BOOST_AUTO_TEST_CASE(an_incoming_request_names_the_phone_as_it_named_itself) {
    SipHouse house;
    house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
    const std::string text = crlf(
        "INVITE sip:alice@11.0.0.1:5060;line=1 SIP/2.0\nVia: SIP/2.0/UDP 11.0.9.1;branch=9\n"
        "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=8;received=11.0.9.7\n"
        "Record-Route: <sip:11.0.9.1;lr>\nTo: <sip:alice@11.0.0.1:5060>\nFrom: <sip:b@x>;tag=1\n"
        "Contact: <sip:b@10.0.0.1:5060>\nCall-ID: 9\nCSeq: 1 INVITE\n\n");
    const std::string after = house.in(kPhone, text);
    BOOST_TEST(after == replaced(text, "INVITE sip:alice@11.0.0.1:5060;line",
                                 "INVITE sip:alice@192.168.1.20:5060;line"));
}

BOOST_AUTO_TEST_CASE(addresses_in_other_places_are_opaque) {
    SipHouse house;
    const std::string text = crlf(
        "REFER sip:bob@192.168.1.20:5060 SIP/2.0\n"
        "From: <sip:alice@192.168.1.20>;tag=192.168.1.20\nTo: <sip:bob@192.168.1.20>\n"
        "Call-ID: 1@192.168.1.20\nCSeq: 1 REFER\nWarning: 399 192.168.1.20 \"x\"\n"
        "Refer-To: <sip:carol@example.net?Replaces=2@192.168.1.20%3Bto-tag%3D1>\n"
        "Authorization: Digest uri=\"sip:192.168.1.20\", response=\"1\"\n"
        "Subject: 192.168.1.20:5060\nUser-Agent: 192.168.1.20\n\n");
    BOOST_TEST(house.out(kPhone, text) == text);
}

BOOST_AUTO_TEST_CASE(only_a_live_mapping_is_named_in_a_transfer) {
    SipHouse house;
    const auto refer = [](std::string_view target) {
        return crlf(
            concat("REFER sip:bob@example.net SIP/2.0\nCall-ID: 1\nCSeq: 1 REFER\n"
                   "Refer-To: <sip:carol@",
                   target, ">\n\n"));
    };
    BOOST_TEST(has(house.out(kPhone, refer("192.168.1.20:5060")), "carol@11.0.0.1:5060"));
    BOOST_TEST(has(house.out(kPhone, refer("192.168.1.20:7777")), "carol@192.168.1.20:7777"));
    BOOST_TEST(has(house.out(kPhone, refer("192.168.1.30:5060")), "carol@192.168.1.30:5060"));
}

BOOST_AUTO_TEST_CASE(a_phone_that_names_its_outside_address_is_left_alone) {
    SipHouse house;
    const std::string text =
        replaced(invite(sdp("11.0.0.1", 40000)), "sip:alice@192.168.1.20", "sip:alice@11.0.0.1");
    BOOST_TEST(house.out(kPhone, text) == text);
    BOOST_TEST(house.reason() == Reason::self_traversed);
    BOOST_TEST(house.alg.help_of(kPhone) == Help::self_traversed);
    BOOST_TEST(house.alg.streams() == 0U);
    // It sticks where there is no Contact, and on the way back.
    BOOST_TEST(house.out(kPhone, request("BYE")) == request("BYE"));
    const std::string answer = crlf(
        "SIP/2.0 200 OK\nVia: SIP/2.0/UDP 192.168.1.20:5060;rport=5060;received=11.0.0.1\n"
        "Call-ID: 3\nCSeq: 1 REGISTER\nContact: <sip:alice@11.0.0.1:5060>\n\n");
    BOOST_TEST(house.in(kPhone, answer) == answer);
}

BOOST_AUTO_TEST_CASE(a_forwarded_endpoint_is_left_alone) {
    SipHouse house;
    auto forward = house.house.forward_request(kPhone, Port{5060}, nat::OwnerKind::static_);
    BOOST_REQUIRE(house.house.engine->request(forward, house.house.now).ok());
    house.house.flush();
    const std::string text = invite(sdp("192.168.1.20", 40000));
    BOOST_TEST(house.out(kPhone, text) == text);
    BOOST_TEST(house.reason() == Reason::forwarded);
    BOOST_TEST(house.alg.help_of(kPhone) == Help::forwarded);
}

BOOST_AUTO_TEST_CASE(observing_tells_and_changes_nothing) {
    SipHouse house({config::SipMode::observe, {Port{5060}}});
    const std::string text = invite(sdp("192.168.1.20", 40000));
    BOOST_TEST(house.out(kPhone, text) == text);
    BOOST_TEST(house.reason() == Reason::observed);
    BOOST_TEST(house.alg.streams() == 0U);
    BOOST_REQUIRE(!house.story.empty());
    BOOST_TEST(has(house.story.back(), "would edit 192.168.1.20:5060 -> 11.0.0.1:5060"));
}

BOOST_AUTO_TEST_CASE(off_is_off) {
    SipHouse house({config::SipMode::off, {Port{5060}}});
    const std::string text = invite(sdp("192.168.1.20", 40000));
    BOOST_TEST(house.out(kPhone, text) == text);
    BOOST_TEST(house.alg.calls().size() == 0U);
}

BOOST_AUTO_TEST_CASE(an_address_of_another_host_is_not_translated) {
    SipHouse house;
    const std::string text =
        replaced(invite(sdp("192.168.1.30", 40000)), "alice@192.168.1.20", "alice@192.168.1.30");
    const std::string after = house.out(kPhone, text);
    BOOST_TEST(has(after, "alice@192.168.1.30:5060"));
    BOOST_TEST(has(after, "c=IN IP4 192.168.1.30"));
    BOOST_TEST(house.alg.streams() == 0U);
}

BOOST_AUTO_TEST_CASE(a_host_that_speaks_from_ever_new_ports_still_has_its_next_call_edited) {
    SipHouse house;
    for (std::uint16_t port = 20000; port < 20200; ++port) {
        house.out(host(20, port), request("OPTIONS", "Contact: <sip:a@192.168.1.20>\n"));
        BOOST_REQUIRE(house.reason() == Reason::edited);
        house.pass(1s);
    }
    BOOST_TEST(has(house.out(kPhone, invite(sdp("192.168.1.20", 40000))), "c=IN IP4 11.0.0.1"));
    BOOST_TEST(house.alg.help_of(host(20, 20000)) == Help::unknown);
    BOOST_TEST(house.alg.help_of(host(20, 20199)) == Help::native);
}

BOOST_AUTO_TEST_CASE(behind_another_nat_a_public_peer_gets_what_the_phone_wrote) {
    SipHouse house;
    house.house.event(nat::OutsideChanged{{Ip4::of(100, 64, 0, 7)}});
    const std::string text = invite(sdp("192.168.1.20", 40000));
    BOOST_TEST(house.out(kPhone, text) == text);
    BOOST_TEST(house.reason() == Reason::inner_nat);
    const Endpoint4 neighbour{Ip4::of(100, 64, 0, 9), Port{5060}};
    BOOST_TEST(has(house.out(kPhone, text, neighbour), "c=IN IP4 100.64.0.7"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(media)

BOOST_AUTO_TEST_CASE(a_stream_is_open_to_all_until_the_peer_is_known_and_then_to_it_alone) {
    SipHouse house;
    house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
    const Endpoint4 rtp{gatehouse::test::kOutside, Port{40000}};
    const Endpoint4 rtcp{gatehouse::test::kOutside, Port{40001}};
    BOOST_TEST(house.is_open(rtp, {Ip4::of(11, 0, 9, 77), Port{1}}));
    house.in(kPhone,
             response("183 Progress", "11.0.0.1:5060;branch=z9hG4bK-1", sdp("11.0.9.2", 9000)));
    BOOST_TEST(!house.is_open(rtp, {Ip4::of(11, 0, 9, 78), Port{1}}));
    BOOST_TEST(house.is_open(rtp, kPeer));
    BOOST_TEST(house.is_open(rtcp, {kPeer.address, Port{9001}}));
    // Media of the phone leaves from where it is expected.
    BOOST_TEST(house.house.send(host(20, 40000), kPeer).value().to_string() == rtp.to_string());
}

BOOST_AUTO_TEST_CASE(where_the_peer_names_no_usable_address_the_one_that_speaks_is_learned) {
    const Endpoint4 far{Ip4::of(11, 0, 8, 8), Port{4711}};
    const Endpoint4 attacker{Ip4::of(11, 0, 66, 6), Port{9}};
    const Endpoint4 rtp{gatehouse::test::kOutside, Port{40000}};
    const Endpoint4 rtcp{gatehouse::test::kOutside, Port{40001}};
    for (const char* peer : {"10.1.2.3", "0.0.0.0", "phone.example.net"}) {
        SipHouse house;
        house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
        // Before there is anything to know.
        BOOST_TEST(house.is_open(rtp, attacker));
        const std::string contact =
            replaced(response("200 OK", "11.0.0.1:5060", sdp(peer, 9000)), "sip:bob@11.0.9.2:5060",
                     "sip:bob@10.1.2.3:5060;alias=11.0.8.8~5060~1");
        house.in(kPhone, contact);
        for (int i = 0; i < 4; ++i) {
            house.is_open(rtp, attacker);
            if (i > 0) BOOST_TEST(house.is_open(rtp, far));
            house.pass(1s);
        }
        BOOST_TEST(house.is_open(rtp, far), peer);
        BOOST_TEST(house.is_open(rtcp, {far.address, Port{4712}}));
        // Its session is gone, too.
        BOOST_TEST(!house.is_open(rtp, attacker), peer);
        BOOST_TEST(!house.is_open(rtcp, attacker));
    }
}

BOOST_AUTO_TEST_CASE(what_a_stranger_began_before_the_answer_is_ended) {
    SipHouse house;
    const Endpoint4 attacker{Ip4::of(11, 0, 66, 6), Port{9}};
    const Endpoint4 rtp{gatehouse::test::kOutside, Port{40000}};
    house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
    BOOST_TEST(house.is_open(rtp, attacker));
    house.in(kPhone, response("200 OK", "11.0.0.1:5060", sdp("11.0.9.2", 9000)));
    BOOST_TEST(house.is_open(rtp, kPeer));
    house.pass(2s);
    BOOST_TEST(house.is_open(rtp, kPeer));
    house.pass(2s);
    BOOST_TEST(house.looks == 2U);
    BOOST_TEST(house.is_open(rtp, kPeer));
    BOOST_TEST(!house.is_open(rtp, attacker));
}

BOOST_AUTO_TEST_CASE(a_call_that_ends_opens_nothing_because_its_peer_is_silent) {
    SipHouse house;
    const Endpoint4 rtp{gatehouse::test::kOutside, Port{40000}};
    house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
    house.in(kPhone, response("200 OK", "11.0.0.1:5060", sdp("11.0.9.2", 9000)));
    house.out(kPhone, request("BYE"));
    house.in(kPhone, response("200 OK", "11.0.0.1:5060", {}, "2 BYE"));
    for (int i = 0; i < 30; ++i) {
        BOOST_TEST(!house.is_open(rtp, {Ip4::of(11, 0, 66, 6), Port{9}}));
        house.pass(1s);
    }
}

BOOST_AUTO_TEST_CASE(many_calls_are_looked_at_together) {
    SipHouse house;
    for (int i = 0; i < 40; ++i) {
        const std::string id = concat("call-", i, "@192.168.1.20");
        const auto port = static_cast<unsigned>(40000 + 2 * i);
        house.out(kPhone, invite(sdp("192.168.1.20", port), id));
        house.in(kPhone,
                 response("200 OK", "11.0.0.1:5060", sdp("10.1.2.3", 9000), "1 INVITE", id));
        house.pass(50ms);
    }
    house.pass(35s);
    BOOST_TEST(house.looks <= 36U);
    house.pass(1h);
    BOOST_TEST(house.looks <= 36U);
}

BOOST_AUTO_TEST_CASE(forks_with_different_peers_keep_the_stream_open_for_each) {
    SipHouse house;
    house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
    house.in(kPhone, response("183 A", "11.0.0.1:5060", sdp("11.0.9.2", 9000)));
    house.in(kPhone, response("183 B", "11.0.0.1:5060", sdp("11.0.9.3", 9000)));
    const Endpoint4 rtp{gatehouse::test::kOutside, Port{40000}};
    BOOST_TEST(house.is_open(rtp, {Ip4::of(11, 0, 9, 2), Port{9000}}));
    BOOST_TEST(house.is_open(rtp, {Ip4::of(11, 0, 9, 3), Port{9000}}));
}

BOOST_AUTO_TEST_CASE(two_phones_with_the_same_ports_get_different_ones_outside) {
    SipHouse house;
    house.out(kPhone, invite(sdp("192.168.1.20", 41000)));
    const std::string second =
        replaced(invite(sdp("192.168.1.30", 41000), "call-2"), "192.168.1.20", "192.168.1.30");
    const std::string after = house.out(kSecond, second);
    BOOST_TEST(house.reason() == Reason::edited);
    BOOST_TEST(!has(after, "m=audio 41000"));
    BOOST_TEST(!has(after, "192.168.1.30"));
    BOOST_TEST(house.alg.streams() == 2U);
}

BOOST_AUTO_TEST_CASE(forty_phones_with_the_same_ports_have_forty_calls_apart) {
    SipHouse house;
    std::set<std::string> signalling;
    std::set<std::string> media;
    for (unsigned i = 0; i < 40; ++i) {
        const Endpoint4 phone = host(static_cast<std::uint8_t>(100 + i), 5060);
        const std::string address = phone.address.to_string();
        const std::string text = replaced(invite(sdp("192.168.1.20", 41000), concat("call-", i)),
                                          "192.168.1.20", address);
        const std::string after = house.out(phone, text);
        BOOST_TEST(house.reason() == Reason::edited);
        BOOST_TEST(!has(after, "192.168.1."));
        signalling.insert(house.outside(phone).to_string());
        const std::size_t at = after.find("m=audio ");
        media.insert(after.substr(at, after.find(" RTP", at) - at));
        // The answer comes to the phone that has asked, with its own address in it.
        const std::string answer = response("200 OK", house.outside(phone).to_string(),
                                            sdp("11.0.9.2", 9000), "1 INVITE", concat("call-", i));
        BOOST_TEST(has(house.in(phone, answer), concat("SIP/2.0/UDP ", address, ":5060")));
    }
    BOOST_TEST(signalling.size() == 40U);
    BOOST_TEST(media.size() == 40U);
    BOOST_TEST(house.alg.streams() == 40U);
}

BOOST_AUTO_TEST_CASE(refreshing_and_holding_and_resuming_a_call_never_moves_its_ports) {
    SipHouse house;
    // The outside port is not the inside one, so that moving would show.
    house.out(kSecond, replaced(invite(sdp("192.168.1.30", 40000), "other"), "192.168.1.20",
                                "192.168.1.30"));
    const std::string first = house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
    const std::string port = first.substr(first.find("m=audio"), 13);
    BOOST_TEST(port != "m=audio 40000");
    house.in(kPhone, response("200 OK", "11.0.0.1:5060", sdp("11.0.9.2", 9000)));
    const std::string hold =
        replaced(sdp("192.168.1.20", 40000), "c=IN IP4 192.168.1.20", "c=IN IP4 0.0.0.0");
    const std::string held = house.out(kPhone, invite(hold));
    BOOST_TEST(has(held, port));
    BOOST_TEST(has(held, "c=IN IP4 0.0.0.0"));
    BOOST_TEST(has(held, "o=phone 1 1 IN IP4 11.0.0.1"));
    BOOST_TEST(house.alg.calls().all().rbegin()->second.state == CallState::held);
    BOOST_TEST(has(house.out(kPhone, invite(sdp("192.168.1.20", 40000, "a=sendonly\n"))), port));
    house.pass(600s);
    BOOST_TEST(has(house.out(kPhone, invite(sdp("192.168.1.20", 40000, "a=inactive\n"))), port));
    BOOST_TEST(has(house.out(kPhone, invite(sdp("192.168.1.20", 40000))), port));
    BOOST_TEST(house.alg.calls().all().rbegin()->second.state == CallState::established);
}

BOOST_AUTO_TEST_CASE(a_phone_that_moves_its_media_again_and_again_has_two_ports_open_at_most) {
    SipHouse house;
    for (unsigned port = 40000; port < 40400; port += 2)
        house.out(kPhone, invite(sdp("192.168.1.20", port)));
    BOOST_TEST(house.reason() == Reason::edited);
    BOOST_TEST(house.alg.streams() == 2U);
}

BOOST_AUTO_TEST_CASE(the_ports_close_half_a_minute_after_the_call) {
    SipHouse house;
    house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
    house.in(kPhone, response("200 OK", "11.0.0.1:5060", sdp("11.0.9.2", 9000)));
    house.pass(3600s);
    BOOST_TEST(house.alg.streams() == 1U);
    house.out(kPhone, request("BYE"));
    house.in(kPhone, response("200 OK", "11.0.0.1:5060", {}, "2 BYE"));
    house.pass(31s);
    BOOST_TEST(house.alg.streams() == 1U);
    house.pass(2s);
    BOOST_TEST(house.alg.streams() == 0U);
    BOOST_TEST(house.alg.calls().size() == 0U);
    BOOST_TEST(!house.is_open({gatehouse::test::kOutside, Port{40000}}, kPeer));
}

BOOST_AUTO_TEST_CASE(of_two_who_answered_one_may_leave_and_the_call_with_the_other_goes_on) {
    const auto of_other = [](std::string text) {
        return replaced(std::move(text), "tag=2", "tag=3");
    };
    for (const bool first_leaves : {true, false}) {
        SipHouse house;
        house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
        const std::string answer = response("200 OK", "11.0.0.1:5060", sdp("11.0.9.2", 9000));
        house.in(kPhone, answer);
        house.in(kPhone, of_other(answer));
        const std::string first = request("BYE");
        const std::string second = of_other(first);
        house.out(kPhone, first_leaves ? first : second);
        const std::string ok = response("200 OK", "11.0.0.1:5060", {}, "2 BYE");
        house.in(kPhone, first_leaves ? ok : of_other(ok));
        house.pass(120s);
        BOOST_TEST(house.alg.streams() == 1U);
        BOOST_TEST(house.alg.calls().all().begin()->second.state == CallState::established);
        house.in(kPhone, first_leaves ? second : first);
        house.pass(33s);
        BOOST_TEST(house.alg.streams() == 0U);
    }
}

BOOST_AUTO_TEST_CASE(a_goodbye_to_somebody_else_does_not_end_the_call) {
    SipHouse house;
    house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
    house.in(kPhone, response("200 OK", "11.0.0.1:5060", sdp("11.0.9.2", 9000)));
    house.out(kPhone, replaced(request("BYE"), "tag=2", "tag=9"));
    house.pass(120s);
    BOOST_TEST(house.alg.streams() == 1U);
    house.out(kPhone, request("BYE"));
    house.pass(33s);
    BOOST_TEST(house.alg.streams() == 0U);
}

BOOST_AUTO_TEST_CASE(a_refused_call_closes_and_one_with_credentials_goes_on_with_the_same_ports) {
    SipHouse house;
    const std::string first = house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
    house.in(kPhone, response("407 Auth", "11.0.0.1:5060"));
    BOOST_TEST(house.alg.calls().all().begin()->second.state == CallState::ended);
    house.pass(5s);
    std::string again = invite(sdp("192.168.1.20", 40000));
    again = replaced(again, "CSeq: 1", "CSeq: 2");
    BOOST_TEST(has(house.out(kPhone, again), "m=audio 40000"));
    BOOST_TEST(house.alg.calls().all().begin()->second.state == CallState::calling);
    house.in(kPhone, response("486 Busy", "11.0.0.1:5060", {}, "2 INVITE"));
    house.pass(33s);
    BOOST_TEST(house.alg.streams() == 0U);
}

BOOST_AUTO_TEST_CASE(ringing_for_four_minutes_keeps_everything) {
    SipHouse house;
    house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
    house.in(kPhone, response("180 Ringing", "11.0.0.1:5060"));
    house.pass(240s);
    BOOST_TEST(house.alg.streams() == 1U);
    BOOST_TEST(house.alg.calls().all().begin()->second.state == CallState::ringing);
}

BOOST_AUTO_TEST_CASE(an_invite_without_an_answer_is_forgotten) {
    SipHouse house;
    house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
    house.pass(41s);
    BOOST_TEST(house.alg.streams() == 0U);
    BOOST_TEST(house.alg.calls().size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_session_timer_ends_a_call_that_is_not_refreshed) {
    SipHouse house;
    house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
    house.in(kPhone, replaced(response("200 OK", "11.0.0.1:5060", sdp("11.0.9.2", 9000)),
                              "CSeq:", "Session-Expires: 90;refresher=uac\r\nCSeq:"));
    house.pass(100s);
    BOOST_TEST(house.alg.streams() == 1U);
    house.pass(30s);
    BOOST_TEST(house.alg.streams() == 0U);
}

BOOST_AUTO_TEST_CASE(ports_below_1024_and_of_services_are_never_opened) {
    for (const unsigned port : {900U, 5060U, 5353U, 1900U}) {
        SipHouse house;
        const std::string after = house.out(kPhone, invite(sdp("192.168.1.20", port)));
        BOOST_TEST(has(after, concat("m=audio ", port, " ")));
        BOOST_TEST(has(after, "c=IN IP4 11.0.0.1"));
        BOOST_TEST(house.alg.streams() == 0U);
    }
}

BOOST_AUTO_TEST_CASE(a_phone_that_calls_too_often_gets_no_more_and_others_do) {
    SipHouse house;
    for (unsigned i = 0; i < 100; ++i) {
        house.out(kPhone, invite(sdp("192.168.1.20", 30000 + 2 * i), concat("flood-", i)));
    }
    BOOST_TEST(house.reason() == Reason::edited);  // its headers
    BOOST_TEST(house.alg.streams() == config::Sip{}.host_calls);
    const std::string after = house.out(
        kSecond,
        replaced(invite(sdp("192.168.1.30", 41000), "other"), "192.168.1.20", "192.168.1.30"));
    BOOST_TEST(has(after, "m=audio 41000"));
    BOOST_TEST(!has(after, "192.168.1.30"));
}

BOOST_AUTO_TEST_CASE(media_between_two_phones_of_the_house_stays_inside) {
    SipHouse house;
    std::string offer = house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
    house.out(kSecond, "\r\n\r\n");
    const std::string arrived = house.in(kSecond, offer);
    BOOST_TEST(has(arrived, "c=IN IP4 192.168.1.20"));
    BOOST_TEST(has(arrived, "m=audio 40000"));
    BOOST_TEST(has(arrived, "Contact: <sip:alice@11.0.0.1:5060>"));
}

BOOST_AUTO_TEST_SUITE_END()
