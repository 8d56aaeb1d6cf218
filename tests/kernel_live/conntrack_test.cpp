// SPDX-License-Identifier: GPL-2.0-or-later
#include <boost/test/unit_test.hpp>

#include "gateway/kernel/conntrack.h"
#include "gateway/kernel/cttimeout.h"
#include "gateway/kernel/nft.h"
#include "gateway/kernel/sysctl.h"
#include "tests/kernel_live/namespace.h"

namespace gatehouse::kernel::test {

namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kSender = 4000;
constexpr std::uint16_t kReceiver = 5000;
constexpr std::uint16_t kOutside = 6000;
const Ip4 kLoopback = Ip4::of(127, 0, 0, 1);
const Ip4 kOther = Ip4::of(127, 0, 0, 9);

// What goes to kReceiver leaves from 127.0.0.9:6000.
void translate() {
    run("nft 'table ip t { chain p { type nat hook postrouting priority 100; "
        "udp dport 5000 snat to 127.0.0.9:6000; }; }'");
}

std::vector<Session> sessions(Conntrack& conntrack) {
    std::vector<Session> all;
    BOOST_REQUIRE(
        conntrack.list(SessionFamily::v4, [&all](const Session& one) { all.push_back(one); }).ok());
    return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(live_conntrack, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(a_translated_session_is_listed_found_and_ended) {
    const FreshNamespace fresh;
    translate();
    auto conntrack = Conntrack::open();
    BOOST_REQUIRE(conntrack);
    const UdpSocket sender(kSender);
    const UdpSocket receiver(kReceiver);
    sender.send(kReceiver, "hello");
    std::uint16_t from = 0;
    BOOST_REQUIRE(receiver.receive(500, &from));
    BOOST_TEST(from == kOutside);
    const auto all = sessions(*conntrack);
    BOOST_REQUIRE(all.size() == 1U);
    BOOST_TEST((all[0].original.from() == Endpoint{kLoopback, Port{kSender}}));
    BOOST_TEST((all[0].outside() == Endpoint{kOther, Port{kOutside}}));
    BOOST_TEST((all[0].source_nat && all[0].confirmed && !all[0].seen_reply));
    const auto found = conntrack->find(all[0].original);
    BOOST_REQUIRE(found && found->has_value());
    BOOST_TEST((*found)->id == all[0].id);
    BOOST_TEST(conntrack->remove(all[0]).ok());
    BOOST_TEST(conntrack->remove(all[0]).ok());
    BOOST_TEST(sessions(*conntrack).empty());
    BOOST_TEST(!conntrack->find(all[0].original)->has_value());
}

BOOST_AUTO_TEST_CASE(a_scan_tells_every_session_in_parts_and_can_be_done_again) {
    const FreshNamespace fresh;
    translate();
    auto scan = SessionScan::open();
    BOOST_REQUIRE(scan);
    const UdpSocket sender(kSender);
    for (std::uint16_t port = 10000; port < 13000; ++port)
        sender.send(port, "x");
    for (int round = 0; round < 2; ++round) {
        std::size_t told = 0;
        std::size_t parts = 0;
        BOOST_REQUIRE(scan->begin(SessionFamily::v4));
        BOOST_TEST(!scan->begin(SessionFamily::v4));
        auto part = SessionScan::Part::more;
        while (part == SessionScan::Part::more && readable(scan->fd(), 1000)) {
            part = scan->read([&told](const Session&) { ++told; });
            ++parts;
        }
        BOOST_TEST((part == SessionScan::Part::all));
        BOOST_TEST(told == 3000U);
        BOOST_TEST(parts > 10U);
        BOOST_TEST(!scan->is_running());
    }
}

BOOST_AUTO_TEST_CASE(a_newer_session_of_the_same_tuple_is_left_alone) {
    const FreshNamespace fresh;
    translate();
    auto conntrack = Conntrack::open();
    const UdpSocket sender(kSender);
    sender.send(kReceiver, "one");
    const Session old = sessions(*conntrack).at(0);
    Session forged = old;
    forged.id ^= 1U;
    BOOST_TEST(conntrack->remove(forged).ok());
    BOOST_TEST(sessions(*conntrack).size() == 1U);
}

BOOST_AUTO_TEST_CASE(sessions_of_a_lost_address_are_ended_and_others_kept) {
    const FreshNamespace fresh;
    translate();
    auto conntrack = Conntrack::open();
    const UdpSocket sender(kSender);
    sender.send(kReceiver, "translated");
    sender.send(kReceiver + 1, "plain");
    const auto removed = conntrack->remove_translated_to(kOther);
    BOOST_REQUIRE(removed);
    BOOST_TEST(*removed == 1U);
    const auto left = sessions(*conntrack);
    BOOST_REQUIRE(left.size() == 1U);
    BOOST_TEST(left[0].original.destination_port.number == kReceiver + 1);
}

BOOST_AUTO_TEST_CASE(a_session_is_announced_when_it_begins_and_ends) {
    const FreshNamespace fresh;
    translate();
    auto watch = ConntrackWatch::open({.began = true, .changed = false, .ended = true});
    auto conntrack = Conntrack::open();
    BOOST_REQUIRE(watch && conntrack);
    const UdpSocket sender(kSender);
    sender.send(kReceiver, "hello");
    BOOST_REQUIRE(conntrack->remove_translated_to(kOther));
    std::vector<SessionEvent> events;
    while (readable(watch->fd(), 200)) {
        BOOST_TEST(watch->read([&events](const SessionEvent& one) { events.push_back(one); }));
    }
    BOOST_REQUIRE(events.size() == 2U);
    BOOST_TEST((events[0].kind == SessionEventKind::began));
    BOOST_TEST((events[1].kind == SessionEventKind::ended));
    BOOST_TEST((events[1].session.outside() == Endpoint{kOther, Port{kOutside}}));
}

BOOST_AUTO_TEST_CASE(lost_announcements_are_noticed) {
    const FreshNamespace fresh;
    translate();
    auto watch = ConntrackWatch::open({.began = true, .changed = false, .ended = true});
    auto conntrack = Conntrack::open();
    BOOST_REQUIRE(watch && conntrack);
    const UdpSocket sender(kSender);
    bool all_heard = true;
    for (int round = 0; round < 40 && all_heard; ++round) {
        for (std::uint16_t port = 10000; port < 10500; ++port)
            sender.send(port, "x");
        BOOST_REQUIRE(conntrack->remove_if(SessionFamily::v4, [](const Session&) { return true; }));
        if (round < 20) continue;  // 20,000 announcements wait before the first is read
        all_heard = watch->read([](const SessionEvent&) {});
    }
    BOOST_TEST(!all_heard);
}

BOOST_AUTO_TEST_CASE(default_timeouts_are_set_over_netlink_and_by_sysctl) {
    const FreshNamespace fresh;
    translate();
    auto timeouts = CtTimeouts::open();
    BOOST_REQUIRE(timeouts);
    BOOST_TEST(timeouts->set_defaults(UdpTimeouts{61s, 301s}).ok());
    TcpTimeouts tcp;
    tcp.established = 7440s;
    BOOST_TEST(timeouts->set_defaults(tcp).ok());
    BOOST_TEST(timeouts->set_defaults(IcmpTimeouts{62s}).ok());
    const auto value = [](const char* name) {
        return read_sysctl_number(std::string("net/netfilter/nf_conntrack_") + name).value_or(0);
    };
    BOOST_TEST(value("udp_timeout") == 61U);
    BOOST_TEST(value("udp_timeout_stream") == 301U);
    BOOST_TEST(value("tcp_timeout_established") == 7440U);
    BOOST_TEST(value("tcp_timeout_close") == 10U);  // untouched
    BOOST_TEST(value("icmp_timeout") == 62U);
    BOOST_TEST(write_timeout_sysctls(UdpTimeouts{90s, {}}).ok());
    BOOST_TEST(value("udp_timeout") == 90U);
    BOOST_TEST(value("udp_timeout_stream") == 301U);
}

BOOST_AUTO_TEST_CASE(a_named_policy_is_made_changed_and_removed) {
    const FreshNamespace fresh;
    auto timeouts = CtTimeouts::open();
    BOOST_REQUIRE(timeouts);
    if (!timeouts->supported()) return;
    BOOST_TEST(timeouts->set_policy("icmp", IcmpTimeouts{60s}).ok());
    BOOST_TEST(timeouts->set_policy("icmp", IcmpTimeouts{70s}).ok());
    BOOST_TEST(timeouts->remove_policy("icmp").ok());
    BOOST_TEST(timeouts->remove_policy("icmp").ok());
}

BOOST_AUTO_TEST_CASE(a_setting_outside_net_is_refused) {
    BOOST_TEST(!read_sysctl("kernel/hostname").ok());
    BOOST_TEST(!read_sysctl("net/../kernel/hostname").ok());
    BOOST_TEST(!write_sysctl("net/netfilter/no_such_thing", "1").ok());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace gatehouse::kernel::test
