// SPDX-License-Identifier: GPL-2.0-or-later
//
// Restarts, foreign hands in the table, and an outside that changes.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "gateway/nat/reconcile.h"
#include "tests/nat/support/house.h"

using namespace gatehouse;
using namespace gatehouse::test;
using config::NatType;

namespace {

void adopt(House& house) {
    const std::vector<Element> seen = house.kernel();
    const std::vector<PinholeElement> holes(house.pinholes.begin(), house.pinholes.end());
    house.event(AdoptElements{seen, holes});
}

void populate(House& house) {
    for (std::uint8_t n = 2; n < 12; ++n) {
        house.send(host(n, 5000), at(kServer, 80));
        house.send(host(n, 5001), at(kServer2, 81), Proto::tcp);
        house.send(host(n, 3), at(kServer2, 3), Proto::icmp);
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(state)

BOOST_AUTO_TEST_CASE(after_a_restart_every_endpoint_keeps_its_mapping_and_nothing_is_written) {
    for (const NatType type : {NatType::full_cone, NatType::restricted_cone,
                               NatType::port_restricted_cone, NatType::symmetric}) {
        House house(config_of(type));
        populate(house);
        const auto elements = house.elements;
        house.restart(config_of(type));
        house.event(OutsideChanged{{kOutside}});
        Effects effects;
        const std::vector<Element> seen = house.kernel();
        house.engine->handle(AdoptElements{seen, {}}, house.now, effects);
        BOOST_TEST(effects.edits.empty());
        BOOST_TEST((effects.dump_sessions == SessionDump::at_once));
        house.dump();
        BOOST_TEST((house.elements == elements));
        const std::size_t asked = house.asked;
        BOOST_CHECK(house.send(host(2, 5000), at(kServer, 80)) == at(kOutside, 5000));
        house.pass(100s);
        BOOST_TEST(house.asked == asked);
        BOOST_TEST((house.elements == elements));
    }
}

BOOST_AUTO_TEST_CASE(sessions_begun_with_a_lost_address_whose_elements_stayed_end_with_them) {
    House house;
    house.send(host(2, 5000), at(kServer, 80));
    house.commit_fails = [] { return true; };
    house.event(OutsideChanged{{kOutside2}});
    BOOST_CHECK(house.send(host(2, 5000), at(kServer2, 80)) == at(kOutside, 5000));
    house.commit_fails = [] { return false; };
    house.event(ElementsSeen{house.kernel(), {}});
    BOOST_TEST(house.sessions.empty());
    BOOST_CHECK(house.send(host(2, 5000), at(kServer2, 80)) == at(kOutside2, 5000));
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(nothing_is_written_before_the_kernel_is_known) {
    config::Config config = default_config();
    House house(config, 1000, false);
    house.event(OutsideChanged{{kOutside}});
    ForwardRequest request = house.forward_request(host(2, 80), Port{8000});
    BOOST_REQUIRE(house.engine->request(request, house.now));
    house.flush();
    Effects effects;
    house.engine->handle(FirstPacket{1, Proto::udp, host(2, 5000), at(kServer, 80)}, house.now,
                         effects);
    BOOST_CHECK((effects.verdicts[0] == Verdict{1, Verdict::Kind::accept, 0}));
    BOOST_TEST(house.elements.empty());
    house.event(AdoptElements{});
    BOOST_TEST(house.elements.size() == 3U);
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(flows_that_began_without_the_daemon_keep_their_endpoint) {
    House house;
    house.sessions[{Proto::udp, host(2, 5000), at(kServer, 80)}] = {at(kOutside, 40000), false,
                                                                    house.now + 300s};
    house.sessions[{Proto::udp, host(3, 6000), at(kServer, 80)}] = {at(kOutside, 6000), true,
                                                                    house.now + 300s};
    house.dump();
    BOOST_CHECK(house.send(host(2, 5000), at(kServer2, 80)) == at(kOutside, 40000));
    BOOST_TEST(house.asked == 0U);
    // A session that came from outside (the DMZ) makes no mapping.
    BOOST_TEST(house.engine->counts().mappings == 1U);
    // A second flow of the endpoint elsewhere only keeps its port.
    house.sessions[{Proto::udp, host(2, 5000), at(kServer, 81)}] = {at(kOutside, 41000), false,
                                                                    house.now + 300s};
    house.dump();
    BOOST_TEST(house.send(host(4, 41000), at(kServer2, 80))->port.number != 41000);
    BOOST_TEST(house.agrees());
}

// A flood that overruns the queue leaves many such sessions behind.
BOOST_AUTO_TEST_CASE(a_flow_begun_without_the_daemon_gives_way_to_the_owner_of_its_endpoint) {
    House house;
    const auto other = house.send(host(3, 6000), at(kServer2, 80));
    BOOST_REQUIRE(other.has_value());
    for (const Proto proto : {Proto::udp, Proto::tcp}) {
        house.send(host(3, 6000), at(kServer2, 80), proto);
        house.sessions[{proto, host(2, 5000), at(kServer, 80)}] = {*other, false, house.now + 300s};
    }
    house.dump();
    BOOST_TEST(house.sessions.count({Proto::udp, host(2, 5000), at(kServer, 80)}) == 0U);
    BOOST_TEST(house.sessions.count({Proto::tcp, host(2, 5000), at(kServer, 80)}) == 1U);
    BOOST_TEST(house.sessions.count({Proto::udp, host(3, 6000), at(kServer2, 80)}) == 1U);
    const auto own = house.send(host(2, 5000), at(kServer, 80));
    BOOST_CHECK((own && *own != *other));
    BOOST_CHECK(house.send(host(3, 6000), at(kServer, 80)) == other);
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(a_session_that_the_dump_missed_gets_its_mapping_back) {
    House house;
    const auto out = house.send(host(2, 5000), at(kServer, 80), Proto::tcp);
    const auto session = house.sessions.begin()->second;
    house.sessions.clear();
    house.pass(35s);
    BOOST_TEST(house.count(KernelSet::source) == 0U);
    house.sessions[{Proto::tcp, host(2, 5000), at(kServer, 80)}] = session;
    house.dump();
    BOOST_CHECK(house.engine->outside_of(Proto::tcp, host(2, 5000), at(kServer, 1)) == out);
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(two_claims_to_one_outside_endpoint_are_settled_by_the_way_back) {
    std::vector<Element> seen{
        {KernelSet::source, Proto::udp, host(2, 5000), {}, at(kOutside, 5000)},
        {KernelSet::source, Proto::udp, host(3, 5000), {}, at(kOutside, 5000)},
        {KernelSet::inbound, Proto::udp, at(kOutside, 5000), {}, host(3, 5000)},
        {KernelSet::source, Proto::udp, host(9, 6000), {}, at(kOutside, 6000)},
        {KernelSet::source, Proto::udp, host(8, 6000), {}, at(kOutside, 6000)},
    };
    std::sort(seen.begin(), seen.end());
    do {
        House house(default_config(), 1000, false);
        for (const Element& e : seen) {
            house.elements[{e.set, e.proto, e.key, e.remote}] = e.value;
        }
        house.event(OutsideChanged{{kOutside}});
        house.event(AdoptElements{seen, {}});
        BOOST_REQUIRE(house.agrees());
        BOOST_REQUIRE(house.engine->inside_of(Proto::udp, at(kOutside, 5000)) == host(3, 5000));
        BOOST_REQUIRE(house.engine->inside_of(Proto::udp, at(kOutside, 6000)) == host(8, 6000));
    } while (std::next_permutation(seen.begin(), seen.end()));
}

BOOST_AUTO_TEST_CASE(elements_that_do_not_fit_the_configuration_are_removed_at_start) {
    House house(config_of(NatType::symmetric));
    populate(house);
    config::Config config = config_of(NatType::restricted_cone);
    config.nat.ports = {{2000}, {4999}};
    house.restart(config);
    house.event(OutsideChanged{{kOutside}});
    adopt(house);
    BOOST_TEST(house.agrees());
    BOOST_TEST(house.count(KernelSet::source_session) == 0U);
}

BOOST_AUTO_TEST_CASE(sessions_of_an_address_that_went_while_the_daemon_was_away_are_deleted) {
    House house;
    populate(house);
    house.restart(default_config());
    house.event(OutsideChanged{{kOutside2}});
    adopt(house);
    BOOST_TEST(house.elements.empty());
    BOOST_TEST(house.sessions.empty());
}

BOOST_AUTO_TEST_CASE(a_table_that_somebody_emptied_is_written_again_whole) {
    House house(config_of(NatType::full_cone));
    populate(house);
    ForwardRequest range = house.forward_request(host(2, 20000), Port{20000});
    range.count = 1000;
    BOOST_REQUIRE(house.engine->request(range, house.now));
    house.flush();
    const auto elements = house.elements;
    house.flush_table();
    Effects effects;
    house.engine->handle(TableLost{}, house.now, effects);
    for (const Batch& batch : effects.batches)
        BOOST_TEST(batch.count <= kMostEdits);
    BOOST_TEST(effects.edits.size() == elements.size());
    house.event(TableLost{});
    BOOST_TEST((house.elements == elements));
}

BOOST_AUTO_TEST_CASE(what_a_foreign_hand_changed_is_put_right_by_the_smallest_difference) {
    House house(config_of(NatType::full_cone));
    populate(house);
    const auto elements = house.elements;
    house.elements.erase(house.elements.begin());
    house.elements.begin()->second = at(kOutside, 1);
    house.elements[{KernelSet::open, Proto::udp, host(99, 1), {}}] = {};
    const std::vector<Element> seen = house.kernel();
    Effects effects;
    house.engine->handle(ElementsSeen{seen, {}}, house.now, effects);
    BOOST_TEST(effects.edits.size() == 4U);
    house.event(ElementsSeen{seen, {}});
    BOOST_TEST((house.elements == elements));
}

BOOST_AUTO_TEST_CASE(a_list_of_elements_with_gaps_is_not_compared_but_asked_for_again) {
    House house(config_of(NatType::full_cone));
    populate(house);
    house.elements[{KernelSet::open, Proto::udp, host(99, 1), {}}] = {};
    const std::vector<Element> seen = house.kernel();
    const std::span<const Element> some(seen.data(), seen.size() / 2);
    for (unsigned i = 0; i < Engine::kMostIncomplete; ++i) {
        Effects effects;
        house.engine->handle(ElementsSeen{some, {}, false}, house.now, effects);
        BOOST_TEST(effects.edits.empty());
        BOOST_TEST(effects.dump_elements);
        house.now += Engine::kRepairGap;
    }
    // A kernel that never tells all does not keep us from mending what can be seen.
    Effects effects;
    house.engine->handle(ElementsSeen{seen, {}, false}, house.now, effects);
    BOOST_TEST(effects.edits.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_batch_that_did_not_fit_the_kernel_leads_to_a_repair) {
    House house;
    populate(house);
    house.elements.erase(house.elements.begin());
    house.sessions.clear();
    house.pass(60s);  // the removal of what is not there fails
    BOOST_TEST(house.broken_batches == 1U);
    BOOST_TEST(house.agrees());
    BOOST_TEST(house.elements.empty());
}

BOOST_AUTO_TEST_CASE(nothing_leaves_from_an_address_that_has_gone) {
    House house(config_of(NatType::full_cone));
    populate(house);
    ForwardRequest request = house.forward_request(host(2, 80), Port{8000});
    BOOST_REQUIRE(house.engine->request(request, house.now));
    house.flush();
    house.event(OutsideChanged{{kOutside2}});
    BOOST_TEST(house.sessions.empty());
    for (const Element& element : house.kernel()) {
        BOOST_TEST((element.key.address != kOutside && element.value.address != kOutside));
    }
    // The same ports on the new address; forwards are there at once.
    BOOST_CHECK(house.send(host(2, 5000), at(kServer, 80)) == at(kOutside2, 5000));
    BOOST_CHECK(house.receive(at(kOutside2, 8000), at(kServer2, 1)) == host(2, 80));
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(without_an_address_packets_are_dropped_and_forwards_wait) {
    House house;
    ForwardRequest request = house.forward_request(host(2, 80), Port{8000});
    BOOST_REQUIRE(house.engine->request(request, house.now));
    house.flush();
    house.event(OutsideChanged{{}});
    BOOST_TEST(house.elements.empty());
    BOOST_TEST(!house.send(host(2, 5000), at(kServer, 80)));
    BOOST_CHECK(house.verdicts.back().kind == Verdict::Kind::drop);
    BOOST_CHECK(house.engine->outside_address().reach == Reach::none);
    // One that is made meanwhile conflicts with those that wait.
    request.owner.id = "other";
    request.must_have_port = true;
    BOOST_CHECK(house.engine->request(request, house.now).error().reason == Refusal::port_taken);
    house.event(OutsideChanged{{Ip4::of(100, 64, 0, 7)}});
    BOOST_CHECK(house.engine->outside_address().reach == Reach::cgnat);
    BOOST_CHECK(house.receive(at(Ip4::of(100, 64, 0, 7), 8000), at(kServer, 1)) == host(2, 80));
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(the_primary_address_stays_while_it_exists) {
    House house;
    house.event(OutsideChanged{{kOutside2, kOutside}});
    BOOST_CHECK(house.engine->outside_address().address == kOutside);
    house.event(OutsideChanged{{kOutside2}});
    BOOST_CHECK(house.engine->outside_address().address == kOutside2);
}

BOOST_AUTO_TEST_SUITE_END()
