// SPDX-License-Identifier: GPL-2.0-or-later
//
// The resource /api/v1/status: what a person asks first. Field names are stable.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gatehouse::control {

struct StatusView {
    struct Side {
        std::string interface;
        std::string address;  // empty for none
    };
    using Facts = std::vector<std::pair<std::string, std::string>>;

    std::string version;
    std::int64_t uptime = 0;  // seconds
    Side wan;
    std::string reach;  // public private cgnat none
    std::vector<Side> lan;
    std::string nat_type;
    std::string mapping;
    std::string filtering;
    std::vector<std::pair<std::string, std::int64_t>> counts;
    Facts kernel;      // what the running kernel can do
    Facts safeguards;  // what the daemon has given up
};

std::string write_status_json(const StatusView& status);

}  // namespace gatehouse::control
