// SPDX-License-Identifier: GPL-2.0-or-later
//
// The resource /api/v1/status: what a person asks first. Field names are stable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::control {

struct StatusView {
    struct Side {
        std::string interface;
        std::string address;  // empty for none
    };
    using Facts = std::vector<std::pair<std::string, std::string>>;
    // The router beyond this one, where the outside address is not on the internet.
    struct Upstream {
        std::string state;     // unneeded off searching absent private works
        std::string language;  // pcp natpmp igd; empty for none, and so are the others
        std::string gateway;
        std::string address;  // its own outside one
        std::int64_t wanted = 0;
        std::int64_t held = 0;  // of the wanted ports
        std::string reason;
    };

    // What there is of something that is bounded.
    struct Table {
        std::string_view name;
        std::int64_t used = 0;
        std::int64_t most = 0;
        std::optional<std::int64_t> of_device{};  // how many of them one device may have
        std::int64_t refused = 0;                 // since the start, because of either
    };

    std::string version;
    std::int64_t uptime = 0;  // seconds
    Side wan;
    std::string reach;  // public private cgnat none
    Upstream upstream;
    std::vector<Side> lan;
    std::string nat_type;
    std::string mapping;
    std::string filtering;
    std::vector<std::pair<std::string, std::int64_t>> counts;
    std::vector<Table> tables;
    Facts kernel;      // what the running kernel can do
    Facts safeguards;  // what the daemon has given up
};

std::string write_status_json(const StatusView& status);

}  // namespace gatehouse::control
