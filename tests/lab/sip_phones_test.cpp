// SPDX-License-Identifier: GPL-2.0-or-later
//
// Phones of two makes (baresip, linphone) that register with a proxy (kamailio) and call each
// other. Audio is counted where it arrives.
//
//   phone .20 --+
//               +-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 proxy, .3 [internet]
//   console .30 +
#include <boost/test/unit_test.hpp>

#include "tests/lab/support/lab.h"
#include "tests/lab/support/phones.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

bool comes_from_inside(const Packet& packet) {
    return packet.ip4_source_in("192.168.1.0/24");
}

}  // namespace

BOOST_AUTO_TEST_CASE(two_phones_of_the_house_call_each_other_by_a_proxy_and_talk_inside) {
    House house;
    const Router router(house);
    const Capture outside = house.router.capture("wan0");
    const Capture inside = house.phone.capture("eth0");
    const Proxy proxy(house);
    Baresip alice(house.phone, "alice", "192.168.1.20");
    Baresip bob(house.console, "bob", "192.168.1.30");
    BOOST_REQUIRE(alice.is_registered());
    BOOST_REQUIRE(bob.is_registered());
    alice.dial("bob");
    BOOST_TEST(alice.is_in_a_call());
    BOOST_TEST(bob.is_in_a_call());
    BOOST_TEST(has_audio(inside, "192.168.1.20", "192.168.1.30"));
    BOOST_TEST(has_audio(inside, "192.168.1.30", "192.168.1.20"));
    BOOST_TEST(outside.none([](const Packet& p) { return p.payload().size() == 172; }));
    BOOST_TEST(outside.none(comes_from_inside));
}

BOOST_AUTO_TEST_CASE(a_phone_calls_a_phone_outside_and_is_called_by_it_after_a_long_silence) {
    House house;
    const Router router(house);
    Capture outside = house.router.capture("wan0");
    Capture inside = house.phone.capture("eth0");
    const Proxy proxy(house);
    Baresip carol(house.internet, "carol", "11.0.0.3");
    Baresip alice(house.phone, "alice", "192.168.1.20");
    BOOST_REQUIRE(carol.is_registered());
    BOOST_REQUIRE(alice.is_registered());
    alice.dial("carol");
    BOOST_TEST(alice.is_in_a_call());
    BOOST_TEST(has_audio(outside, "11.0.0.1", "11.0.0.2"));
    BOOST_TEST(has_audio(inside, "11.0.0.2", "192.168.1.20"));
    alice.hang_up();
    BOOST_TEST(carol.is_alone());
    BOOST_TEST(outside.none(comes_from_inside));
    // As after an hour in which nobody said anything.
    house.router.run({"conntrack", "-F"});
    outside.forget();
    inside.forget();
    carol.dial("alice");
    BOOST_TEST(alice.is_in_a_call());
    BOOST_TEST(has_audio(outside, "11.0.0.1", "11.0.0.2"));
    BOOST_TEST(has_audio(inside, "11.0.0.2", "192.168.1.20"));
    BOOST_TEST(outside.none(comes_from_inside));
}

namespace {

// Alice inside, Carol outside; each calls the other one.
void call_each_other(House& house, Phone& alice, Phone& carol, const char* media) {
    Capture outside = house.router.capture("wan0");
    Capture inside = house.phone.capture("eth0");
    BOOST_REQUIRE(alice.is_registered());
    BOOST_REQUIRE(carol.is_registered());
    alice.dial("carol");
    BOOST_TEST(carol.is_in_a_call());
    BOOST_TEST(alice.is_in_a_call());
    BOOST_TEST(has_audio(outside, "11.0.0.1", media));
    BOOST_TEST(has_audio(inside, media, "192.168.1.20"));
    alice.hang_up();
    BOOST_TEST(carol.is_alone());
    outside.forget();
    inside.forget();
    carol.dial("alice");
    BOOST_TEST(alice.is_in_a_call());
    BOOST_TEST(carol.is_in_a_call());
    BOOST_TEST(has_audio(outside, "11.0.0.1", media));
    BOOST_TEST(has_audio(inside, media, "192.168.1.20"));
    BOOST_TEST(outside.none(comes_from_inside));
}

}  // namespace

BOOST_AUTO_TEST_CASE(phones_over_tcp_call_each_other) {
    House house;
    const Router router(house);
    const Proxy proxy(house, {"TCP"});
    Baresip carol(house.internet, "carol", "11.0.0.3", {"tcp", {}, {}});
    Baresip alice(house.phone, "alice", "192.168.1.20", {"tcp", {}, {}});
    call_each_other(house, alice, carol, "11.0.0.2");
}

BOOST_AUTO_TEST_CASE(phones_of_two_makes_call_each_other) {
    House house;
    const Router router(house);
    const Proxy proxy(house);
    Baresip carol(house.internet, "carol", "11.0.0.3");
    Linphone alice(house.phone, "alice");
    call_each_other(house, alice, carol, "11.0.0.2");
    // It is told where the registrar has seen it, and sees itself.
    BOOST_TEST(alice.said().find("rport=5060;received=192.168.1.20") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(phones_of_two_makes_call_each_other_over_tcp) {
    House house;
    const Router router(house);
    const Proxy proxy(house, {"TCP"});
    Baresip carol(house.internet, "carol", "11.0.0.3", {"tcp", {}, {}});
    Linphone alice(house.phone, "alice", "tcp");
    call_each_other(house, alice, carol, "11.0.0.2");
}

BOOST_AUTO_TEST_CASE(a_provider_that_looks_for_nats_finds_none) {
    House house;
    const Router router(house);
    const Capture outside = house.router.capture("wan0");
    const Proxy proxy(house, {"NAT_HELP"});
    Baresip carol(house.internet, "carol", "11.0.0.3");
    Baresip alice(house.phone, "alice", "192.168.1.20");
    call_each_other(house, alice, carol, "11.0.0.2");
    BOOST_TEST(outside.none(
        [](const Packet& p) { return p.payload().find(";alias=") != std::string_view::npos; }));
}

BOOST_AUTO_TEST_CASE(a_provider_may_lead_all_media_through_a_relay_of_its_own) {
    House house;
    const Router router(house);
    const Proxy proxy(house, {"NAT_HELP", "RELAY"});
    Baresip carol(house.internet, "carol", "11.0.0.4");
    Baresip alice(house.phone, "alice", "192.168.1.20");
    call_each_other(house, alice, carol, "11.0.0.3");
}

BOOST_AUTO_TEST_CASE(a_proxy_may_leave_the_phones_alone_once_they_have_met) {
    House house;
    const Router router(house);
    const Proxy proxy(house, {"DIRECT"});
    Baresip carol(house.internet, "carol", "11.0.0.3");
    Baresip alice(house.phone, "alice", "192.168.1.20");
    call_each_other(house, alice, carol, "11.0.0.2");
}

BOOST_AUTO_TEST_CASE(phones_with_ice_find_their_own_way) {
    House house;
    const Router router(house);
    const Capture outside = house.router.capture("wan0");
    const Capture inside = house.phone.capture("eth0");
    const Coturn stun(house.internet, Coturn::Serves::stun_only, {"11.0.0.4"});
    const Proxy proxy(house);
    const BaresipOptions ice{
        "udp", ";medianat=ice;stunserver=stun:11.0.0.4:3478", {"stun", "turn", "ice"}};
    // With one address: it gets confused by several.
    Baresip carol(house.net.add_host("carol", {"11.0.0.7/24"}), "carol", "11.0.0.7", ice);
    Baresip alice(house.phone, "alice", "192.168.1.20", ice);
    BOOST_REQUIRE(alice.is_registered());
    BOOST_REQUIRE(carol.is_registered());
    alice.dial("carol");
    BOOST_TEST(alice.is_in_a_call());
    BOOST_TEST(carol.is_in_a_call());
    BOOST_TEST(has_audio(outside, "11.0.0.1", "11.0.0.7"));
    BOOST_TEST(has_audio(inside, "11.0.0.7", "192.168.1.20"));
    BOOST_TEST(router.cli({"calls", "--json"}).says(R"("reason":"ice")"));
    // Its own address is a candidate, and stays one.
    const auto offer = outside.wait_for([](const Packet& p) {
        return p.payload().starts_with("INVITE") &&
               p.payload().find("192.168.1.20 6") != std::string_view::npos;
    });
    BOOST_TEST(offer.has_value());
}
