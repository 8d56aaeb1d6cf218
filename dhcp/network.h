// SPDX-License-Identifier: GPL-2.0-or-later
//
// A network that is served: the pool of the configuration on a link that has an address now, and
// the options that its devices can ask for.
#pragma once

#include <string>
#include <vector>

#include "dhcp/message.h"
#include "dhcp/pool.h"
#include "gateway/config/config.h"

namespace gatehouse::dhcp {

// An inside interface as it is now.
struct Link {
    std::string interface;
    Prefix4 address;       // the router's, by which the devices know it
    std::vector<Ip4> own;  // all addresses of the router on it

    friend bool operator==(const Link&, const Link&) = default;
};

struct Network {
    config::DhcpPool config;
    Link link;
    Pool pool;
    std::vector<Option> options;  // what can be asked for, by code

    Ip4 router() const { return link.address.address; }
    bool contains(Ip4 address) const { return link.address.contains(address); }
    bool is_own(Ip4 address) const;
    const Option* option(std::uint8_t code) const;
};

// name_servers: what devices are told where the configuration names none; empty: the router.
std::vector<Option> network_options(const config::DhcpPool& config, const Link& link,
                                    const std::vector<Ip4>& name_servers);

// RFC 3442: destinations without the bytes that the mask hides, each with its router.
std::vector<std::uint8_t> write_routes(const std::vector<config::DhcpRoute>& routes);

}  // namespace gatehouse::dhcp
