// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the rules of our table look into and refer to: timeout objects, maps and sets.
#pragma once

#include <string>
#include <string_view>

#include "gateway/nat/ruleset.h"

namespace gatehouse::nat {

// Whose GRE (47: its name would have to be in /etc/protocols) it is that comes from a peer. The two
// directions of a PPTP tunnel have numbers of their own, so the kernel takes the other one for a
// new session.
inline constexpr std::string_view kTunnelMap = "tunnels";

// The kernel keeps timeout objects for each family.
struct Family {
    std::string_view name;
    std::string_view suffix;
};
inline constexpr Family kIpv4{"ip", ""};
inline constexpr Family kIpv6{"ip6", "6"};

// The kernel cannot change a timeout object, so its name says what it holds.
std::string udp_timeout(const config::Timeouts& timeouts, Family family);
std::string tcp_timeout(const config::Timeouts& timeouts, Family family);
std::string dns_timeout(Family family);

// The lines within the table that declare them all.
std::string write_objects(const RulesetInput& input);

}  // namespace gatehouse::nat
