// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is measured. A group builds a path for one way and adds rows to the results; README.md says
// what each row means, report.py what it is called and what it must reach.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/support/path.h"

namespace gatehouse::bench {

struct Result {
    std::string row;
    Way way = Way::forwarding;
    std::uint64_t value = 0;
};

struct Settings {
    Cores cores;
    bool quick = false;  // a look at everything, too short for numbers
};

inline std::uint64_t microseconds(Duration time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

inline std::uint64_t growth(std::uint64_t before, std::uint64_t after) {
    return after > before ? after - before : 0;
}

class Results {
  public:
    void add(std::string row, Way way, std::uint64_t value);
    // A JSON array of objects.
    std::string to_json() const;

  private:
    std::vector<Result> all_;
};

struct Group {
    std::string_view name;
    std::vector<Way> ways;  // in this order, one right after the other
    void (*measure)(Way way, const Settings& settings, Results& results) = nullptr;
};

const std::vector<Group>& groups();

void measure_established(Way way, const Settings& settings, Results& results);
void measure_bulk(Way way, const Settings& settings, Results& results);
void measure_new_flows(Way way, const Settings& settings, Results& results);
void measure_new_mappings(Way way, const Settings& settings, Results& results);
void measure_first_packet(Way way, const Settings& settings, Results& results);
void measure_crowd(Way way, const Settings& settings, Results& results);
void measure_visits(Way way, const Settings& settings, Results& results);
void measure_dhcp(Way way, const Settings& settings, Results& results);
void measure_igd(Way way, const Settings& settings, Results& results);
void measure_sip(Way way, const Settings& settings, Results& results);

}  // namespace gatehouse::bench
