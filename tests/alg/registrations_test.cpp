// SPDX-License-Identifier: GPL-2.0-or-later
//
// What phones have registered: what it opens, for whom, and for how long.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/alg/support/house.h"

using namespace gatehouse;
using namespace gatehouse::sip;
using namespace gatehouse::sip::test;

BOOST_AUTO_TEST_SUITE(registration)

namespace {

std::string register_text(unsigned cseq = 1) {
    return crlf(
        concat("REGISTER sip:example.net SIP/2.0\n"
               "Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK-7;rport\n"
               "From: <sip:a@x>;tag=1\nTo: <sip:a@x>\nCall-ID: reg\nCSeq: ",
               cseq, " REGISTER\nContact: <sip:a@192.168.1.20:5060>\nExpires: 3600\n\n"));
}

std::string registered(unsigned expires, unsigned cseq = 1, std::string_view call_id = "reg") {
    return crlf(
        concat("SIP/2.0 200 OK\nVia: SIP/2.0/UDP 11.0.0.1:5060;branch=z9hG4bK-7\n"
               "From: <sip:a@x>;tag=1\nTo: <sip:a@x>;tag=2\nCall-ID: ",
               call_id, "\nCSeq: ", cseq,
               " REGISTER\nContact: <sip:a@11.0.0.1:5060>;expires=", expires, "\n\n"));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_silent_phone_is_reached_by_its_registrar_for_as_long_as_it_granted) {
    SipHouse house;
    house.out(kPhone, register_text());
    house.in(kPhone, registered(3600));
    BOOST_TEST(house.alg.registrations() == 1U);
    const Endpoint4 outside = house.outside(kPhone);
    house.pass(3599s);
    BOOST_TEST(house.outside(kPhone).to_string() == outside.to_string());
    BOOST_TEST(house.is_open(outside, kServer));
    BOOST_TEST(!house.is_open(outside, {Ip4::of(11, 0, 9, 50), Port{5060}}));
    house.pass(400s);
    BOOST_TEST(house.alg.registrations() == 0U);
    house.pass(700s);
    BOOST_TEST(!house.is_open(outside, kServer));
}

BOOST_AUTO_TEST_CASE(servers_that_the_registrar_names_reach_a_silent_phone_too) {
    SipHouse house;
    const auto with = [](const char* headers) {
        std::string text = registered(3600);
        return text.insert(text.find("Contact:"), crlf(headers));
    };
    const auto at = [](std::uint8_t last) {
        return Endpoint4{Ip4::of(11, 0, 9, last), Port{5060}};
    };
    house.out(kPhone, register_text());
    house.in(kPhone, with("Service-Route: <sip:11.0.9.31;lr>, <sip:name.example.net;lr>\n"
                          "Path: <sip:x@11.0.9.32:5070;lr>,\n <sip:192.168.1.20;lr>\n"
                          "Path: <sip:127.0.0.1;lr>, <sip:11.0.0.1;lr>, what is none\n"));
    const Endpoint4 outside = house.outside(kPhone);
    house.pass(3000s);
    BOOST_TEST(house.is_open(outside, kServer));
    BOOST_TEST(house.is_open(outside, at(31)));
    BOOST_TEST(house.is_open(outside, at(32)));
    BOOST_TEST(!house.is_open(outside, at(33)));
    BOOST_TEST(house.alg.flows().size() == 3U);
    house.out(kPhone, register_text(2));
    house.in(kPhone, registered(0, 2));
    house.pass(1500s);
    BOOST_TEST(!house.is_open(outside, at(31)));
    BOOST_TEST(house.alg.flows().size() == 0U);
}

BOOST_AUTO_TEST_CASE(no_answer_names_more_than_four_servers) {
    SipHouse house;
    std::string text = registered(3600);
    for (int last = 31; last < 51; ++last)
        text.insert(text.find("Contact:"), concat("Path: <sip:11.0.9.", last, ">\r\n"));
    house.out(kPhone, register_text());
    house.in(kPhone, text);
    BOOST_TEST(house.alg.flows().size() == 5U);
}

BOOST_AUTO_TEST_CASE(asking_alone_opens_nothing) {
    SipHouse house;
    house.out(kPhone, register_text());
    house.in(kPhone, registered(3600, 2));             // another request
    house.in(kPhone, registered(3600, 1, "another"));  // another Call-ID
    BOOST_TEST(house.alg.registrations() == 0U);
    const Endpoint4 stranger{Ip4::of(11, 0, 9, 3), Port{5060}};
    house.house.send(kPhone, stranger);
    house.in(kPhone, registered(3600), stranger);  // another server
    BOOST_TEST(house.alg.registrations() == 0U);
    BOOST_TEST(house.house.engine->forwards().empty());
}

BOOST_AUTO_TEST_CASE(a_host_has_no_more_than_its_part_of_the_registrations) {
    config::Sip config{config::SipMode::automatic, {Port{5060}}};
    config.host_registrations = 2;
    config.registrations = 3;
    SipHouse house(config);
    const auto ask = [&house](std::uint8_t last, std::uint16_t port) {
        house.out({Ip4::of(192, 168, 1, last), Port{port}}, register_text());
        return house.alg.flows().open_flows();
    };
    BOOST_TEST(ask(20, 5060) == 1U);
    BOOST_TEST(ask(20, 5062) == 2U);
    BOOST_TEST(ask(20, 5064) == 2U);
    BOOST_TEST(ask(30, 5060) == 3U);
    BOOST_TEST(ask(40, 5060) == 3U);
    BOOST_TEST(house.alg.flows().refused() == 2U);
    // Who is there is kept open.
    house.in(kPhone, registered(3600));
    BOOST_TEST(house.alg.registrations() == 1U);
}

BOOST_AUTO_TEST_CASE(leaving_closes_it) {
    SipHouse house;
    house.out(kPhone, register_text());
    house.in(kPhone, registered(3600));
    house.out(kPhone, register_text(2));
    house.in(kPhone, registered(0, 2));
    BOOST_TEST(house.alg.registrations() == 0U);
}

BOOST_AUTO_TEST_CASE(a_registrar_that_lists_no_contacts_may_name_the_time_alone) {
    const std::string contact = "Contact: <sip:a@11.0.0.1:5060>;expires=3600\r\n";
    SipHouse house;
    house.out(kPhone, register_text());
    house.in(kPhone, replaced(registered(3600), contact, ""));
    BOOST_TEST(house.alg.registrations() == 0U);
    house.out(kPhone, register_text(2));
    house.in(kPhone, replaced(registered(3600, 2), contact, "Expires: 600\r\n"));
    BOOST_TEST(house.alg.registrations() == 1U);
    house.pass(700s);
    BOOST_TEST(house.alg.registrations() == 0U);
}

BOOST_AUTO_TEST_CASE(accounts_of_one_phone_keep_it_together) {
    SipHouse house;
    house.out(kPhone, register_text(1));
    house.in(kPhone, registered(3600, 1));
    house.out(kPhone, replaced(register_text(2), "To: <sip:a@x>", "To: <sip:b@x>"));
    house.in(kPhone, registered(0, 2));
    BOOST_TEST(house.alg.registrations() == 1U);
}

BOOST_AUTO_TEST_CASE(a_second_provider_keeps_the_same_outside_port) {
    SipHouse house;
    const Endpoint4 other{Ip4::of(11, 0, 9, 3), Port{5060}};
    house.out(kPhone, register_text());
    house.in(kPhone, registered(3600));
    house.out(kPhone, register_text(2), other);
    house.in(kPhone, registered(3600, 2), other);
    BOOST_TEST(house.alg.registrations() == 2U);
    house.pass(1000s);
    BOOST_TEST(house.is_open(house.outside(kPhone), kServer));
    BOOST_TEST(house.is_open(house.outside(kPhone), other));
}

BOOST_AUTO_TEST_CASE(a_registration_survives_a_restart) {
    std::string saved;
    {
        SipHouse house;
        house.out(kPhone, register_text());
        house.in(kPhone, registered(3600));
        BOOST_TEST(house.effects.registrations.size() == 1U);
        house.pass(600s);
        saved = write_saved(house.alg.saved(house.house.now), 1'000'000s);
        BOOST_TEST(saved == "192.168.1.20:5060 11.0.9.1:5060 5060 1003032 sip:a@x\n");
    }
    SipHouse house;
    house.alg.handle(Restored{read_saved(saved, 1'000'060s)}, house.house.now, house.effects);
    house.house.flush();
    BOOST_TEST(house.alg.registrations() == 1U);
    const Endpoint4 outside{gatehouse::test::kOutside, Port{5060}};
    BOOST_TEST(house.is_open(outside, kServer));
    BOOST_TEST(!house.is_open(outside, {Ip4::of(11, 0, 9, 50), Port{5060}}));
    house.pass(100s);
    BOOST_TEST(house.kept_alive.size() == 4U);
    house.pass(2900s);
    BOOST_TEST(house.alg.registrations() == 0U);
}

BOOST_AUTO_TEST_CASE(a_spoiled_file_restores_what_can_be_read) {
    const std::string good = "192.168.1.20:5060 11.0.9.1:5060 5060 1003600 sip:a@x\n";
    for (const char* bad : {"", "x", "192.168.1.20 11.0.9.1:5060 5060 1003600 sip:a@x",
                            "192.168.1.20:5060 11.0.9.1:5060 0 1003600 sip:a@x",
                            "192.168.1.20:5060 11.0.9.1:5060 5060 1000000 sip:a@x",
                            "192.168.1.20:5060 11.0.9.1:5060 5060 4000000000 sip:a@x",
                            "192.168.1.20:5060 11.0.9.1:5060 5060 -1 sip:a@x",
                            "192.168.1.20:5060 11.0.9.1:5060 5060 1003600 a b",
                            "192.168.1.20:5060 11.0.9.1:5060 5060 1003600 \x7f"}) {
        BOOST_TEST(read_saved(concat(bad, "\n"), 1'000'000s).empty());
        const auto both = read_saved(concat(bad, "\n", good, bad), 1'000'000s);
        BOOST_REQUIRE(both.size() == 1U);
        BOOST_TEST(both[0].inside.to_string() == "192.168.1.20:5060");
        BOOST_TEST((both[0].left == 3600s));
        BOOST_TEST(write_saved(both, 1'000'000s) == good);
    }
    BOOST_TEST(write_saved({{kPhone, kServer, Port{5060}, 9s, "a\nb"}}, 0s).empty());
}

BOOST_AUTO_TEST_CASE(a_silent_phone_is_kept_alive_by_messages_in_its_name) {
    SipHouse house;
    house.pass(100s);
    house.out(kPhone, register_text());
    house.pass(30s);
    BOOST_TEST(house.kept_alive.empty());
    house.out(kPhone, register_text(2));
    house.in(kPhone, registered(3600, 2));
    house.pass(100s);
    BOOST_TEST(house.kept_alive.size() == 4U);
    BOOST_TEST(house.kept_alive.back() == "192.168.1.20:5060 11.0.9.1:5060");
    house.out(kPhone, register_text(3));
    house.in(kPhone, registered(0, 3));
    house.kept_alive.clear();
    house.pass(100s);
    BOOST_TEST(house.kept_alive.empty());
}

BOOST_AUTO_TEST_CASE(a_phone_that_speaks_by_itself_is_not_spoken_for) {
    SipHouse house;
    house.out(kPhone, register_text());
    house.in(kPhone, registered(3600));
    for (int i = 0; i < 10; ++i) {
        house.pass(20s);
        house.out(kPhone, "\r\n\r\n");
    }
    BOOST_TEST(house.kept_alive.empty());
    // What it says to others is not heard by its registrar.
    for (int i = 0; i < 3; ++i) {
        house.pass(10s);
        house.out(kPhone, "\r\n\r\n", {Ip4::of(11, 0, 9, 3), Port{5060}});
    }
    BOOST_TEST(house.kept_alive.size() == 1U);
}

BOOST_AUTO_TEST_CASE(keep_alives_end_with_the_registration_and_where_they_are_not_wanted) {
    SipHouse house;
    house.out(kPhone, register_text());
    house.in(kPhone, registered(60));
    house.pass(500s);
    BOOST_TEST(house.kept_alive.size() == 3U);
    house.out(kPhone, register_text(2));
    house.in(kPhone, registered(3600, 2));
    house.kept_alive.clear();
    house.alg.handle(Reconfigured{{config::SipMode::automatic, {Port{5060}}, 0s}}, house.house.now,
                     house.effects);
    house.pass(100s);
    BOOST_TEST(house.kept_alive.empty());
    house.alg.handle(Reconfigured{{config::SipMode::automatic, {Port{5060}}, 50s}}, house.house.now,
                     house.effects);
    house.pass(100s);
    BOOST_TEST(house.kept_alive.size() == 2U);
}

BOOST_AUTO_TEST_CASE(it_follows_a_change_of_the_outside_address) {
    SipHouse house;
    house.out(kPhone, register_text());
    house.in(kPhone, registered(3600));
    house.house.event(nat::OutsideChanged{{gatehouse::test::kOutside2}});
    const std::string after = house.out(kPhone, register_text(2));
    BOOST_TEST(has(after, "<sip:a@11.0.0.2:5060>"));
    BOOST_TEST(house.is_open({gatehouse::test::kOutside2, Port{5060}}, kServer));
}

BOOST_AUTO_TEST_CASE(changes_written_one_behind_the_other_are_the_registrations_that_stand) {
    SipHouse house;
    std::string file;
    const auto take = [&](unsigned expires, unsigned cseq) {
        house.out(kPhone, register_text(cseq));
        house.in(kPhone, registered(expires, cseq));
        file += write_saved(house.effects.registrations, 1'000'000s);
        return write_saved(read_saved(file, 1'000'000s), 1'000'000s);
    };
    BOOST_TEST(take(3600, 1) == "192.168.1.20:5060 11.0.9.1:5060 5060 1003632 sip:a@x\n");
    BOOST_TEST(take(60, 2) == "192.168.1.20:5060 11.0.9.1:5060 5060 1000092 sip:a@x\n");
    BOOST_TEST(take(0, 3) == "");
    BOOST_TEST(std::count(file.begin(), file.end(), '\n') == 3);
}

BOOST_AUTO_TEST_SUITE_END()
