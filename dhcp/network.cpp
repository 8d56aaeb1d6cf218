// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/network.h"

#include <algorithm>

#include "dhcp/names.h"

namespace gatehouse::dhcp {

namespace {

std::vector<std::uint8_t> write_addresses(const std::vector<Ip4>& addresses) {
    ByteWriter out;
    for (const Ip4 address : addresses)
        write_ip4(out, address);
    return out.take();
}

// A search list needs no compression (RFC 3397 section 2).
std::vector<std::uint8_t> write_search(const std::vector<std::string>& domains) {
    ByteWriter out;
    for (const std::string& domain : domains)
        out.bytes(write_labels(domain));
    return out.take();
}

void add_routes(Options& out, const config::DhcpPool& config, Ip4 router) {
    if (config.routes.empty()) return;
    // Who understands this option ignores the router option (RFC 3442), so the way out is in here.
    std::vector<config::DhcpRoute> routes = config.routes;
    const bool has_default = std::any_of(routes.begin(), routes.end(),
                                         [](const auto& route) { return route.to.length == 0; });
    if (!has_default) routes.push_back({Prefix4{}, router});
    const std::vector<std::uint8_t> data = write_routes(routes);
    out.set(option::kRoutes, data);
    out.set(option::kRoutesMicrosoft, data);
}

void add_places(Options& out, const config::DhcpPool& config) {
    if (!config.search.empty()) out.set(option::kSearch, write_search(config.search));
    if (!config.ntp.empty()) out.set(option::kNtp, write_addresses(config.ntp));
    if (config.mtu) out.set_u16(option::kMtu, *config.mtu);
    if (!config.sip_servers.empty()) {
        // Encoding 1: addresses (RFC 3361 section 3).
        std::vector<std::uint8_t> data = write_addresses(config.sip_servers);
        data.insert(data.begin(), 1);
        out.set(option::kSipServers, data);
    }
    if (!config.captive_portal.empty()) out.set_text(option::kCaptivePortal, config.captive_portal);
    if (config.ipv6_only) {
        out.set_u32(option::kIpv6Only,
                    static_cast<std::uint32_t>(whole_seconds(*config.ipv6_only)));
    }
    if (!config.boot_server.empty()) out.set_text(option::kBootServer, config.boot_server);
    if (!config.boot_file.empty()) out.set_text(option::kBootFile, config.boot_file);
}

}  // namespace

bool Network::is_own(Ip4 address) const {
    return std::find(link.own.begin(), link.own.end(), address) != link.own.end();
}

const Option* Network::option(std::uint8_t code) const {
    const auto found = std::lower_bound(options.begin(), options.end(), code,
                                        [](const Option& o, std::uint8_t c) { return o.code < c; });
    return found == options.end() || found->code != code ? nullptr : &*found;
}

std::vector<std::uint8_t> write_routes(const std::vector<config::DhcpRoute>& routes) {
    ByteWriter out;
    for (const config::DhcpRoute& route : routes) {
        out.u8(route.to.length);
        for (unsigned byte = 0; byte < (route.to.length + 7U) / 8U; ++byte) {
            out.u8(static_cast<std::uint8_t>(route.to.network().value >> (24U - 8U * byte)));
        }
        write_ip4(out, route.via);
    }
    return out.take();
}

std::vector<Option> network_options(const config::DhcpPool& config, const Link& link,
                                    const std::vector<Ip4>& name_servers) {
    Options out;
    const Ip4 router = config.router.value_or(link.address.address);
    out.set_u32(option::kSubnetMask, link.address.netmask().value);
    out.set_u32(option::kRouter, router.value);
    const std::vector<Ip4>& dns = config.dns.empty() ? name_servers : config.dns;
    out.set(option::kDns, write_addresses(dns.empty() ? std::vector{link.address.address} : dns));
    if (!config.domain.empty()) out.set_text(option::kDomain, config.domain);
    out.set_u32(option::kBroadcast, link.address.broadcast().value);
    add_routes(out, config, router);
    add_places(out, config);
    for (const config::DhcpOption& option : config.options)
        out.set(option.code, option.data);
    std::vector<Option> sorted = out.all();
    std::sort(sorted.begin(), sorted.end(),
              [](const Option& a, const Option& b) { return a.code < b.code; });
    return sorted;
}

}  // namespace gatehouse::dhcp
