// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/text.h"
#include "gateway/config/claims.h"
#include "gateway/config/dhcp_values.h"
#include "gateway/config/entries.h"

namespace gatehouse::config {

namespace {

constexpr std::size_t kMostServers = 16;
constexpr std::size_t kMostDomains = 16;
constexpr std::size_t kMostRoutes = 64;
constexpr std::size_t kMostOptions = 64;
constexpr std::size_t kMostMacs = 8;

template <class T>
std::vector<T> values_of(std::vector<Placed<T>> placed) {
    std::vector<T> out;
    for (Placed<T>& one : placed)
        out.push_back(std::move(one.value));
    return out;
}

// The client identifier as a key of claims.
struct ClientId {
    std::string hex;

    std::string to_string() const { return hex; }
    friend auto operator<=>(const ClientId&, const ClientId&) = default;
};

// Who the lease is for: nothing where that is not said well.
bool read_device(SectionReader& reader, StaticLease& out) {
    const auto macs = reader.macs("mac", kMostMacs);
    out.macs = values_of(macs);
    bool ok = true;
    out.client_id = from_hex(reader.text("client_id"), ok);
    if (!reader.ok()) return false;
    if (reader.has("mac") ? out.macs.empty() : out.client_id.empty() && out.name.empty()) {
        reader.refuse(reader.line_of("mac"), "'static_lease' needs 'mac', 'client_id' or 'name'");
        return false;
    }
    return true;
}

}  // namespace

void read_dhcp_details(SectionReader& reader, DhcpPool& out) {
    out.authoritative = reader.boolean("authoritative");
    out.probe = reader.boolean("probe");
    out.client_ids = reader.boolean("client_ids");
    out.rapid_commit = reader.boolean("rapid_commit");
    out.router = reader.address("router");
    out.search = values_of(reader.texts("search", kMostDomains));
    out.ntp = values_of(reader.addresses("ntp", kMostServers));
    if (reader.has("mtu")) out.mtu = static_cast<std::uint16_t>(reader.number("mtu"));
    for (const auto& [text, line] : reader.texts("route", kMostRoutes)) {
        if (const auto route = parse_dhcp_route(text)) out.routes.push_back(*route);
    }
    out.sip_servers = values_of(reader.addresses("sip_server", kMostServers));
    out.captive_portal = reader.text("captive_portal");
    if (reader.has("ipv6_only")) out.ipv6_only = reader.duration("ipv6_only");
    out.boot_server = reader.text("boot_server");
    out.boot_file = reader.text("boot_file");
    for (const auto& [text, line] : reader.texts("dhcp_option", kMostOptions)) {
        if (auto option = parse_dhcp_option(text)) out.options.push_back(std::move(*option));
    }
}

void read_static_leases(const RawConfig& raw, ProblemList& errors, ProblemList& warnings,
                        Config& out) {
    Claims<Mac> macs;
    Claims<Ip4> addresses;
    Claims<ClientId> ids;
    each(raw, "static_lease", errors, warnings, [&](SectionReader& reader) {
        StaticLease lease;
        const auto address = reader.address("address");
        lease.name = reader.text("name");
        if (reader.has("leasetime")) lease.leasetime = reader.duration("leasetime");
        if (!read_device(reader, lease) || !address) return;
        lease.address = *address;
        const ClientId id{to_hex(lease.client_id)};
        for (const Mac& mac : lease.macs) {
            if (!free_for(reader, macs, mac, "mac")) return;
        }
        if (!lease.client_id.empty() && !free_for(reader, ids, id, "client_id")) return;
        if (!free_for(reader, addresses, lease.address, "address")) return;
        for (const Mac& mac : lease.macs)
            macs.claim(mac, reader.line_of("mac"));
        if (!lease.client_id.empty()) ids.claim(id, reader.line_of("client_id"));
        addresses.claim(lease.address, reader.line_of("address"));
        out.static_leases.push_back(std::move(lease));
    });
}

}  // namespace gatehouse::config
