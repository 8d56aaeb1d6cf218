// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/port_pool.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <initializer_list>
#include <memory>
#include <set>

#include "gateway/base/random.h"

using namespace gatehouse;
using config::PortChoice;
using nat::PortPool;

namespace {

constexpr PortRange kUsual{{1024}, {65535}};

std::unique_ptr<PortPool> pool_of(PortRange range, std::vector<PortRange> reserved = {}) {
    auto pool = std::make_unique<PortPool>();
    pool->allow(range, reserved);
    return pool;
}

// Takes allowed ports in random order until that share of them is owned.
void fill(PortPool& pool, Random& random, std::uint32_t percent) {
    while (pool.owned() * 100 < pool.allowed() * percent) {
        const Port port{static_cast<std::uint16_t>(random.below(65536))};
        if (pool.is_allowed(port)) pool.take(port);
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(port_pool)

BOOST_AUTO_TEST_CASE(preserve_gives_the_same_port) {
    const auto pool = pool_of(kUsual);
    BOOST_TEST(pool->pick({5060}, PortChoice::preserve, 7)->number == 5060);
    BOOST_TEST(pool->is_owned({5060}));
}

BOOST_AUTO_TEST_CASE(a_taken_port_is_answered_with_its_parity) {
    SeededRandom random(1);
    const auto pool = pool_of(kUsual);
    for (const std::uint16_t wanted :
         std::initializer_list<std::uint16_t>{5060, 5061, 65535, 1024}) {
        pool->pick({wanted}, PortChoice::preserve, 0);
        for (int i = 0; i < 200; ++i) {
            const auto other = pool->pick({wanted}, PortChoice::preserve, random.next());
            BOOST_TEST(other->number != wanted);
            BOOST_TEST(other->number % 2 == wanted % 2);
        }
    }
}

BOOST_AUTO_TEST_CASE(parity_yields_when_only_the_other_one_is_left) {
    const auto pool = pool_of({{2000}, {2003}});
    for (const int expected : {2000, 2002}) {
        BOOST_TEST(pool->pick({2000}, PortChoice::preserve, 976)->number == expected);
    }
    BOOST_TEST(pool->pick({2000}, PortChoice::preserve, 0)->number % 2 == 1);
    BOOST_TEST(pool->pick({2000}, PortChoice::preserve, 0)->number % 2 == 1);
    BOOST_TEST(!pool->pick({2000}, PortChoice::preserve, 0));
}

BOOST_AUTO_TEST_CASE(low_ports_stay_low_where_the_range_has_any) {
    SeededRandom random(2);
    const auto pool = pool_of({{600}, {65535}});
    for (int i = 0; i < 424; ++i) {
        BOOST_TEST(pool->pick({500}, PortChoice::preserve, random.next())->number < 1024);
    }
    BOOST_TEST(pool->pick({500}, PortChoice::preserve, random.next())->number >= 1024);
}

BOOST_AUTO_TEST_CASE(low_ports_go_up_where_the_range_has_none) {
    const auto pool = pool_of(kUsual);
    BOOST_TEST(pool->pick({500}, PortChoice::preserve, 3)->number >= 1024);
}

BOOST_AUTO_TEST_CASE(high_ports_never_become_low_ones) {
    SeededRandom random(3);
    const auto pool = pool_of({{1}, {1100}});
    int given = 0;
    while (const auto port = pool->pick({5000}, PortChoice::preserve, random.next())) {
        BOOST_TEST(port->number >= 1024);
        ++given;
    }
    BOOST_TEST(given == 77);
}

BOOST_AUTO_TEST_CASE(high_ports_use_a_range_that_is_all_low) {
    const auto pool = pool_of({{600}, {603}});
    int given = 0;
    while (pool->pick({5000}, PortChoice::random, 12345))
        ++given;
    BOOST_TEST(given == 4);
}

BOOST_AUTO_TEST_CASE(reserved_ports_are_never_given) {
    SeededRandom random(4);
    const auto pool = pool_of({{2000}, {2999}}, {{{2100}, {2199}}, {{2500}, {2500}}});
    BOOST_TEST(pool->allowed() == 899U);
    BOOST_TEST(pool->pick({2150}, PortChoice::preserve, 150)->number != 2150);
    while (const auto port = pool->pick({2500}, PortChoice::random, random.next())) {
        BOOST_TEST((port->number < 2100 || port->number > 2199));
        BOOST_TEST(port->number != 2500);
    }
    BOOST_TEST(pool->owned() == 899U);
}

BOOST_AUTO_TEST_CASE(a_port_that_becomes_reserved_stays_owned_and_is_not_given_again) {
    const auto pool = pool_of(kUsual);
    pool->take({8080});
    const std::vector<PortRange> reserved{{{8080}, {8080}}};
    pool->allow(kUsual, reserved);
    BOOST_TEST(pool->is_owned({8080}));
    pool->release({8080});
    BOOST_TEST(pool->pick({8080}, PortChoice::preserve, 0)->number != 8080);
}

BOOST_AUTO_TEST_CASE(a_port_outside_of_the_range_can_be_taken_by_name_only) {
    const auto pool = pool_of(kUsual);
    BOOST_TEST(pool->take({80}));
    BOOST_TEST(!pool->take({80}));
    pool->release({80});
    BOOST_TEST(pool->take({80}));
}

BOOST_AUTO_TEST_CASE(a_pair_is_even_and_odd_neighbours) {
    SeededRandom random(5);
    const auto pool = pool_of({{4001}, {4010}});
    BOOST_TEST(pool->pick_pair({4006}, 0)->number == 4006);
    std::set<int> firsts;
    while (const auto first = pool->pick_pair({4006}, random.next()))
        firsts.insert(first->number);
    BOOST_TEST(firsts == (std::set<int>{4002, 4004, 4008}), boost::test_tools::per_element());
    BOOST_TEST(pool->owned() == 8U);  // 4001 and 4010 have no neighbour
}

BOOST_AUTO_TEST_CASE(every_allowed_port_is_given_once_and_then_none) {
    for (const PortChoice choice : {PortChoice::preserve, PortChoice::random}) {
        SeededRandom random(6);
        const auto pool = pool_of(kUsual, {{{30000}, {30100}}});
        std::set<std::uint16_t> given;
        while (const auto port = pool->pick({static_cast<std::uint16_t>(random.next() | 1024U)},
                                            choice, random.next())) {
            BOOST_REQUIRE(given.insert(port->number).second);
        }
        BOOST_TEST(given.size() == 64512U - 101U);
    }
}

BOOST_AUTO_TEST_CASE(a_pick_looks_at_few_words_however_full_the_pool_is) {
    SeededRandom random(7);
    for (const std::uint32_t percent : {0U, 50U, 95U, 99U, 100U}) {
        const auto pool = pool_of(kUsual);
        fill(*pool, random, percent);
        for (int i = 0; i < 2000; ++i) {
            const auto port = pool->pick({static_cast<std::uint16_t>(random.between(1024, 65535))},
                                         PortChoice::preserve, random.next());
            BOOST_REQUIRE(pool->probes() <= 40U);
            BOOST_REQUIRE(port.has_value() == (percent < 100));
            if (port) pool->release(*port);
        }
    }
}

BOOST_AUTO_TEST_CASE(random_ports_are_spread_evenly) {
    SeededRandom random(8);
    const auto pool = pool_of(kUsual);
    constexpr int kPicks = 63 * 1000;
    std::vector<int> bins(63);
    for (int i = 0; i < kPicks; ++i) {
        const auto port = pool->pick({5060}, PortChoice::random, random.next());
        ++bins[(port->number - 1024U) / 1024U];
        pool->release(*port);
    }
    // Chi-square with 62 degrees of freedom: above 110 once in 5000 runs.
    double chi = 0;
    for (const int n : bins)
        chi += (n - 1000.0) * (n - 1000.0) / 1000.0;
    BOOST_TEST(chi < 110.0);
}

BOOST_AUTO_TEST_CASE(the_pool_agrees_with_a_set_of_ports) {
    SeededRandom random(9);
    const PortRange range{{1000}, {1199}};
    const auto pool = pool_of(range, {{{1050}, {1059}}});
    std::set<std::uint16_t> owned;
    for (int i = 0; i < 50000; ++i) {
        const Port wanted{static_cast<std::uint16_t>(random.between(990, 1210))};
        const std::uint64_t action = random.below(8);
        if (action < 3) {
            if (const auto port = pool->pick(wanted, PortChoice::preserve, random.next())) {
                BOOST_REQUIRE(owned.insert(port->number).second);
                BOOST_REQUIRE(pool->is_allowed(*port));
            }
        } else if (action == 3) {
            if (const auto first = pool->pick_pair(wanted, random.next())) {
                BOOST_REQUIRE(first->number % 2 == 0);
                BOOST_REQUIRE(owned.insert(first->number).second);
                BOOST_REQUIRE(owned.insert(static_cast<std::uint16_t>(first->number + 1)).second);
            }
        } else if (action == 4) {
            BOOST_REQUIRE(pool->take(wanted) == owned.insert(wanted.number).second);
        } else if (!owned.empty()) {
            auto victim = owned.lower_bound(wanted.number);
            if (victim == owned.end()) victim = owned.begin();
            pool->release({*victim});
            owned.erase(victim);
        }
        BOOST_REQUIRE(pool->owned() == owned.size());
    }
}

BOOST_AUTO_TEST_SUITE_END()
