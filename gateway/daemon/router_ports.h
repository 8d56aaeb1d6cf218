// SPDX-License-Identifier: GPL-2.0-or-later
//
// The ports that belong to the router itself: where it listens, and the range for its own
// connections. A host that got one of them outside could stand in for the router's service.
#pragma once

#include <string_view>
#include <vector>

#include "gateway/nat/events.h"

namespace gatehouse::daemon {

// The listening ports in a table such as /proc/net/tcp or /proc/net/udp6, in order, each once;
// those on loopback addresses are left out, they cannot be reached from outside.
std::vector<Port> listening_ports(std::string_view table, Proto proto);

// All of the running system.
std::vector<nat::ReservedPort> read_router_ports();

}  // namespace gatehouse::daemon
