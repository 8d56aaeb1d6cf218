// SPDX-License-Identifier: GPL-2.0-or-later
#include <iostream>

#include "gateway/base/json.h"
#include "tests/bench/measures.h"

namespace gatehouse::bench {

void Results::add(std::string row, Way way, std::uint64_t value) {
    std::cerr << "  " << row << " " << to_string(way) << " " << value << "\n";
    all_.push_back({std::move(row), way, value});
}

std::string Results::to_json() const {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const Result& one : all_) {
        json.begin_object();
        json.field("row", one.row);
        json.field("way", to_string(one.way));
        json.field("value", one.value);
        json.end_object();
    }
    json.end_array();
    return out + "\n";
}

const std::vector<Group>& groups() {
    static const std::vector<Group> all{
        {"established", false, measure_established},
        {"bulk", false, measure_bulk},
        {"new-flows", false, measure_new_flows},
        {"new-mappings", false, measure_new_mappings},
        {"first-packet", false, measure_first_packet},
        {"crowd", false, measure_crowd},
        {"visits", true, measure_visits},
    };
    return all;
}

}  // namespace gatehouse::bench
