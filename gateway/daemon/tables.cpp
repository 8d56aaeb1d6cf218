// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/tables.h"

#include "gateway/daemon/parts.h"

namespace gatehouse::daemon {

namespace {

using Table = control::StatusView::Table;
using Tables = std::vector<Table>;

template <class Number>
std::int64_t number(Number n) {
    return static_cast<std::int64_t>(n);
}

void add_nat(Tables& out, const House& house) {
    const nat::Engine& engine = house.engine();
    const config::Config& config = house.config();
    const nat::EngineCounts counts = engine.counts();
    const auto refused = [&engine](nat::Refusal reason) {
        return number(engine.counters().refused[static_cast<std::size_t>(reason)]);
    };
    // With those that forwards hold; a port that rests takes nobody's place.
    out.push_back({"mappings", number(counts.mappings - counts.resting), config.nat.mappings,
                   config.nat.host_mappings,
                   refused(nat::Refusal::host_quota) + refused(nat::Refusal::table_full) +
                       refused(nat::Refusal::pool_empty)});
    out.push_back({"forwards", number(counts.forwards), nat::kMostForwards, std::nullopt,
                   number(counts.refused_forwards)});
    out.push_back({"asked_ports", number(counts.asked), config.upnp.quota, config.upnp.host_quota,
                   number(counts.refused_asked)});
    out.push_back({"pinholes", number(counts.pinholes), config.nat.pinholes,
                   config.nat.host_pinholes, number(counts.refused_pinholes)});
    out.push_back({"hosts", number(house.hosts().size()), number(nat::Hosts::kMostHosts),
                   std::nullopt, number(house.hosts().refused())});
}

void add_sip(Tables& out, const sip::Alg& alg, const config::Sip& config) {
    static constexpr std::int64_t kStreams = sip::Alg::kStreamsPerCall;
    out.push_back({"calls", number(alg.calls().size()), config.calls, config.host_calls,
                   number(alg.calls().refused())});
    out.push_back({"streams", number(alg.media().size()), kStreams * config.calls,
                   kStreams * config.host_calls, number(alg.media().refused())});
    out.push_back({"registrations", number(alg.flows().open_flows()), config.registrations,
                   config.host_registrations, number(alg.flows().refused())});
}

void add_leases(Tables& out, const House& house) {
    std::size_t size = 0, free = 0;
    for (const dhcp::Network& network : house.dhcp().networks()) {
        size += network.pool.size();
        free += network.pool.free();
    }
    const Metrics& metrics = house.metrics();
    out.push_back({"addresses", number(size - free), number(size), std::nullopt,
                   metrics.value(Metric::dhcp_dropped, "pool_empty") +
                       metrics.value(Metric::dhcp_dropped, "table_full")});
}

}  // namespace

Tables tables_of(const House& house, const control::EventLog& events) {
    Tables out;
    add_nat(out, house);
    if (kHasSip) add_sip(out, house.sip(), house.config().sip);
    add_leases(out, house);
    if (kHasUpnp) {
        const upnp::Gena& subscriptions = house.upnp().subscriptions();
        const config::Upnp& upnp = house.config().upnp;
        out.push_back({"subscriptions", number(subscriptions.size()), upnp.subscriptions,
                       upnp.host_subscriptions, number(subscriptions.refused())});
    }
    out.push_back({"listeners", number(events.listeners()),
                   number(control::EventLog::kMostListeners), std::nullopt,
                   number(events.refused())});
    return out;
}

void update_table_metrics(Metrics& metrics, const Tables& tables) {
    for (const Table& table : tables) {
        metrics.set(Metric::table_entries, table.name, table.used);
        metrics.set(Metric::table_limit, table.name, table.most);
        metrics.add(Metric::table_refusals, table.name,
                    table.refused - metrics.value(Metric::table_refusals, table.name));
    }
}

}  // namespace gatehouse::daemon
