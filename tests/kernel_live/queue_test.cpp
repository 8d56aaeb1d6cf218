// SPDX-License-Identifier: GPL-2.0-or-later
#include <boost/test/unit_test.hpp>

#include "gateway/kernel/nfqueue.h"
#include "gateway/kernel/nft.h"
#include "gateway/kernel/probe.h"
#include "gateway/kernel/queue_rule.h"
#include "tests/kernel_live/namespace.h"

namespace gatehouse::kernel::test {

namespace {

constexpr std::uint16_t kQueue = 7;
constexpr std::uint16_t kSender = 4000;
constexpr std::uint16_t kReceiver = 5000;

// A table whose output hook sends datagrams for kReceiver to the queue.
void make_rules() {
    auto nft = Nft::open();
    BOOST_REQUIRE(nft);
    const auto applied = nft->apply(
        "table inet gatehouse {\n"
        "  chain ask_queue { }\n"
        "  chain out { type filter hook output priority 0; udp dport 5000 jump ask_queue; }\n"
        "}\n");
    BOOST_REQUIRE_MESSAGE(applied.ok(), (applied ? "" : applied.error().text));
    const auto abilities = probe_kernel();
    BOOST_REQUIRE(abilities && abilities->can_queue());
    auto socket = NetlinkSocket::open(Bus::netfilter);
    QueueRule rule;
    rule.chain = "ask_queue";
    rule.queue = kQueue;
    rule.native = abilities->queue_expression;
    for (int again = 0; again < 2; ++again) {  // the second time replaces the first
        const auto set = set_queue_rule(*socket, rule);
        BOOST_REQUIRE_MESSAGE(set.ok(), (set ? "" : set.error().text));
    }
}

Result<NfQueue> open_queue() {
    QueueOptions options;
    options.number = kQueue;
    return NfQueue::open(options);
}

// The packets that wait now, with their contents.
std::vector<std::vector<std::uint8_t>> waiting(
    NfQueue& queue, const std::function<void(const QueuedPacket&)>& on_packet) {
    std::vector<std::vector<std::uint8_t>> seen;
    while (readable(queue.fd(), 200)) {
        queue.read([&](const QueuedPacket& packet) {
            seen.emplace_back(packet.payload.begin(), packet.payload.end());
            on_packet(packet);
        });
    }
    return seen;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(live_queue, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(without_a_listener_packets_pass) {
    const FreshNamespace fresh;
    make_rules();
    const UdpSocket sender(kSender);
    const UdpSocket receiver(kReceiver);
    sender.send(kReceiver, "hello");
    BOOST_TEST((receiver.receive(500) == "hello"));
}

BOOST_AUTO_TEST_CASE(the_chain_holds_one_rule_after_replacing_it) {
    const FreshNamespace fresh;
    make_rules();
    // Asked over netlink: libnftables knows no xtables target in this family and says so on stderr.
    auto socket = NetlinkSocket::open(Bus::netfilter);
    MessageWriter question(0x0a07, 1);  // NFT_MSG_GETRULE
    question.netfilter_header(1);
    question.text(1, "gatehouse");
    question.text(2, "ask_queue");
    std::vector<std::string> rules;
    const auto told = socket->dump(
        question.take(),
        [&rules](const MessageView& rule) { rules.push_back(to_hex(rule.payload)); },
        [&rules] { rules.clear(); });
    BOOST_TEST(told.ok());
    BOOST_REQUIRE(rules.size() == 1U);
    BOOST_TEST(rules[0].find(to_hex(as_bytes("gatehouse: packets"))) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_packet_waits_for_its_verdict) {
    const FreshNamespace fresh;
    make_rules();
    auto queue = open_queue();
    BOOST_REQUIRE(queue);
    const UdpSocket sender(kSender);
    const UdpSocket receiver(kReceiver);
    sender.send(kReceiver, "first");
    BOOST_TEST(!receiver.receive(100));
    const auto seen = waiting(*queue, [&](const QueuedPacket& packet) {
        BOOST_TEST((packet.hook == Hook::output));
        BOOST_TEST(packet.out_link == 1U);
        BOOST_TEST(!packet.truncated());
        queue->give(packet.id, Verdict::accept);
    });
    BOOST_REQUIRE(seen.size() == 1U);
    BOOST_TEST(seen[0].size() == 20U + 8U + 5U);
    BOOST_TEST((receiver.receive(500) == "first"));
    sender.send(kReceiver, "second");
    (void)waiting(*queue,
                  [&](const QueuedPacket& packet) { queue->give(packet.id, Verdict::drop); });
    BOOST_TEST(!receiver.receive(200));
}

BOOST_AUTO_TEST_CASE(a_packet_is_replaced) {
    const FreshNamespace fresh;
    make_rules();
    auto queue = open_queue();
    BOOST_REQUIRE(queue);
    const UdpSocket sender(kSender);
    const UdpSocket receiver(kReceiver);
    sender.send(kReceiver, "hello");
    (void)waiting(*queue, [&](const QueuedPacket& packet) {
        std::vector<std::uint8_t> other(packet.payload.begin(), packet.payload.end());
        BOOST_TEST(!queue->replace(packet.id, Bytes(other).first(27)));
        other[26] = other[27] = 0;  // no UDP checksum
        other[28] = 'j';
        BOOST_TEST(queue->replace(packet.id, other));
    });
    BOOST_TEST((receiver.receive(500) == "jello"));
}

BOOST_AUTO_TEST_CASE(a_queue_has_one_holder) {
    const FreshNamespace fresh;
    auto queue = open_queue();
    BOOST_REQUIRE(queue);
    const auto second = open_queue();
    BOOST_REQUIRE(!second);
    BOOST_TEST(second.error().text.find("another process") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_verdict_for_a_packet_that_is_gone_does_no_harm) {
    const FreshNamespace fresh;
    make_rules();
    auto queue = open_queue();
    BOOST_REQUIRE(queue);
    queue->give(4711, Verdict::accept);
    const UdpSocket sender(kSender);
    const UdpSocket receiver(kReceiver);
    sender.send(kReceiver, "after");
    (void)waiting(*queue, [&](const QueuedPacket& packet) {
        queue->give(4712, Verdict::drop);
        queue->give(packet.id, Verdict::accept);
    });
    BOOST_TEST((receiver.receive(500) == "after"));
}

BOOST_AUTO_TEST_CASE(a_burst_is_accepted_at_once) {
    const FreshNamespace fresh;
    make_rules();
    auto queue = open_queue();
    BOOST_REQUIRE(queue);
    const UdpSocket sender(kSender);
    const UdpSocket receiver(kReceiver);
    for (int i = 0; i < 100; ++i)
        sender.send(kReceiver, "burst");
    std::uint32_t last = 0;
    const auto seen = waiting(*queue, [&last](const QueuedPacket& packet) { last = packet.id; });
    BOOST_TEST(seen.size() == 100U);
    queue->give_up_to(last, Verdict::accept);
    int received = 0;
    while (receiver.receive(200))
        ++received;
    BOOST_TEST(received == 100);
}

BOOST_AUTO_TEST_CASE(a_full_queue_lets_packets_pass) {
    const FreshNamespace fresh;
    make_rules();
    QueueOptions options;
    options.number = kQueue;
    options.max_waiting = 3;
    auto queue = NfQueue::open(options);
    BOOST_REQUIRE(queue);
    const UdpSocket sender(kSender);
    const UdpSocket receiver(kReceiver);
    for (int i = 0; i < 10; ++i)
        sender.send(kReceiver, "burst");
    int received = 0;
    while (receiver.receive(200))
        ++received;
    BOOST_TEST(received == 7);
}

BOOST_AUTO_TEST_CASE(a_dead_listener_loses_what_waits_and_no_more) {
    const FreshNamespace fresh;
    make_rules();
    const UdpSocket sender(kSender);
    const UdpSocket receiver(kReceiver);
    {
        auto queue = open_queue();
        sender.send(kReceiver, "lost");
    }
    sender.send(kReceiver, "passes");
    BOOST_TEST((receiver.receive(500) == "passes"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(live_probe, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(the_probe_leaves_nothing_behind) {
    const FreshNamespace fresh;
    run("nft 'add table inet other; add chain inet other keep'");
    const auto before = Nft::open()->list("list ruleset");
    const auto abilities = probe_kernel();
    BOOST_REQUIRE(abilities);
    for (const auto& [name, value] : abilities->rows())
        BOOST_TEST_MESSAGE(name + " " + value);
    BOOST_TEST(abilities->can_queue());
    BOOST_TEST(abilities->concat_map_data);
    const bool looks = Nft::open()
                           ->check(
                               "table inet t {\nmap m { type ipv4_addr : ipv4_addr; }\n"
                               "chain c {\n ip saddr @m drop\n}\n}\n")
                           .ok();
    BOOST_TEST(abilities->map_lookups == looks);
    BOOST_TEST(!abilities->release.empty());
    BOOST_TEST(*Nft::open()->list("list ruleset") == *before);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace gatehouse::kernel::test
