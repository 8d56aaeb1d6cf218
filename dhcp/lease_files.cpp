// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/lease_files.h"

#include <algorithm>
#include <set>

#include "gateway/base/text.h"

namespace gatehouse::dhcp {

namespace {

// "01:00:11:22"
std::string hex_with_colons(std::string_view bytes) {
    const std::string hex = to_hex(as_bytes(bytes));
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        if (i > 0) out.push_back(':');
        out.append(hex, i, 2);
    }
    return out;
}

}  // namespace

std::string write_lease_file(const std::vector<Lease>& leases, std::int64_t wall, Instant now) {
    std::string out;
    for (const Lease& lease : leases) {
        if (lease.state != LeaseState::bound) continue;
        const bool for_ever = lease.expires == kNever;
        append(out, for_ever ? 0 : wall + whole_seconds(lease.expires - now), ' ',
               lease.mac.to_string(), ' ', lease.address.to_string(), ' ',
               lease.name.empty() ? "*" : lease.name.view(), ' ',
               lease.client.empty() ? "*" : hex_with_colons(lease.client), '\n');
    }
    return out;
}

std::string write_hosts_file(const std::vector<Lease>& leases,
                             const std::vector<config::StaticLease>& static_leases,
                             const std::vector<Network>& networks) {
    std::string out;
    std::set<Ip4> written;
    const auto write = [&](Ip4 address, std::string_view name) {
        if (name.empty() || !written.insert(address).second) return;
        const auto network =
            std::find_if(networks.begin(), networks.end(),
                         [address](const Network& n) { return n.contains(address); });
        append(out, address.to_string(), ' ');
        if (network != networks.end() && !network->config.domain.empty()) {
            append(out, name, '.', network->config.domain, ' ');
        }
        append(out, name, '\n');
    };
    for (const config::StaticLease& lease : static_leases)
        write(lease.address, lease.name);
    for (const Lease& lease : leases) {
        if (lease.state == LeaseState::bound) write(lease.address, lease.name);
    }
    return out;
}

}  // namespace gatehouse::dhcp
