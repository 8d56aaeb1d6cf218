// SPDX-License-Identifier: GPL-2.0-or-later
//
// Explanations of flows: a table of cases, and in houses in which everything happened at random,
// that a packet then does what was said.
#include "gateway/nat/explain.h"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "gateway/base/random.h"
#include "gateway/base/text.h"
#include "tests/nat/support/random_house.h"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

constexpr std::uint16_t kPort = 5000;

FlowFacts facts_of(const House& house, Proto proto, Endpoint4 inside, Endpoint4 remote) {
    FlowFacts facts;
    const auto session = house.sessions.find({proto, inside, remote});
    if (session != house.sessions.end() && session->second.expires > house.now) {
        facts.has_session = true;
        facts.session_outside = session->second.outside;
    }
    const auto permit = house.permits.find({proto, inside, remote.address});
    facts.permitted = permit != house.permits.end() && permit->second > house.now;
    return facts;
}

FlowExplanation ask(const House& house, Endpoint4 inside, Endpoint4 remote,
                    Proto proto = Proto::udp) {
    return explain({proto, {inside.address, inside.port}, {remote.address, remote.port}},
                   facts_of(house, proto, inside, remote), *house.engine, house.config);
}

// Whether a session of another host, whose mapping a forward has displaced, runs there.
bool is_of_another(const House& house, Proto proto, Endpoint4 inside, Endpoint4 outside,
                   Endpoint4 remote) {
    return std::any_of(house.sessions.begin(), house.sessions.end(), [&](const auto& one) {
        const auto& [its_proto, its_inside, its_remote] = one.first;
        return its_proto == proto && its_inside != inside && its_remote == remote &&
               one.second.outside == outside;
    });
}

// "rule endpoint", with a minus in front of what does not pass.
std::string text_of(const FlowWay& way) {
    return concat(way.passes ? "" : "-", way.rule, way.at ? " " + way.at->to_string() : "");
}

// "kind: out | in"
std::string text_of(const FlowExplanation& one) {
    return concat(one.kind, ": ", text_of(one.out), " | ", one.in ? text_of(*one.in) : "");
}

struct Type {
    const char* name;
    config::NatType type;
    const char* fresh;       // nothing was sent
    const char* same;        // sent to this remote, and its session is over
    const char* other_port;  // sent to another port of it
    const char* stranger;    // sent to somebody else
};

std::ostream& operator<<(std::ostream& out, const Type& type) {
    return out << type.name;
}

constexpr const char* kFresh = "plain: new_mapping 11.0.0.1:5000 | -unmapped";

const Type kTypes[] = {
    {"full-cone", config::NatType::full_cone, kFresh,
     "plain: mapping 11.0.0.1:5000 | open 11.0.0.1:5000",
     "plain: mapping 11.0.0.1:5000 | open 11.0.0.1:5000",
     "plain: mapping 11.0.0.1:5000 | open 11.0.0.1:5000"},
    {"restricted-cone", config::NatType::restricted_cone, kFresh,
     "plain: mapping 11.0.0.1:5000 | permit 11.0.0.1:5000",
     "plain: mapping 11.0.0.1:5000 | permit 11.0.0.1:5000",
     "plain: mapping 11.0.0.1:5000 | -filter 11.0.0.1:5000"},
    {"port-restricted-cone", config::NatType::port_restricted_cone, kFresh,
     "plain: mapping 11.0.0.1:5000 | -filter_port 11.0.0.1:5000",
     "plain: mapping 11.0.0.1:5000 | -filter_port 11.0.0.1:5000",
     "plain: mapping 11.0.0.1:5000 | -filter_port 11.0.0.1:5000"},
    {"symmetric", config::NatType::symmetric, kFresh,
     "plain: mapping 11.0.0.1:5000 | -filter_port 11.0.0.1:5000", "", ""},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(explanations)

BOOST_DATA_TEST_CASE(each_nat_type_tells_who_may_answer, boost::unit_test::data::make(kTypes)) {
    House house(config_of(sample.type));
    const Endpoint4 inside = host(20, kPort);
    BOOST_TEST(text_of(ask(house, inside, at(kServer, 80))) == sample.fresh);
    house.send(inside, at(kServer, 80));
    const std::string running = "plain: session 11.0.0.1:5000 | session 11.0.0.1:5000";
    BOOST_TEST(text_of(ask(house, inside, at(kServer, 80))) == running);
    house.sessions.clear();
    BOOST_TEST(text_of(ask(house, inside, at(kServer, 80))) == sample.same);
    if (sample.type == config::NatType::symmetric) {
        // Another remote will be met from another port.
        const FlowExplanation other = ask(house, inside, at(kServer, 81));
        BOOST_TEST(other.out.rule == "new_mapping");
        BOOST_TEST(other.out.at->port.number != kPort);
        BOOST_TEST(text_of(*other.in) == "-unmapped");
        return;
    }
    BOOST_TEST(text_of(ask(house, inside, at(kServer, 81))) == sample.other_port);
    BOOST_TEST(text_of(ask(house, inside, at(kServer2, 80))) == sample.stranger);
}

BOOST_AUTO_TEST_CASE(a_forward_lets_in_whom_it_names_and_is_named) {
    House house;
    auto request = house.forward_request(host(30, 3074), Port{3074});
    BOOST_REQUIRE(house.engine->request(request, house.now));
    request = house.forward_request(host(30, 22), Port{2222});
    request.proto = Proto::tcp;
    request.remote = kServer;
    BOOST_REQUIRE(house.engine->request(request, house.now));
    house.flush();
    BOOST_TEST(text_of(ask(house, host(30, 3074), at(kServer2, 9))) ==
               "plain: mapping 11.0.0.1:3074 | forward 11.0.0.1:3074");
    BOOST_TEST(text_of(ask(house, host(30, 22), at(kServer, 9), Proto::tcp)) ==
               "plain: mapping 11.0.0.1:2222 | forward 11.0.0.1:2222");
    const FlowExplanation other = ask(house, host(30, 22), at(kServer2, 9), Proto::tcp);
    BOOST_TEST(text_of(*other.in) == "-unmapped");
    BOOST_TEST(other.forward == nullptr);
    // Within the house by the outside address: the one for everybody leads there.
    BOOST_TEST(text_of(ask(house, host(20, 1), at(kOutside, 3074))) ==
               "hairpin: hairpin 192.168.1.30:3074 | ");
    BOOST_TEST(text_of(ask(house, host(20, 1), at(kOutside, 2222), Proto::tcp)) ==
               "hairpin: router | ");
}

BOOST_AUTO_TEST_CASE(what_is_refused_says_so_without_being_tried) {
    config::Config config = default_config();
    config.nat.host_mappings = 1;
    House house(config);
    house.send(host(20, kPort), at(kServer, 80));
    BOOST_TEST(text_of(ask(house, host(20, 6000), at(kServer, 80))) ==
               "plain: -host_quota | -unmapped");
    BOOST_TEST(house.engine->counters().refused[std::size_t(Refusal::host_quota)] == 0U);
    house.event(OutsideChanged{});
    BOOST_TEST(text_of(ask(house, host(20, kPort), at(kServer, 80))) ==
               "plain: -no_outside_address | -unmapped");
}

BOOST_AUTO_TEST_CASE(the_dmz_gets_what_nothing_else_claims) {
    config::Config config = config_of(config::NatType::port_restricted_cone);
    config.dmz = config::Dmz{host(99, 0).address};
    House house(config);
    BOOST_TEST(text_of(*ask(house, host(99, 80), at(kServer, 9)).in) == "dmz 11.0.0.1:80");
    BOOST_TEST(text_of(*ask(house, host(20, 80), at(kServer, 9)).in) == "-unmapped");
    house.event(ReservedPorts{{{Proto::udp, {Port{80}, Port{80}}}}});
    BOOST_TEST(text_of(*ask(house, host(99, 80), at(kServer, 9)).in) == "-unmapped");
    // A port that a host has is no more free for the DMZ's.
    house.send(host(20, kPort), at(kServer, 9));
    BOOST_TEST(text_of(*ask(house, host(99, kPort), at(kServer, 9)).in) == "-unmapped");
}

BOOST_AUTO_TEST_CASE(the_kind_of_a_flow_is_told) {
    House house;
    house.config.sip.ports = {Port{5060}};
    BOOST_TEST(ask(house, host(20, 5060), at(kServer, 9)).kind == "sip");
    BOOST_TEST(ask(house, host(20, 9), at(kServer, 5060)).kind == "sip");
    BOOST_TEST(ask(house, host(20, 9), at(kServer, 5060), Proto::tcp).kind == "plain");
    BOOST_TEST(ask(house, host(20, 9), at(kServer, 53)).kind == "dns");
    BOOST_TEST(text_of(ask(house, host(20, 9), at(kServer, 0), Proto::icmp)) ==
               "ping: new_mapping 11.0.0.1:9 | -echo");
    house.config.sip.mode = config::SipMode::off;
    BOOST_TEST(ask(house, host(20, 5060), at(kServer, 9)).kind == "plain");
    FlowFacts facts;
    const Flow flow{Proto::udp, {host(20, 9).address, Port{9}}, {host(30, 9).address, Port{9}}};
    facts.remote_is_inside = true;
    BOOST_TEST(text_of(explain(flow, facts, *house.engine, house.config)) == "within: within | ");
    facts.remote_is_router = true;
    BOOST_TEST(text_of(explain(flow, facts, *house.engine, house.config)) == "router: router | ");
    house.config.sip.mode = config::SipMode::automatic;
    facts = {};
    facts.sip_proxy = true;
    const Flow call{Proto::tcp, {host(20, 9).address, Port{9}}, {kServer, Port{5060}}};
    BOOST_TEST(text_of(explain(call, facts, *house.engine, house.config)) ==
               "sip_proxy: sip_proxy | -unmapped");
}

BOOST_AUTO_TEST_CASE(ipv6_passes_out_and_comes_in_by_pinholes) {
    House house;
    const IpAddress inside = *parse_ip("2001:db8::20");
    const auto flow = [&](const char* remote, Proto proto = Proto::tcp) {
        const Flow one{proto, {inside, Port{80}}, {*parse_ip(remote), Port{9}}};
        return explain(one, {}, *house.engine, house.config);
    };
    BOOST_TEST(text_of(flow("2001:db8:1::9")) == "ipv6: ipv6 | -no_pinhole");
    BOOST_TEST(text_of(flow("2001:db8:1::9", Proto::icmpv6)) == "ipv6: ipv6 | echo");
    PinholeRequest request;
    request.inside = inside.v6();
    request.proto = Proto::tcp;
    request.port = Port{80};
    request.remote = parse_ip6("2001:db8:1::9");
    request.lifetime = 600s;
    request.owner = {OwnerKind::pcp, "x"};
    const auto opened = house.engine->open_pinhole(request, house.now);
    BOOST_REQUIRE(opened);
    BOOST_TEST(text_of(flow("2001:db8:1::9")) == "ipv6: ipv6 | pinhole");
    BOOST_TEST(*flow("2001:db8:1::9").pinhole == opened->id);
    BOOST_TEST(text_of(flow("2001:db8:1::8")) == "ipv6: ipv6 | -no_pinhole");
    house.config.pinholes = {{"web",
                              config::ForwardProto::tcp,
                              {{80}, {80}},
                              {},
                              inside.v6(),
                              *parse_ip6("2001:db8:1::8")}};
    house.event(Reconfigured{house.config});
    BOOST_TEST(text_of(flow("2001:db8:1::8")) == "ipv6: ipv6 | pinhole");
    BOOST_TEST(!flow("2001:db8:1::8").pinhole.has_value());
    BOOST_TEST(text_of(flow("2001:db8:1::7")) == "ipv6: ipv6 | -no_pinhole");
    const Flow ula{
        Proto::tcp, {*parse_ip("fd00::1"), Port{9}}, {*parse_ip("2001:db8::9"), Port{9}}};
    BOOST_TEST(text_of(explain(ula, {}, *house.engine, house.config)) ==
               "ipv6: -inside_address | -no_pinhole");
}

// In any house: first what a packet from outside does, then one from inside.
BOOST_AUTO_TEST_CASE(a_packet_does_what_was_said) {
    std::size_t passed_in = 0;
    std::size_t dropped_in = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SeededRandom random(seed);
        RandomHouse world(
            [&](std::uint32_t n) { return static_cast<std::uint32_t>(random.below(n)); });
        for (int step = 0; step < 100; ++step)
            world.step();
        world.calm();
        House& house = world.house();
        house.config.dmz.reset();  // a rule, and this kernel has none
        const auto elements = house.elements;
        for (const auto& [key, value] : elements) {
            const auto& [set, proto, inside, element_remote] = key;
            if (!is_source(set) || proto == Proto::icmp) continue;
            for (const Endpoint4 remote : {at(kServer, 80), at(kServer2, 4242), element_remote}) {
                const auto said = ask(house, inside, remote, proto);
                if (said.kind == "hairpin" || !said.in || remote.address.is_any()) continue;
                BOOST_TEST_CONTEXT("seed " << seed << ' ' << inside.to_string() << " to "
                                           << remote.to_string() << ": " << text_of(said)) {
                    if (said.in->at && !is_of_another(house, proto, inside, *said.in->at, remote)) {
                        const auto reached = house.receive(*said.in->at, remote, proto);
                        BOOST_TEST((reached == inside) == said.in->passes);
                    }
                    ++(said.in->passes ? passed_in : dropped_in);
                    const auto again = ask(house, inside, remote, proto);
                    const auto left = house.send(inside, remote, proto);
                    BOOST_TEST(left.has_value() == again.out.passes);
                    if (left) BOOST_TEST((left == again.out.at));
                }
            }
        }
    }
    BOOST_TEST(passed_in > 100U);
    BOOST_TEST(dropped_in > 100U);
}

BOOST_AUTO_TEST_SUITE_END()
