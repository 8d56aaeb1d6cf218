// SPDX-License-Identifier: GPL-2.0-or-later
//
// Calls that do not stay as they began: handed to another phone, with and without asking it first,
// taken back, and held for longer than any session of the NAT lives.
//
//   phone .20 --+                                                +-- 11.0.0.2 proxy [internet]
//               +-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---+
//   console .30 +                                                +-- 11.0.0.9 [away]
#include <boost/test/unit_test.hpp>
#include <thread>

#include "tests/lab/support/lab.h"
#include "tests/lab/support/phones.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr const char* kRouter = "11.0.0.1";
constexpr const char* kCarol = "11.0.0.9";
constexpr const char* kAlice = "192.168.1.20";
constexpr const char* kBob = "192.168.1.30";

bool comes_from_inside(const Packet& packet) {
    return packet.ip4_source_in("192.168.1.0/24");
}

// Sound of any coding.
bool is_sound(const Packet& packet) {
    return packet.is_udp() && packet.payload().size() > 12 && (packet.payload()[0] & 0xc0) == 0x80;
}

Verdict is_heard(Capture& capture, std::string_view from, std::string_view to) {
    static constexpr std::size_t kEnough = 25;
    capture.forget();
    const auto matches = [from, to](const Packet& packet) {
        return is_sound(packet) && packet.is_from(from) && packet.is_to(to);
    };
    return eventually([&] { return capture.count(matches) > kEnough; }, 30s);
}

// Alice and Bob inside, Carol outside.
struct Trio {
    House house;
    Host& away = house.net.add_host("away", {"11.0.0.9/24"});
    Router router{house};
    Capture outside = house.router.capture("wan0");
    Capture at_alice = house.phone.capture("eth0");
    Capture at_bob = house.console.capture("eth0");
    Capture all = house.router.capture("wan0");
    Proxy proxy{house};

    void require_talk_with_alice() {
        BOOST_TEST(is_heard(at_alice, kCarol, kAlice));
        BOOST_TEST(is_heard(outside, kRouter, kCarol));
    }
    void require_talk_with_bob() {
        BOOST_TEST(is_heard(at_bob, kCarol, kBob));
        BOOST_TEST(is_heard(outside, kRouter, kCarol));
    }
    ~Trio() { BOOST_TEST(all.none(comes_from_inside)); }
    Trio() = default;
    Trio(const Trio&) = delete;
    Trio& operator=(const Trio&) = delete;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_caller_from_outside_is_handed_to_another_phone_of_the_house_and_back) {
    Trio trio;
    Baresip carol(trio.away, "carol", kCarol);
    Baresip alice(trio.house.phone, "alice", kAlice);
    Baresip bob(trio.house.console, "bob", kBob);
    for (Baresip* phone : {&carol, &alice, &bob})
        BOOST_REQUIRE(phone->is_registered());
    carol.dial("alice");
    BOOST_REQUIRE(alice.is_in_a_call());
    trio.require_talk_with_alice();
    alice.transfer("bob");
    BOOST_REQUIRE(bob.is_in_a_call());
    alice.hang_up();
    trio.require_talk_with_bob();
    bob.transfer("alice");
    BOOST_REQUIRE(alice.is_in_a_call());
    bob.hang_up();
    trio.require_talk_with_alice();
}

BOOST_AUTO_TEST_CASE(a_caller_from_outside_is_handed_to_a_phone_that_was_asked_first) {
    Trio trio;
    Linphone carol(trio.away, "carol");
    Linphone alice(trio.house.phone, "alice");
    Linphone bob(trio.house.console, "bob");
    for (Linphone* phone : {&carol, &alice, &bob})
        BOOST_REQUIRE(phone->is_registered());
    alice.dial("carol");
    BOOST_REQUIRE(carol.is_in_a_call());
    BOOST_REQUIRE(alice.is_in_a_call());
    trio.require_talk_with_alice();
    alice.hold();
    BOOST_REQUIRE(alice.holds());
    alice.dial("bob");
    BOOST_REQUIRE(bob.is_in_a_call());
    BOOST_REQUIRE(alice.is_in_a_call());
    alice.connect_both();
    BOOST_TEST(alice.is_alone());
    trio.require_talk_with_bob();
}

BOOST_AUTO_TEST_CASE(a_call_that_was_held_longer_than_any_session_lives_goes_on) {
    Trio trio;
    Baresip carol(trio.away, "carol", kCarol);
    Baresip alice(trio.house.phone, "alice", kAlice);
    BOOST_REQUIRE(carol.is_registered());
    BOOST_REQUIRE(alice.is_registered());
    carol.dial("alice");
    BOOST_REQUIRE(alice.is_in_a_call());
    trio.require_talk_with_alice();
    alice.hold();
    const auto speaks = [](const Packet& packet) {
        return is_sound(packet) && packet.is_from(kAlice);
    };
    const auto is_silent = [&]() -> Verdict {
        trio.at_alice.forget();
        std::this_thread::sleep_for(500ms);
        return trio.at_alice.none(speaks);
    };
    BOOST_TEST(eventually(is_silent, 10s));
    // As after ten minutes.
    trio.house.router.run({"conntrack", "-F"});
    alice.go_on();
    trio.require_talk_with_alice();
}
