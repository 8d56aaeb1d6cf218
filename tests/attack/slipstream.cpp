// SPDX-License-Identifier: GPL-2.0-or-later
//
// A page of the attacker, open in a browser of the house, makes the router open a way in (NAT
// slipstreaming): what the browser sends to the attacker's server shall look like SIP or FTP to
// the router. The server is 11.0.0.2, the browser runs on the phone.
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/attack/scene.h"
#include "tests/lab/support/sip.h"

using namespace gatehouse;
using namespace gatehouse::attack;

namespace {

constexpr const char* kPhone = "192.168.1.20";
constexpr Duration kAMoment = 400ms;

std::string with(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string registration(std::string_view contact) {
    return with(sip_request("REGISTER", kPhone, "TCP", 1), concat(kPhone, ":5060>"),
                concat(contact, ";transport=tcp>;expires=3600"));
}

const std::string kPost = "POST / HTTP/1.1\r\nHost: 11.0.0.2:5060\r\nContent-Length: 9999\r\n\r\n";

// A connection of the browser to the attacker's server.
struct Page {
    Page(Scene& scene, unsigned port)
        : server(scene.house.internet.listen(concat("11.0.0.2:", port))),
          browser(scene.house.phone.connect(concat("11.0.0.2:", port))),
          far(server.accept(10s)) {
        BOOST_REQUIRE(far.has_value());
    }
    // What arrives of it. Each piece is a segment of its own.
    std::string out(std::string_view text) {
        browser.send(text);
        return far->receive(2s).value_or("");
    }

    TcpListener server;
    TcpConnection browser;
    std::optional<TcpConnection> far;
};

// Whether the attacker gets a connection to that port of the phone, knowing what the router told
// him of it.
Gain connects(const Scene& scene, unsigned inside, std::initializer_list<unsigned> ways_in) {
    const TcpListener victim = scene.house.phone.listen(concat(kPhone, ":", inside));
    for (const unsigned port : ways_in) {
        if (port == 0 || port > 65535) continue;
        const TcpConnection attacker =
            scene.house.internet.connect(concat("11.0.0.1:", port), kAMoment, At("11.0.0.2:0"));
        if (attacker.is_alive()) return concat("TCP port ", inside, " of the phone is open");
    }
    return {};
}

Gain registers_within(Scene& scene, std::string_view beginning) {
    Page page(scene, 5060);
    page.out(beginning);
    const std::string got = page.out(registration(concat(kPhone, ":4444")));
    page.far->send(sip_answer("200 OK", got));
    page.browser.receive(kAMoment);
    return connects(scene, 4444, {4444, number_after(got, "Contact: <sip:a@11.0.0.1:"), 5060});
}

Gain calls_within(Scene& scene, std::string_view beginning) {
    Page page(scene, 5060);
    page.out(beginning);
    const std::string got = page.out(sip_request("INVITE", kPhone, "TCP", 1, sdp(kPhone, 3074)));
    page.far->send(sip_answer("200 OK", got, sdp("11.0.0.2", 9000)));
    page.browser.receive(kAMoment);
    const UdpSocket victim = scene.house.phone.udp(concat(kPhone, ":3074"));
    const UdpSocket attacker = scene.house.internet.udp("11.0.0.2:9000");
    for (const unsigned port : {3074U, number_after(got, "m=audio ")}) {
        if (port == 0 || port > 65535) continue;
        attacker.send_to(concat("11.0.0.1:", port), "hello");
        if (victim.receive(kAMoment)) return "UDP port 3074 of the phone is open";
    }
    return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(slipstream)

BOOST_AUTO_TEST_CASE(a_registration_within_a_web_page_opens_no_port) {
    is_refused({"slipstream: REGISTER in the second segment of a POST", true,
                [](Scene& scene) { return registers_within(scene, kPost); }});
}

BOOST_AUTO_TEST_CASE(a_call_within_a_web_page_opens_no_port) {
    is_refused({"slipstream: INVITE in the second segment of a POST", true,
                [](Scene& scene) { return calls_within(scene, kPost); }});
}

// The user name of TURN is the attacker's to choose, and as long as he needs it for the next
// segment to begin where he wants.
BOOST_AUTO_TEST_CASE(a_registration_within_a_turn_user_name_opens_no_port) {
    is_refused({"slipstream: REGISTER in the user name of a TURN request", true, [](Scene& scene) {
                    const std::string head(
                        "\0\x03\x02\x08\x21\x12\xa4\x42trans-action"
                        "\0\x06\x02\0",
                        24);
                    return registers_within(scene, head + std::string(400, 'x'));
                }});
}

BOOST_AUTO_TEST_CASE(a_registration_opens_no_port_of_another_device) {
    is_refused(
        {"slipstream: REGISTER that names another device", false, [](Scene& scene) -> Gain {
             Page page(scene, 5060);
             const std::string got = page.out(registration("192.168.1.30:4444"));
             page.far->send(sip_answer("200 OK", got));
             page.browser.receive(kAMoment);
             const TcpListener victim = scene.house.console.listen("192.168.1.30:4444");
             for (const unsigned port : {4444U, number_after(got, "Contact: <sip:a@11.0.0.1:")}) {
                 if (port == 0 || port > 65535) continue;
                 if (scene.house.internet
                         .connect(concat("11.0.0.1:", port), kAMoment, At("11.0.0.2:0"))
                         .is_alive()) {
                     return "a port of the console is open";
                 }
             }
             return {};
         }});
}

// The length that a header names is more than 32 bits hold; cut to them it is small, and what was
// the body of a message, written by a stranger, is read as the next one.
BOOST_AUTO_TEST_CASE(a_body_is_not_taken_for_the_next_message) {
    is_refused({"a Content-Length of 2^32 and a REGISTER as the body", false, [](Scene& scene) {
                    const std::string head =
                        with(sip_request("MESSAGE", kPhone, "TCP", 1), "Content-Length: 0",
                             "Content-Length: 4294967296");
                    return registers_within(scene, head);
                }});
}

// The second piece of a datagram begins where the attacker wants.
BOOST_AUTO_TEST_CASE(a_later_fragment_is_no_message) {
    is_refused(
        {"slipstream: REGISTER at the start of a later fragment", false, [](Scene& scene) -> Gain {
             const UdpSocket server = scene.house.internet.udp("11.0.0.2:5060");
             const UdpSocket browser = scene.house.phone.udp();
             // 1480 bytes of a fragment, less 8 of the UDP header.
             browser.send_to("11.0.0.2:5060",
                             std::string(1472, 'x') + registration(concat(kPhone, ":4444")));
             server.receive(2s);
             return connects(scene, 4444, {4444});
         }});
}

BOOST_AUTO_TEST_CASE(a_line_of_ftp_within_a_web_page_opens_no_port) {
    is_refused({"slipstream: PORT of FTP in the second segment of a POST", true, [](Scene& scene) {
                    Page page(scene, 21);
                    page.out(kPost);
                    page.out("PORT 192,168,1,20,17,92\r\n");
                    return connects(scene, 4444, {4444});
                }});
}

// A file that the browser offers to send over IRC, which needs a port for that.
BOOST_AUTO_TEST_CASE(a_line_of_irc_within_a_web_page_opens_no_port) {
    is_refused({"slipstream: DCC of IRC in the second segment of a POST", true, [](Scene& scene) {
                    Page page(scene, 6667);
                    page.out(kPost);
                    page.out("PRIVMSG friend :\1DCC SEND file 3232235796 4444 9\1\r\n");
                    return connects(scene, 4444, {4444});
                }});
}

BOOST_AUTO_TEST_SUITE_END()
