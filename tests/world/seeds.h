// SPDX-License-Identifier: GPL-2.0-or-later
//
// Runs a scenario for many seeds. A seed that fails names the one command that runs it again.
#pragma once

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/text.h"

namespace gatehouse::world {

// GATEHOUSE_SEED runs one seed, GATEHOUSE_SEEDS sets how many are run, GATEHOUSE_SEEDS_DIVIDED runs
// a part of each scenario's own number.
inline std::vector<std::uint64_t> seeds(std::uint64_t count) {
    const auto number = [](const char* name) -> std::optional<std::uint64_t> {
        const char* text = std::getenv(name);
        return text == nullptr ? std::nullopt : parse_number<std::uint64_t>(text);
    };
    if (const auto one = number("GATEHOUSE_SEED")) return {*one};
    const std::uint64_t part = number("GATEHOUSE_SEEDS_DIVIDED").value_or(1);
    count = number("GATEHOUSE_SEEDS")
                .value_or(std::max(count / std::max(part, std::uint64_t{1}), std::uint64_t{1}));
    std::vector<std::uint64_t> out;
    for (std::uint64_t seed = 1; seed <= count; ++seed)
        out.push_back(seed);
    return out;
}

inline std::string replay_command(std::uint64_t seed) {
    const auto& self = boost::unit_test::framework::master_test_suite();
    return concat("GATEHOUSE_SEED=", seed, " ", self.argv[0],
                  " --run_test=", boost::unit_test::framework::current_test_case().full_name());
}

// Runs the scenario for each seed; it stops at the first that fails, having said how to repeat it.
template <class Scenario>
void for_each_seed(std::uint64_t count, Scenario&& scenario) {
    for (const std::uint64_t seed : seeds(count)) {
        BOOST_TEST_CONTEXT("replay: " << replay_command(seed)) {
            scenario(seed);
        }
    }
}

}  // namespace gatehouse::world
