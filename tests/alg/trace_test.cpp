// SPDX-License-Identifier: GPL-2.0-or-later
//
// The last messages, for people: what is kept, and what nobody gets to see.
#include "alg/trace.h"

#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/alg/support/house.h"

using namespace gatehouse;
using namespace gatehouse::sip;
using namespace gatehouse::sip::test;

BOOST_AUTO_TEST_SUITE(trace)

BOOST_AUTO_TEST_CASE(a_message_is_kept_as_it_came_and_as_it_went_on) {
    SipHouse house;
    const std::string before = invite(sdp("192.168.1.20", 40000));
    const std::string after = house.out(kPhone, before);
    house.out(kPhone, "\r\n\r\n");
    house.out(kPhone, "a game");
    const std::string same = "OPTIONS sip:a@192.168.1.20:5060 SIP/2.0\r\nSubject: x\r\n\r\n";
    house.in(kPhone, same);
    const auto all = house.alg.trace().all();
    BOOST_REQUIRE(all.size() == 2U);
    BOOST_TEST(all[0]->outward);
    BOOST_TEST(all[0]->inside.to_string() == kPhone.to_string());
    BOOST_TEST(all[0]->remote.to_string() == kServer.to_string());
    BOOST_TEST(all[0]->reason == Reason::edited);
    BOOST_TEST(all[0]->before == before);
    BOOST_TEST(all[0]->after == after);
    BOOST_TEST(!all[1]->outward);
    BOOST_TEST(all[1]->before == same);
    BOOST_TEST(all[1]->after == "");
}

BOOST_AUTO_TEST_CASE(the_last_ones_are_kept_each_up_to_a_length) {
    SipHouse house;
    for (int i = 0; i < 1000; ++i) {
        house.out(kPhone, concat("OPTIONS sip:x SIP/2.0\r\nSubject: ", i,
                                 "\r\nFill: ", std::string(5000, 'x'), "\r\n\r\n"));
    }
    const auto all = house.alg.trace().all();
    BOOST_REQUIRE(all.size() == Trace::kMost);
    BOOST_TEST(has(all.front()->before, concat("Subject: ", 1000 - Trace::kMost, "\r\n")));
    BOOST_TEST(has(all.back()->before, "Subject: 999\r\n"));
    BOOST_TEST(all.back()->before.size() == Trace::kMostText);
}

BOOST_AUTO_TEST_CASE(what_is_shown_has_no_secrets) {
    const std::pair<std::string, std::string> lines[] = {
        {"Authorization: Digest username=\"a\",\r\n response=\"b\"\r\nTo: x\r\n",
         "Authorization: ...\r\nTo: x\r\n"},
        {"proxy-authorization : Digest x\r\n", "proxy-authorization : ...\r\n"},
        {"Authentication-Info: rspauth=x\r\n", "Authentication-Info: ...\r\n"},
        {"Contact: <sip:alice:secret@192.168.1.20:5060>\r\n",
         "Contact: <sip:alice:...@192.168.1.20:5060>\r\n"},
        {"Contact: sips:a:b@x, <sip:c:d@y>\r\n", "Contact: sips:a:...@x, <sip:c:...@y>\r\n"},
        {"Contact: <sip:192.168.1.20:5060>;expires=3;x=a@b\r\n",
         "Contact: <sip:192.168.1.20:5060>;expires=3;x=a@b\r\n"},
        {"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK\r\n",
         "Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK\r\n"},
        {"Call-ID: a@192.168.1.20\r\n", "Call-ID: a@192.168.1.20\r\n"},
    };
    for (const auto& [before, after] : lines) {
        const std::string start = "OPTIONS sip:x SIP/2.0\r\n";
        BOOST_TEST(without_secrets(start + before + "\r\n") == start + after + "\r\n");
    }
    BOOST_TEST(without_secrets("MESSAGE sip:x SIP/2.0\r\n\r\nlove") ==
               "MESSAGE sip:x SIP/2.0\r\n\r\n[4 bytes]\r\n");
    BOOST_TEST(without_secrets("X\r\n\r\nv=0\r\na=crypto:1 AES inline:abc\r\nk=clear:x\r\n"
                               "a=ice-pwd:x\r\nm=audio 1\r\n") ==
               "X\r\n\r\nv=0\r\na=crypto...\r\nk=clear...\r\na=ice-pwd...\r\nm=audio 1\r\n");
    // Where the end is cut off, and where there is nothing.
    BOOST_TEST(without_secrets("X\r\nAuthorization: Dig") == "X\r\nAuthorization: ...\r\n");
    BOOST_TEST(without_secrets("") == "");
}

BOOST_AUTO_TEST_SUITE_END()
