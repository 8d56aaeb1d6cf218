// SPDX-License-Identifier: GPL-2.0-or-later
//
// SIP datagrams on their way through the kernel: what arrives on the other side, byte for byte.
//
//   phone .20 --+
//               +-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   console .30 +
#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/sip.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kSoon = 10s;

std::string invite(std::string_view address, unsigned rtp, std::string_view more = {}) {
    const std::string body = crlf(concat("v=0\no=a 1 1 IN IP4 ", address, "\ns=-\nc=IN IP4 ",
                                         address, "\nt=0 0\nm=audio ", rtp, " RTP/AVP 8\n", more));
    return crlf(concat("INVITE sip:bob@11.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP ", address,
                       ":5060;branch=z9hG4bK1;rport\nFrom: <sip:a@x>;tag=1\nTo: <sip:b@x>\n"
                       "Call-ID: ",
                       address, "\nCSeq: 1 INVITE\nContact: <sip:a@", address,
                       ":5060>\nContent-Type: application/sdp\nContent-Length: ", body.size(),
                       "\n\n")) +
           body;
}

std::string ok(std::string_view request, std::string_view address, unsigned rtp) {
    const std::string body = crlf(concat("v=0\no=b 1 1 IN IP4 ", address, "\ns=-\nc=IN IP4 ",
                                         address, "\nt=0 0\nm=audio ", rtp, " RTP/AVP 8\n"));
    const std::size_t via = request.find("Via:");
    const std::size_t contact = request.find("Contact:");
    return concat("SIP/2.0 200 OK\r\n", request.substr(via, contact - via),
                  "Contact: <sip:b@11.0.0.2>\r\nContent-Type: application/sdp\r\nContent-Length: ",
                  body.size(), "\r\n\r\n", body);
}

std::string register_text(std::string_view address) {
    return crlf(concat("REGISTER sip:11.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP ", address,
                       ":5060;branch=z9hG4bK1\nFrom: <sip:a@x>;tag=1\nTo: <sip:a@x>\nCall-ID: r",
                       address, "\nCSeq: 1 REGISTER\nContact: <sip:a@", address,
                       ":5060>\nExpires: 3600\nContent-Length: 0\n\n"));
}

// A server that grants what is asked; gives where the phone is reached.
std::string registered(const UdpSocket& server, const UdpSocket& phone, std::string_view address) {
    phone.send_to("11.0.0.2:5060", register_text(address));
    const auto request = server.receive(kSoon);
    BOOST_REQUIRE(request.has_value());
    server.send_to(request->from,
                   concat("SIP/2.0 200 OK", request->data.substr(request->data.find("\r\n"))));
    BOOST_TEST(phone.receive(kSoon).value_or(Datagram{}).data.starts_with("SIP/2.0 200 OK"));
    return request->from.to_string();
}

}  // namespace

BOOST_AUTO_TEST_CASE(
    an_invite_arrives_with_outside_addresses_and_its_answer_comes_back_as_expected) {
    House house;
    const Router router(house);
    const Capture outside = house.router.capture("wan0");
    const UdpSocket server = house.internet.udp("11.0.0.2:5060");
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    const std::string sent = invite("192.168.1.20", 40000);
    phone.send_to("11.0.0.2:5060", sent);
    const auto request = server.receive(kSoon);
    BOOST_REQUIRE(request.has_value());
    BOOST_TEST(request->from.to_string() == "11.0.0.1:5060");
    BOOST_TEST(has(request->data, "Via: SIP/2.0/UDP 11.0.0.1:5060;"));
    BOOST_TEST(has(request->data, "Contact: <sip:a@11.0.0.1:5060>"));
    BOOST_TEST(has(request->data, "c=IN IP4 11.0.0.1\r\n"));
    BOOST_TEST(has(request->data, "m=audio 40000 "));
    BOOST_TEST(has(request->data, "Call-ID: 192.168.1.20\r\n"));

    server.send_to(request->from.to_string(), ok(request->data, "11.0.0.3", 9000));
    const auto answer = phone.receive(kSoon);
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(has(answer->data, "Via: SIP/2.0/UDP 192.168.1.20:5060;"));
    BOOST_TEST(outside.none(
        [](const Packet& p) { return p.ip4_source_in("11.0.0.1/32") && !has_right_checksums(p); }));

    // Media comes from where the answer said, without a packet of the phone before, and goes there.
    const UdpSocket media = house.internet.udp("11.0.0.3:9000");
    const UdpSocket rtp = house.phone.udp("192.168.1.20:40000");
    const UdpSocket rtcp = house.phone.udp("192.168.1.20:40001");
    media.send_to("11.0.0.1:40000", "early");
    BOOST_TEST(rtp.receive(kSoon).value_or(Datagram{}).data == "early");
    media.send_to("11.0.0.1:40001", "report");
    BOOST_TEST(rtcp.receive(kSoon).value_or(Datagram{}).data == "report");
    rtp.send_to("11.0.0.3:9000", "back");
    BOOST_TEST(media.receive(kSoon).value_or(Datagram{}).from.to_string() == "11.0.0.1:40000");
    // Nobody else gets in.
    const UdpSocket stranger = house.internet.udp("11.0.0.4:9000");
    stranger.send_to("11.0.0.1:40000", "intruder");
    BOOST_TEST(rtp.stays_silent(200ms));

    const Ran calls = router.cli({"calls", "--json"});
    BOOST_TEST(calls.says(R"("call_id":"192.168.1.20")"));
    BOOST_TEST(calls.says(R"("state":"established")"));
    BOOST_TEST(calls.says(R"({"inside":"192.168.1.20:40000","outside":"11.0.0.1:40000",)"
                          R"("peer":"11.0.0.3:9000"})"));
    BOOST_TEST(router.cli({"mappings", "--json"}).says(R"("origin":"sip")"));
}

BOOST_AUTO_TEST_CASE(two_phones_with_the_same_ports_have_their_own_outside) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:5060");
    const UdpSocket media = house.internet.udp("11.0.0.2:9000");
    const UdpSocket first = house.phone.udp("192.168.1.20:5060");
    const UdpSocket second = house.console.udp("192.168.1.30:5060");
    const UdpSocket first_rtp = house.phone.udp("192.168.1.20:41000");
    const UdpSocket second_rtp = house.console.udp("192.168.1.30:41000");
    first.send_to("11.0.0.2:5060", invite("192.168.1.20", 41000));
    const auto a = server.receive(kSoon);
    second.send_to("11.0.0.2:5060", invite("192.168.1.30", 41000));
    const auto b = server.receive(kSoon);
    BOOST_REQUIRE((a && b));
    BOOST_TEST(a->from.to_string() != b->from.to_string());
    const std::string contact = concat("Contact: <sip:a@", b->from.to_string(), ">");
    BOOST_TEST(has(b->data, contact));
    const unsigned to_first = number_after(a->data, "m=audio ");
    const unsigned to_second = number_after(b->data, "m=audio ");
    BOOST_TEST(to_first != to_second);
    media.send_to(concat("11.0.0.1:", to_first), "to the first");
    media.send_to(concat("11.0.0.1:", to_second), "to the second");
    BOOST_TEST(first_rtp.receive(kSoon).value_or(Datagram{}).data == "to the first");
    BOOST_TEST(second_rtp.receive(kSoon).value_or(Datagram{}).data == "to the second");
    second_rtp.send_to("11.0.0.2:9000", "back");
    BOOST_TEST(media.receive(kSoon).value_or(Datagram{}).from.to_string() ==
               concat("11.0.0.1:", to_second));
    server.send_to(b->from.to_string(), ok(b->data, "11.0.0.2", 9000));
    BOOST_TEST(has(second.receive(kSoon).value_or(Datagram{}).data,
                   "Via: SIP/2.0/UDP 192.168.1.30:5060;"));
}

BOOST_AUTO_TEST_CASE(a_message_that_grows_beyond_the_link_arrives_whole) {
    House house;
    const Router router(house);
    const UdpSocket other = house.console.udp("192.168.1.30:5060");
    const UdpSocket server = house.internet.udp("11.0.0.2:5060");
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    other.send_to("11.0.0.2:5060", "\r\n\r\n");
    BOOST_REQUIRE(server.receive(kSoon).has_value());
    for (const std::size_t size : {std::size_t{1472}, std::size_t{9000}, std::size_t{40000}}) {
        // Many short names without a port become longer ones.
        std::string text =
            "OPTIONS sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.20\r\nCall-ID: 1\r\n"
            "CSeq: 1 OPTIONS\r\nContact: <sip:a@192.168.1.20>\r\nSubject: ";
        text += std::string(std::min(size - text.size() - 8, std::size_t{8000}), 'x') + "\r\n\r\n";
        text.resize(size, 'y');
        phone.send_to("11.0.0.2:5060", text);
        const auto got = server.receive(kSoon);
        BOOST_REQUIRE(got.has_value());
        BOOST_TEST(got->data.size() > size);
        BOOST_TEST(!has(got->data, "192.168.1.20"));
        BOOST_TEST(got->data.ends_with(text.substr(text.size() - 40)));
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_sip_and_what_needs_no_help_passes_byte_for_byte) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:5060");
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    for (const std::string& text :
         {invite("11.0.0.1", 40000), std::string("\r\n\r\n"), std::string("hello"),
          std::string("POST / HTTP/1.1\r\nHost: 11.0.0.2\r\n\r\n") +
              invite("192.168.1.20", 8099)}) {
        phone.send_to("11.0.0.2:5060", text);
        const auto got = server.receive(kSoon);
        BOOST_REQUIRE(got.has_value());
        BOOST_TEST(got->data == text);
        server.send_to(got->from.to_string(), text);
        BOOST_TEST(phone.receive(kSoon).value_or(Datagram{}).data == text);
    }
    BOOST_TEST(router.cli({"calls", "--json"}).says(R"("help":"self_traversed")"));
    BOOST_TEST(!router.cli({"mappings", "--json"}).says(R"("origin":"sip")"));
    BOOST_TEST(router.says("not SIP on a SIP port"));
}

BOOST_AUTO_TEST_CASE(a_game_on_a_port_of_sip_is_soon_left_to_the_kernel) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7777");
    const UdpSocket game = house.phone.udp("192.168.1.20:5060");
    const auto asked = [&] {
        // Packets that ever were in the queue: the last but one column.
        const Ran queues =
            router.run({"awk", "$1 == 1 { print $8 }", "/proc/net/netfilter/nfnetlink_queue"});
        return parse_number<unsigned>(trim(queues.out)).value_or(0);
    };
    const auto play = [&](int rounds) {
        for (int i = 0; i < rounds; ++i) {
            game.send_to("11.0.0.2:7777", "move");
            const auto got = server.receive(kSoon);
            BOOST_REQUIRE(got.has_value());
            server.send_to(got->from, "moved");
            BOOST_REQUIRE(game.receive(kSoon).value_or(Datagram{}).data == "moved");
        }
    };
    play(40);
    BOOST_TEST(asked() >= 32U);
    const unsigned before = asked();
    play(100);
    BOOST_TEST(asked() - before < 50U);
    // Another flow of the same endpoint is seen.
    game.send_to("11.0.0.2:5060", invite("192.168.1.20", 40000));
    BOOST_TEST(eventually([&] { return router.says(R"(what=calling)"); }, kSoon));
}

// The queue lets pass what it has seen, so nothing may come there that the filter would refuse.
BOOST_AUTO_TEST_CASE(what_has_no_session_does_not_pass_on_a_port_of_sip) {
    House house;
    const Router router(house);
    const Capture outside = house.router.capture("wan0");
    const Capture inside = house.phone.capture("eth0");
    const UdpSocket server = house.internet.udp("11.0.0.2:5060");
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    phone.send_to("11.0.0.2:5060", "\r\n\r\n");
    BOOST_REQUIRE(server.receive(kSoon).has_value());
    // Another program takes such packets away from the kernel's book of sessions.
    BOOST_REQUIRE(router
                      .run({"nft",
                            "table ip other { chain early { type filter hook prerouting priority "
                            "raw; udp dport 5060 notrack; }; }"})
                      .ok());
    house.internet.run({"ip", "route", "add", "192.168.1.0/24", "via", "11.0.0.1"});
    phone.send_to("11.0.0.2:5060", invite("192.168.1.20", 40000));
    server.send_to("192.168.1.20:5060", "a stranger");
    BOOST_TEST(server.stays_silent(300ms));
    BOOST_TEST(outside.none([](const Packet& p) { return p.ip4_source_in("192.168.1.0/24"); }));
    BOOST_TEST(inside.none([](const Packet& p) { return p.payload() == "a stranger"; }));
}

BOOST_AUTO_TEST_CASE(observing_and_off_change_nothing) {
    for (const char* mode : {"observe", "off"}) {
        House house;
        const Router router(house, section("sip 'sip'", {{"mode", mode}}));
        const UdpSocket server = house.internet.udp("11.0.0.2:5060");
        const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
        const std::string text = invite("192.168.1.20", 40000);
        phone.send_to("11.0.0.2:5060", text);
        const auto got = server.receive(kSoon);
        BOOST_REQUIRE(got.has_value());
        BOOST_TEST(got->data == text);
        if (mode == std::string_view("observe")) BOOST_TEST(router.says("would edit"));
    }
}

BOOST_AUTO_TEST_CASE(media_and_signalling_go_on_while_the_daemon_is_dead) {
    House house;
    Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:5060");
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    const UdpSocket media = house.internet.udp("11.0.0.2:9000");
    const UdpSocket rtp = house.phone.udp("192.168.1.20:40000");
    phone.send_to("11.0.0.2:5060", invite("192.168.1.20", 40000));
    const auto request = server.receive(kSoon);
    BOOST_REQUIRE(request.has_value());
    server.send_to(request->from.to_string(), ok(request->data, "11.0.0.2", 9000));
    BOOST_REQUIRE(phone.receive(kSoon).has_value());
    rtp.send_to("11.0.0.2:9000", "one");
    BOOST_REQUIRE(media.receive(kSoon).has_value());
    const auto calls = router.state() / "calls";
    BOOST_REQUIRE(eventually(
        [&] { return std::filesystem::exists(calls) && std::filesystem::file_size(calls) > 0; },
        kSoon));
    router.kill_9();
    media.send_to("11.0.0.1:40000", "two");
    BOOST_TEST(rtp.receive(kSoon).value_or(Datagram{}).data == "two");
    rtp.send_to("11.0.0.2:9000", "three");
    BOOST_TEST(media.receive(kSoon).value_or(Datagram{}).data == "three");
    phone.send_to("11.0.0.2:5060", "\r\n\r\n");
    BOOST_TEST(server.receive(kSoon).value_or(Datagram{}).from.to_string() == "11.0.0.1:5060");
    router.start();
    media.send_to("11.0.0.1:40000", "four");
    BOOST_TEST(rtp.receive(kSoon).value_or(Datagram{}).data == "four");
    const Ran shown = router.cli({"calls", "--json"});
    BOOST_TEST(shown.says(R"("state":"established")"));
    BOOST_TEST(shown.says(R"("outside":"11.0.0.1:40000")"));
    const std::string again = invite("192.168.1.20", 40000);
    phone.send_to("11.0.0.2:5060", again);
    const auto refreshed = server.receive(kSoon);
    BOOST_REQUIRE(refreshed.has_value());
    BOOST_TEST(number_after(refreshed->data, "m=audio ") == 40000U);
}

BOOST_AUTO_TEST_CASE(a_silent_registered_phone_is_kept_alive_from_its_outside_endpoint) {
    House house;
    const Router router(house, section("sip 'sip'", {{"keep_alive", "1"}}));
    const Capture outside = house.router.capture("wan0");
    const UdpSocket server = house.internet.udp("11.0.0.2:5060");
    const UdpSocket other = house.console.udp("192.168.1.30:5060");
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    // The outside port is not the inside one, so that a translation shows.
    other.send_to("11.0.0.2:5060", "\r\n\r\n");
    BOOST_REQUIRE(server.receive(kSoon).has_value());
    const std::string at = registered(server, phone, "192.168.1.20");
    BOOST_TEST(at != "11.0.0.1:5060");
    // Once with its session in the kernel, and once without.
    for (int i = 0; i < 2; ++i) {
        const auto got = server.receive(kSoon);
        BOOST_REQUIRE(got.has_value());
        BOOST_TEST(got->data == "\r\n\r\n");
        BOOST_TEST(got->from.to_string() == at);
        if (i == 0) house.router.run({"conntrack", "-F"});
    }
    server.send_to(at, "SIP/2.0 200 OK\r\n\r\n");
    BOOST_TEST(phone.receive(kSoon).has_value());
    BOOST_TEST(outside.none([](const Packet& p) { return p.ip4_source_in("192.168.1.0/24"); }));
}

BOOST_AUTO_TEST_CASE(a_registered_phone_is_reached_after_a_restart_and_a_kill) {
    House house;
    Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:5060");
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    const std::string at = registered(server, phone, "192.168.1.20");
    const auto rings = [&](std::string_view text) {
        house.router.run({"conntrack", "-F"});
        server.send_to(at, concat("OPTIONS sip:a@x SIP/2.0\r\nSubject: ", text, "\r\n\r\n"));
        return has(phone.receive(kSoon).value_or(Datagram{}).data, text);
    };
    router.restart();
    BOOST_TEST(rings("after a restart"));
    BOOST_REQUIRE(eventually(
        [&] { return std::filesystem::exists(router.state() / "registrations"); }, kSoon));
    router.kill_9();
    router.start();
    BOOST_TEST(rings("after a kill"));
    const UdpSocket stranger = house.internet.udp("11.0.0.4:5060");
    stranger.send_to(at, "OPTIONS sip:a@x SIP/2.0\r\n\r\n");
    BOOST_TEST(phone.stays_silent(200ms));
}

// What the phone knows the daemon has written down.
BOOST_AUTO_TEST_CASE(what_was_answered_the_moment_before_a_kill_is_not_forgotten) {
    House house;
    Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:5060");
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    const UdpSocket rtp = house.phone.udp("192.168.1.20:40000");
    const std::string at = registered(server, phone, "192.168.1.20");
    router.kill_9();
    router.start();
    house.router.run({"conntrack", "-F"});
    server.send_to(at, "OPTIONS sip:a@x SIP/2.0\r\nSubject: registered\r\n\r\n");
    BOOST_TEST(has(phone.receive(kSoon).value_or(Datagram{}).data, "registered"));

    phone.send_to("11.0.0.2:5060", invite("192.168.1.20", 40000));
    const auto offer = server.receive(kSoon);
    BOOST_REQUIRE(offer.has_value());
    const std::string outside = concat("11.0.0.1:", number_after(offer->data, "m=audio "));
    server.send_to(offer->from, ok(offer->data, "11.0.0.3", 9000));
    BOOST_REQUIRE(phone.receive(kSoon).has_value());
    router.kill_9();
    router.start();
    house.router.run({"conntrack", "-F"});
    BOOST_TEST(has(router.cli({"calls", "--json"}).out, R"("state":"established")"));
    const UdpSocket media = house.internet.udp("11.0.0.3:9000");
    media.send_to(outside, "voice");
    BOOST_TEST(rtp.receive(kSoon).value_or(Datagram{}).data == "voice");
    const UdpSocket stranger = house.internet.udp("11.0.0.4:9000");
    stranger.send_to(outside, "spray");
    BOOST_TEST(rtp.stays_silent(200ms));
}

BOOST_AUTO_TEST_CASE(a_provider_on_another_port_is_found_by_the_first_message) {
    House house;
    Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7070");
    const UdpSocket phone = house.phone.udp("192.168.1.20:40600");
    std::string text = register_text("192.168.1.20");
    for (std::size_t at = text.find(":5060"); at != std::string::npos; at = text.find(":5060"))
        text.replace(at, 5, ":40600");
    // Its endpoint is known already when it speaks SIP.
    const UdpSocket stun = house.internet.udp("11.0.0.3:3478");
    phone.send_to("11.0.0.3:3478", "who am I");
    BOOST_REQUIRE(stun.receive(kSoon).has_value());
    phone.send_to("11.0.0.2:7070", text);
    const auto request = server.receive(kSoon);
    BOOST_REQUIRE(request.has_value());
    BOOST_TEST(has(request->data, concat("Contact: <sip:a@", request->from.to_string(), ">")));
    server.send_to(request->from,
                   concat("SIP/2.0 200 OK", request->data.substr(request->data.find("\r\n"))));
    const std::string answer = phone.receive(kSoon).value_or(Datagram{}).data;
    BOOST_TEST(has(answer, "Contact: <sip:a@192.168.1.20:40600>"));
    // After a silence, and after a restart.
    for (int i = 0; i < 2; ++i) {
        house.router.run({"conntrack", "-F"});
        server.send_to(request->from, concat("OPTIONS sip:a@", request->from.to_string(),
                                             " SIP/2.0\r\nSubject: x\r\n\r\n"));
        BOOST_TEST(phone.receive(kSoon)
                       .value_or(Datagram{})
                       .data.starts_with("OPTIONS sip:a@192.168.1.20:40600 SIP/2.0\r\n"));
        if (i == 0) router.restart();
    }
    // And as the first word of an endpoint.
    const UdpSocket other = house.console.udp("192.168.1.30:40600");
    const UdpSocket second = house.internet.udp("11.0.0.2:7071");
    other.send_to("11.0.0.2:7071",
                  "OPTIONS sip:b@x SIP/2.0\r\nContact: <sip:a@192.168.1.30:40600>\r\n\r\n");
    const std::string first = second.receive(kSoon).value_or(Datagram{}).data;
    BOOST_TEST(has(first, "Contact: <sip:a@11.0.0.1:"));
}

BOOST_AUTO_TEST_CASE(one_device_and_one_provider_may_be_left_alone) {
    House house;
    const Router router(house,
                        "config host\n option address 192.168.1.30\n option sip off\n"
                        "config sip_provider\n option network 11.0.0.3\n option sip observe\n");
    const UdpSocket first = house.internet.udp("11.0.0.2:5060");
    const UdpSocket second = house.internet.udp("11.0.0.3:5060");
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    const UdpSocket console = house.console.udp("192.168.1.30:5060");
    const auto arrives = [](const UdpSocket& from, const UdpSocket& to, std::string_view at,
                            std::string_view text) {
        from.send_to(at, text);
        return to.receive(kSoon).value_or(Datagram{}).data;
    };
    const std::string of_phone = invite("192.168.1.20", 40000);
    const std::string of_console = invite("192.168.1.30", 40000);
    BOOST_TEST(arrives(phone, first, "11.0.0.2:5060", of_phone) != of_phone);
    BOOST_TEST(arrives(phone, second, "11.0.0.3:5060", of_phone) == of_phone);
    BOOST_TEST(arrives(console, first, "11.0.0.2:5060", of_console) == of_console);
    const std::string seen = router.cli({"messages", "--json"}).out;
    BOOST_TEST(has(seen, R"("before":"INVITE sip:bob@11.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.)"));
    BOOST_TEST(
        has(seen, R"("after":"INVITE sip:bob@11.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 11.0.0.1)"));
    BOOST_TEST(has(router.cli({"messages"}).out, "INVITE sip:bob@11.0.0.2 SIP/2.0"));
}

// The server is a proxy that both phones have registered with.
BOOST_AUTO_TEST_CASE(a_call_between_two_phones_of_the_house_has_its_media_inside) {
    House house;
    const Router router(house);
    const Capture outside = house.router.capture("wan0");
    const UdpSocket server = house.internet.udp("11.0.0.2:5060");
    const UdpSocket alice = house.phone.udp("192.168.1.20:5060");
    const UdpSocket bob = house.console.udp("192.168.1.30:5060");
    const std::string at_alice = registered(server, alice, "192.168.1.20");
    const std::string at_bob = registered(server, bob, "192.168.1.30");
    BOOST_TEST(at_alice != at_bob);

    alice.send_to("11.0.0.2:5060", invite("192.168.1.20", 40000));
    const std::string called = server.receive(kSoon).value_or(Datagram{}).data;
    BOOST_REQUIRE(has(called, concat("Contact: <sip:a@", at_alice, ">")));
    const std::string hop = "Via: SIP/2.0/UDP 11.0.0.2:5060;branch=z9hG4bKproxy\r\n";
    server.send_to(at_bob, concat("INVITE sip:a@", at_bob, " SIP/2.0\r\n", hop,
                                  called.substr(called.find("Via:"))));
    const std::string rings = bob.receive(kSoon).value_or(Datagram{}).data;
    BOOST_REQUIRE(rings.starts_with("INVITE sip:a@192.168.1.30:5060 SIP/2.0\r\n"));
    BOOST_TEST(has(rings, "c=IN IP4 192.168.1.20\r\n"));
    BOOST_TEST(has(rings, "m=audio 40000 "));

    bob.send_to("11.0.0.2:5060", ok(rings, "192.168.1.30", 42000));
    std::string answer = server.receive(kSoon).value_or(Datagram{}).data;
    BOOST_REQUIRE(has(answer, "c=IN IP4 11.0.0.1\r\n"));
    answer.erase(answer.find(hop), hop.size());
    server.send_to(at_alice, answer);
    const std::string answered = alice.receive(kSoon).value_or(Datagram{}).data;
    BOOST_TEST(has(answered, "Via: SIP/2.0/UDP 192.168.1.20:5060;"));
    BOOST_TEST(has(answered, "c=IN IP4 192.168.1.30\r\n"));
    BOOST_TEST(has(answered, "m=audio 42000 "));

    // Without a route through the server, what follows goes from phone to phone.
    bob.send_to(at_alice, "BYE sip:a@x SIP/2.0\r\n\r\n");
    BOOST_TEST(alice.receive(kSoon).value_or(Datagram{}).data.starts_with("BYE"));
    BOOST_TEST(outside.none([](const Packet& p) { return p.ip4_source_in("192.168.1.0/24"); }));
}
