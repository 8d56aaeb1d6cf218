// SPDX-License-Identifier: GPL-2.0-or-later
//
// WANIPv6FirewallControl: pinholes of the IPv6 filter. Whoever asks must be the device itself, at
// this or at another of its addresses: the neighbour table knows which addresses are one device.
// The owner is its hardware address where that is known, so that it may ask from any of them.
#include <algorithm>

#include "gateway/base/text.h"
#include "upnp/actions.h"

namespace gatehouse::upnp {

namespace {

constexpr std::uint32_t kAnyProtocol = 65535;
constexpr std::uint32_t kLongestLease = 86400;

CallResult done(SoapValues out = {}) {
    return CallDone{std::move(out), {}};
}

std::optional<Ip6> parse_global(std::string_view text) {
    const auto address = parse_ip6(text);
    if (!address || address->is_v4_mapped()) return std::nullopt;
    // 2000::/3, and fc00::/7 where another router translates it.
    const bool unicast =
        (address->bytes[0] & 0xe0U) == 0x20U || (address->bytes[0] & 0xfeU) == 0xfcU;
    return unicast ? address : std::nullopt;
}

nat::Owner owner_of(const CallContext& context) {
    const nat::Host* host = context.state.hosts.find(context.client);
    const bool known = host != nullptr && host->mac;
    return {nat::OwnerKind::igd, known ? host->mac->to_string() : context.client.to_string()};
}

SoapError error_of(const nat::Refused& refused) {
    switch (refused.reason) {
        case nat::Refusal::owner_quota: return SoapError::pinhole_space_exhausted;
        case nat::Refusal::not_owner: return SoapError::not_authorized;
        case nat::Refusal::not_found: return SoapError::no_such_pinhole;
        case nat::Refusal::protocol: return SoapError::protocol_not_supported;
        default: return SoapError::action_failed;
    }
}

struct Tuple {
    Ip6 inside;
    std::uint32_t inside_port = 0;
    std::optional<Ip6> remote;
    std::uint32_t remote_port = 0;
    std::uint32_t protocol = 0;
};

Result<Tuple, SoapError> read_tuple(const CallContext& context) {
    Tuple out;
    const std::string_view remote = text_argument(context, "RemoteHost");
    if (!remote.empty()) {
        out.remote = parse_global(remote);
        if (!out.remote) return fail(SoapError(SoapError::invalid_args));
    }
    const auto inside = parse_global(text_argument(context, "InternalClient"));
    if (!inside) return fail(SoapError(SoapError::invalid_args));
    out.inside = *inside;
    const auto inside_port = number_argument(context, "InternalPort", 65535);
    const auto remote_port = number_argument(context, "RemotePort", 65535);
    const auto protocol = number_argument(context, "Protocol", 65535);
    for (const auto* number : {&inside_port, &remote_port, &protocol}) {
        if (!*number) return number->failure();
    }
    out.inside_port = *inside_port;
    out.remote_port = *remote_port;
    out.protocol = *protocol;
    return out;
}

Result<Duration, SoapError> lease_argument(const CallContext& context, std::string_view name) {
    const auto lease = number_argument(context, name, kLongestLease);
    if (!lease) return lease.failure();
    if (*lease == 0) return fail(SoapError(SoapError::argument_out_of_range));
    return Duration(std::chrono::seconds(*lease));
}

CallResult open(const CallContext& context) {
    const auto tuple = read_tuple(context);
    if (!tuple) return fail(failed(tuple.error()));
    const auto lease = lease_argument(context, "LeaseTime");
    if (!lease) return fail(failed(lease.error()));
    if (tuple->protocol == kAnyProtocol) return fail(failed(SoapError::protocol_wildcard));
    if (tuple->inside_port == 0) return fail(failed(SoapError::internal_port_wildcard));
    // The filter knows remote addresses, not their ports; wider than asked it shall not be.
    if (tuple->remote_port != 0) return fail(failed(SoapError::inbound_pinhole_not_allowed));
    const Port port{static_cast<std::uint16_t>(tuple->inside_port)};
    const auto denial =
        context.state.authority.judge({context.client, IpAddress(tuple->inside), port, port});
    if (denial) {
        CallFailed out = failed(SoapError::not_authorized);
        out.denial = denial;
        return fail(out);
    }
    nat::PinholeRequest request;
    request.inside = tuple->inside;
    const nat::Host* host = context.state.hosts.find(IpAddress(tuple->inside));
    if (host != nullptr) request.host = host->mac;
    request.proto = static_cast<Proto>(std::min<std::uint32_t>(tuple->protocol, 255));
    request.port = port;
    request.remote = tuple->remote;
    request.lifetime = *lease;
    request.owner = owner_of(context);
    request.description = "IGD";
    const auto opened = context.state.claims.open_pinhole(request, context.state.now);
    if (!opened) return fail(failed(error_of(opened.error())));
    return done({{"UniqueID", std::to_string(opened->id)}});
}

Result<nat::PinholeId, SoapError> id_argument(const CallContext& context) {
    const auto id = number_argument(context, "UniqueID", 65535);
    if (!id) return id.failure();
    const nat::Pinhole* found = context.state.service.find_pinhole(*id);
    if (found == nullptr || found->owner.kind != nat::OwnerKind::igd) {
        return fail(SoapError(SoapError::no_such_pinhole));
    }
    if (found->owner != owner_of(context)) return fail(SoapError(SoapError::not_authorized));
    return found->id;
}

CallResult update(const CallContext& context) {
    const auto lease = lease_argument(context, "NewLeaseTime");
    if (!lease) return fail(failed(lease.error()));
    const auto id = id_argument(context);
    if (!id) return fail(failed(id.error()));
    const auto renewed =
        context.state.claims.renew_pinhole(*id, owner_of(context), *lease, context.state.now);
    if (!renewed) return fail(failed(error_of(renewed.error())));
    return done();
}

CallResult close(const CallContext& context) {
    const auto id = id_argument(context);
    if (!id) return fail(failed(id.error()));
    const auto closed =
        context.state.claims.close_pinhole(*id, owner_of(context), context.state.now);
    if (!closed) return fail(failed(error_of(closed.error())));
    return done();
}

CallResult outbound_timeout(const CallContext& context) {
    const auto tuple = read_tuple(context);
    if (!tuple) return fail(failed(tuple.error()));
    if (tuple->protocol == kAnyProtocol) return fail(failed(SoapError::protocol_wildcard));
    const auto is = [&](Proto proto) {
        return tuple->protocol == static_cast<std::uint32_t>(proto);
    };
    if (!is(Proto::tcp) && !is(Proto::udp)) {
        return fail(failed(SoapError::protocol_not_supported));
    }
    // Of an established connection, or of a flow.
    const config::Timeouts& timeouts = context.state.timeouts;
    const Duration life = is(Proto::tcp) ? timeouts.tcp_established : timeouts.udp;
    return done({{"OutboundPinholeTimeout", std::to_string(whole_seconds(life))}});
}

// What came through from outside, as ui4: it wraps.
Result<std::uint32_t, SoapError> packets(const CallContext& context) {
    const auto id = id_argument(context);
    if (!id) return id.failure();
    const auto counted = context.state.service.find_pinhole(*id)->packets;
    // The kernel counts at no element.
    if (!counted) return fail(SoapError(SoapError::action_failed));
    return static_cast<std::uint32_t>(*counted);
}

CallResult get_packets(const CallContext& context) {
    const auto counted = packets(context);
    if (!counted) return fail(failed(counted.error()));
    return done({{"PinholePackets", std::to_string(*counted)}});
}

CallResult check_working(const CallContext& context) {
    const auto counted = packets(context);
    if (!counted) return fail(failed(counted.error()));
    // Nothing came: that says nothing of the pinhole.
    if (*counted == 0) return fail(failed(SoapError::no_traffic));
    return done({{"IsWorking", "1"}});
}

}  // namespace

std::optional<nat::PinholeId> pinhole_to_count(const HttpRequest& request) {
    const std::string* header = request.header("SOAPAction");
    if (header == nullptr) return std::nullopt;
    const std::string_view action = parse_soap_action(*header).second;
    if (action != "GetPinholePackets" && action != "CheckPinholeWorking") return std::nullopt;
    const auto call = parse_soap(request.body);
    const std::string* id = call ? call->find("UniqueID") : nullptr;
    return id == nullptr ? std::nullopt : parse_number<nat::PinholeId>(*id);
}

CallResult run_firewall6(const CallContext& context) {
    const std::string_view action = context.call.action;
    if (action == "GetFirewallStatus") {
        return done({{"FirewallEnabled", "1"}, {"InboundPinholeAllowed", "1"}});
    }
    if (action == "GetOutboundPinholeTimeout") return outbound_timeout(context);
    if (action == "AddPinhole") return open(context);
    if (action == "UpdatePinhole") return update(context);
    if (action == "DeletePinhole") return close(context);
    if (action == "CheckPinholeWorking") return check_working(context);
    return get_packets(context);
}

}  // namespace gatehouse::upnp
