// SPDX-License-Identifier: GPL-2.0-or-later
//
// The gateway as a bijection, over generated messages: what a host gets back of what it sent is
// what it sent, and what names no inside address is not changed at all.
#include <boost/test/unit_test.hpp>

#include "gateway/base/random.h"
#include "gateway/base/text.h"
#include "tests/alg/support/house.h"

using namespace gatehouse;
using namespace gatehouse::sip;
using namespace gatehouse::sip::test;

namespace {

// Writes messages as a host at `address` might, with the freedoms that the grammar gives.
class Author {
  public:
    Author(std::uint64_t seed, std::string address) : random_(seed), address_(std::move(address)) {
        via_ = one_of({"", ":5060"});
        uri_ = one_of({"", ":5060"});
    }

    std::string message() {
        const bool request = chance(70);
        const std::string body = chance(70) ? bodies() : std::string();
        std::string out =
            request ? concat(one_of({"INVITE", "UPDATE", "OPTIONS", "MESSAGE", "PRACK", "FOO"}),
                             " sip:bob@example.net SIP/2.0\n")
                    : concat("SIP/2.0 ", one_of({"180 Ringing", "200 OK", "302 Moved"}), "\n");
        append(out, one_of({"Via", "v", "VIA "}), ":", blank(), "SIP/2.0/UDP ", address_, via_,
               one_of({";branch=z9hG4bK1", " ;rport;branch=1", ";branch=1;received=11.0.9.9"}),
               "\n");
        if (chance(50)) append(out, "Via: SIP/2.0/UDP 11.0.9.7;branch=2,SIP/2.0/TCP x.example\n");
        append(out, "From: <sip:alice@", address_, ">;tag=", address_, "\nTo: <sip:bob@x>\n");
        append(out, one_of({"Call-ID", "i"}), ": ", random_.below(40), "@", address_, "\n");
        append(out, "CSeq: 1 ", one_of({"INVITE", "OPTIONS", "UPDATE"}), "\n");
        append(out, one_of({"Contact", "m"}), ":", blank(), "<sip:alice@", address_, uri_,
               one_of({"", ";ob", ";transport=udp"}), ">", one_of({"", ";q=0.1;expires=60"}));
        append(out, one_of({"", ",<sip:a@11.0.9.5>", ", \"x, y\" <sip:b@h.example>;q=1"}), "\n");
        if (chance(30)) append(out, "X-Address: ", address_, ":5060\n");
        if (!body.empty()) append(out, "Content-Type: ", type_, "\n");
        out = crlf(out);
        if (chance(80)) append(out, one_of({"Content-Length: ", "l:"}), body.size(), "\r\n");
        return concat(out, "\r\n", body);
    }

  private:
    bool chance(unsigned percent) { return random_.below(100) < percent; }
    std::string one_of(std::initializer_list<const char*> all) {
        return *(all.begin() + random_.below(all.size()));
    }
    std::string blank() { return one_of({" ", "", "  ", "\n ", "\t"}); }

    std::string bodies() {
        type_ = "application/sdp";
        const std::string first = crlf(description());
        if (chance(70)) return first;
        type_ = "multipart/mixed; boundary=\"b1\"";
        const std::string length =
            chance(50) ? concat("Content-Length: ", first.size(), "\r\n") : std::string();
        return concat("--b1\r\nContent-Type: application/pidf+xml\r\n\r\n<x>", address_,
                      "</x>\r\n--b1\r\nContent-Type: application/sdp\r\n", length, "\r\n", first,
                      "\r\n--b1--\r\n");
    }

    std::string description() {
        std::string out =
            concat("v=0\no=x 1 1 IN IP4 ", chance(80) ? address_ : "x.invalid", "\ns=-\n");
        append(out, "c=IN IP4 ", address_, "\nt=0 0\na=tool:", address_, "\n");
        const auto streams = random_.between(0, 4);
        for (std::uint64_t i = 0; i < streams; ++i) {
            const auto port = 20000 + 100 * i + random_.below(4);
            append(out, "m=", one_of({"audio ", "video ", "image "}), chance(10) ? 0 : port,
                   chance(10) ? "/2" : "",
                   one_of({" RTP/AVP 0\n", " RTP/SAVP 8\n", " udptl t38\n", " TCP/MSRP *\n"}));
            if (chance(20)) append(out, "c=IN IP4 ", address_, "\n");
            if (chance(20)) append(out, "a=rtcp:", port + 7, "\n");
            if (chance(20)) append(out, "a=rtcp:", port + 9, " IN IP4 ", address_, "\n");
            append(out, one_of({"a=sendrecv\n", "a=sendonly\n", "", "a=rtcp-mux\n"}));
        }
        return out;
    }

    SeededRandom random_;
    std::string address_;
    std::string via_;
    std::string uri_;
    std::string type_;
};

// Somebody else has the ports that the phone would keep.
void occupy(SipHouse& house) {
    house.house.send(kSecond, kServer);
    for (std::uint16_t port = 20000; port < 20320; ++port)
        house.house.send(host(30, port), kServer);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(property)

BOOST_AUTO_TEST_CASE(the_way_back_restores_every_message) {
    unsigned edited = 0;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        SipHouse house;
        if (seed % 2 == 1) occupy(house);
        Author author(seed, "192.168.1.20");
        for (int i = 0; i < 4; ++i) {
            const std::string text = author.message();
            const std::string after = house.out(kPhone, text);
            if (house.reason() == Reason::edited) ++edited;
            const std::string back = house.in(kPhone, after);
            if (back == text) continue;
            BOOST_ERROR("seed " << seed << "\n"
                                << text << "\nbecame\n"
                                << after << "\nand\n"
                                << back);
            return;
        }
    }
    BOOST_TEST(edited > 900U);
}

BOOST_AUTO_TEST_CASE(a_message_that_needs_no_help_is_not_changed) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        SipHouse house;
        Author author(seed, seed % 2 == 0 ? "11.0.0.1" : "11.0.9.30");
        const std::string text = author.message();
        BOOST_REQUIRE_EQUAL(house.out(kPhone, text), text);
        BOOST_REQUIRE(house.reason() != Reason::edited);
        BOOST_REQUIRE_EQUAL(house.alg.streams(), 0U);
    }
}

BOOST_AUTO_TEST_SUITE_END()
