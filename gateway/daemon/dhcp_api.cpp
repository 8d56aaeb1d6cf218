// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/dhcp_api.h"

#include "gateway/control/paging.h"
#include "gateway/daemon/nat_api.h"

namespace gatehouse::daemon {

namespace {

constexpr std::array kStates{dhcp::LeaseState::offered, dhcp::LeaseState::bound,
                             dhcp::LeaseState::released, dhcp::LeaseState::expired,
                             dhcp::LeaseState::conflict};

std::optional<Duration> time_left(const dhcp::Lease& lease, Instant now) {
    if (lease.has_ended() || lease.expires == kNever) return std::nullopt;
    return lease.expires > now ? lease.expires - now : Duration::zero();
}

std::int64_t number(std::size_t n) {
    return static_cast<std::int64_t>(n);
}

}  // namespace

std::vector<control::LeaseRow> lease_rows(const dhcp::Server& server, Instant now) {
    std::vector<control::LeaseRow> out;
    for (const dhcp::Lease& lease : server.leases().sorted()) {
        const auto mac = lease.mac == Mac{} ? std::nullopt : std::optional(lease.mac);
        out.push_back({lease.address, mac, std::string(lease.name), to_string(lease.state),
                       time_left(lease, now)});
    }
    return out;
}

std::optional<control::Response> serve_dhcp(const dhcp::Server& server,
                                            const control::Request& request, Instant now) {
    if (request.path != "/api/v1/leases") return std::nullopt;
    if (request.method != "GET") return failure(405, "this can only be read");
    const auto page = control::parse_page(request.query);
    if (!page) return failure(400, page.error().text, "limit and offset are numbers of rows");
    return control::list_of(lease_rows(server, now), *page);
}

void add_dhcp_counts(control::StatusView& status, const dhcp::Server& server,
                     const Metrics& metrics, bool stored) {
    if (server.networks().empty()) return;
    std::size_t free = 0;
    for (const dhcp::Network& network : server.networks())
        free += network.pool.free();
    status.counts.emplace_back("leases", number(server.leases().count(dhcp::LeaseState::bound)));
    status.counts.emplace_back("addresses_free", number(free));
    const std::int64_t others = metrics.value(Metric::dhcp_other_servers);
    if (!stored) status.counts.emplace_back("leases_not_on_disk", 1);
    if (others > 0) status.counts.emplace_back("lost_to_other_dhcp_servers", others);
}

void update_dhcp_metrics(Metrics& metrics, const dhcp::Server& server, std::uint64_t unread) {
    static constexpr std::string_view kOverload = "overload";
    metrics.add(Metric::dhcp_dropped, kOverload,
                static_cast<std::int64_t>(unread) - metrics.value(Metric::dhcp_dropped, kOverload));
    for (const dhcp::LeaseState state : kStates)
        metrics.set(Metric::leases, to_string(state), number(server.leases().count(state)));
    for (const dhcp::Network& network : server.networks()) {
        const std::string& name = network.link.interface;
        metrics.set(Metric::dhcp_addresses, name, number(network.pool.size()));
        metrics.set(Metric::dhcp_addresses_free, name, number(network.pool.free()));
    }
}

}  // namespace gatehouse::daemon
