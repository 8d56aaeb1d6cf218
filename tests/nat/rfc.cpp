// SPDX-License-Identifier: GPL-2.0-or-later
//
// Requirements of the documents in gateway/RFC.md that the core decides and that the other files
// here do not show.
#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "tests/nat/support/house.h"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

config::Config with_ports(std::uint16_t first, std::uint16_t last) {
    config::Config config = default_config();
    config.nat.ports = {{first}, {last}};
    return config;
}

Endpoint4 port_of_host(std::uint8_t n, std::size_t number) {
    return host(n, static_cast<std::uint16_t>(9000 + number));
}

std::uint64_t refused(const House& house, Refusal reason) {
    return house.engine->counters().refused[static_cast<std::size_t>(reason)];
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rfc)

BOOST_AUTO_TEST_CASE(a_host_whose_address_is_full_is_refused_though_another_has_room) {
    for (const Proto proto : {Proto::udp, Proto::tcp}) {
        House house(with_ports(2000, 2031));
        house.event(OutsideChanged{{kOutside, kOutside2}});
        const auto first = house.send(port_of_host(2, 0), at(kServer, 80), proto);
        BOOST_REQUIRE(first);
        for (std::size_t n = 1; n < 32; ++n) {
            const auto next = house.send(port_of_host(2, n), at(kServer, 80), proto);
            BOOST_REQUIRE(next);
            BOOST_REQUIRE(next->address == first->address);
        }
        BOOST_TEST(!house.send(port_of_host(2, 32), at(kServer, 80), proto));
        BOOST_TEST(refused(house, Refusal::pool_empty) == 1U);
        // Somebody who leaves from the other address notices nothing.
        bool other_has_room = false;
        for (std::uint8_t n = 3; n < 40; ++n) {
            const auto given = house.send(port_of_host(n, 0), at(kServer, 80), proto);
            other_has_room = other_has_room || given.has_value();
        }
        BOOST_TEST(other_has_room);
    }
}

BOOST_AUTO_TEST_CASE(of_many_refused_packets_only_some_are_answered_each_second) {
    config::Config config = default_config();
    config.nat.host_mappings = 1;
    House house(config);
    house.send(port_of_host(2, 0), at(kServer, 80));
    const auto told_of = [&](std::size_t packets) {
        std::size_t told = 0;
        for (std::size_t n = 1; n <= packets; ++n) {
            house.send(port_of_host(2, n), at(kServer, 80));
            told += house.verdicts.at(0).kind == Verdict::Kind::refuse ? 1U : 0U;
        }
        return told;
    };
    BOOST_TEST(told_of(10) == 10U);
    BOOST_TEST(told_of(500) == Engine::kMostTold - 10);
    house.pass(1s);
    BOOST_TEST(told_of(500) == std::size_t{Engine::kMostTold});
    BOOST_TEST(refused(house, Refusal::host_quota) == 1010U);
}

BOOST_AUTO_TEST_CASE(who_asks_on_and_on_in_vain_is_left_to_the_kernel_for_a_while) {
    config::Config config = default_config();
    config.nat.host_mappings = 1;
    House house(config);
    house.send(port_of_host(2, 0), at(kServer, 80));
    house.send(port_of_host(3, 0), at(kServer, 80));
    const auto ask = [&](std::uint8_t host, std::size_t packets) {
        for (std::size_t n = 1; n <= packets; ++n)
            house.send(port_of_host(host, n), at(kServer, 80));
        return house.left_to_kernel.size();
    };
    BOOST_TEST(ask(2, RefusalCounts::kMost - 1) == 0U);
    BOOST_TEST(ask(3, 1) == 0U);
    BOOST_TEST(ask(2, 1) == 1U);
    BOOST_TEST(ask(2, 500) == 1U);  // that were on their way
    house.pass(1s);
    BOOST_TEST(ask(2, RefusalCounts::kMost - 1) == 1U);
    BOOST_TEST(ask(2, 1) == 2U);
    BOOST_TEST(ask(3, RefusalCounts::kMost) == 3U);
    const Ip4 first = port_of_host(2, 0).address, second = port_of_host(3, 0).address;
    BOOST_CHECK((house.left_to_kernel == std::vector{first, first, second}));
    // What has a mapping never asks in vain.
    house.pass(1s);
    for (std::uint16_t n = 0; n < 500; ++n)
        house.send(port_of_host(2, 0), at(kServer, n));
    BOOST_TEST(house.left_to_kernel.size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_port_that_was_open_to_strangers_rests_whatever_it_depended_on) {
    config::Config config = default_config();
    config.nat.type = config::NatType::custom;
    config.nat.mapping = MappingBehaviour::address_dependent;
    config.nat.filtering = FilteringBehaviour::endpoint_independent;
    House house(config);
    house.send(host(2, 5000), at(kServer, 80));
    house.sessions.clear();
    house.pass(110s);
    BOOST_TEST(house.send(host(3, 5000), at(kServer, 80))->port.number != 5000);
    house.pass(120s);
    BOOST_TEST(house.send(host(4, 5000), at(kServer, 80))->port.number == 5000);
}

BOOST_AUTO_TEST_CASE(a_port_only_for_known_peers_may_soon_be_given_to_another) {
    House house(config_of(config::NatType::symmetric));
    house.send(host(2, 5000), at(kServer, 80));
    house.sessions.clear();
    house.pass(90s);
    BOOST_TEST(house.send(host(3, 5000), at(kServer, 80))->port.number == 5000);
}

// The kernel tracks TCP, so nobody outside can still believe in it (RFC 6888 REQ-8a).
BOOST_AUTO_TEST_CASE(the_port_of_an_ended_connection_may_soon_be_given_to_another) {
    House house;
    house.send(host(2, 5000), at(kServer, 80), Proto::tcp);
    house.sessions.clear();
    house.pass(90s);
    BOOST_TEST(house.send(host(3, 5000), at(kServer, 80), Proto::tcp)->port.number == 5000);
}

BOOST_AUTO_TEST_CASE(the_identifier_of_a_query_ends_with_its_last_session) {
    House house;
    house.session_life = 60s;
    house.send(host(2, 77), at(kServer, 77), Proto::icmp);
    house.pass(50s);
    house.send(host(2, 77), at(kServer2, 77), Proto::icmp);
    house.pass(50s);
    BOOST_TEST(house.engine->mappings_of(host(2, 77).address) == 1U);
    house.pass(60s);
    BOOST_TEST(house.engine->mappings_of(host(2, 77).address) == 0U);
}

BOOST_AUTO_TEST_CASE(changed_ports_are_hard_to_guess_and_keep_their_parity) {
    House house;
    house.send(host(2, 5000), at(kServer, 80));
    std::size_t close = 0;
    std::uint16_t last = 5000;
    for (std::uint8_t n = 3; n < 103; ++n) {
        const auto given = house.send(host(n, 5000), at(kServer, 80));
        BOOST_REQUIRE(given);
        BOOST_TEST(given->port.number % 2 == 0);
        close += std::abs(given->port.number - last) < 64 ? 1U : 0U;
        last = given->port.number;
    }
    BOOST_TEST(close < 5U);
}

BOOST_AUTO_TEST_SUITE_END()
