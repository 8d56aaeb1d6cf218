// SPDX-License-Identifier: GPL-2.0-or-later
//
// Calls that stand when the daemon ends, as a text, and what they are afterwards.
#include "alg/saved_calls.h"

#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/alg/support/house.h"

using namespace gatehouse;
using namespace gatehouse::sip;
using namespace gatehouse::sip::test;

namespace {

constexpr std::chrono::seconds kWall(1'000'000);

std::string response(std::string_view body, std::string_view to_tag = "2") {
    return with_body(concat("SIP/2.0 200 OK\nVia: SIP/2.0/UDP 11.0.0.1:5060\n"
                            "From: <sip:alice@example.net>;tag=1\nTo: <sip:bob@example.net>;tag=",
                            to_tag, "\nCall-ID: call-1@192.168.1.20\nCSeq: 1 INVITE\n"),
                     body);
}

std::string goodbye(std::string_view to_tag = "2") {
    return crlf(
        concat("BYE sip:bob@example.net SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.20:5060\n"
               "From: <sip:alice@example.net>;tag=1\nTo: <sip:bob@example.net>;tag=",
               to_tag, "\nCall-ID: call-1@192.168.1.20\nCSeq: 2 BYE\n", "Content-Length: 0\n\n"));
}

std::string media_of(std::string_view message) {
    const std::size_t at = message.find("m=audio ");
    return std::string(message.substr(at, message.find(" RTP", at) - at));
}

// The other phone has the port already, so that the call's own is another one outside.
void take_port(SipHouse& house) {
    house.out(kSecond, replaced(invite(sdp("192.168.1.30", 40000), "other"), "192.168.1.20",
                                "192.168.1.30"));
}

// What a house writes down of a call, and the media line that it has sent.
struct Before {
    std::string saved;
    std::string media;
};

Before stop_in_the_midst(bool forked = false) {
    SipHouse house;
    take_port(house);
    Before out;
    out.media = media_of(house.out(kPhone, invite(sdp("192.168.1.20", 40000))));
    house.in(kPhone, response(sdp("11.0.9.2", 9000)));
    if (forked) house.in(kPhone, response(sdp("11.0.9.2", 9000), "3"));
    BOOST_TEST(house.effects.calls.size() == 1U);
    house.pass(600s);
    out.saved = write_saved_calls(house.alg.saved_calls(house.house.now), kWall);
    return out;
}

void restore(SipHouse& house, const std::string& saved) {
    house.alg.handle(Restored{{}, read_saved_calls(saved, kWall + 10s)}, house.house.now,
                     house.effects);
    house.house.flush();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(saved_calls)

BOOST_AUTO_TEST_CASE(a_call_is_one_line_and_those_that_do_not_stand_are_none) {
    const Before before = stop_in_the_midst();
    const std::string port = before.media.substr(std::string_view("m=audio ").size());
    BOOST_TEST(port != "40000");
    BOOST_TEST(before.saved ==
               concat("192.168.1.20:5060 11.0.9.1:5060 established 1042600 0 ",
                      "call-1@192.168.1.20 sip:alice@example.net sip:bob@example.net 2 ",
                      "192.168.1.20:40000/", port, "/192.168.1.20:40001/1/11.0.9.2:9000\n"));
}

BOOST_AUTO_TEST_CASE(after_a_restart_a_call_has_its_ports_and_its_peer) {
    const Before before = stop_in_the_midst();
    SipHouse house;
    restore(house, before.saved);
    BOOST_TEST(house.alg.calls().size() == 1U);
    BOOST_TEST(house.alg.calls().all().begin()->second.state == CallState::established);
    BOOST_TEST(house.story.empty());
    const auto port = parse_number<std::uint16_t>(before.media.substr(8));
    BOOST_REQUIRE(port.has_value());
    const Endpoint4 rtp{gatehouse::test::kOutside, Port{*port}};
    BOOST_TEST(house.is_open(rtp, {Ip4::of(11, 0, 9, 2), Port{9000}}));
    BOOST_TEST(!house.is_open(rtp, {Ip4::of(11, 0, 9, 3), Port{9000}}));
    // Held for long, and on again, at the same port.
    house.pass(3600s);
    BOOST_TEST(media_of(house.out(kPhone, invite(sdp("192.168.1.20", 40000)))) == before.media);
    house.out(kPhone, goodbye());
    house.pass(33s);
    BOOST_TEST(house.alg.streams() == 0U);
    BOOST_TEST(house.alg.calls().size() == 0U);
}

BOOST_AUTO_TEST_CASE(after_a_restart_a_forked_call_ends_with_its_last_dialog) {
    SipHouse house;
    restore(house, stop_in_the_midst(true).saved);
    house.out(kPhone, goodbye("3"));
    house.pass(120s);
    BOOST_TEST(house.alg.streams() == 1U);
    house.out(kPhone, goodbye("2"));
    house.pass(33s);
    BOOST_TEST(house.alg.streams() == 0U);
}

BOOST_AUTO_TEST_CASE(a_call_whose_port_has_gone_gets_another_one) {
    const Before before = stop_in_the_midst();
    SipHouse house;
    const auto port = parse_number<std::uint16_t>(before.media.substr(8));
    house.house.send(host(40, port.value_or(0)), {Ip4::of(11, 0, 9, 9), Port{9}});
    restore(house, before.saved);
    BOOST_TEST(house.alg.streams() == 1U);
    const std::string media = media_of(house.out(kPhone, invite(sdp("192.168.1.20", 40000))));
    BOOST_TEST(media != before.media);
}

BOOST_AUTO_TEST_CASE(a_call_that_is_restored_twice_is_there_once) {
    const Before before = stop_in_the_midst();
    SipHouse house;
    restore(house, before.saved + before.saved);
    BOOST_TEST(house.alg.calls().size() == 1U);
    BOOST_TEST(house.alg.streams() == 1U);
}

BOOST_AUTO_TEST_CASE(a_spoiled_file_restores_the_calls_that_can_be_read) {
    const std::string good =
        "192.168.1.20:5060 11.0.9.1:5060 held 1003600 1800 id - sip:b@x - - "
        "192.168.1.20:40000/40000/-/2/-\n";
    for (const std::string bad :
         {"", "x", "192.168.1.20:5060 11.0.9.1:5060 held 1003600 1800 id - sip:b@x",
          "192.168.1.20 11.0.9.1:5060 held 1003600 1800 id - - -",
          "192.168.1.20:5060 11.0.9.1:5060 ringing 1003600 1800 id - - -",
          "192.168.1.20:5060 11.0.9.1:5060 held 1000000 1800 id - - -",
          "192.168.1.20:5060 11.0.9.1:5060 held 4000000000 1800 id - - -",
          "192.168.1.20:5060 11.0.9.1:5060 held 1003600 -1 id - - -",
          "192.168.1.20:5060 11.0.9.1:5060 held 1003600 1800 id - - ,",
          "192.168.1.20:5060 11.0.9.1:5060 held 1003600 1800 id - - - 192.168.1.20:1/1/-/1",
          "192.168.1.20:5060 11.0.9.1:5060 held 1003600 1800 id - - - 192.168.1.20:1/0/-/1/-",
          "192.168.1.20:5060 11.0.9.1:5060 held 1003600 1800 id - - - 192.168.1.20:1/1/-/0/-",
          "192.168.1.20:5060 11.0.9.1:5060 held 1003600 1800 \x7f - - -"}) {
        BOOST_TEST_CONTEXT(bad) {
            BOOST_TEST(read_saved_calls(bad + "\n", kWall).empty());
            const auto both = read_saved_calls(concat(bad, "\n", good, bad), kWall);
            BOOST_REQUIRE(both.size() == 1U);
            BOOST_TEST((both[0].left == 3600s));
            BOOST_TEST(write_saved_calls(both, kWall) == good);
        }
    }
}

// What is written at each change, behind what there was, is what is read after a kill.
BOOST_AUTO_TEST_CASE(changes_written_one_behind_the_other_are_the_calls_that_stand) {
    SipHouse house;
    std::string file;
    const auto write = [&] { file += write_saved_calls(house.effects.calls, kWall); };
    const auto agrees = [&] {
        const auto stand = house.alg.saved_calls(house.house.now);
        return write_saved_calls(read_saved_calls(file, kWall), kWall) ==
               write_saved_calls(stand, kWall);
    };
    house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
    write();
    BOOST_TEST(file == "");
    house.in(kPhone, response(sdp("11.0.9.2", 9000)));
    write();
    BOOST_TEST(file != "");
    BOOST_TEST(agrees());
    // On hold, and to another port.
    const std::string again =
        replaced(invite(sdp("192.168.1.20", 40002, "a=sendonly\n")), "To: <sip:bob@example.net>",
                 "To: <sip:bob@example.net>;tag=2");
    house.out(kPhone, again);
    write();
    BOOST_TEST(agrees());
    house.out(kPhone, goodbye());
    write();
    BOOST_TEST(house.alg.saved_calls(house.house.now).empty());
    BOOST_TEST(read_saved_calls(file, kWall).empty());
}

BOOST_AUTO_TEST_CASE(of_very_many_lines_the_last_ones_about_a_call_count) {
    SipHouse house;
    house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
    house.in(kPhone, response(sdp("11.0.9.2", 9000)));
    auto call = house.effects.calls.at(0);
    std::string file;
    for (int i = 0; i < 3000; ++i) {
        call.call.id = concat("call-", i);
        file += write_saved_calls({call}, kWall);
        auto ended = call;
        ended.call.state = CallState::ended;
        if (i >= 1000) file += write_saved_calls({ended}, kWall);
    }
    const auto stand = read_saved_calls(file, kWall);
    BOOST_REQUIRE(stand.size() == 1000U);
    BOOST_TEST(stand.back().call.id == "call-999");
}

BOOST_AUTO_TEST_SUITE_END()
