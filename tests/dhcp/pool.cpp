// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/pool.h"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace gatehouse;
using namespace gatehouse::dhcp;

namespace {

Pool pool_of(const char* network, std::uint32_t start, std::uint32_t limit,
             const char* barred = "") {
    const auto out = parse_ip4(barred);
    return {*parse_prefix4(network), start, limit, [out](Ip4 a) { return out && a == *out; }};
}

std::set<Ip4> everything(Pool pool) {
    std::set<Ip4> out;
    while (const auto address = pool.choose(7)) {
        out.insert(*address);
        pool.take(*address);
    }
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pool)

BOOST_AUTO_TEST_CASE(exactly_the_configured_addresses_are_given_out) {
    const Pool pool = pool_of("192.168.1.0/24", 100, 150, "192.168.1.120");
    BOOST_TEST(pool.size() == 149U);
    const std::set<Ip4> all = everything(pool);
    BOOST_TEST(all.size() == 149U);
    BOOST_TEST(all.begin()->to_string() == "192.168.1.100");
    BOOST_TEST(all.rbegin()->to_string() == "192.168.1.249");
    BOOST_TEST(!pool.contains(Ip4::of(192, 168, 1, 120)));
    BOOST_TEST(!pool.contains(Ip4::of(192, 168, 1, 99)));
    BOOST_TEST(!pool.contains(Ip4::of(192, 168, 1, 250)));
}

BOOST_AUTO_TEST_CASE(the_edges_of_a_network_are_never_given_out) {
    BOOST_TEST(pool_of("192.168.1.0/24", 1, 65534).size() == 254U);
    BOOST_TEST(pool_of("192.168.1.0/30", 1, 100).size() == 2U);
    BOOST_TEST(pool_of("192.168.1.0/24", 300, 10).size() == 0U);
    BOOST_TEST(!pool_of("192.168.1.0/24", 300, 10).choose(5).has_value());
}

BOOST_AUTO_TEST_CASE(wide_networks_leave_out_addresses_that_look_like_edges) {
    const Pool pool = pool_of("10.0.0.0/22", 1, 1022);
    BOOST_TEST(pool.size() == 1022U - 6U);
    BOOST_TEST(!pool.contains(Ip4::of(10, 0, 1, 0)));
    BOOST_TEST(!pool.contains(Ip4::of(10, 0, 1, 255)));
    BOOST_TEST(pool.contains(Ip4::of(10, 0, 1, 1)));
}

BOOST_AUTO_TEST_CASE(the_same_hash_finds_the_same_address_and_then_the_next) {
    Pool pool = pool_of("192.168.1.0/24", 100, 150);
    const Ip4 first = *pool.choose(1234567);
    BOOST_CHECK(first == *pool.choose(1234567));
    pool.take(first);
    BOOST_CHECK(*pool.choose(1234567) == Ip4{first.value + 1});
    pool.give_back(first);
    BOOST_CHECK(*pool.choose(1234567) == first);
    BOOST_TEST(pool.free() == 150U);
}

BOOST_AUTO_TEST_CASE(the_choice_goes_around_the_end) {
    Pool pool = pool_of("192.168.1.0/24", 100, 70);
    pool.take(Ip4::of(192, 168, 1, 169));
    BOOST_TEST(pool.choose(69)->to_string() == "192.168.1.100");
}

BOOST_AUTO_TEST_CASE(who_is_gone_longest_comes_first) {
    Pool pool = pool_of("192.168.1.0/24", 100, 150);
    const Ip4 early = Ip4::of(192, 168, 1, 100);
    const Ip4 late = Ip4::of(192, 168, 1, 101);
    pool.note_ended(late, Instant(200s));
    pool.note_ended(early, Instant(100s));
    BOOST_CHECK(*pool.oldest_ended() == early);
    pool.forget_ended(early, Instant(100s));
    BOOST_CHECK(*pool.oldest_ended() == late);
}

BOOST_AUTO_TEST_SUITE_END()
