// SPDX-License-Identifier: GPL-2.0-or-later
#include <bit>
#include <boost/test/unit_test.hpp>

#include "gateway/kernel/nft.h"
#include "gateway/kernel/nft_elements.h"
#include "gateway/kernel/nft_watch.h"
#include "gateway/kernel/queue_rule.h"
#include "tests/kernel/captured.h"

namespace gatehouse::kernel::test {

namespace {

constexpr std::uint16_t kNewTable = 0x0a00;
constexpr std::uint16_t kDelTable = 0x0a02;
constexpr std::uint16_t kDelSet = 0x0a0b;
constexpr std::uint16_t kNewElement = 0x0a0c;
constexpr std::uint16_t kNewGeneration = 0x0a0f;
constexpr std::uint8_t kInet = 1;

// nft add table inet gatehouse
const Captured kTableAdded(kNewTable, 0,
                           "010000020e00010067617465686f75736500000008000300000000020c0004000000000"
                           "0000000010800020000000000");
// the end of that transaction, by process 8946, "nft"
const Captured kGeneration(kNewGeneration, 0,
                           "00000002080001000000000208000200000022f2080003006e667400");
// nft add element inet gatehouse source { 192.168.1.2 . 17 . 5060 : 192.0.2.2 . 5060 }
const Captured kMapElement(kNewElement, 0x400,
                           "010000030e00010067617465686f7573650000000b000200736f7572636500002c00030"
                           "0280001001400010010000100c0a801021100000013c40000100002000c000100c00002"
                           "0213c40000");
// nft add element inet gatehouse permit { 192.168.1.2 . 17 . 5060 . 198.51.100.7 timeout 60s }
const Captured kSetElement(kNewElement, 0x400,
                           "010000040e00010067617465686f7573650000000b0002007065726d69740000380003"
                           "00340001001800010014000100c0a801021100000013c40000c63364070c0004000000"
                           "00000000ea600c000500000000000000ea60");
// nft flush ruleset: sets first, then the table, then the generation by process 8948, "nft"
const Captured kSetGone(kDelSet, 0,
                        "010000050e00010067617465686f7573650000000b000200736f7572636500000c001000"
                        "00000000000001");
const Captured kTableGone(kDelTable, 0,
                          "010000050e00010067617465686f75736500000008000300000000000c00040000000000"
                          "00000001");
const Captured kFlushed(kNewGeneration, 0,
                        "00000005080001000000000508000200000022f5080003006e667400");

ConcatKey inside() {
    return ConcatKey().address(Ip4::of(192, 168, 1, 2)).proto(Proto::udp).port(Port{5060});
}

ConcatKey outside() {
    return ConcatKey().address(Ip4::of(192, 0, 2, 2)).port(Port{5060});
}

ElementChange add(std::uint16_t port) {
    ElementChange change;
    change.set = "source";
    change.key = ConcatKey().port(Port{port}).bytes();
    return change;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(nft_text)

BOOST_AUTO_TEST_CASE(the_complaint_is_one_line_with_its_place) {
    BOOST_TEST(nft_complaint("/proc/self/fd/5:2:10-16: Error: No such file or directory\n"
                             "add rule inet nowhere a drop\n              ^^^^^^^\n") ==
               "line 2: No such file or directory: add rule inet nowhere a drop");
    BOOST_TEST(nft_complaint("Error: syntax error, unexpected inet\nadd rulee inet\n    ^^^\n") ==
               "syntax error, unexpected inet: add rulee inet");
    BOOST_TEST(nft_complaint("netlink: Error: cache initialization failed: Operation not "
                             "permitted\n") ==
               "cache initialization failed: Operation not permitted");
}

BOOST_AUTO_TEST_CASE(a_complaint_is_never_empty) {
    BOOST_TEST(nft_complaint("") == "nftables gave no reason");
    BOOST_TEST(nft_complaint(" \n") == "nftables gave no reason");
    BOOST_TEST(nft_complaint("out of\x1b memory\nmore") == "out of\\x1b memory");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(nft_commits, *boost::unit_test::precondition(LittleEndian()))

BOOST_AUTO_TEST_CASE(a_commit_names_its_tables_and_its_maker) {
    CommitCollector collector(1);
    BOOST_TEST(!collector.add(kTableAdded.view()));
    const auto commit = collector.add(kGeneration.view());
    BOOST_REQUIRE(commit);
    BOOST_TEST(commit->generation == 2U);
    BOOST_TEST(commit->process == 8946U);
    BOOST_TEST(commit->program == "nft");
    BOOST_TEST(!commit->own);
    BOOST_REQUIRE(commit->find(kInet, "gatehouse") != nullptr);
    BOOST_TEST(!commit->find(kInet, "gatehouse")->lost_something);
    BOOST_TEST(commit->find(kInet, "other") == nullptr);
    BOOST_TEST(commit->find(2, "gatehouse") == nullptr);
}

BOOST_AUTO_TEST_CASE(our_own_commit_is_told_by_the_process) {
    CommitCollector collector(8946);
    BOOST_TEST(collector.add(kGeneration.view())->own);
    BOOST_TEST(!collector.add(kFlushed.view())->own);
}

BOOST_AUTO_TEST_CASE(a_flush_is_a_deleted_table) {
    CommitCollector collector(1);
    BOOST_TEST(!collector.add(kSetGone.view()));
    BOOST_TEST(!collector.add(kTableGone.view()));
    const auto commit = collector.add(kFlushed.view());
    BOOST_REQUIRE(commit);
    BOOST_REQUIRE(commit->tables.size() == 1U);
    BOOST_TEST((commit->tables[0].deleted && commit->tables[0].lost_something));
}

BOOST_AUTO_TEST_CASE(a_table_deleted_and_made_anew_is_there_but_lost_something) {
    CommitCollector collector(1);
    (void)collector.add(kTableGone.view());
    (void)collector.add(kTableAdded.view());
    const auto commit = collector.add(kFlushed.view());
    BOOST_TEST((!commit->tables[0].deleted && commit->tables[0].lost_something));
    BOOST_TEST(collector.add(kFlushed.view())->tables.empty());
}

BOOST_AUTO_TEST_CASE(a_commit_message_cut_anywhere_does_no_harm) {
    for (const Captured* one : {&kTableAdded, &kSetGone, &kFlushed}) {
        for (std::size_t n = 0; n < one->bytes.size(); ++n) {
            CommitCollector collector(1);
            const auto commit = collector.add(one->cut(n));
            BOOST_TEST((!commit || !commit->own));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(nft_elements)

BOOST_AUTO_TEST_CASE(each_field_of_a_key_fills_four_bytes) {
    BOOST_TEST(to_hex(inside().bytes()) == "c0a801021100000013c40000");
    BOOST_TEST(to_hex(outside().bytes()) == "c000020213c40000");
    BOOST_TEST(to_hex(ConcatKey().endpoint({Ip4::of(1, 2, 3, 4), Port{1}}).bytes()) ==
               "0102030400010000");
}

BOOST_AUTO_TEST_CASE(a_key_is_read_back_field_by_field) {
    const ConcatKey key = inside();
    ConcatReader reader(key.bytes());
    BOOST_TEST(reader.address().to_string() == "192.168.1.2");
    BOOST_TEST((reader.proto() == Proto::udp));
    BOOST_TEST(!reader.complete());
    BOOST_TEST(reader.port().number == 5060U);
    BOOST_TEST(reader.complete());
    (void)reader.port();
    BOOST_TEST(!reader.complete());
}

BOOST_AUTO_TEST_CASE(elements_of_a_map_and_of_a_set_are_decoded,
                     *boost::unit_test::precondition(LittleEndian())) {
    std::vector<Element> elements;
    BOOST_TEST(decode_elements(kMapElement.view(), elements));
    BOOST_TEST(decode_elements(kSetElement.view(), elements));
    BOOST_REQUIRE(elements.size() == 2U);
    BOOST_TEST(elements[0].key == inside().bytes());
    BOOST_TEST(elements[0].data == outside().bytes());
    BOOST_TEST(!elements[0].timeout);
    BOOST_TEST(elements[1].key == inside().address(Ip4::of(198, 51, 100, 7)).bytes());
    BOOST_TEST(elements[1].data.empty());
    BOOST_TEST((elements[1].timeout == Duration(60s)));
    BOOST_TEST((elements[1].expires_in == Duration(60s)));
}

BOOST_AUTO_TEST_CASE(elements_cut_anywhere_are_refused_or_none,
                     *boost::unit_test::precondition(LittleEndian())) {
    for (std::size_t n = 0; n < kSetElement.bytes.size(); ++n) {
        std::vector<Element> elements;
        if (decode_elements(kSetElement.cut(n), elements)) BOOST_TEST(elements.empty());
    }
}

BOOST_AUTO_TEST_CASE(an_added_element_is_what_the_kernel_announces,
                     *boost::unit_test::precondition(LittleEndian())) {
    ElementChange change;
    change.set = "source";
    change.key = inside().bytes();
    change.data = outside().bytes();
    const auto messages = encode_changes("gatehouse", {&change, 1});
    BOOST_REQUIRE(messages.size() == 1U);
    std::vector<Element> elements;
    BOOST_TEST(decode_elements(*MessageReader(messages[0]).next(), elements));
    BOOST_REQUIRE(elements.size() == 1U);
    BOOST_TEST(elements[0].key == change.key);
    BOOST_TEST(elements[0].data == change.data);
}

// Of one set in their order; what is done to other sets in the same transaction is no matter.
BOOST_AUTO_TEST_CASE(changes_of_one_set_share_a_message_wherever_they_stand,
                     *boost::unit_test::precondition(LittleEndian())) {
    std::vector<ElementChange> changes{add(1), add(1), add(2), add(2), add(3)};
    changes[1].set = changes[3].set = "inbound";
    const auto messages = encode_changes("t", changes);
    BOOST_REQUIRE(messages.size() == 2U);
    std::vector<Element> elements;
    for (const MessageBytes& message : messages)
        BOOST_TEST(decode_elements(*MessageReader(message).next(), elements));
    BOOST_REQUIRE(elements.size() == 5U);
    for (const std::size_t one : {1U, 3U, 0U, 2U, 4U}) {
        BOOST_TEST(elements.front().key == changes[one].key);
        elements.erase(elements.begin());
    }
}

BOOST_AUTO_TEST_CASE(neighbouring_changes_of_one_kind_share_a_message) {
    std::vector<ElementChange> changes{add(1), add(2), add(3), add(4)};
    changes[2].kind = ElementChange::Kind::remove;
    BOOST_TEST(encode_changes("t", changes).size() == 3U);
    changes[2].kind = ElementChange::Kind::add;
    BOOST_TEST(encode_changes("t", changes).size() == 1U);
    changes[3].set = "inbound";
    BOOST_TEST(encode_changes("t", changes).size() == 2U);
    BOOST_TEST(encode_changes("t", {}).empty());
}

BOOST_AUTO_TEST_CASE(many_changes_are_split_before_a_length_overflows) {
    std::vector<ElementChange> changes;
    for (std::uint16_t port = 1; port <= 20000; ++port)
        changes.push_back(add(port));
    const auto messages = encode_changes("gatehouse", changes);
    BOOST_TEST(messages.size() > 1U);
    std::vector<Element> elements;
    for (const MessageBytes& message : messages) {
        BOOST_REQUIRE(!message.empty());
        BOOST_TEST(decode_elements(*MessageReader(message).next(), elements));
    }
    BOOST_TEST(elements.size() == changes.size());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(queue_rule)

// Accepted by a kernel that has the xtables target and lacks the expression.
BOOST_AUTO_TEST_CASE(the_target_rule_replaces_what_its_chain_held,
                     *boost::unit_test::precondition(LittleEndian())) {
    QueueRule rule;
    rule.chain = "q";
    rule.queue = 7;
    rule.native = false;
    const auto messages = encode_queue_rule(rule);
    BOOST_REQUIRE(messages.size() == 2U);
    BOOST_TEST(MessageReader(messages[0]).next()->type == 0x0a08);
    BOOST_TEST(MessageReader(messages[1]).next()->type == 0x0a06);
    const std::string hex = to_hex(messages[1]);
    BOOST_TEST(hex.find(to_hex(as_bytes("NFQUEUE"))) != std::string::npos);
    BOOST_TEST(hex.find("08000200000000030c0003000700010001000000") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_native_rule_names_queue_and_bypass) {
    QueueRule rule;
    rule.chain = "q";
    rule.queue = 7;
    const std::string hex = to_hex(encode_queue_rule(rule).at(1));
    BOOST_TEST(hex.find(to_hex(as_bytes("queue"))) != std::string::npos);
    // The queue's number as an attribute: its head in the order of the machine, its value never.
    const bool little = std::endian::native == std::endian::little;
    BOOST_TEST(hex.find(little ? "060001000007" : "000600010007") != std::string::npos);
    rule.chain = std::string(300, 'x');
    BOOST_TEST(encode_queue_rule(rule).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace gatehouse::kernel::test
