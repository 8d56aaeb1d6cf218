// SPDX-License-Identifier: GPL-2.0-or-later
//
// The DHCP server as a part of the house: what it is told of links and configuration, and what its
// leases mean for the others.
#include <algorithm>

#include "gateway/daemon/house.h"

namespace gatehouse::daemon {

namespace {

LogLine line(Level level, std::string fact, std::vector<LogLine::Field> fields) {
    return {level, "dhcp", std::move(fact), std::move(fields)};
}

constexpr Port kDns{53};

}  // namespace

void House::handle(const dhcp::Event& event, Instant now, Effects& out) {
    tell_dhcp(event, now, out);
    set_timer(out);
}

void House::tell_dhcp(const dhcp::Event& event, Instant now, Effects& out) {
    const std::size_t first_change = out.dhcp.changes.size();
    const std::size_t first_notice = out.dhcp.notices.size();
    dhcp_.handle(event, now, out.dhcp);
    if (std::holds_alternative<dhcp::Restored>(event)) {
        for (const dhcp::Lease& lease : dhcp_.leases().sorted()) {
            if (lease.state != dhcp::LeaseState::bound) continue;
            hosts_.publish(lease.address, nat::HostSource::lease, lease.mac, lease.name);
        }
    }
    for (std::size_t i = first_notice; i < out.dhcp.notices.size(); ++i)
        note_exchange(out.dhcp.notices[i], now, out);
    for (std::size_t i = first_change; i < out.dhcp.changes.size(); ++i)
        note_lease(out.dhcp.changes[i], out);
    tell_changed_hosts(now, out);
}

void House::configure_dhcp(Instant now, Effects& out) {
    tell_dhcp(dhcp::Configured{config_.dhcp, config_.static_leases, host_name_}, now, out);
    update_dhcp_links(now, out);
}

void House::update_dhcp_links(Instant now, Effects& out) {
    std::vector<dhcp::Link> links;
    for (const config::DhcpPool& pool : config_.dhcp) {
        const Interface* seen = interface(pool.interface);
        if (seen == nullptr || seen->addresses.empty()) continue;
        dhcp::Link link{seen->name, seen->addresses.front(), {}};
        for (const Interface& any : interfaces_) {
            for (const Prefix4& prefix : any.addresses)
                link.own.push_back(prefix.address);
            link.own.insert(link.own.end(), any.others.begin(), any.others.end());
        }
        links.push_back(std::move(link));
    }
    tell_dhcp(dhcp::LinksSeen{std::move(links)}, now, out);
}

void House::on(const NameServersSeen& event, Instant now, Effects& out) {
    if (event.servers == name_servers_) return;
    name_servers_ = event.servers;
    update_name_servers(now, out);
}

// Devices ask the router where it answers, else the servers that the router asks itself.
void House::update_name_servers(Instant now, Effects& out) {
    const bool answers =
        std::any_of(router_ports_.begin(), router_ports_.end(), [](const nat::ReservedPort& port) {
            return port.proto == Proto::udp && port.ports.contains(kDns);
        });
    tell_dhcp(dhcp::NameServersSeen{answers ? std::vector<Ip4>() : name_servers_}, now, out);
}

void House::note_lease(const dhcp::Change& change, Effects& out) {
    using Kind = dhcp::Change::Kind;
    const dhcp::Lease& lease = change.lease;
    if (change.kind == Kind::bound || change.kind == Kind::renewed) {
        hosts_.publish(lease.address, nat::HostSource::lease, lease.mac, lease.name);
    } else {
        hosts_.withdraw(lease.address, nat::HostSource::lease);
    }
    metrics_.add(Metric::dhcp_lease_changes, to_string(change.kind));
    tell("lease_changed",
         {{"state", std::string(to_string(change.kind))},
          {"address", lease.address.to_string()},
          {"mac", lease.mac.to_string()},
          {"name", std::string(lease.name)}},
         out);
    const Level level = change.kind == Kind::conflict  ? Level::warning
                        : change.kind == Kind::renewed ? Level::debug
                                                       : Level::info;
    out.steps.emplace_back(line(level, std::string("lease ").append(to_string(change.kind)),
                                {{"address", lease.address.to_string()},
                                 {"mac", lease.mac.to_string()},
                                 {"name", std::string(lease.name)}}));
}

void House::note_exchange(const dhcp::Notice& notice, Instant now, Effects& out) {
    using Kind = dhcp::Notice::Kind;
    const auto fields = [&notice] {
        return std::vector<LogLine::Field>{{"interface", std::string(notice.interface)},
                                           {"mac", notice.mac.to_string()}};
    };
    const auto exchange = [&](Metric metric, std::string_view way) {
        metrics_.add(metric, to_string(notice.type));
        if (config_.gateway.log_level != config::LogLevel::debug) return;
        LogLine text =
            line(Level::debug, std::string(to_string(notice.type)).append(way), fields());
        text.fields.emplace_back("address", notice.address.to_string());
        out.steps.emplace_back(std::move(text));
    };
    const auto warn = [&](std::string_view reason, LogLine text) {
        const auto passed = dhcp_warnings_.allow(reason, now);
        if (!passed) return metrics_.add(Metric::log_lines_suppressed);
        if (*passed > 0) text.fields.emplace_back("suppressed", std::to_string(*passed));
        out.steps.emplace_back(std::move(text));
    };
    switch (notice.kind) {
        case Kind::received: return exchange(Metric::dhcp_received, " received");
        case Kind::sent: return exchange(Metric::dhcp_sent, " sent");
        case Kind::probed: return metrics_.add(Metric::dhcp_probes);
        case Kind::other_server: {
            metrics_.add(Metric::dhcp_other_servers);
            LogLine text = line(Level::warning, "another server is on the link", fields());
            text.fields.emplace_back("server", notice.address.to_string());
            return warn("other_server", std::move(text));
        }
        case Kind::dropped: break;
    }
    metrics_.add(Metric::dhcp_dropped, to_string(notice.reason));
    if (dropped_.allow(to_string(notice.reason), now)) {
        tell("refused",
             {{"by", "dhcp"},
              {"reason", std::string(to_string(notice.reason))},
              {"mac", notice.mac.to_string()}},
             out);
    }
    if (notice.reason == dhcp::Drop::pool_empty || notice.reason == dhcp::Drop::table_full) {
        warn(to_string(notice.reason), line(Level::warning, "no address is free", fields()));
    }
}

}  // namespace gatehouse::daemon
