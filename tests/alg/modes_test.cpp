// SPDX-License-Identifier: GPL-2.0-or-later
//
// For whom the gateway does something: all, one host, one provider; and on which ports.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/alg/support/house.h"

using namespace gatehouse;
using namespace gatehouse::sip;
using namespace gatehouse::sip::test;
using config::SipMode;

namespace {

constexpr Endpoint4 kOther{Ip4::of(11, 0, 8, 1), Port{5060}};

std::string of_second(std::string text) {
    return replaced(std::move(text), "192.168.1.20", "192.168.1.30");
}

std::string register_text(std::string_view address = "192.168.1.20") {
    return crlf(concat("REGISTER sip:example.net SIP/2.0\nVia: SIP/2.0/UDP ", address,
                       ":5060;branch=z9hG4bK-7\nFrom: <sip:a@x>;tag=1\nTo: <sip:a@x>\n"
                       "Call-ID: reg\nCSeq: 1 REGISTER\nContact: <sip:a@",
                       address, ":5060>\nExpires: 3600\n\n"));
}

std::string granted(std::string_view outside = "11.0.0.1:5060") {
    return crlf(concat("SIP/2.0 200 OK\nVia: SIP/2.0/UDP ", outside,
                       ";branch=z9hG4bK-7\nFrom: <sip:a@x>;tag=1\nTo: <sip:a@x>;tag=2\n"
                       "Call-ID: reg\nCSeq: 1 REGISTER\nContact: <sip:a@",
                       outside, ">;expires=3600\n\n"));
}

// What happens to an INVITE of the host at .20 and of that at .30 to each of two providers.
std::string done(SipHouse& house) {
    std::string out;
    for (const Endpoint4 server : {kServer, kOther}) {
        for (const bool second : {false, true}) {
            const std::string text = invite(sdp("192.168.1.20", 40000));
            if (second) {
                house.out(kSecond, of_second(text), server);
            } else {
                house.out(kPhone, text, server);
            }
            append(out, out.empty() ? "" : " ", to_string(house.reason()));
        }
    }
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(modes)

BOOST_AUTO_TEST_CASE(the_mode_of_a_host_counts_before_that_of_a_provider_and_that_before_all) {
    struct Line {
        SipMode all;
        std::vector<config::SipHost> hosts;
        std::vector<config::SipProvider> providers;
        const char* expected;
    };
    const auto mac = parse_mac("00:11:22:33:44:55");
    const Ip4 phone = kPhone.address;
    const Prefix4 other{kOther.address, 24};
    const std::vector<Line> lines{
        {SipMode::automatic, {}, {}, "edited edited edited edited"},
        {SipMode::automatic, {{{}, phone, SipMode::off}}, {}, "no_help edited no_help edited"},
        {SipMode::automatic, {{mac, {}, SipMode::off}}, {}, "no_help edited no_help edited"},
        {SipMode::off, {{mac, {}, SipMode::automatic}}, {}, "edited no_help edited no_help"},
        {SipMode::observe,
         {{{}, phone, SipMode::automatic}},
         {},
         "edited observed edited observed"},
        {SipMode::automatic, {}, {{other, SipMode::off}}, "edited edited no_help no_help"},
        {SipMode::off, {}, {{other, SipMode::automatic}}, "no_help no_help edited edited"},
        {SipMode::automatic,
         {{{}, phone, SipMode::observe}},
         {{other, SipMode::off}},
         "observed edited observed no_help"},
        {SipMode::automatic,
         {},
         {{{kOther.address, 32}, SipMode::observe}, {other, SipMode::off}},
         "edited edited observed observed"},
    };
    for (const Line& line : lines) {
        config::Sip config{line.all, {Port{5060}}};
        config.hosts = line.hosts;
        config.providers = line.providers;
        SipHouse house(config);
        house.house.hosts.publish(phone, nat::HostSource::neighbour, mac);
        BOOST_TEST(done(house) == line.expected);
    }
}

BOOST_AUTO_TEST_CASE(a_host_that_is_left_alone_from_now_on_loses_what_was_open_and_no_other) {
    SipHouse house;
    house.out(kPhone, invite(sdp("192.168.1.20", 40000)));
    house.out(kSecond, of_second(invite(sdp("192.168.1.20", 50000), "other")));
    house.out(kPhone, register_text());
    house.in(kPhone, granted());
    house.out(kSecond, register_text("192.168.1.30"));
    house.in(kSecond, granted(house.outside(kSecond).to_string()));
    BOOST_TEST(house.alg.registrations() == 2U);
    BOOST_TEST(house.alg.streams() == 2U);
    config::Sip changed{SipMode::automatic, {Port{5060}}};
    changed.hosts = {{{}, kPhone.address, SipMode::off}};
    house.alg.handle(Reconfigured{changed}, house.house.now, house.effects);
    BOOST_TEST(house.alg.registrations() == 1U);
    BOOST_TEST(house.alg.streams() == 1U);
    BOOST_TEST(house.effects.state_changed);
}

BOOST_AUTO_TEST_CASE(a_server_on_another_port_is_learned_by_a_whole_request) {
    SipHouse house;
    const Endpoint4 far{kServer.address, Port{5070}};
    const Endpoint4 phone{kPhone.address, Port{40600}};
    const std::string text = replaced(register_text(), ":5060", ":40600");
    const std::string after = house.out(phone, text, far);
    BOOST_TEST(house.reason() == Reason::edited);
    BOOST_TEST(has(after, "Contact: <sip:a@11.0.0.1:40600>"));
    BOOST_TEST((house.effects.ports == std::vector<Port>{Port{5070}}));
    // From a port of SIP or to one it is seen anyway.
    house.out(kPhone, register_text(), far);
    BOOST_TEST(house.effects.ports.empty());
    house.out(phone, text);
    BOOST_TEST(house.effects.ports.empty());
    // What is not whole, not of a host, or on a port of another service, teaches nothing.
    house.out(phone, "REGISTER sip:example.net SIP/2.0\r\n\r\n", far);
    BOOST_TEST(house.effects.ports.empty());
    house.in(phone, text, far);
    BOOST_TEST(house.effects.ports.empty());
    for (const Port port : {Port{443}, Port{1023}, Port{1900}, Port{4500}}) {
        house.out(phone, text, {kServer.address, port});
        BOOST_TEST(house.effects.ports.empty(), port.number);
    }
}

BOOST_AUTO_TEST_CASE(a_port_that_was_learned_is_known_after_a_restart) {
    SipHouse house;
    const Endpoint4 far{kServer.address, Port{5070}};
    const Endpoint4 phone{kPhone.address, Port{40600}};
    const SavedRegistration registration{phone, far, Port{40600}, 600s, "sip:a@x"};
    const SavedRegistration usual{kPhone, kServer, Port{5060}, 600s, "sip:a@x"};
    house.effects.clear();
    house.alg.handle(Restored{{registration, usual}, {}}, house.house.now, house.effects);
    BOOST_TEST((house.effects.ports == std::vector<Port>{Port{5070}}));
    BOOST_TEST(house.alg.registrations() == 2U);
}

// What a host has learned of its outside endpoint stands in what it says: only its own inside
// address is ever translated, so whoever asked a STUN server needs no other witness.
BOOST_AUTO_TEST_CASE(a_phone_that_asked_somebody_outside_is_left_alone_whatever_it_was_told) {
    struct Line {
        Ip4 outside;  // of the router
        const char* named;
        Help help;
    };
    const std::vector<Line> lines{
        {Ip4::of(11, 0, 0, 1), "11.0.0.1", Help::self_traversed},
        {Ip4::of(11, 0, 0, 1), "203.0.114.9", Help::self_traversed},
        // Another NAT stands outside; its address, or one between them, or our own.
        {Ip4::of(192, 168, 178, 2), "203.0.114.9", Help::self_traversed},
        {Ip4::of(192, 168, 178, 2), "100.64.3.4", Help::self_traversed},
        {Ip4::of(192, 168, 178, 2), "192.168.178.2", Help::self_traversed},
        {Ip4::of(100, 64, 0, 7), "100.64.0.7", Help::self_traversed},
        {Ip4::of(100, 64, 0, 7), "100.64.3.4", Help::self_traversed},
        // Nobody outside says so.
        {Ip4::of(11, 0, 0, 1), "100.64.3.4", Help::unknown},
        {Ip4::of(11, 0, 0, 1), "192.168.1.77", Help::unknown},
        {Ip4::of(192, 168, 178, 2), "192.168.1.77", Help::unknown},
    };
    for (const Line& line : lines) {
        SipHouse house;
        house.house.event(nat::OutsideChanged{{line.outside}});
        // A neighbour, on this side of whatever stands outside.
        const Endpoint4 peer{{line.outside.value + 1}, Port{5060}};
        const std::string named =
            replaced(invite(sdp(line.named, 40000)), "192.168.1.20", line.named);
        BOOST_TEST_CONTEXT(line.outside.to_string() << " " << line.named) {
            BOOST_TEST(house.out(kPhone, named, peer) == named);
            BOOST_TEST(house.alg.help_of(kPhone) == line.help);
            BOOST_TEST(house.alg.streams() == 0U);
        }
    }
}

BOOST_AUTO_TEST_CASE(behind_another_nat_a_registration_is_kept_open_though_no_byte_of_it_changes) {
    SipHouse house;
    house.house.event(nat::OutsideChanged{{Ip4::of(100, 64, 0, 7)}});
    BOOST_TEST(house.out(kPhone, register_text()) == register_text());
    BOOST_TEST(house.reason() == Reason::inner_nat);
    const std::string answer = granted("192.168.1.20:5060");
    BOOST_TEST(house.in(kPhone, answer) == answer);
    BOOST_TEST(house.alg.registrations() == 1U);
    house.pass(3000s);
    BOOST_TEST(house.is_open(house.outside(kPhone), kServer));
    BOOST_TEST(house.kept_alive.size() > 100U);
}

// The modem has one of its own, which forgets to undo what it did.
BOOST_AUTO_TEST_CASE(another_gateway_that_changes_messages_outside_is_noticed_once) {
    const auto told = [](std::string_view outside, std::string_view comes_back, const char* via) {
        SipHouse house;
        house.house.event(nat::OutsideChanged{{parse_ip4(outside).value()}});
        house.out(kPhone, register_text());
        for (int i = 0; i < 2; ++i) {
            house.in(kPhone, replaced(granted(concat(comes_back, ":5060")), "SIP/2.0 200 OK\r\n",
                                      concat("SIP/2.0 200 OK\r\n", via)));
        }
        return std::count(house.story.begin(), house.story.end(),
                          concat("another gateway outside changes SIP messages Via ", comes_back));
    };
    BOOST_TEST(told("192.168.178.2", "203.0.114.9", "") == 1);
    BOOST_TEST(told("11.0.0.1", "203.0.114.9", "") == 1);
    // As it was sent, or by a proxy that has put its own on top, or by a phone with two networks.
    BOOST_TEST(told("192.168.178.2", "192.168.1.20", "") == 0);
    BOOST_TEST(told("11.0.0.1", "11.0.0.1", "") == 0);
    BOOST_TEST(told("11.0.0.1", "10.8.0.3", "") == 0);
    BOOST_TEST(told("11.0.0.1", "203.0.114.9", "Via: SIP/2.0/UDP 11.0.9.1\r\n") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
