// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/framer.h"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <ostream>

#include "gateway/base/text.h"
#include "tests/alg/support/house.h"

using namespace gatehouse;
using namespace gatehouse::sip;
using namespace gatehouse::sip::test;

namespace {

std::string message(std::string_view method, std::string_view body, std::string_view more = {}) {
    return crlf(concat(method, " sip:b@x SIP/2.0\nCall-ID: 1\n", more,
                       "Content-Length: ", body.size(), "\n\n")) +
           std::string(body);
}

// All that comes out, whole messages in brackets.
std::string all(Framer& framer) {
    std::string out;
    while (const auto piece = framer.next()) {
        if (piece->message) {
            append(out, "[", piece->text, "]");
        } else {
            out += piece->text;
        }
    }
    return out;
}

std::string cut(std::string_view bytes, std::size_t step = 1U << 20U) {
    Framer framer;
    std::string out;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
        framer.add(bytes.substr(0, step));
        out += all(framer);
    }
    return out;
}

struct Raw {
    const char* what;
    std::string bytes;
    Reason reason;
};
std::ostream& operator<<(std::ostream& out, const Raw& raw) {
    return out << raw.what;
}

const std::vector<Raw>& raws() {
    static const std::vector<Raw> kRaws{
        {"a web page", "POST / HTTP/1.1\r\n", Reason::http},
        {"an answer of a web server", "HTTP/1.1 200 OK\r\n", Reason::http},
        {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03", 10), Reason::encrypted},
        {"STUN", std::string("\x00\x01\x00\x00\x21\x12\xa4\x42", 8), Reason::stun},
        {"another protocol", "SSH-2.0-OpenSSH\r\n", Reason::not_sip},
        {"words that nobody ends", "hello world", Reason::not_sip},
        {"a method that is no token", "IN{VITE", Reason::not_sip},
        {"a method without an end", std::string(33, 'A'), Reason::not_sip},
        {"a method that is too long", std::string(33, 'A') + " sip:b@x SIP/2.0\r\n",
         Reason::not_sip},
        {"a start line without an end", "INVITE " + std::string(4096, 'a'), Reason::not_sip},
        {"no length", crlf("OPTIONS sip:b@x SIP/2.0\nCall-ID: 1\n\n"), Reason::content_length},
        {"two lengths", message("OPTIONS", "", "l: 0\r\n"), Reason::content_length},
        {"a negative length", crlf("OPTIONS sip:b@x SIP/2.0\nl: -1\n\n"), Reason::content_length},
        {"a length beyond 32 bits", crlf("OPTIONS sip:b@x SIP/2.0\nl: 4294967328\n\n"),
         Reason::content_length},
        {"a length beyond the bound", crlf("OPTIONS sip:b@x SIP/2.0\nl: 65537\n\n"),
         Reason::too_long},
        {"a header that is none", crlf("OPTIONS sip:b@x SIP/2.0\nnonsense\n\n"),
         Reason::malformed_header},
        {"a version that is none", "OPTIONS  SIP/2.0\r\n", Reason::malformed_start},
        {"a header without an end",
         "OPTIONS sip:b@x SIP/2.0\r\n" + std::string(Framer::kMostHead, 'a'),
         Reason::too_many_headers},
    };
    return kRaws;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(framer)

BOOST_AUTO_TEST_CASE(messages_are_cut_wherever_their_segments_end) {
    const std::string first = message("INVITE", "v=0\r\n\r\nBYE sip:b@x SIP/2.0\r\n\r\n");
    const std::string second = crlf("SIP/2.0 200 OK\nl :\n 0\n\n");
    const std::string third = "BYE sip:b@x SIP/2.0\nl: 3\n\n\r\n.";  // without CR
    const std::string bytes = concat("\r\n\r\n", first, "\r\n\r\n", second, third, "\r\n");
    const std::string wanted =
        concat("\r\n\r\n[", first, "]\r\n\r\n[", second, "][", third, "]\r\n");
    BOOST_TEST(cut(bytes) == wanted);
    for (std::size_t step = 1; step < bytes.size(); ++step)
        BOOST_REQUIRE(cut(bytes, step) == wanted);
}

BOOST_AUTO_TEST_CASE(line_ends_between_messages_do_not_wait) {
    Framer framer;
    for (const char* end : {"\r", "\n", "\r\n\r\n"}) {
        framer.add(end);
        BOOST_TEST(all(framer) == end);
        BOOST_TEST(framer.held() == 0U);
    }
}

BOOST_AUTO_TEST_CASE(a_body_of_64_kib_is_one_message) {
    const std::string text = message("MESSAGE", std::string(Framer::kMostBody, 'b'));
    BOOST_TEST(cut(text, 1000) == concat("[", text, "]"));
}

BOOST_DATA_TEST_CASE(what_cannot_be_cut_passes_for_ever, boost::unit_test::data::make(raws())) {
    const std::string sip = message("REGISTER", "");
    Framer framer;
    framer.add(sample.bytes);
    BOOST_TEST(all(framer) == sample.bytes);
    BOOST_REQUIRE(framer.raw().has_value());
    BOOST_TEST(*framer.raw() == sample.reason);
    framer.add(sip);
    BOOST_TEST(all(framer) == sip);
    BOOST_TEST(!framer.is_sip());
    // However it is split, all of it comes out.
    BOOST_TEST(cut(sample.bytes + sip, 1) == sample.bytes + sip);
}

BOOST_AUTO_TEST_CASE(a_stream_that_was_sip_may_end_to_be_so) {
    const std::string good = message("OPTIONS", "");
    BOOST_TEST(cut(concat(good, "GET / HTTP/1.1\r\n", good)) ==
               concat("[", good, "]GET / HTTP/1.1\r\n", good));
}

BOOST_AUTO_TEST_CASE(giving_up_lets_out_what_was_held) {
    Framer framer;
    framer.add("INVITE sip:b@x SIP/2.0\r\nCall");
    BOOST_TEST(all(framer).empty());
    BOOST_TEST(framer.held() == 28U);
    framer.give_up(Reason::unfinished);
    BOOST_TEST(all(framer) == "INVITE sip:b@x SIP/2.0\r\nCall");
    BOOST_TEST(framer.held() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
