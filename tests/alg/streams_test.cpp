// SPDX-License-Identifier: GPL-2.0-or-later
//
// Conversations over TCP through the gateway, cut in every way.
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/alg/support/house.h"

using namespace gatehouse;
using namespace gatehouse::sip;
using namespace gatehouse::sip::test;

namespace {

constexpr StreamId kStream = 1;
// A phone that listens on 5060 and connects from where its kernel likes.
const Endpoint4 kFrom = gatehouse::test::host(20, 49152);

struct Said {
    bool outward = true;
    std::string text;
};

class Stream {
  public:
    explicit Stream(config::SipMode mode = config::SipMode::automatic)
        : house({mode, {Port{5060}}}) {
        tell(StreamBegun{kStream, kFrom, kServer});
        outside = house.effects.connects.at(0).outside;
        tell(StreamConnected{kStream, outside});
    }

    // What the other side gets.
    std::string say(bool outward, std::string_view bytes, bool last = false) {
        tell(StreamData{kStream, outward, bytes, last});
        std::string out;
        for (const StreamBytes& one : house.effects.bytes) {
            if (one.outward == outward) out += one.bytes;
            if (one.outward != outward) other += one.bytes;
        }
        return out;
    }
    void tell(const Event& event) {
        house.effects.clear();
        house.alg.handle(event, house.house.now, house.effects);
        house.house.flush();
        for (const Notice& notice : house.effects.notices)
            house.story.push_back(concat(to_string(notice.kind), " ", notice.text));
    }
    std::uint64_t count(Reason reason) const { return house.alg.count(reason); }

    SipHouse house;
    Endpoint4 outside;
    std::string other;  // what came out of the other direction meanwhile
};

std::string request(std::string_view method, unsigned cseq, std::string_view body) {
    const std::string headers =
        concat(method, " sip:bob@example.net SIP/2.0\nVia: SIP/2.0/TCP ",
               "192.168.1.20:5060;branch=z9hG4bK-", cseq, ";rport;alias\nFrom: <sip:a@x>;tag=1\n",
               "To: <sip:b@x>\nCall-ID: c@192.168.1.20\nCSeq: ", cseq, " ", method,
               "\nContact: <sip:a@192.168.1.20:5060;transport=tcp>;+sip.instance=\"<urn:1>\"\n");
    if (body.empty()) return crlf(concat(headers, "Content-Length: 0\n\n"));
    return with_body(headers, body);
}

// Of a server that believes what it was told.
std::string answer(std::string_view status, std::string_view seen, std::string_view body = {}) {
    const std::size_t via = seen.find("Via:");
    const std::string headers =
        replaced(concat("SIP/2.0 ", status, "\r\n", seen.substr(via, seen.find("Content-") - via)),
                 "\r\n", "\n");
    if (body.empty()) return crlf(concat(headers, "Content-Length: 0\n\n"));
    return with_body(headers, body);
}

// The messages as each side says them, and what the other side gets.
struct Conversation {
    std::vector<Said> said;
    std::vector<std::string> got;
};

Conversation a_registration_and_a_call() {
    Stream stream;
    Conversation out;
    const auto say = [&](bool outward, const std::string& text) {
        out.said.push_back({outward, text});
        out.got.push_back(stream.say(outward, text));
        return out.got.back();
    };
    say(false, answer("200 OK", say(true, request("REGISTER", 1, ""))));
    say(true, "\r\n\r\n");
    say(false, "\r\n");
    const std::string invited = say(true, request("INVITE", 2, sdp("192.168.1.20", 40000)));
    say(false, answer("180 Ringing", invited));
    say(false, answer("200 OK", invited, sdp("11.0.9.3", 9000)));
    say(true, request("ACK", 2, ""));
    say(false, answer("200 OK", say(true, request("BYE", 3, ""))));
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(streams)

BOOST_AUTO_TEST_CASE(a_phone_on_a_port_of_its_own_is_named_by_its_connection) {
    Stream stream;
    // The port of the phone where it is free, and nobody comes in by it.
    BOOST_TEST(stream.outside.to_string() == "11.0.0.1:49152");
    BOOST_TEST(!stream.house.house.receive(stream.outside, kServer, Proto::tcp).has_value());
    const std::string sent = request("REGISTER", 1, "");
    const std::string seen = stream.say(true, sent);
    BOOST_TEST(seen == replaced(sent, "192.168.1.20:5060", "11.0.0.1:49152"));
    // The server that calls back over the same connection names the phone as it named itself.
    BOOST_TEST(stream.say(false, answer("200 OK", seen)) == answer("200 OK", sent));
    const std::string call = crlf(
        "INVITE sip:a@11.0.0.1:49152;transport=tcp SIP/2.0\nVia: SIP/2.0/TCP 11.0.9.1\n"
        "Contact: <sip:b@11.0.9.1>\nContent-Length: 0\n\n");
    BOOST_TEST(stream.say(false, call) == replaced(call, "11.0.0.1:49152", "192.168.1.20:5060"));
    BOOST_TEST(stream.count(Reason::edited) == 3U);
}

BOOST_AUTO_TEST_CASE(a_registration_lasts_as_long_as_its_connection) {
    Stream stream;
    stream.say(false, answer("200 OK", stream.say(true, request("REGISTER", 1, ""))));
    BOOST_TEST(stream.house.alg.registrations() == 1U);
    BOOST_TEST(stream.house.story.back() == "registered ");
    stream.tell(StreamEnded{kStream});
    BOOST_TEST(stream.house.alg.registrations() == 0U);
    BOOST_TEST(stream.house.story.back() == "registration ended ");
}

BOOST_AUTO_TEST_CASE(a_forwarded_port_is_named_where_servers_may_call_back) {
    Stream stream;
    auto wanted = stream.house.house.forward_request(kPhone, Port{6060});
    wanted.proto = Proto::tcp;
    BOOST_REQUIRE(stream.house.house.engine->request(wanted, stream.house.house.now).ok());
    const std::string sent = request("REGISTER", 1, "");
    const std::string seen = stream.say(true, sent);
    BOOST_TEST(has(seen, "Contact: <sip:a@11.0.0.1:6060;transport=tcp>"));
    BOOST_TEST(stream.say(false, answer("200 OK", seen)) == answer("200 OK", sent));
}

BOOST_AUTO_TEST_CASE(a_call_opens_its_media_as_over_udp) {
    Stream stream;
    const std::string seen = stream.say(true, request("INVITE", 1, sdp("192.168.1.20", 40000)));
    BOOST_TEST(has(seen, "c=IN IP4 11.0.0.1\r\n"));
    BOOST_TEST(has(seen, "m=audio 40000 "));
    const Endpoint4 media{gatehouse::test::kOutside, Port{40000}};
    const Endpoint4 peer{Ip4::of(11, 0, 9, 3), Port{9000}};
    const Endpoint4 stranger{Ip4::of(11, 0, 9, 4), Port{9000}};
    BOOST_TEST(stream.house.is_open(media, peer));
    stream.say(false, answer("200 OK", seen, sdp("11.0.9.3", 9000)));
    BOOST_TEST(stream.house.is_open(media, peer));
    BOOST_TEST(!stream.house.is_open(media, stranger));
    BOOST_REQUIRE(stream.house.alg.calls().size() == 1U);
    const Call& call = stream.house.alg.calls().all().begin()->second;
    BOOST_TEST(call.state == CallState::established);
    BOOST_TEST(call.help == Help::native);
    BOOST_TEST(call.inside.to_string() == kFrom.to_string());
}

BOOST_AUTO_TEST_CASE(a_conversation_is_the_same_wherever_it_is_split) {
    const Conversation whole = a_registration_and_a_call();
    for (std::size_t at = 1;; ++at) {
        Stream stream;
        bool split = false;
        for (std::size_t i = 0; i < whole.said.size(); ++i) {
            const Said& said = whole.said[i];
            const std::size_t here = std::min(at, said.text.size());
            split |= here < said.text.size();
            std::string got = stream.say(said.outward, said.text.substr(0, here));
            got += stream.say(said.outward, said.text.substr(here));
            BOOST_REQUIRE_MESSAGE(got == whole.got[i], "split at " << at << ": " << got);
        }
        BOOST_REQUIRE(stream.other.empty());
        if (!split) break;
    }
}

BOOST_AUTO_TEST_CASE(a_conversation_is_the_same_byte_by_byte_and_all_at_once) {
    const Conversation whole = a_registration_and_a_call();
    Stream stream;
    for (std::size_t i = 0; i < whole.said.size(); ++i) {
        std::string got;
        for (const char c : whole.said[i].text)
            got += stream.say(whole.said[i].outward, std::string_view(&c, 1));
        BOOST_TEST(got == whole.got[i]);
    }
    Stream other;
    std::string said;
    std::string wanted;
    for (std::size_t i = 0; i < whole.said.size(); ++i) {
        if (!whole.said[i].outward) continue;
        said += whole.said[i].text;
        wanted += whole.got[i];
    }
    BOOST_TEST(other.say(true, said) == wanted);
}

BOOST_AUTO_TEST_CASE(a_message_within_another_protocol_is_not_obeyed) {
    Stream stream;
    const std::string post =
        "POST /upload HTTP/1.1\r\nHost: 11.0.9.1:5060\r\nContent-Length: 10000\r\n\r\n";
    const std::string hidden = request("INVITE", 1, sdp("192.168.1.20", 40000));
    BOOST_TEST(stream.say(true, post) == post);
    BOOST_TEST(stream.say(true, hidden) == hidden);
    BOOST_TEST(stream.say(true, request("REGISTER", 2, "")) == request("REGISTER", 2, ""));
    BOOST_TEST(stream.house.alg.calls().size() == 0U);
    BOOST_TEST(stream.house.alg.streams() == 0U);
    BOOST_TEST(stream.count(Reason::http) == 1U);
    BOOST_TEST(stream.house.story.at(0) == "not SIP on a SIP port http");
}

BOOST_AUTO_TEST_CASE(where_one_direction_is_not_understood_neither_is_changed) {
    Stream stream;
    const std::string half = "INVITE sip:b@x SIP/2.0\r\nVia: ";
    BOOST_TEST(stream.say(true, half).empty());
    BOOST_TEST(stream.say(false, "220 mail.example.net\r\n") == "220 mail.example.net\r\n");
    BOOST_TEST(stream.other == half);
    BOOST_TEST(stream.say(true, "192.168.1.20") == "192.168.1.20");
}

BOOST_AUTO_TEST_CASE(what_is_never_finished_passes_after_a_while) {
    Stream stream;
    const auto fire = [&] {
        stream.house.house.now = stream.house.alg.next_deadline().value();
        stream.tell(TimerFired{});
        BOOST_REQUIRE(stream.house.effects.bytes.size() == 1U);
        return stream.house.effects.bytes[0].bytes;
    };
    const Instant begun = stream.house.house.now;
    BOOST_TEST(stream.say(true, "HELO").empty());
    BOOST_TEST(fire() == "HELO");
    BOOST_TEST((stream.house.house.now - begun <= 10s));
    BOOST_TEST(stream.count(Reason::unfinished) == 1U);
    BOOST_TEST(stream.say(true, " world") == " world");
}

BOOST_AUTO_TEST_CASE(the_end_lets_out_what_was_held) {
    Stream stream;
    BOOST_TEST(stream.say(true, "INVITE sip:b@x").empty());
    BOOST_TEST(stream.say(true, "", true) == "INVITE sip:b@x");
}

BOOST_AUTO_TEST_CASE(the_port_is_given_back_with_the_connection) {
    Stream stream;
    BOOST_TEST(stream.house.house.engine->forwards().size() == 1U);
    stream.tell(StreamEnded{kStream});
    BOOST_TEST(stream.house.house.engine->forwards().empty());
    BOOST_TEST(stream.house.alg.connections() == 0U);
    BOOST_TEST(stream.house.house.agrees());
}

BOOST_AUTO_TEST_CASE(two_phones_with_the_same_port_leave_from_their_own) {
    Stream stream;
    const Endpoint4 second = gatehouse::test::host(30, 49152);
    stream.tell(StreamBegun{2, second, kServer});
    const Endpoint4 outside = stream.house.effects.connects.at(0).outside;
    BOOST_TEST(outside.address.to_string() == "11.0.0.1");
    BOOST_TEST(outside.port.number != 49152);
    // And no other host gets the port of the first one meanwhile.
    const auto sent = stream.house.house.send(second, {Ip4::of(11, 0, 9, 9), Port{80}}, Proto::tcp);
    BOOST_REQUIRE(sent.has_value());
    BOOST_TEST(sent->port.number != 49152);
}

BOOST_AUTO_TEST_CASE(one_phone_keeps_its_port_to_two_servers) {
    Stream stream;
    stream.tell(StreamBegun{2, kFrom, {Ip4::of(11, 0, 9, 9), Port{5060}}});
    BOOST_TEST(stream.house.effects.connects.at(0).outside.to_string() == "11.0.0.1:49152");
}

BOOST_AUTO_TEST_CASE(observing_and_off_change_nothing_over_tcp) {
    const std::string text = request("INVITE", 1, sdp("192.168.1.20", 40000));
    Stream observed(config::SipMode::observe);
    BOOST_TEST(observed.say(true, text) == text);
    BOOST_TEST(observed.count(Reason::observed) == 1U);
    BOOST_TEST(observed.house.alg.streams() == 0U);
    Stream off(config::SipMode::off);
    BOOST_TEST(off.say(true, text) == text);
    BOOST_TEST(off.house.alg.calls().size() == 0U);
}

BOOST_AUTO_TEST_CASE(unfinished_messages_of_all_connections_are_bounded) {
    Stream stream;
    const std::string begin =
        concat("MESSAGE sip:b@x SIP/2.0\r\nl: 65536\r\n\r\n", std::string(65000, 'x'));
    for (StreamId id = 2; id < 200; ++id) {
        stream.tell(StreamBegun{
            id, gatehouse::test::host(20, static_cast<std::uint16_t>(40000 + id)), kServer});
        stream.tell(StreamData{id, true, begin, false});
    }
    BOOST_TEST(stream.count(Reason::limit) >= 198 - Alg::kMostHeld / 65000);
    // Who speaks in whole messages is served as ever.
    BOOST_TEST(has(stream.say(true, request("REGISTER", 1, "")), "11.0.0.1:49152"));
}

BOOST_AUTO_TEST_SUITE_END()
