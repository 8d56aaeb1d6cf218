// SPDX-License-Identifier: GPL-2.0-or-later
//
// Leases as other programs read them: the lease file of dnsmasq, which LuCI shows, and a file in
// the form of /etc/hosts for name servers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dhcp/lease.h"
#include "dhcp/network.h"

namespace gatehouse::dhcp {

// A line for each device that has an address: when it ends in seconds since 1970 (0: never),
// hardware address, address, name or *, client id in hex. wall: seconds since 1970, now.
std::string write_lease_file(const std::vector<Lease>& leases, std::int64_t wall, Instant now);

// A line for each name that the configuration or a lease gives an address: with the domain of its
// network, and bare. Devices of the configuration are found whether they are there or not.
std::string write_hosts_file(const std::vector<Lease>& leases,
                             const std::vector<config::StaticLease>& static_leases,
                             const std::vector<Network>& networks);

}  // namespace gatehouse::dhcp
