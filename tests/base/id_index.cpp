// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/id_index.h"

#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <set>

using namespace gatehouse;

BOOST_AUTO_TEST_SUITE(id_index)

// Few hashes, so that most of them have several records and long runs meet at the end of the table.
BOOST_AUTO_TEST_CASE(finds_the_same_as_a_model_through_random_changes) {
    std::mt19937 random(1);
    IdIndex index;
    std::map<std::uint32_t, std::set<std::uint32_t>> model;
    std::map<std::uint32_t, std::uint32_t> hash_of;
    for (int step = 0; step < 20000; ++step) {
        const auto id = static_cast<std::uint32_t>(random() % 300);
        const auto known = hash_of.find(id);
        if (known == hash_of.end()) {
            const auto hash = static_cast<std::uint32_t>(0xffffffe0U + random() % 64);
            index.insert(hash, id);
            model[hash].insert(id);
            hash_of[id] = hash;
        } else {
            index.erase(known->second, id);
            model[known->second].erase(id);
            hash_of.erase(known);
        }
        const auto hash = static_cast<std::uint32_t>(0xffffffe0U + random() % 64);
        std::set<std::uint32_t> found;
        index.for_each(hash, [&](std::uint32_t one) { BOOST_CHECK(found.insert(one).second); });
        BOOST_REQUIRE(found == model[hash]);
        const auto one = index.find(hash, [&](std::uint32_t any) { return any == id; });
        BOOST_REQUIRE((one == id) == model[hash].contains(id));
    }
}

BOOST_AUTO_TEST_SUITE_END()
