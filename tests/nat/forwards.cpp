// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/forwards.h"

#include <boost/test/unit_test.hpp>

#include "tests/nat/support/house.h"

using namespace gatehouse;
using namespace gatehouse::test;
using config::NatType;

namespace {

constexpr Endpoint4 kStranger{Ip4::of(11, 0, 9, 77), {7777}};

config::Config with_forward(PortRange outside, Ip4 inside, PortRange inside_ports,
                            std::optional<Ip4> remote = {}) {
    config::Config config = default_config();
    config::Forward forward;
    forward.name = "web";
    forward.proto = config::ForwardProto::both;
    forward.outside = outside;
    forward.inside = inside;
    forward.inside_ports = inside_ports;
    forward.remote = remote;
    config.forwards.push_back(forward);
    return config;
}

Result<Forward, Refused> ask(House& house, const ForwardRequest& request) {
    auto result = house.engine->request(request, house.now);
    house.flush();
    return result;
}

ForwardRequest exactly(const House& house, Endpoint4 inside, std::uint16_t outside,
                       OwnerKind kind = OwnerKind::igd, std::string id = "x") {
    ForwardRequest request = house.forward_request(inside, Port{outside}, kind, std::move(id));
    request.must_have_port = true;
    return request;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(forwards)

BOOST_AUTO_TEST_CASE(a_configured_forward_lets_strangers_in_for_both_protocols) {
    House house(with_forward({{8080}, {8081}}, host(10, 0).address, {{80}, {81}}));
    BOOST_CHECK(house.receive(at(kOutside, 8080), kStranger, Proto::tcp) == host(10, 80));
    BOOST_CHECK(house.receive(at(kOutside, 8081), kStranger, Proto::udp) == host(10, 81));
    BOOST_TEST(house.engine->forwards().size() == 2U);
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(a_forward_for_one_remote_lets_in_nobody_else) {
    House house(with_forward({{8080}, {8080}}, host(10, 0).address, {{80}, {80}}, kServer));
    BOOST_TEST(!house.receive(at(kOutside, 8080), kStranger, Proto::tcp));
    BOOST_CHECK(house.receive(at(kOutside, 8080), at(kServer, 9), Proto::tcp) == host(10, 80));
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(traffic_of_a_forwarded_endpoint_leaves_from_the_forwarded_port) {
    for (const NatType type : {NatType::restricted_cone, NatType::symmetric}) {
        House house(config_of(type));
        BOOST_REQUIRE(ask(house, exactly(house, host(2, 3074), 3075)));
        BOOST_CHECK(house.send(host(2, 3074), at(kServer, 80)) == at(kOutside, 3075));
        BOOST_CHECK(house.send(host(2, 3074), at(kServer2, 80)) == at(kOutside, 3075));
        BOOST_TEST(house.asked == 0U);
    }
}

BOOST_AUTO_TEST_CASE(two_consoles_on_one_port_both_get_what_they_were_promised) {
    House house;
    BOOST_REQUIRE(ask(house, exactly(house, host(2, 3074), 3074, OwnerKind::igd, "2")));
    const auto refused = ask(house, exactly(house, host(3, 3074), 3074, OwnerKind::igd, "3"));
    BOOST_REQUIRE(!refused);
    BOOST_CHECK(refused.error().reason == Refusal::port_taken);
    BOOST_CHECK(refused.error().holder == Refused::Holder::forward);
    BOOST_CHECK(refused.error().inside == host(2, 3074));
    BOOST_REQUIRE(ask(house, exactly(house, host(3, 3074), 3075, OwnerKind::igd, "3")));
    BOOST_CHECK(house.send(host(2, 3074), at(kServer, 80)) == at(kOutside, 3074));
    BOOST_CHECK(house.send(host(3, 3074), at(kServer, 80)) == at(kOutside, 3075));
    BOOST_CHECK(house.receive(at(kOutside, 3074), kStranger) == host(2, 3074));
    BOOST_CHECK(house.receive(at(kOutside, 3075), kStranger) == host(3, 3074));
}

BOOST_AUTO_TEST_CASE(a_mapping_on_another_port_retires_when_its_endpoint_is_forwarded) {
    for (const NatType type : {NatType::full_cone, NatType::symmetric}) {
        House house(config_of(type));
        const auto before = house.send(host(2, 3074), at(kServer, 80));
        BOOST_REQUIRE(ask(house, exactly(house, host(2, 3074), 9999)));
        BOOST_CHECK(house.send(host(2, 3074), at(kServer, 80)) == before);  // its old session
        BOOST_CHECK(house.send(host(2, 3074), at(kServer2, 80)) == at(kOutside, 9999));
        BOOST_TEST(house.agrees());
        house.end_sessions_of(host(2, 3074));
        house.pass(300s);
        BOOST_TEST(house.send(host(4, 3074), at(kServer, 80))->port.number == 3074);
    }
}

BOOST_AUTO_TEST_CASE(a_forward_of_the_port_that_its_own_traffic_uses_takes_the_mapping_over) {
    House house(config_of(NatType::full_cone));
    house.send(host(2, 3074), at(kServer, 80));
    BOOST_REQUIRE(ask(house, exactly(house, host(2, 3074), 3074)));
    BOOST_TEST(house.engine->mappings_of(host(2, 0).address) == 0U);
    BOOST_CHECK(house.send(host(2, 3074), at(kServer2, 80)) == at(kOutside, 3074));
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(traffic_of_another_host_is_in_the_way_but_not_of_the_configuration) {
    House house;
    house.send(host(2, 8080), at(kServer, 80), Proto::tcp);
    ForwardRequest request = exactly(house, host(3, 80), 8080);
    request.proto = Proto::tcp;
    const auto refused = ask(house, request);
    BOOST_REQUIRE(!refused);
    BOOST_CHECK(refused.error().holder == Refused::Holder::traffic);
    BOOST_CHECK(refused.error().inside == host(2, 8080));
    BOOST_TEST(refused.error().to_string() == "port_taken: traffic of 192.168.1.2:8080");
    house.event(Reconfigured{with_forward({{8080}, {8080}}, host(10, 0).address, {{80}, {80}})});
    BOOST_CHECK(house.receive(at(kOutside, 8080), kStranger, Proto::tcp) == host(10, 80));
    BOOST_TEST(house.send(host(2, 8080), at(kServer2, 80), Proto::tcp)->port.number != 8080);
    BOOST_TEST(house.agrees());
    BOOST_TEST(house.engine->counters().displaced == 1U);
}

BOOST_AUTO_TEST_CASE(a_port_of_the_router_is_forwarded_only_by_the_configuration) {
    House house;
    house.event(ReservedPorts{{{Proto::tcp, {{22}, {22}}}}});
    ForwardRequest request = exactly(house, host(3, 22), 22);
    request.proto = Proto::tcp;
    const auto refused = ask(house, request);
    BOOST_REQUIRE(!refused);
    BOOST_CHECK(refused.error().reason == Refusal::port_reserved);
    BOOST_CHECK(refused.error().holder == Refused::Holder::router);
    house.event(Reconfigured{with_forward({{22}, {22}}, host(10, 0).address, {{22}, {22}})});
    BOOST_CHECK(house.receive(at(kOutside, 22), kStranger, Proto::tcp) == host(10, 22));
}

BOOST_AUTO_TEST_CASE(who_takes_any_port_gets_the_wanted_one_or_another) {
    House house;
    BOOST_REQUIRE(ask(house, exactly(house, host(2, 7000), 7000, OwnerKind::igd, "a")));
    const auto other =
        ask(house, house.forward_request(host(3, 7000), Port{7000}, OwnerKind::pcp, "b"));
    BOOST_REQUIRE(other);
    BOOST_TEST(other->outside.port.number != 7000);
    const auto any = ask(house, house.forward_request(host(4, 7777), {}, OwnerKind::pcp, "c"));
    BOOST_TEST(any->outside.port.number == 7777);
    const auto low = ask(house, house.forward_request(host(4, 80), {}, OwnerKind::pcp, "d"));
    BOOST_TEST(low->outside.port.number >= 1024);
}

BOOST_AUTO_TEST_CASE(asking_again_renews_and_keeps_the_port) {
    House house;
    ForwardRequest request = house.forward_request(host(3, 7000), Port{9000}, OwnerKind::pcp, "b");
    request.lifetime = 120s;
    const auto first = ask(house, request);
    house.pass(100s);
    request.outside = Port{5555};  // a client that forgot
    const auto again = ask(house, request);
    BOOST_TEST(again->id == first->id);
    BOOST_TEST(again->outside.port.number == 9000);
    house.pass(100s);
    BOOST_TEST(house.engine->forwards().size() == 1U);
    house.pass(21s);
    BOOST_TEST(house.engine->forwards().empty());
    BOOST_TEST(!house.receive(at(kOutside, 9000), kStranger));
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(an_owner_may_lead_his_port_to_another_inside_port) {
    House house;
    const auto first = ask(house, exactly(house, host(2, 80), 8000, OwnerKind::igd, "2"));
    const auto again = ask(house, exactly(house, host(2, 81), 8000, OwnerKind::igd, "2"));
    BOOST_TEST(again->id == first->id);
    BOOST_CHECK(house.receive(at(kOutside, 8000), kStranger) == host(2, 81));
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(only_the_owner_renews_and_releases) {
    House house;
    const auto made = ask(house, exactly(house, host(2, 80), 8000, OwnerKind::pcp, "nonce"));
    const Owner other{OwnerKind::pcp, "guess"};
    BOOST_CHECK(house.engine->release(made->id, other, house.now).error().reason ==
                Refusal::not_owner);
    BOOST_CHECK(house.engine->renew(made->id, other, 1s, house.now).error().reason ==
                Refusal::not_owner);
    BOOST_CHECK(house.engine->release(999, other, house.now).error().reason == Refusal::not_found);
    BOOST_TEST(house.engine->release(made->id, made->owner, house.now).ok());
    house.flush();
    BOOST_TEST(!house.receive(at(kOutside, 8000), kStranger));
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(requests_that_contradict_themselves_are_refused) {
    House house;
    const auto reason = [&](auto&& change) {
        ForwardRequest request = exactly(house, host(2, 80), 8000);
        change(request);
        const auto result = ask(house, request);
        return result ? Refusal::count_ : result.error().reason;
    };
    using R = ForwardRequest;
    BOOST_CHECK(reason([](R& r) { r.proto = Proto::gre; }) == Refusal::protocol);
    BOOST_CHECK(reason([](R& r) { r.count = 0; }) == Refusal::bad_request);
    BOOST_CHECK(reason([](R& r) { r.count = 1025; }) == Refusal::too_many_ports);
    BOOST_CHECK(reason([](R& r) { r.inside.port = {}; }) == Refusal::bad_request);
    BOOST_CHECK(reason([](R& r) { r.inside.address = {}; }) == Refusal::bad_request);
    BOOST_CHECK(reason([](R& r) { r.outside = Port{65530}, r.count = 10; }) ==
                Refusal::bad_request);
    BOOST_CHECK(reason([](R& r) { r.inside.port = Port{65530}, r.count = 10; }) ==
                Refusal::bad_request);
    BOOST_CHECK(reason([](R& r) { r.lifetime = 0s; }) == Refusal::bad_request);
    BOOST_CHECK(reason([](R& r) { r.remote = Ip4{}; }) == Refusal::bad_request);
    BOOST_CHECK(reason([](R& r) { r.outside.reset(); }) == Refusal::bad_request);
    BOOST_TEST(house.elements.empty());
}

BOOST_AUTO_TEST_CASE(a_host_asks_for_no_more_forwards_than_its_quota) {
    config::Config config = default_config();
    config.upnp.host_quota = 3;
    config.upnp.quota = 5;
    House house(config);
    const auto make = [&](std::uint8_t n, std::uint16_t port, OwnerKind kind) {
        return ask(house, exactly(house, host(n, port), port, kind, std::to_string(n))).ok();
    };
    for (std::uint16_t port = 7000; port < 7003; ++port)
        BOOST_TEST(make(2, port, OwnerKind::igd));
    BOOST_TEST(!make(2, 7003, OwnerKind::pcp));
    BOOST_TEST(make(2, 7003, OwnerKind::sip));
    BOOST_TEST(make(3, 7004, OwnerKind::natpmp));
    BOOST_TEST(make(3, 7005, OwnerKind::natpmp));
    BOOST_TEST(!make(4, 7006, OwnerKind::natpmp));
    BOOST_TEST(house.engine->counts().asked == 5U);
    BOOST_TEST(house.engine->counts().refused_asked == 2U);
}

BOOST_AUTO_TEST_CASE(there_are_no_more_forwards_than_may_be) {
    House house;
    const auto make = [&](std::uint32_t n) {
        const auto port = static_cast<std::uint16_t>(20000 + n);
        return ask(house, exactly(house, host(2, port), port, OwnerKind::static_, "all")).ok();
    };
    for (std::uint32_t n = 0; n < kMostForwards; ++n)
        BOOST_REQUIRE(make(n));
    BOOST_TEST(!make(kMostForwards));
    BOOST_TEST(house.engine->counts().forwards == kMostForwards);
    BOOST_TEST(house.engine->counts().refused_forwards == 1U);
    BOOST_TEST(house.engine->counts().refused_asked == 0U);
    // Others are translated as ever.
    BOOST_TEST(house.send(host(3, 5000), at(kServer, 80)).has_value());
}

BOOST_AUTO_TEST_CASE(a_range_is_forwarded_port_by_port_or_not_at_all) {
    House house;
    BOOST_REQUIRE(ask(house, exactly(house, host(3, 7005), 7005, OwnerKind::igd, "3")));
    ForwardRequest range = exactly(house, host(2, 6000), 7000, OwnerKind::igd, "2");
    range.count = 10;
    BOOST_CHECK(ask(house, range).error().reason == Refusal::port_taken);
    BOOST_TEST(!house.receive(at(kOutside, 7000), kStranger));
    range.must_have_port = false;
    const auto elsewhere = ask(house, range);
    BOOST_REQUIRE(elsewhere);
    for (std::uint16_t i = 0; i < 10; ++i) {
        const auto port = static_cast<std::uint16_t>(elsewhere->outside.port.number + i);
        BOOST_CHECK(house.receive(at(kOutside, port), kStranger) ==
                    host(2, static_cast<std::uint16_t>(6000 + i)));
    }
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(remotes_share_a_port_to_one_endpoint_but_not_to_two) {
    House house;
    ForwardRequest one = exactly(house, host(2, 22), 2222, OwnerKind::static_, "a");
    one.remote = kServer;
    ForwardRequest two = one;
    two.remote = kServer2;
    ForwardRequest other = exactly(house, host(3, 22), 2222, OwnerKind::static_, "b");
    other.remote = Ip4::of(11, 0, 9, 3);
    const auto first = ask(house, one);
    const auto second = ask(house, two);
    BOOST_REQUIRE(first && second);
    BOOST_CHECK(ask(house, other).error().reason == Refusal::port_taken);
    BOOST_TEST(house.receive(at(kOutside, 2222), at(kServer, 1)).has_value());
    BOOST_TEST(house.receive(at(kOutside, 2222), at(kServer2, 1)).has_value());
    BOOST_REQUIRE(house.engine->release(first->id, first->owner, house.now));
    house.flush();
    BOOST_TEST(!house.receive(at(kOutside, 2222), at(kServer, 2)));
    BOOST_TEST(house.receive(at(kOutside, 2222), at(kServer2, 2)).has_value());
    BOOST_CHECK(house.send(host(2, 22), at(kServer, 99)) == at(kOutside, 2222));
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(of_three_that_share_a_port_none_takes_the_remote_of_another) {
    House house;
    ForwardRequest request = exactly(house, host(2, 22), 2222, OwnerKind::static_, "a");
    std::vector<Forward> made;
    for (const Ip4 remote : {kServer, kServer2, Ip4::of(11, 0, 9, 3)}) {
        request.remote = remote;
        const auto one = ask(house, request);
        BOOST_REQUIRE(one);
        made.push_back(*one);
    }
    for (const std::optional<Ip4> taken : {made[1].remote, made[2].remote, {}}) {
        const auto admitted = house.engine->admit(made[0].id, made[0].owner, taken, house.now);
        BOOST_REQUIRE(!admitted);
        BOOST_CHECK(admitted.error().reason == Refusal::port_taken);
    }
    BOOST_REQUIRE(house.engine->admit(made[0].id, made[0].owner, Ip4::of(11, 0, 9, 4), house.now));
    house.flush();
    BOOST_TEST(house.receive(at(kOutside, 2222), at(Ip4::of(11, 0, 9, 4), 1)).has_value());
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(what_shares_a_port_in_the_midst_of_a_range_keeps_it_where_it_leads) {
    House house;
    ForwardRequest range = exactly(house, host(2, 5000), 6000, OwnerKind::static_, "a");
    range.count = 10;
    range.remote = kServer;
    ForwardRequest one = exactly(house, host(2, 5004), 6004, OwnerKind::static_, "b");
    one.remote = kServer2;
    BOOST_REQUIRE(ask(house, range));
    BOOST_REQUIRE(ask(house, one));
    BOOST_CHECK(house.engine->find_forward(Proto::udp, {6004}, kServer2)->owner == one.owner);
    range.inside = host(3, 5000);
    BOOST_CHECK(ask(house, range).error().reason == Refusal::port_taken);
    BOOST_CHECK(house.receive(at(kOutside, 6004), at(kServer, 1)) == host(2, 5004));
    BOOST_CHECK(house.receive(at(kOutside, 6004), at(kServer2, 1)) == host(2, 5004));
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(of_two_forwards_to_one_endpoint_the_oldest_has_its_traffic) {
    House house;
    const auto first = ask(house, exactly(house, host(2, 80), 8001, OwnerKind::igd, "a"));
    const auto second = ask(house, exactly(house, host(2, 80), 8002, OwnerKind::igd, "b"));
    BOOST_REQUIRE(first && second);
    BOOST_CHECK(house.receive(at(kOutside, 8002), kStranger) == host(2, 80));
    BOOST_CHECK(house.send(host(2, 80), at(kServer, 99)) == at(kOutside, 8001));
    house.sessions.clear();
    BOOST_REQUIRE(house.engine->release(first->id, first->owner, house.now));
    house.flush();
    BOOST_CHECK(house.send(host(2, 80), at(kServer, 99)) == at(kOutside, 8002));
    BOOST_CHECK(house.receive(at(kOutside, 8002), kStranger) == host(2, 80));
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(of_two_forwards_the_second_keeps_its_doors_when_the_first_is_released_in_use) {
    House house(config_of(NatType::full_cone));
    const auto first = ask(house, exactly(house, host(2, 80), 8001, OwnerKind::igd, "a"));
    BOOST_REQUIRE(ask(house, exactly(house, host(2, 80), 8002, OwnerKind::igd, "b")));
    house.send(host(2, 80), at(kServer, 99));
    house.dump();
    BOOST_REQUIRE(house.engine->release(first->id, first->owner, house.now));
    house.flush();
    house.sessions.clear();
    house.pass(300s);
    BOOST_CHECK(house.receive(at(kOutside, 8002), kStranger) == host(2, 80));
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(a_released_forward_keeps_the_port_for_running_sessions) {
    House house;
    const auto made = ask(house, exactly(house, host(2, 5000), 5001));
    house.send(host(2, 5000), at(kServer, 80));
    house.pass(31s);
    BOOST_REQUIRE(house.engine->release(made->id, made->owner, house.now));
    house.flush();
    BOOST_CHECK(house.send(host(2, 5000), at(kServer2, 80)) == at(kOutside, 5001));
    BOOST_TEST(!house.receive(at(kOutside, 5001), kStranger));
    BOOST_TEST(house.engine->mappings_of(host(2, 0).address) == 1U);
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(a_disabled_forward_holds_its_port_and_lets_nothing_in) {
    House house;
    ForwardRequest request = exactly(house, host(2, 80), 8000);
    request.enabled = false;
    BOOST_REQUIRE(ask(house, request));
    BOOST_TEST(!house.receive(at(kOutside, 8000), kStranger));
    BOOST_TEST(house.send(host(5, 8000), at(kServer, 80))->port.number != 8000);
    request.enabled = true;
    BOOST_REQUIRE(ask(house, request));
    BOOST_CHECK(house.receive(at(kOutside, 8000), kStranger) == host(2, 80));
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(what_is_open_to_one_peer_of_a_call_is_open_within_the_house_in_every_type) {
    for (const auto type : {config::NatType::restricted_cone, config::NatType::port_restricted_cone,
                            config::NatType::full_cone}) {
        config::Config config = default_config();
        config.nat.type = type;
        config.nat.mapping = config::behaviour_of(type).mapping;
        config.nat.filtering = config::behaviour_of(type).filtering;
        House house(config);
        for (const bool of_sip : {false, true}) {
            house.send(host(2, 5060), at(kServer, 80));
            ForwardRequest request = house.forward_request(
                host(2, 5060), Port{5060}, of_sip ? OwnerKind::sip : OwnerKind::static_);
            request.remote = kServer;
            const auto made = house.engine->request(request, house.now);
            BOOST_REQUIRE(made);
            house.flush();
            const auto met = house.hairpin(host(3, 5060), at(kOutside, 5060));
            BOOST_TEST(met.has_value() == of_sip);
            BOOST_TEST(house.agrees());
            BOOST_REQUIRE(house.engine->release(made->id, request.owner, house.now));
            house.flush();
            BOOST_TEST(house.agrees());
        }
    }
}

BOOST_AUTO_TEST_CASE(media_that_runs_before_its_pair_is_asked_for_keeps_its_port) {
    House house;
    PairRequest request;
    request.first = host(2, 40000);
    request.second = host(2, 40001);
    request.owner = {OwnerKind::sip, "call"};
    house.send(request.first, at(kServer, 80));
    const auto pair = house.engine->request_pair(request, house.now);
    house.flush();
    BOOST_REQUIRE(pair);
    BOOST_TEST(pair->first.outside.port.number == 40000);
    BOOST_TEST(pair->second.outside.port.number == 40001);
    BOOST_CHECK(house.send(request.first, at(kServer2, 80)) == at(kOutside, 40000));
    BOOST_TEST(house.agrees());
    // Somebody else's media has the neighbour.
    house.send(host(3, 50001), at(kServer, 80));
    request.first = host(2, 50000);
    request.second = host(2, 50001);
    const auto moved = house.engine->request_pair(request, house.now);
    house.flush();
    BOOST_REQUIRE(moved);
    BOOST_TEST(moved->first.outside.port.number != 50000);
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(a_media_pair_is_even_and_odd_neighbours_restricted_to_its_peer) {
    House house;
    PairRequest request;
    request.first = host(2, 40000);
    request.second = host(2, 40001);
    request.remote = kServer;
    request.owner = {OwnerKind::sip, "call"};
    const auto pair = house.engine->request_pair(request, house.now);
    house.flush();
    BOOST_REQUIRE(pair);
    BOOST_TEST(pair->first.outside.port.number == 40000);
    BOOST_TEST(pair->second.outside.port.number == 40001);
    BOOST_CHECK(house.receive(at(kOutside, 40001), at(kServer, 9)) == host(2, 40001));
    BOOST_TEST(!house.receive(at(kOutside, 40001), kStranger));
    // A second phone with the same idea.
    request.first = host(3, 40000);
    request.second = host(3, 40001);
    request.owner = {OwnerKind::sip, "other call"};
    const auto other = house.engine->request_pair(request, house.now);
    house.flush();
    BOOST_TEST(other->first.outside.port.number % 2 == 0);
    BOOST_TEST(other->second.outside.port.number == other->first.outside.port.number + 1);
    BOOST_TEST(other->first.outside.port.number != 40000);
    // The answer names another peer.
    BOOST_REQUIRE(house.engine->admit(other->first.id, request.owner, kServer2, house.now));
    house.flush();
    BOOST_TEST(house.receive(other->first.outside, at(kServer2, 9)).has_value());
    BOOST_TEST(!house.receive(other->first.outside, at(kServer, 9)).has_value());
    // Asking again renews, and admits whoever is named now.
    const auto again = house.engine->request_pair(request, house.now);
    house.flush();
    BOOST_TEST(again->first.id == other->first.id);
    BOOST_TEST(house.receive(other->first.outside, at(kServer, 8)).has_value());
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(two_single_forwards_of_one_owner_are_no_pair_and_make_room_for_one) {
    House house;
    PairRequest pair;
    pair.first = host(2, 40000);
    pair.second = host(2, 40001);
    pair.owner = {OwnerKind::sip, "call"};
    for (const auto& [inside, outside] : {std::pair{pair.first, 41001}, {pair.second, 43000}}) {
        ForwardRequest single =
            house.forward_request(inside, Port{static_cast<std::uint16_t>(outside)});
        single.owner = pair.owner;
        BOOST_REQUIRE(ask(house, single));
    }
    const auto made = house.engine->request_pair(pair, house.now);
    house.flush();
    BOOST_REQUIRE(made);
    BOOST_TEST(made->first.outside.port.number == 40000);
    BOOST_TEST(made->second.outside.port.number == 40001);
    BOOST_TEST(house.engine->forwards().size() == 2U);
    BOOST_TEST(house.agrees());
}

// Whoever asked has been told that the port is open.
BOOST_AUTO_TEST_CASE(a_forward_that_the_kernel_does_not_take_at_once_stays_and_is_written_again) {
    House house;
    std::vector<ServiceNotice::Kind> heard;
    house.engine->subscribe([&](const ServiceNotice& notice) { heard.push_back(notice.kind); });
    house.commit_fails = [] { return true; };
    const auto made = ask(house, exactly(house, host(2, 80), 8000));
    BOOST_REQUIRE(made);
    using Kind = ServiceNotice::Kind;
    BOOST_CHECK((heard == std::vector<Kind>{Kind::forward_added, Kind::forward_failed}));
    BOOST_TEST(!house.receive(made->outside, at(kServer, 80)));
    house.pass(10s);  // it goes on refusing
    BOOST_TEST(house.engine->forwards().size() == 1U);
    house.commit_fails = [] { return false; };
    house.pass(10s);
    BOOST_CHECK(house.receive(made->outside, at(kServer, 80)) == host(2, 80));
    BOOST_TEST(house.agrees());
    BOOST_REQUIRE(house.engine->release(made->id, made->owner, house.now));
    house.flush();
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(a_failed_forward_does_not_stand_in_the_way_of_the_others) {
    House house;
    int failures = 1;
    house.commit_fails = [&] { return failures-- > 0; };
    const auto one = ask(house, exactly(house, host(2, 80), 8000));
    const auto two = ask(house, exactly(house, host(3, 80), 8001));
    BOOST_REQUIRE((one && two));
    house.pass(10s);
    BOOST_CHECK(house.receive(one->outside, at(kServer, 80)) == host(2, 80));
    BOOST_CHECK(house.receive(two->outside, at(kServer, 80)) == host(3, 80));
    BOOST_TEST(house.agrees());
}

BOOST_AUTO_TEST_CASE(listeners_hear_of_every_change_until_they_leave) {
    House house;
    std::vector<ServiceNotice> heard;
    const auto id = house.engine->subscribe([&](const ServiceNotice& n) { heard.push_back(n); });
    ForwardRequest request = exactly(house, host(2, 80), 8000);
    request.lifetime = 60s;
    const auto made = ask(house, request);
    BOOST_REQUIRE(house.engine->renew(made->id, made->owner, 100s, house.now));
    house.event(OutsideChanged{{kOutside2}});
    house.pass(101s);
    using Kind = ServiceNotice::Kind;
    std::vector<Kind> kinds;
    for (const ServiceNotice& notice : heard)
        kinds.push_back(notice.kind);
    BOOST_CHECK((kinds == std::vector<Kind>{Kind::forward_added, Kind::forward_changed,
                                            Kind::forward_changed, Kind::outside_changed,
                                            Kind::forward_expired}));
    BOOST_CHECK(heard[2].forward.outside == at(kOutside2, 8000));
    house.engine->unsubscribe(id);
    BOOST_REQUIRE(ask(house, request));
    BOOST_TEST(heard.size() == 5U);
}

BOOST_AUTO_TEST_CASE(a_reload_changes_only_the_forwards_that_differ) {
    config::Config config = with_forward({{8080}, {8080}}, host(10, 0).address, {{80}, {80}});
    House house(config);
    const ForwardId kept = house.engine->forwards()[0].id;
    config.forwards.push_back(config.forwards[0]);
    config.forwards[1].outside = {{9090}, {9090}};
    Effects effects;
    house.engine->handle(Reconfigured{config}, house.now, effects);
    BOOST_TEST(house.engine->forwards()[0].id == kept);
    BOOST_TEST(house.engine->forwards().size() == 4U);
    for (const Edit& edit : effects.edits)
        BOOST_CHECK(edit.kind == Edit::Kind::add);
}

BOOST_AUTO_TEST_CASE(endpoints_can_be_looked_up_both_ways) {
    House house;
    BOOST_TEST(!house.engine->outside_of(Proto::udp, host(2, 5060), at(kServer, 5060)));
    const auto out = house.send(host(2, 5060), at(kServer, 5060));
    BOOST_CHECK(house.engine->outside_of(Proto::udp, host(2, 5060), at(kServer2, 1)) == out);
    BOOST_CHECK(house.engine->inside_of(Proto::udp, *out) == host(2, 5060));
    BOOST_TEST(!house.engine->inside_of(Proto::tcp, *out));
    BOOST_CHECK((house.engine->outside_address() == OutsideAddress{kOutside, Reach::public_}));
}

BOOST_AUTO_TEST_SUITE_END()
