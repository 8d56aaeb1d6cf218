// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/ruleset_limits.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace gatehouse::nat {
namespace {

// Sessions of a host that are looked at for a new one.
constexpr std::uint32_t kMostCounted = 128;

// How long a host that has too many begins nothing new: who tries a connection again, which is
// after a second, is told.
constexpr std::string_view kCrowdTime = "2s";

constexpr std::string_view kLimited = " comment \"host_sessions\"";

}  // namespace

std::uint32_t SessionLimits::one_of() const {
    return std::max(most_ / kMostCounted, 1U);
}

std::string SessionLimits::sample() const {
    return one_of() > 1 ? concat("numgen random mod ", one_of(), " == 0 ") : std::string();
}

std::string refuse_crowd(const Limit& limit) {
    return concat(limit.host, " @crowd_", limit.name, " counter ", limit.end, kLimited);
}

std::string drop_crowd(const Limit& limit) {
    return concat(limit.host, " @crowd_", limit.name, " counter drop", kLimited);
}

std::string SessionLimits::count(const Limit& limit) const {
    return concat("add @sessions_", limit.name, "_", most_, " { ", limit.host, " ct count over ",
                  most_ / one_of(), " } add @crowd_", limit.name, " { ", limit.host, " timeout ",
                  kCrowdTime, " } counter drop", kLimited);
}

std::string SessionLimits::sets() const {
    std::string out;
    for (const Limit& limit : {kOutgoing, kIncoming, kOutgoing6, kIncoming6, kToRouter}) {
        append(out, "    set sessions_", limit.name, "_", most_, " { type ", limit.type,
               "; flags dynamic; size 4096; }\n");
        append(out, "    set crowd_", limit.name, " { type ", limit.type,
               "; flags dynamic,timeout; timeout 1s; size 4096; }\n");
    }
    return out;
}

}  // namespace gatehouse::nat
