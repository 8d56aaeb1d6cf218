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
    using enum Way;
    static const std::vector<Way> paths{forwarding, masquerade, hook,
                                        firewall,   gatehouse,  symmetric};
    static const std::vector<Group> all{
        {"established", paths, measure_established},
        {"bulk", paths, measure_bulk},
        {"new-flows", {forwarding, masquerade, hook, firewall, cone, gatehouse}, measure_new_flows},
        {"new-mappings",
         {forwarding, masquerade, hook, firewall, asking, cone, gatehouse, symmetric},
         measure_new_mappings},
        {"first-packet", paths, measure_first_packet},
        {"crowd", paths, measure_crowd},
        {"visits", {gatehouse, symmetric}, measure_visits},
        {"dhcp", {dnsmasq, kea, gatehouse}, measure_dhcp},
        {"igd", {miniupnpd, gatehouse}, measure_igd},
        {"sip", {masquerade, helper, gatehouse}, measure_sip},
    };
    return all;
}

}  // namespace gatehouse::bench
