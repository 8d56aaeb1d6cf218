// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/nat_rows.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <tuple>

#include "gateway/base/text.h"

namespace gatehouse::daemon {

namespace {

bool is_asked_for(const nat::Forward& forward) {
    return forward.owner.kind != nat::OwnerKind::sip;
}

std::optional<Duration> time_left(Instant expires, Instant now) {
    if (expires == kNever) return std::nullopt;
    return expires > now ? expires - now : Duration::zero();
}

// Inside, outside and remote endpoint of a session.
struct Ends {
    Endpoint4 inside;
    Endpoint4 outside;
    Endpoint4 remote;
    bool from_outside = false;
};

Endpoint4 v4_of(const Endpoint& endpoint) {
    return {endpoint.address.v4(), endpoint.port};
}

std::optional<Ends> ends_of(const kernel::Session& session) {
    const kernel::Tuple& original = session.original;
    const kernel::Tuple& reply = session.reply;
    if (!original.source.is_v4() || !reply.source.is_v4()) return std::nullopt;
    const bool from_outside = session.destination_nat && !session.source_nat;
    Ends ends;
    ends.from_outside = from_outside;
    ends.inside = v4_of(from_outside ? reply.from() : original.from());
    ends.outside = v4_of(from_outside ? original.to() : reply.to());
    ends.remote = v4_of(from_outside ? original.from() : original.to());
    if (original.proto == Proto::icmp) {
        // The identifier is the port of the host on both sides of the gateway.
        ends.inside.port = from_outside ? reply.source_port : original.source_port;
        ends.outside.port = from_outside ? original.source_port : reply.source_port;
        ends.remote.port = {};
    }
    return ends;
}

std::string_view state_of(const kernel::Session& session) {
    if (session.tcp) return to_string(*session.tcp);
    if (session.assured) return "assured";
    return session.seen_reply ? "answered" : "unanswered";
}

std::optional<Duration> timeout_of(const kernel::Session& session) {
    if (!session.timeout || session.offloaded) return std::nullopt;
    return *session.timeout;
}

// "restricted-cone", or what holds for each protocol.
std::string nat_of(const nat::Engine& engine, Ip4 host) {
    static constexpr std::array kTypes{config::NatType::full_cone, config::NatType::restricted_cone,
                                       config::NatType::port_restricted_cone,
                                       config::NatType::symmetric};
    const auto name = [](const config::NatBehaviour& behaviour) {
        for (const config::NatType type : kTypes) {
            if (config::behaviour_of(type) == behaviour) return config::to_string(type);
        }
        return config::to_string(config::NatType::custom);
    };
    const std::string_view udp = name(engine.behaviour_of(host, Proto::udp));
    const std::string_view tcp = name(engine.behaviour_of(host, Proto::tcp));
    return udp == tcp ? std::string(udp) : concat("udp ", udp, ", tcp ", tcp);
}

// A dynamic mapping lives as long as a session uses it.
std::uint32_t sessions_of(const nat::MappingView& mapping) {
    const bool unseen = mapping.forward == nullptr && mapping.sessions == 0;
    return unseen ? 1 : mapping.sessions;
}

// By host, then by protocol and port.
template <class Row>
void sort_rows(std::vector<Row>& rows) {
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
        return std::tie(a.inside.address, a.proto, a.inside.port, a.remote, a.outside) <
               std::tie(b.inside.address, b.proto, b.inside.port, b.remote, b.outside);
    });
}

}  // namespace

bool is_listed(const nat::MappingView& mapping) {
    return mapping.forward == nullptr || !is_asked_for(*mapping.forward);
}

Census::Census(std::span<const kernel::Session> sessions) {
    for (const kernel::Session& session : sessions) {
        const auto ends = ends_of(session);
        if (!ends) continue;
        Entry& entry = entries_[key_of(session.original.proto, ends->outside)];
        ++entry.sessions;
        entry.expires_in = std::max(entry.expires_in, Duration(session.timeout.value_or(0s)));
    }
}

void Census::correct(control::MappingRow& row) const {
    const auto found = entries_.find(key_of(row.proto, row.outside));
    const Entry entry = found == entries_.end() ? Entry{} : found->second;
    row.sessions = entry.sessions;
    // A forward of a call may hold the mapping for longer than its sessions.
    if (row.expires_in) {
        row.expires_in = row.origin == "dynamic" ? entry.expires_in
                                                 : std::max(*row.expires_in, entry.expires_in);
    }
}

std::uint64_t Census::key_of(Proto proto, const Endpoint4& outside) {
    return (std::uint64_t{outside.address.value} << 24U) |
           (std::uint64_t{outside.port.number} << 8U) | static_cast<std::uint64_t>(proto);
}

control::MappingRow mapping_row(const nat::MappingView& mapping, Instant now) {
    control::MappingRow row;
    row.proto = mapping.proto;
    row.inside = mapping.inside;
    row.outside = mapping.outside;
    if (mapping.remote != Endpoint4{}) row.remote = mapping.remote;
    row.origin =
        mapping.forward == nullptr ? "dynamic" : nat::to_string(mapping.forward->owner.kind);
    row.sessions = mapping.sessions;
    row.age = mapping.age;
    row.expires_in = mapping.expires_in;
    if (mapping.forward != nullptr) {
        const auto held = time_left(mapping.forward->expires, now);
        row.expires_in = held ? std::optional(std::max(*held, mapping.expires_in)) : std::nullopt;
    }
    return row;
}

std::vector<control::SessionRow> session_rows(std::span<const kernel::Session> sessions) {
    std::vector<control::SessionRow> rows;
    rows.reserve(sessions.size());
    for (const kernel::Session& session : sessions) {
        const auto ends = ends_of(session);
        if (!ends) continue;
        control::SessionRow row;
        row.proto = session.original.proto;
        row.inside = ends->inside;
        row.outside = ends->outside;
        row.remote = ends->remote;
        row.state = state_of(session);
        row.expires_in = timeout_of(session);
        const auto& out = ends->from_outside ? session.received : session.sent;
        const auto& in = ends->from_outside ? session.sent : session.received;
        if (out) std::tie(row.packets_out, row.bytes_out) = std::tie(out->packets, out->bytes);
        if (in) std::tie(row.packets_in, row.bytes_in) = std::tie(in->packets, in->bytes);
        rows.push_back(row);
    }
    sort_rows(rows);
    return rows;
}

control::ForwardRow forward_row(const nat::Forward& forward, Instant now) {
    control::ForwardRow row;
    row.id = forward.id;
    row.proto = forward.proto;
    row.outside = forward.outside;
    row.inside = forward.inside;
    row.count = forward.count;
    row.remote = forward.remote;
    row.origin = nat::to_string(forward.owner.kind);
    row.owner = forward.owner.id;
    row.description = forward.description;
    row.expires_in = time_left(forward.expires, now);
    row.enabled = forward.enabled;
    return row;
}

std::vector<control::ForwardRow> forward_rows(const nat::Engine& engine, Instant now) {
    std::vector<control::ForwardRow> rows;
    for (const nat::Forward& forward : engine.forwards()) {
        if (is_asked_for(forward)) rows.push_back(forward_row(forward, now));
    }
    return rows;
}

std::vector<control::PinholeRow> pinhole_rows(const nat::Engine& engine, Instant now) {
    std::vector<control::PinholeRow> rows;
    for (const config::Pinhole& fixed : engine.configured_pinholes()) {
        control::PinholeRow row;
        row.inside = fixed.inside;
        row.ports = fixed.ports;
        row.mac = fixed.mac;
        row.remote = fixed.remote;
        row.origin = nat::to_string(nat::OwnerKind::static_);
        row.owner = "configuration";
        row.description = fixed.name;
        for (const Proto proto : config::protos_of(fixed.proto)) {
            row.proto = proto;
            rows.push_back(row);
        }
    }
    for (const nat::Pinhole* const pinhole : engine.pinholes()) {
        control::PinholeRow& row = rows.emplace_back();
        row.id = pinhole->id;
        row.proto = pinhole->proto;
        row.inside = pinhole->inside;
        row.ports = {pinhole->port, pinhole->port};
        row.mac = pinhole->host;
        row.remote = pinhole->remote;
        row.origin = nat::to_string(pinhole->owner.kind);
        row.owner = pinhole->owner.id;
        row.description = pinhole->description;
        row.expires_in = time_left(pinhole->expires, now);
    }
    return rows;
}

std::vector<control::HostRow> host_rows(const nat::Engine& engine, const nat::Hosts& hosts,
                                        Instant now) {
    std::map<IpAddress, control::HostRow> rows;
    for (const auto& [address, host] : hosts.all()) {
        control::HostRow& row = rows[address];
        row.mac = host.mac;
        row.name = host.name();
        if (address.is_v4()) row.sessions = 0;
    }
    engine.visit_mappings(now, [&](const nat::MappingView& mapping) {
        auto& sessions = rows[IpAddress(mapping.inside.address)].sessions;
        sessions = sessions.value_or(0) + sessions_of(mapping);
    });
    std::vector<control::HostRow> out;
    for (auto& [address, row] : rows) {
        row.address = address;
        if (address.is_v4()) {
            row.nat = nat_of(engine, address.v4());
            row.mappings = engine.mappings_of(address.v4());
        }
        out.push_back(std::move(row));
    }
    return out;
}

NatCounts count_nat(const nat::Engine& engine, Instant now) {
    NatCounts counts;
    engine.visit_mappings(now, [&](const nat::MappingView& mapping) {
        if (is_listed(mapping)) ++counts.mappings;
        counts.sessions += sessions_of(mapping);
    });
    const std::vector<nat::Forward> forwards = engine.forwards();
    counts.forwards =
        static_cast<std::size_t>(std::count_if(forwards.begin(), forwards.end(), is_asked_for));
    return counts;
}

}  // namespace gatehouse::daemon
