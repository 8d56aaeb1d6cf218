// SPDX-License-Identifier: GPL-2.0-or-later
//
// What RFC 4787, 5382, 5508 and 6888 ask of the core, with a naive kernel around it.
#include "gateway/nat/engine.h"

#include <boost/test/unit_test.hpp>
#include <set>

#include "tests/nat/support/house.h"

using namespace gatehouse;
using namespace gatehouse::test;
using config::NatType;

namespace {

config::Config custom(MappingBehaviour mapping, FilteringBehaviour filtering) {
    config::Config config = default_config();
    config.nat.type = NatType::custom;
    config.nat.mapping = mapping;
    config.nat.filtering = filtering;
    return config;
}

std::uint64_t refused(const House& house, Refusal reason) {
    return house.engine->counters().refused[static_cast<std::size_t>(reason)];
}

}  // namespace

BOOST_AUTO_TEST_SUITE(engine)

BOOST_AUTO_TEST_CASE(endpoint_independent_mapping_gives_every_destination_the_same_port) {
    House house;
    const auto first = house.send(host(2, 5000), at(kServer, 80));
    BOOST_REQUIRE(first);
    BOOST_CHECK(*first == at(kOutside, 5000));
    BOOST_CHECK(house.send(host(2, 5000), at(kServer, 81)) == first);
    BOOST_CHECK(house.send(host(2, 5000), at(kServer2, 80)) == first);
    BOOST_TEST(house.asked == 1U);
}

BOOST_AUTO_TEST_CASE(nine_behaviours_map_and_filter_as_their_names_say) {
    using enum MappingBehaviour;
    for (const auto mapping :
         {endpoint_independent, address_dependent, address_and_port_dependent}) {
        for (const auto filtering :
             {FilteringBehaviour::endpoint_independent, FilteringBehaviour::address_dependent,
              FilteringBehaviour::address_and_port_dependent}) {
            House house(custom(mapping, filtering));
            const auto one = house.send(host(2, 5000), at(kServer, 80));
            const auto port = house.send(host(2, 5000), at(kServer, 81));
            const auto address = house.send(host(2, 5000), at(kServer2, 80));
            BOOST_TEST((one == port) == (mapping != address_and_port_dependent));
            BOOST_TEST((one == address) == (mapping == endpoint_independent));
            const auto from = [&](Ip4 remote, std::uint16_t number) {
                return house.receive(*one, at(remote, number)).has_value();
            };
            BOOST_TEST(from(kServer, 80));
            BOOST_TEST(from(kServer, 4444) ==
                       (filtering != FilteringBehaviour::address_and_port_dependent));
            BOOST_TEST(from(Ip4::of(11, 0, 9, 9), 80) ==
                       (filtering == FilteringBehaviour::endpoint_independent));
            BOOST_TEST(house.agrees());
        }
    }
}

BOOST_AUTO_TEST_CASE(two_hosts_on_one_port_never_share_an_outside_port) {
    House house;
    const auto a = house.send(host(2, 5555), at(kServer, 80));
    const auto b = house.send(host(3, 5555), at(kServer2, 81));
    BOOST_CHECK(a != b);
    BOOST_TEST(a->port.number == 5555);
    BOOST_TEST(b->port.number % 2 == 1);
}

BOOST_AUTO_TEST_CASE(udp_and_tcp_are_mapped_apart) {
    House house(config_of(NatType::full_cone));
    house.send(host(2, 5000), at(kServer, 80), Proto::udp);
    BOOST_TEST(!house.receive(at(kOutside, 5000), at(kServer2, 9), Proto::tcp));
    house.send(host(3, 5000), at(kServer, 80), Proto::tcp);
    BOOST_CHECK(house.receive(at(kOutside, 5000), at(kServer2, 9), Proto::tcp) == host(3, 5000));
    BOOST_CHECK(house.receive(at(kOutside, 5000), at(kServer2, 9), Proto::udp) == host(2, 5000));
}

BOOST_AUTO_TEST_CASE(udp_and_tcp_may_have_different_types) {
    config::Config config = default_config();
    config.nat.udp_type = NatType::full_cone;
    config.nat.tcp_type = NatType::symmetric;
    House house(config);
    const auto u1 = house.send(host(2, 5000), at(kServer, 80));
    BOOST_CHECK(house.send(host(2, 5000), at(kServer2, 80)) == u1);
    const auto t1 = house.send(host(2, 5000), at(kServer, 80), Proto::tcp);
    BOOST_CHECK(house.send(host(2, 5000), at(kServer2, 80), Proto::tcp) != t1);
}

BOOST_AUTO_TEST_CASE(an_icmp_query_has_one_identifier_for_all_targets_in_every_type) {
    for (const NatType type : {NatType::full_cone, NatType::symmetric}) {
        House house(config_of(type));
        const auto one = house.send(host(2, 77), at(kServer, 77), Proto::icmp);
        BOOST_REQUIRE(one);
        BOOST_TEST(one->port.number == 77);
        BOOST_CHECK(house.send(host(2, 77), at(kServer2, 77), Proto::icmp) == one);
        const auto other = house.send(host(3, 77), at(kServer, 77), Proto::icmp);
        BOOST_CHECK(other != one);
        BOOST_TEST(house.count(KernelSet::inbound) == 0U);
        BOOST_TEST(house.count(KernelSet::hairpin) == 0U);
    }
}

BOOST_AUTO_TEST_CASE(a_hairpin_packet_comes_from_the_outside_endpoint_in_every_type) {
    for (const NatType type : {NatType::full_cone, NatType::restricted_cone,
                               NatType::port_restricted_cone, NatType::symmetric}) {
        House house(config_of(type));
        const auto b = house.send(host(3, 6000), at(kServer, 80));
        const auto met = house.hairpin(host(2, 5000), *b);
        BOOST_REQUIRE(met);
        BOOST_CHECK(met->first == host(3, 6000));
        BOOST_CHECK(met->second == at(kOutside, 5000));
        // To itself, too.
        BOOST_CHECK(house.hairpin(host(3, 6000), *b)->first == host(3, 6000));
        // What is only for packets from inside lets nobody in from outside.
        if (type != NatType::full_cone) {
            BOOST_TEST(!house.receive(*b, at(kServer2, 80)));
        }
    }
}

BOOST_AUTO_TEST_CASE(hairpinning_can_be_switched_off_and_on) {
    config::Config config = config_of(NatType::port_restricted_cone);
    House house(config);
    house.send(host(2, 5000), at(kServer, 80));
    BOOST_TEST(house.count(KernelSet::hairpin) == 1U);
    config.nat.hairpin = false;
    house.event(Reconfigured{config});
    BOOST_TEST(house.count(KernelSet::hairpin) == 0U);
    BOOST_TEST(house.agrees());
    config.nat.hairpin = true;
    house.event(Reconfigured{config});
    BOOST_TEST(house.count(KernelSet::hairpin) == 1U);
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(all_mappings_of_a_host_leave_from_one_of_several_addresses) {
    House house;
    house.event(OutsideChanged{{kOutside, kOutside2}});
    std::set<std::uint32_t> used;
    for (std::uint8_t n = 2; n < 60; ++n) {
        const auto first = house.send(host(n, 5000), at(kServer, 80));
        used.insert(first->address.value);
        for (std::uint16_t port = 5001; port < 5010; ++port) {
            const auto other = house.send(host(n, port), at(kServer2, port));
            BOOST_REQUIRE(other->address == first->address);
        }
    }
    BOOST_TEST(used.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_mapping_behaves_the_same_when_the_ports_are_nearly_all_taken) {
    config::Config config = config_of(NatType::full_cone);
    config.nat.ports = {{2000}, {2099}};
    House house(config);
    for (std::uint16_t n = 0; n < 95; ++n) {
        const auto given = house.send(
            host(static_cast<std::uint8_t>(2 + n % 7), static_cast<std::uint16_t>(9000 + n)),
            at(kServer, 80));
        BOOST_REQUIRE(given);
    }
    const auto one = house.send(host(100, 5000), at(kServer, 80));
    BOOST_CHECK(house.send(host(100, 5000), at(kServer2, 81)) == one);
    BOOST_CHECK(house.receive(*one, at(Ip4::of(11, 0, 9, 9), 1)) == host(100, 5000));
}

BOOST_AUTO_TEST_CASE(when_no_port_is_left_the_newcomer_is_refused_and_nobody_evicted) {
    config::Config config = default_config();
    config.nat.ports = {{2000}, {2063}};
    House house(config);
    for (std::uint16_t n = 0; n < 64; ++n) {
        BOOST_REQUIRE(house.send(host(2, static_cast<std::uint16_t>(9000 + n)), at(kServer, 80)));
    }
    BOOST_TEST(!house.send(host(3, 5000), at(kServer, 80)));
    BOOST_TEST(house.verdicts.size() == 1U);
    BOOST_CHECK(house.verdicts[0].kind == Verdict::Kind::refuse);
    BOOST_TEST(refused(house, Refusal::pool_empty) == 1U);
    BOOST_TEST(house.engine->mappings_of(host(2, 1).address) == 64U);
    // Recovery: mappings end, their ports rest, then the newcomer gets one.
    house.sessions.clear();
    house.pass(200s);
    BOOST_TEST(house.send(host(3, 5000), at(kServer, 80)).has_value());
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(a_host_cannot_have_more_mappings_than_its_quota) {
    config::Config config = default_config();
    config.nat.host_mappings = 10;
    House house(config);
    for (std::uint16_t n = 0; n < 10; ++n) {
        BOOST_REQUIRE(house.send(host(2, static_cast<std::uint16_t>(9000 + n)), at(kServer, 80)));
    }
    BOOST_TEST(!house.send(host(2, 9100), at(kServer, 80)));
    BOOST_TEST(refused(house, Refusal::host_quota) == 1U);
    BOOST_TEST(house.send(host(3, 9100), at(kServer, 80)).has_value());
    house.end_sessions_of(host(2, 9000));
    house.pass(40s);
    BOOST_TEST(house.engine->mappings_of(host(2, 0).address) == 9U);
    BOOST_TEST(house.send(host(2, 9100), at(kServer, 80)).has_value());
}

BOOST_AUTO_TEST_CASE(all_hosts_together_cannot_have_more_mappings_than_the_limit) {
    House house(default_config(), 20);
    for (std::uint16_t n = 0; n < 20; ++n) {
        BOOST_REQUIRE(house.send(host(static_cast<std::uint8_t>(n + 2), 9000), at(kServer, 80)));
    }
    BOOST_TEST(!house.send(host(50, 9000), at(kServer, 80)));
    BOOST_TEST(refused(house, Refusal::table_full) == 1U);
}

BOOST_AUTO_TEST_CASE(a_port_of_the_router_is_never_given_away) {
    House house;
    house.event(ReservedPorts{{{Proto::udp, {{3478}, {3478}}}, {Proto::udp, {{32768}, {33000}}}}});
    BOOST_TEST(house.send(host(2, 3478), at(kServer, 80))->port.number != 3478);
    BOOST_TEST(house.send(host(2, 32800), at(kServer, 80))->port.number < 32768);
    BOOST_TEST(house.send(host(2, 3478), at(kServer, 80), Proto::tcp)->port.number == 3478);
}

BOOST_AUTO_TEST_CASE(a_mapping_gives_way_when_the_router_begins_to_listen_on_its_port) {
    House house(config_of(NatType::full_cone));
    house.send(host(2, 5000), at(kServer, 80));
    house.event(ReservedPorts{{{Proto::udp, {{5000}, {5000}}}}});
    BOOST_TEST(!house.receive(at(kOutside, 5000), at(kServer2, 80)));
    BOOST_TEST(house.send(host(2, 5000), at(kServer2, 80))->port.number != 5000);
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(an_endpoint_independent_udp_port_rests_two_minutes_before_another_gets_it) {
    House house;
    house.send(host(2, 5000), at(kServer, 80));
    house.sessions.clear();
    house.pass(31s);
    BOOST_TEST(house.engine->mappings_of(host(2, 0).address) == 0U);
    BOOST_TEST(house.count(KernelSet::source) == 0U);
    house.pass(118s);
    BOOST_TEST(house.send(host(3, 5000), at(kServer, 80))->port.number != 5000);
    house.pass(60s);
    BOOST_TEST(house.send(host(4, 5000), at(kServer, 80))->port.number == 5000);
}

BOOST_AUTO_TEST_CASE(its_own_endpoint_gets_a_resting_port_back_at_once) {
    House house;
    const auto before = house.send(host(2, 5000), at(kServer, 80));
    house.sessions.clear();
    house.pass(60s);
    house.send(host(3, 5000), at(kServer, 80));
    BOOST_CHECK(house.send(host(2, 5000), at(kServer, 80)) == before);
    BOOST_TEST(house.engine->counters().revived == 1U);
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(a_mapping_lives_as_long_as_one_of_its_sessions) {
    House house;
    house.session_life = 1000s;
    house.send(host(2, 5000), at(kServer, 80));
    house.session_life = 10s;
    house.send(host(2, 5000), at(kServer2, 80));
    house.pass(990s);
    BOOST_TEST(house.engine->mappings_of(host(2, 0).address) == 1U);
    house.pass(120s);
    BOOST_TEST(house.engine->mappings_of(host(2, 0).address) == 0U);
}

BOOST_AUTO_TEST_CASE(a_broken_dump_ends_no_mapping) {
    House house;
    house.send(host(2, 5000), at(kServer, 80));
    house.now += 100s;
    Effects effects;
    house.engine->handle(SessionsBegin{}, house.now, effects);
    house.engine->handle(SessionsEnd{false}, house.now, effects);
    BOOST_TEST(house.engine->mappings_of(host(2, 0).address) == 1U);
}

BOOST_AUTO_TEST_CASE(a_mapping_made_while_a_dump_runs_survives_it) {
    House house;
    house.now += 100s;
    Effects effects;
    house.engine->handle(SessionsBegin{}, house.now, effects);
    house.send(host(2, 5000), at(kServer, 80));
    house.now += 10s;
    house.engine->handle(SessionsEnd{true}, house.now, effects);
    BOOST_TEST(house.engine->mappings_of(host(2, 0).address) == 1U);
}

BOOST_AUTO_TEST_CASE(the_end_of_the_last_session_brings_an_early_dump) {
    House house;
    house.send(host(2, 5000), at(kServer, 80));
    house.pass(31s);
    const std::size_t dumps = house.dumps;
    house.end_sessions_of(host(2, 5000));
    house.pass(6s);
    BOOST_TEST(house.dumps == dumps + 1);
    BOOST_TEST(house.engine->mappings_of(host(2, 0).address) == 0U);
}

BOOST_AUTO_TEST_CASE(lost_events_bring_an_early_dump) {
    House house;
    house.pass(31s);
    const std::size_t dumps = house.dumps;
    house.event(EventsLost{});
    house.pass(6s);
    BOOST_TEST(house.dumps == dumps + 1);
}

BOOST_AUTO_TEST_CASE(what_happens_while_a_dump_runs_brings_the_next_one_soon) {
    for (const bool lost : {false, true}) {
        House house;
        house.send(host(2, 5000), at(kServer, 80));
        house.pass(31s);
        const std::size_t dumps = house.dumps;
        Effects effects;
        house.engine->handle(SessionsBegin{}, house.now, effects);
        if (lost) house.engine->handle(EventsLost{}, house.now, effects);
        BOOST_TEST((effects.dump_sessions == SessionDump::none));
        const Session session{Proto::udp,      host(2, 5000), at(kOutside, 5000),
                              at(kServer, 80), false,         100s};
        house.engine->handle(SessionsSeen{{&session, 1}}, house.now, effects);
        house.engine->handle(SessionsEnd{true}, house.now, effects);
        house.pass(6s);
        BOOST_TEST(house.dumps == dumps + (lost ? 1U : 0U));
    }
}

BOOST_AUTO_TEST_CASE(a_permit_lives_while_its_session_does_and_ends_soon_after) {
    House house;
    house.session_life = 7440s;
    const auto out = house.send(host(2, 5000), at(kServer, 80));
    house.pass(600s);
    BOOST_TEST(house.receive(*out, at(kServer, 81)).has_value());
    house.session_life = 300s;
    house.send(host(2, 5000), at(kServer2, 80));
    house.end_sessions_of(host(2, 5000));
    house.send(host(2, 5000), at(kServer2, 80));
    house.pass(Sweep::kPermitTimeout + 1s);
    BOOST_TEST(!house.receive(*out, at(kServer, 82)).has_value());
}

BOOST_AUTO_TEST_CASE(a_failed_commit_leaves_no_trace) {
    House house(config_of(NatType::full_cone));
    house.commit_fails = [] { return true; };
    BOOST_TEST(!house.send(host(2, 5000), at(kServer, 80)));
    BOOST_CHECK(house.verdicts.back().kind == Verdict::Kind::drop);
    BOOST_TEST(refused(house, Refusal::commit_failed) == 1U);
    BOOST_TEST(house.engine->mappings_of(host(2, 0).address) == 0U);
    BOOST_TEST(house.agrees());
    house.commit_fails = [] { return false; };
    BOOST_TEST(house.send(host(2, 5000), at(kServer, 80))->port.number == 5000);
}

BOOST_AUTO_TEST_CASE(packets_of_a_burst_wait_for_the_same_batch_and_share_its_fate) {
    House house;
    Effects effects;
    for (std::uint32_t token = 1; token <= 10; ++token) {
        house.engine->handle(FirstPacket{token, Proto::udp, host(2, 5000), at(kServer, 80)},
                             house.now, effects);
    }
    BOOST_REQUIRE(effects.batches.size() == 1U);
    BOOST_TEST(effects.verdicts.size() == 10U);
    for (const Verdict& verdict : effects.verdicts) {
        BOOST_TEST(verdict.after == effects.batches[0].id);
    }
    Effects answer;
    house.engine->handle(CommitFailed{effects.batches[0].id}, house.now, answer);
    BOOST_TEST(answer.verdicts.size() == 10U);
    BOOST_TEST(house.engine->mappings_of(host(2, 0).address) == 0U);
}

BOOST_AUTO_TEST_CASE(a_packet_after_the_commit_waits_for_nothing) {
    House house;
    house.send(host(2, 5000), at(kServer, 80));
    Effects effects;
    house.engine->handle(FirstPacket{99, Proto::udp, host(2, 5000), at(kServer, 80)}, house.now,
                         effects);
    BOOST_TEST(effects.edits.empty());
    BOOST_CHECK((effects.verdicts[0] == Verdict{99, Verdict::Kind::accept, 0}));
}

BOOST_AUTO_TEST_CASE(a_lost_element_is_written_again_when_its_endpoint_asks) {
    House house(config_of(NatType::full_cone));
    const auto before = house.send(host(2, 5000), at(kServer, 80));
    house.now += 10s;
    house.elements.clear();
    BOOST_CHECK(house.send(host(2, 5000), at(kServer2, 80)) == before);
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(other_protocols_are_not_mapped) {
    House house;
    BOOST_TEST(!house.send(host(2, 0), at(kServer, 0), Proto::gre));
    BOOST_TEST(refused(house, Refusal::protocol) == 1U);
}

BOOST_AUTO_TEST_CASE(one_host_may_be_treated_differently_by_address) {
    config::Config config = default_config();
    config::Host console;
    console.address = host(7, 0).address;
    console.nat = NatType::symmetric;
    config.hosts.push_back(console);
    House house(config);
    const auto one = house.send(host(7, 5000), at(kServer, 80));
    BOOST_CHECK(house.send(host(7, 5000), at(kServer2, 80)) != one);
    const auto two = house.send(host(8, 5001), at(kServer, 80));
    BOOST_CHECK(house.send(host(8, 5001), at(kServer2, 80)) == two);
}

BOOST_AUTO_TEST_CASE(a_host_known_by_its_hardware_address_gets_its_type_when_it_is_seen) {
    config::Config config = default_config();
    config::Host console;
    console.mac = parse_mac("00:11:22:33:44:55");
    console.nat = NatType::full_cone;
    config.hosts.push_back(console);
    House house(config);
    const auto out = house.send(host(7, 5000), at(kServer, 80));
    BOOST_TEST(!house.receive(*out, at(kServer2, 80)));
    house.hosts.publish(host(7, 0).address, HostSource::lease, console.mac);
    house.event(HostChanged{host(7, 0).address});
    BOOST_CHECK(house.receive(*out, at(kServer2, 80)) == host(7, 5000));
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(a_new_filtering_keeps_mappings_and_a_new_mapping_behaviour_retires_them) {
    House house;
    const auto before = house.send(host(2, 5000), at(kServer, 80));
    house.event(Reconfigured{config_of(NatType::full_cone)});
    BOOST_CHECK(house.send(host(2, 5000), at(kServer2, 80)) == before);
    BOOST_CHECK(house.receive(*before, at(Ip4::of(11, 0, 9, 9), 1)) == host(2, 5000));
    BOOST_TEST(house.agrees());
    house.event(Reconfigured{config_of(NatType::symmetric)});
    BOOST_TEST(house.agrees());
    BOOST_CHECK(house.send(host(2, 5000), at(kServer2, 99)) != before);
    // The old sessions go on, and nobody gets their port.
    BOOST_CHECK(house.send(host(2, 5000), at(kServer, 80)) == before);
    BOOST_TEST(house.send(host(3, 5000), at(kServer, 80))->port.number != 5000);
}

BOOST_AUTO_TEST_CASE(a_reload_that_changes_nothing_writes_nothing) {
    House house;
    house.send(host(2, 5000), at(kServer, 80));
    Effects effects;
    house.engine->handle(Reconfigured{house.config}, house.now, effects);
    BOOST_TEST(effects.empty());
}

BOOST_AUTO_TEST_SUITE_END()
