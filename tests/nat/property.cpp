// SPDX-License-Identifier: GPL-2.0-or-later
//
// Random events against a naive kernel: whatever happens, the invariants of
// tests/nat/support/random_house hold. A failing seed is in the message.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "gateway/base/random.h"
#include "gateway/base/text.h"
#include "tests/nat/support/random_house.h"

using namespace gatehouse;
using namespace gatehouse::test;

BOOST_AUTO_TEST_SUITE(property)

BOOST_AUTO_TEST_CASE(invariants_hold_whatever_happens) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SeededRandom random(seed);
        RandomHouse world(
            [&](std::uint32_t n) { return static_cast<std::uint32_t>(random.below(n)); });
        for (int step = 0; step < 300; ++step) {
            const std::string problem = world.step();
            BOOST_REQUIRE_MESSAGE(problem.empty(),
                                  concat("seed ", seed, " step ", step, ": ", problem));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_restart_after_anything_keeps_every_mapping_of_traffic) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SeededRandom random(seed);
        RandomHouse world(
            [&](std::uint32_t n) { return static_cast<std::uint32_t>(random.below(n)); });
        for (int step = 0; step < 100; ++step)
            world.step();
        House& house = world.house();
        world.calm();
        house.event(OutsideChanged{{kOutside}});
        house.event(ReservedPorts{});
        // Forwards of the rooms are restored by the rooms; here they go.
        for (const Forward& one : house.engine->forwards()) {
            if (one.owner.id == "configuration") continue;
            BOOST_REQUIRE(house.engine->release(one.id, one.owner, house.now));
        }
        house.flush();
        house.pass(10s);
        house.dump();  // flows that began without the engine are known now
        const auto wanted = house.engine->wanted();
        BOOST_REQUIRE(house.agrees());
        house.restart(house.config);
        house.event(OutsideChanged{{kOutside}});
        house.event(AdoptElements{house.kernel(), {}});
        // What was retired may be live again, but nothing is lost.
        const auto after = house.engine->wanted();
        for (const Element& one : wanted) {
            BOOST_REQUIRE_MESSAGE(std::binary_search(after.begin(), after.end(), one),
                                  concat("seed ", seed, ": lost ", to_string(one.set), ' ',
                                         one.key.to_string(), " : ", one.value.to_string()));
        }
        BOOST_REQUIRE(house.agrees());
    }
}

BOOST_AUTO_TEST_SUITE_END()
