// SPDX-License-Identifier: GPL-2.0-or-later
#include <boost/test/unit_test.hpp>

#include "gateway/kernel/nft.h"
#include "gateway/kernel/nft_elements.h"
#include "gateway/kernel/nft_watch.h"
#include "tests/kernel_live/namespace.h"

namespace gatehouse::kernel::test {

namespace {

constexpr std::uint8_t kInet = 1;
const std::string kTable =
    "table inet gatehouse {\n"
    "    map source { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }\n"
    "    set permit { type ipv4_addr . inet_proto . inet_service . ipv4_addr; flags timeout; }\n"
    "}\n";

ConcatKey inside(std::uint16_t port) {
    return ConcatKey().address(Ip4::of(192, 168, 1, 2)).proto(Proto::udp).port(Port{port});
}

ConcatKey outside(std::uint16_t port) {
    return ConcatKey().address(Ip4::of(11, 0, 0, 2)).port(Port{port});
}

std::vector<NftCommit> commits(NftWatch& watch) {
    std::vector<NftCommit> out;
    while (readable(watch.fd(), 200)) {
        watch.read([&out](const NftCommit& commit) { out.push_back(commit); });
    }
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(live_nft, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(a_text_is_applied_whole_or_not_at_all) {
    const FreshNamespace fresh;
    auto nft = Nft::open();
    BOOST_REQUIRE(nft);
    BOOST_TEST(nft->apply(kTable).ok());
    const auto refused =
        nft->apply("add chain inet gatehouse good\nadd rule inet nowhere a drop\n");
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().text.find("No such file or directory") != std::string::npos,
               refused.error().text);
    const auto listed = nft->list("list table inet gatehouse");
    BOOST_REQUIRE(listed);
    BOOST_TEST(listed->find("map source") != std::string::npos);
    BOOST_TEST(listed->find("good") == std::string::npos);
    BOOST_TEST(!nft->list("list table inet nowhere").ok());
}

BOOST_AUTO_TEST_CASE(a_check_changes_nothing) {
    const FreshNamespace fresh;
    auto nft = Nft::open();
    BOOST_REQUIRE(nft);
    BOOST_TEST(nft->check(kTable).ok());
    BOOST_TEST(!nft->check("table inet gatehouse { chain a { jump nowhere; }; }").ok());
    BOOST_TEST(*nft->list("list ruleset") == "");
}

BOOST_AUTO_TEST_CASE(elements_are_written_listed_and_removed) {
    const FreshNamespace fresh;
    auto nft = Nft::open();
    BOOST_REQUIRE(nft && nft->apply(kTable));
    auto elements = NftElements::open("gatehouse");
    BOOST_REQUIRE(elements);
    BOOST_TEST(elements->add("source", inside(5060), outside(5060)).ok());
    BOOST_TEST(elements->add("source", inside(5060), outside(5060)).ok());
    const auto clash = elements->add("source", inside(5060), outside(7000));
    BOOST_REQUIRE(!clash);
    BOOST_TEST(clash.error().number == EEXIST);
    const auto text = nft->list("list map inet gatehouse source");
    BOOST_TEST(text->find("192.168.1.2 . 17 . 5060 : 11.0.0.2 . 5060") != std::string::npos);
    const auto listed = elements->list("source");
    BOOST_REQUIRE(listed && listed->size() == 1U);
    BOOST_TEST(listed->front().key == inside(5060).bytes());
    BOOST_TEST(listed->front().data == outside(5060).bytes());
    BOOST_TEST(elements->remove("source", inside(5060)).ok());
    const auto gone = elements->remove("source", inside(5060));
    BOOST_REQUIRE(!gone);
    BOOST_TEST(gone.error().number == ENOENT);
}

BOOST_AUTO_TEST_CASE(one_element_is_asked_for_and_rules_tell_what_they_counted) {
    const FreshNamespace fresh;
    auto nft = Nft::open();
    BOOST_REQUIRE(nft && nft->apply(kTable));
    auto elements = NftElements::open("gatehouse");
    BOOST_REQUIRE(elements);
    BOOST_TEST(!elements->has("source", inside(5060)));
    BOOST_TEST(elements->add("source", inside(5060), outside(5060)).ok());
    BOOST_TEST(elements->has("source", inside(5060)));
    BOOST_TEST(!elements->has("source", inside(5061)));
    BOOST_TEST(!elements->has("nowhere", inside(5060)));
    BOOST_TEST(elements->rule_counts().empty());
    BOOST_REQUIRE(
        nft->apply("table inet gatehouse {\n chain counts {\n"
                   "  tcp dport 1 counter packets 7 bytes 90 drop comment \"seven\"\n"
                   "  counter packets 9 bytes 90 drop\n"
                   "  tcp dport 2 drop comment \"silent\"\n"
                   "  counter drop comment \"none\"\n }\n}\n"));
    const std::vector<RuleCount> counts = elements->rule_counts();
    BOOST_TEST((counts == std::vector<RuleCount>{{"seven", 7}, {"none", 0}}));
    auto other = NftElements::open("nothing");
    BOOST_REQUIRE(other);
    BOOST_TEST(other->rule_counts().empty());
}

BOOST_AUTO_TEST_CASE(elements_with_ipv6_addresses_are_written_listed_and_removed) {
    const FreshNamespace fresh;
    auto nft = Nft::open();
    BOOST_REQUIRE(nft && nft->apply("table inet gatehouse {\n"
                                    "    set pinhole_remote { type ipv6_addr . inet_proto . "
                                    "inet_service . ipv6_addr; }\n}\n"));
    auto elements = NftElements::open("gatehouse");
    BOOST_REQUIRE(elements);
    ElementChange change;
    change.set = "pinhole_remote";
    change.key = ConcatKey()
                     .address(*parse_ip6("2001:db8::20"))
                     .proto(Proto::tcp)
                     .port(Port{443})
                     .address(*parse_ip6("2001:db8:9::1"))
                     .bytes();
    BOOST_TEST(change.key.size() == 40U);
    BOOST_TEST(elements->apply({&change, 1}).ok());
    const auto text = nft->list("list set inet gatehouse pinhole_remote");
    BOOST_TEST(text->find("2001:db8::20 . 6 . 443 . 2001:db8:9::1") != std::string::npos, *text);
    const auto listed = elements->list("pinhole_remote");
    BOOST_REQUIRE(listed && listed->size() == 1U);
    ConcatReader reader(listed->front().key);
    BOOST_TEST((reader.address6() == *parse_ip6("2001:db8::20")));
    BOOST_TEST((reader.proto() == Proto::tcp && reader.port() == Port{443}));
    BOOST_TEST((reader.address6() == *parse_ip6("2001:db8:9::1")));
    BOOST_TEST(reader.complete());
    change.kind = ElementChange::Kind::remove;
    BOOST_TEST(elements->apply({&change, 1}).ok());
    BOOST_TEST(elements->list("pinhole_remote")->empty());
}

BOOST_AUTO_TEST_CASE(elements_of_a_set_that_counts_say_what_they_counted) {
    const FreshNamespace fresh;
    auto nft = Nft::open();
    const std::string text =
        "table inet gatehouse {\n"
        "    set quiet { type inet_proto . inet_service; }\n"
        "    set counted { type inet_proto . inet_service; counter; }\n"
        "    chain out { type filter hook output priority 0; policy accept;\n"
        "        meta l4proto . th dport @counted\n    }\n}\n";
    BOOST_REQUIRE(nft && nft->apply(text));
    run("ip link set lo up");
    auto elements = NftElements::open("gatehouse");
    BOOST_REQUIRE(elements);
    const ConcatKey key = ConcatKey().proto(Proto::udp).port(Port{9});
    BOOST_REQUIRE(elements->add("quiet", key, {}).ok());
    BOOST_REQUIRE(elements->add("counted", key, {}).ok());
    BOOST_TEST((elements->find("counted", key)->packets == 0U));
    BOOST_TEST(!elements->find("quiet", key)->packets.has_value());
    BOOST_TEST(!elements->find("counted", ConcatKey().proto(Proto::tcp).port(Port{9})).has_value());
    for (int i = 0; i < 3; ++i)
        run("bash -c 'echo x >/dev/udp/127.0.0.1/9'");
    BOOST_TEST((elements->find("counted", key)->packets == 3U));
    // Neither loading the same text again nor adding the element again begins anew.
    BOOST_REQUIRE(nft->apply(text));
    BOOST_REQUIRE(elements->add("counted", key, {}).ok());
    BOOST_TEST((elements->list("counted")->front().packets == 3U));
    BOOST_REQUIRE(elements->remove("counted", key).ok());
    BOOST_REQUIRE(elements->add("counted", key, {}).ok());
    BOOST_TEST((elements->find("counted", key)->packets == 0U));
    // The same set with another definition is refused: that is why it has another name.
    BOOST_TEST(
        !nft->apply("table inet gatehouse {\n    set counted { type inet_proto . "
                    "inet_service; }\n}\n"));
}

BOOST_AUTO_TEST_CASE(one_wrong_change_undoes_the_whole_transaction) {
    const FreshNamespace fresh;
    auto nft = Nft::open();
    BOOST_REQUIRE(nft && nft->apply(kTable));
    auto elements = NftElements::open("gatehouse");
    BOOST_REQUIRE(elements);
    const ElementChange add{
        ElementChange::Kind::add, "source", inside(1).bytes(), outside(1).bytes(), {}};
    const ElementChange wrong{ElementChange::Kind::remove, "source", inside(9).bytes(), {}, {}};
    const std::vector changes{add, wrong};
    const auto refused = elements->apply(changes);
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().number == ENOENT);
    BOOST_TEST(elements->list("source")->empty());
    // The socket is in step again.
    BOOST_TEST(elements->apply({&add, 1}).ok());
    BOOST_TEST(elements->list("source")->size() == 1U);
}

BOOST_AUTO_TEST_CASE(sixty_thousand_elements_are_one_transaction) {
    const FreshNamespace fresh;
    auto nft = Nft::open();
    BOOST_REQUIRE(nft && nft->apply(kTable));
    auto elements = NftElements::open("gatehouse");
    std::vector<ElementChange> changes;
    for (std::uint32_t port = 1; port <= 60000; ++port) {
        const auto p = static_cast<std::uint16_t>(port);
        changes.push_back(
            {ElementChange::Kind::add, "source", inside(p).bytes(), outside(p).bytes(), {}});
    }
    const auto applied = elements->apply(changes);
    BOOST_REQUIRE_MESSAGE(applied.ok(), (applied ? "" : applied.error().text));
    BOOST_TEST(elements->list("source")->size() == 60000U);
}

BOOST_AUTO_TEST_CASE(an_element_with_a_timeout_tells_what_is_left) {
    const FreshNamespace fresh;
    auto nft = Nft::open();
    BOOST_REQUIRE(nft && nft->apply(kTable));
    auto elements = NftElements::open("gatehouse");
    ElementChange permit{ElementChange::Kind::add,
                         "permit",
                         inside(5060).address(Ip4::of(8, 8, 8, 8)).bytes(),
                         {},
                         60s};
    BOOST_REQUIRE(elements->apply({&permit, 1}).ok());
    const auto listed = elements->list("permit");
    BOOST_REQUIRE(listed && listed->size() == 1U);
    BOOST_TEST((listed->front().timeout == Duration(60s)));
    BOOST_REQUIRE(listed->front().expires_in.has_value());
    BOOST_TEST((*listed->front().expires_in <= 60s && *listed->front().expires_in > 50s));
}

BOOST_AUTO_TEST_CASE(a_foreign_flush_is_told_from_our_own_commits) {
    const FreshNamespace fresh;
    auto watch = NftWatch::open();
    auto nft = Nft::open();
    auto elements = NftElements::open("gatehouse");
    BOOST_REQUIRE(watch && nft && elements);
    BOOST_REQUIRE(nft->apply(kTable).ok());
    BOOST_REQUIRE(elements->add("source", inside(5060), outside(5060)).ok());
    const auto own = commits(*watch);
    BOOST_REQUIRE(own.size() == 2U);
    BOOST_TEST((own[0].own && own[1].own));
    BOOST_TEST(own[0].find(kInet, "gatehouse") != nullptr);
    BOOST_TEST(!own[0].find(kInet, "gatehouse")->lost_something);
    watch->ignore(elements->port());
    BOOST_REQUIRE(elements->add("source", inside(5061), outside(5061)).ok());
    BOOST_TEST(commits(*watch).empty());
    run("nft flush ruleset");
    const auto foreign = commits(*watch);
    BOOST_REQUIRE(foreign.size() == 1U);
    BOOST_TEST(!foreign[0].own);
    BOOST_TEST(foreign[0].program == "nft");
    BOOST_REQUIRE(foreign[0].find(kInet, "gatehouse") != nullptr);
    BOOST_TEST(foreign[0].find(kInet, "gatehouse")->deleted);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace gatehouse::kernel::test
