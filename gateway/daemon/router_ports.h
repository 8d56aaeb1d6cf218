// SPDX-License-Identifier: GPL-2.0-or-later
//
// The ports that belong to the router itself: where it listens, and the range for its own
// connections. A host that got one of them outside could stand in for the router's service.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "gateway/nat/events.h"

namespace gatehouse::daemon {

// The listening ports in a table such as /proc/net/tcp or /proc/net/udp6, in order, each once;
// those on loopback addresses, on inside addresses of the router and on multicast groups are left
// out: from outside the rules let nobody reach them.
std::vector<Port> listening_ports(std::string_view table, Proto proto,
                                  std::span<const Ip4> inside = {});

// All of the running system.
std::vector<nat::ReservedPort> read_router_ports(std::span<const Ip4> inside);

}  // namespace gatehouse::daemon
