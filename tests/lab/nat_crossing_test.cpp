// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two peers that send to each other at the same moment, as games and calls do to get through two
// NATs. Whichever packet is first: each must see the other's true endpoint, or nothing.
//
//   phone .20 ---- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <map>
#include <optional>
#include <thread>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

const std::string_view kCones[] = {"full-cone", "restricted-cone", "port-restricted-cone"};

// What went wrong, and how often; empty when nothing did.
using Complaints = std::map<std::string, int>;
constexpr int kEnough = 20;  // more would say nothing new

int count_of(const Complaints& complaints) {
    int out = 0;
    for (const auto& [what, times] : complaints)
        out += times;
    return out;
}

// Takes what comes until this word has come, and complains about every other sender.
void expect_word(const UdpSocket& socket, std::string_view word, std::string_view from,
                 std::string_view who, Complaints& complaints) {
    const Deadline deadline(2s);
    for (;;) {
        const auto got = socket.receive(deadline.milliseconds_left() * 1ms);
        if (!got) {
            ++complaints[concat(who, " heard nothing more")];
            return;
        }
        if (got->from.to_string() != from)
            ++complaints[concat(who, " saw ", got->from.to_string(), " instead of ", from, " with ",
                                got->data)];
        if (got->data == word) return;
    }
}

// One meeting. The phone has asked a third party for its outside endpoint, as ICE does, or the peer
// guesses that the port is kept.
void cross(const House& house, const UdpSocket* third, int round, Complaints& complaints) {
    const std::string peer_at = concat("11.0.0.2:", 20000 + round);
    const UdpSocket peer = house.internet.udp(peer_at);
    const UdpSocket phone = house.phone.udp(concat("192.168.1.20:", 40000 + round));
    std::string outside = concat("11.0.0.1:", 40000 + round);
    if (third != nullptr) outside = seen_by(*third, phone);
    if (outside == kNobody) {
        ++complaints["the phone has no outside endpoint"];
        return;
    }
    if (round % 2 == 0) {
        phone.send_to(peer_at, "first");
        peer.send_to(outside, "first");
    } else {
        peer.send_to(outside, "first");
        phone.send_to(peer_at, "first");
    }
    // The first packet of the later one has found an open door; these two find one in any case.
    expect_word(peer, "first", outside, "the peer", complaints);
    peer.send_to(outside, "second");
    expect_word(phone, "second", peer_at, "the phone", complaints);
}

void check_crossing(std::string_view type, bool asks_first, int rounds) {
    House house;
    const Router router(house, nat_type(type));
    const UdpSocket third = house.internet.udp("11.0.0.3:3478");
    Complaints complaints;
    int round = 0;
    while (round < rounds && count_of(complaints) < kEnough)
        cross(house, asks_first ? &third : nullptr, round++, complaints);
    for (const auto& [what, times] : complaints)
        BOOST_ERROR(type << ": " << what << ", " << times << " times in " << round << " rounds");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(udp)

BOOST_AUTO_TEST_CASE(a_thousand_crossings_behind_a_full_cone_show_true_endpoints) {
    check_crossing("full-cone", true, 1000);
}

BOOST_AUTO_TEST_CASE(a_thousand_crossings_behind_a_restricted_cone_show_true_endpoints) {
    check_crossing("restricted-cone", true, 1000);
}

BOOST_AUTO_TEST_CASE(a_thousand_crossings_behind_a_port_restricted_cone_show_true_endpoints) {
    check_crossing("port-restricted-cone", true, 1000);
}

// Without a first contact even the mapping is new: the stranger's packet may be there before it.
BOOST_AUTO_TEST_CASE(a_thousand_crossings_of_endpoints_that_nobody_knew_show_true_endpoints) {
    check_crossing("restricted-cone", false, 1000);
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_early_again_and_again_is_heard_once_the_phone_has_sent) {
    House house;
    const Router router(house);
    const UdpSocket third = house.internet.udp("11.0.0.3:3478");
    const UdpSocket peer = house.internet.udp("11.0.0.2:20000");
    const UdpSocket phone = house.phone.udp("0.0.0.0:40000");
    const std::string outside = seen_by(third, phone);
    for (int i = 0; i < 20; ++i)
        peer.send_to(outside, "too early");
    BOOST_TEST(phone.stays_silent(200ms));
    BOOST_TEST(seen_by(peer, phone) == outside);
    BOOST_TEST(heard_by(phone, peer, outside) == "11.0.0.2:20000");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(tcp)

// A host that does not answer to connection attempts it has no use for, like one behind a NAT or a
// firewall of its own: otherwise whoever is early is refused by the other host itself.
void make_silent(const Host& host) {
    host.nft(
        "table ip silent {\n chain c {\n  type filter hook output priority 0\n"
        "  tcp flags & rst == rst drop\n }\n}\n");
}

// RFC 5382 REQ-2: the connection that both sides open is one.
BOOST_AUTO_TEST_CASE(both_sides_connect_at_once_and_have_one_connection) {
    for (const std::string_view type : kCones) {
        BOOST_TEST_CONTEXT(type) {
            House house;
            const Router router(house, nat_type(type));
            make_silent(house.internet);
            make_silent(house.phone);
            const TcpListener third = house.internet.listen("11.0.0.3:80");
            const TcpPair before = tcp_pair(house.phone, third, At("192.168.1.20:40000"));
            BOOST_REQUIRE(before.seen() != kNobody);
            std::optional<TcpConnection> peer;
            std::thread other([&] {
                peer.emplace(house.internet.connect(before.seen(), 8s, At("11.0.0.2:20000")));
            });
            TcpConnection phone =
                house.phone.connect("11.0.0.2:20000", 8s, At("192.168.1.20:40000"));
            other.join();
            BOOST_TEST(phone.is_alive());
            BOOST_TEST(peer->is_alive());
            BOOST_TEST(peer->peer().value_or(Endpoint{}).to_string() == before.seen());
            BOOST_TEST(phone.send("through"));
            BOOST_TEST(peer->receive_exactly(7) == "through");
        }
    }
}

// RFC 5382 REQ-4: the early SYN must not be answered with a reset while the other may still come.
BOOST_AUTO_TEST_CASE(an_early_connection_attempt_is_not_refused_by_the_router) {
    for (const std::string_view type : {"restricted-cone", "port-restricted-cone"}) {
        BOOST_TEST_CONTEXT(type) {
            House house;
            const Router router(house, nat_type(type));
            const TcpListener third = house.internet.listen("11.0.0.3:80");
            const TcpPair before = tcp_pair(house.phone, third, At("192.168.1.20:40000"));
            BOOST_REQUIRE(before.seen() != kNobody);
            const TcpConnection early =
                house.internet.connect(before.seen(), 3s, At("11.0.0.2:20000"));
            BOOST_TEST(early.error() == ETIMEDOUT);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
