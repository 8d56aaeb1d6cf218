// SPDX-License-Identifier: GPL-2.0-or-later
//
// What an address of either family is good for; reach_of() of base knows the IPv4 half.
#pragma once

#include "gateway/base/ip.h"

namespace gatehouse::stun {

Reach reach_of(const IpAddress& address);

// An endpoint that a host can have: neither multicast nor unspecified, and with a port.
bool is_host(const Endpoint& endpoint);

}  // namespace gatehouse::stun
