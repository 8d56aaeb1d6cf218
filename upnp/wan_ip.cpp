// SPDX-License-Identifier: GPL-2.0-or-later
//
// WANIPConnection 1 and 2. They differ in what a lifetime of 0 means (no end; a week), in some
// error codes, and in the actions that version 2 adds.
#include <algorithm>

#include "gateway/base/text.h"
#include "upnp/actions.h"

namespace gatehouse::upnp {

namespace {

constexpr std::uint32_t kMostPort = 65535;
constexpr std::size_t kMostListed = 512;  // entries of one GetListOfPortMappings

bool is_v2(const CallContext& context) {
    return context.model.kind == ServiceKind::wan_ip2;
}

CallResult done(SoapValues out = {}) {
    return CallDone{std::move(out), {}};
}

std::string upper_proto(Proto proto) {
    return proto == Proto::tcp ? "TCP" : "UDP";
}

Result<Proto, SoapError> proto_argument(const CallContext& context) {
    const std::string_view text = text_argument(context, "NewProtocol");
    if (equal_ignoring_case(text, "TCP")) return Proto::tcp;
    if (equal_ignoring_case(text, "UDP")) return Proto::udp;
    return fail(SoapError(SoapError::invalid_args));
}

// Address literals only: a name would have to be looked up.
Result<std::optional<Ip4>, SoapError> remote_argument(const CallContext& context) {
    const std::string_view text = text_argument(context, "NewRemoteHost");
    if (text.empty() || text == "*" || text == "0.0.0.0") return std::optional<Ip4>();
    const auto address = parse_ip4(text);
    if (!address) return fail(SoapError(SoapError::invalid_args));
    return std::optional(*address);
}

// Who asks, where it is about that host: a device that asks over IPv6 is the same device.
Ip4 asking_as(const CallContext& context, Ip4 host) {
    if (context.client.is_v4()) return context.client.v4();
    return context.state.authority.same_host(context.client, host) ? host : Ip4{};
}

// Which mapping is meant: of this port, protocol and remote.
struct Place {
    Proto proto = Proto::udp;
    Port outside;
    std::optional<Ip4> remote;
};

Result<Place, SoapError> place_argument(const CallContext& context) {
    const auto remote = remote_argument(context);
    if (!remote) return remote.failure();
    const auto port = number_argument(context, "NewExternalPort", kMostPort);
    if (!port) return port.failure();
    const auto proto = proto_argument(context);
    if (!proto) return proto.failure();
    return Place{*proto, Port{static_cast<std::uint16_t>(*port)}, *remote};
}

std::string lease_of(const CallContext& context, const nat::Forward& forward) {
    const bool endless = forward.expires == kNever ||
                         (!is_v2(context) && context.state.claims.is_unlimited(forward.id));
    if (endless) return "0";
    // Rounded up: what was just given is told whole.
    return std::to_string(whole_seconds(forward.expires - context.state.now + 999'999'999ns));
}

SoapValues target_values(const CallContext& context, const nat::Forward& forward, Port outside) {
    const auto offset = static_cast<std::uint16_t>(outside.number - forward.outside.port.number);
    return {{"NewInternalPort", std::to_string(forward.inside.port.number + offset)},
            {"NewInternalClient", forward.inside.address.to_string()},
            {"NewEnabled", forward.enabled ? "1" : "0"},
            {"NewPortMappingDescription", clean_description(forward.description)},
            {"NewLeaseDuration", lease_of(context, forward)}};
}

// What a refused wish is in the words of the version.
CallFailed failure_of(const CallContext& context, const ClaimRefused& why) {
    const bool v2 = is_v2(context);
    CallFailed out;
    out.denial = why.denial;
    if (why.denial) {
        // Version 1 has no word for it; with this one its clients try another port.
        out.error = v2 ? SoapError::not_authorized : SoapError::conflict;
        return out;
    }
    const nat::Refused& refused = why.refused;
    switch (refused.reason) {
        case nat::Refusal::port_taken: {
            const bool by_igd = refused.holder == nat::Refused::Holder::forward &&
                                refused.owner == nat::OwnerKind::igd;
            out.error = v2 && !by_igd ? SoapError::other_mechanism : SoapError::conflict;
            break;
        }
        case nat::Refusal::port_reserved:
            out.error = v2 ? SoapError::other_mechanism : SoapError::conflict;
            break;
        case nat::Refusal::pool_empty:
        case nat::Refusal::owner_quota:
            out.error = v2 ? SoapError::no_port_maps_available : SoapError::action_failed;
            break;
        case nat::Refusal::bad_request: out.error = SoapError::invalid_args; break;
        default: out.error = SoapError::action_failed; break;
    }
    return out;
}

Result<MapWish, SoapError> read_wish(const CallContext& context) {
    const auto place = place_argument(context);
    if (!place) return place.failure();
    const auto port = number_argument(context, "NewInternalPort", kMostPort);
    if (!port) return port.failure();
    if (*port == 0) {
        return fail(SoapError(is_v2(context) ? SoapError::internal_port_wildcard_v2
                                             : SoapError::invalid_args));
    }
    const auto inside = parse_ip4(text_argument(context, "NewInternalClient"));
    const auto enabled = parse_soap_boolean(text_argument(context, "NewEnabled"));
    if (!inside || !enabled) return fail(SoapError(SoapError::invalid_args));
    const auto lease = number_argument(context, "NewLeaseDuration", UINT32_MAX);
    if (!lease) return lease.failure();
    MapWish wish;
    wish.kind = nat::OwnerKind::igd;
    wish.client = asking_as(context, *inside);
    wish.proto = place->proto;
    if (place->outside.number != 0) wish.outside = place->outside;
    wish.must_have_port = true;
    wish.inside = {*inside, Port{static_cast<std::uint16_t>(*port)}};
    wish.remote = place->remote;
    wish.unlimited = *lease == 0;
    wish.lifetime = *lease == 0
                        ? Claims::kUnlimited
                        : std::min<Duration>(std::chrono::seconds(*lease), Claims::kUnlimited);
    wish.description = clean_description(text_argument(context, "NewPortMappingDescription"));
    wish.enabled = *enabled;
    return wish;
}

CallResult add(const CallContext& context) {
    const auto wish = read_wish(context);
    if (!wish) return fail(failed(wish.error()));
    if (!wish->outside) return fail(failed(SoapError::external_port_wildcard));
    const auto made = context.state.claims.map(*wish, context.state.now);
    if (!made) return fail(failure_of(context, made.error()));
    return CallDone{{}, made->id};
}

CallResult add_any(const CallContext& context) {
    auto wish = read_wish(context);
    if (!wish) return fail(failed(wish.error()));
    wish->must_have_port = false;
    const auto made = context.state.claims.map(*wish, context.state.now);
    if (!made) return fail(failure_of(context, made.error()));
    return CallDone{{{"NewReservedPort", std::to_string(made->outside.port.number)}}, made->id};
}

CallResult remove(const CallContext& context) {
    const auto place = place_argument(context);
    if (!place) return fail(failed(place.error()));
    const nat::Forward* forward =
        context.state.claims.find(place->proto, place->outside, place->remote);
    if (forward == nullptr) return fail(failed(SoapError::no_such_entry));
    const auto gone = context.state.claims.unmap(asking_as(context, forward->inside.address),
                                                 forward->id, context.state.now);
    if (gone) return done();
    CallFailed out = failed(SoapError::not_authorized);
    out.denial = gone.error().denial;
    return fail(out);
}

struct Range {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    Proto proto = Proto::udp;
};

Result<Range, SoapError> range_argument(const CallContext& context) {
    const auto first = number_argument(context, "NewStartPort", kMostPort);
    if (!first) return first.failure();
    const auto last = number_argument(context, "NewEndPort", kMostPort);
    if (!last) return last.failure();
    const auto proto = proto_argument(context);
    if (!proto) return proto.failure();
    if (!parse_soap_boolean(text_argument(context, "NewManage"))) {
        return fail(SoapError(SoapError::invalid_args));
    }
    if (*first > *last) return fail(SoapError(SoapError::inconsistent_parameters));
    return Range{*first, *last, *proto};
}

// Those of the range, by outside port.
std::vector<const nat::Forward*> forwards_in(const CallContext& context, const Range& range) {
    std::vector<const nat::Forward*> out;
    for (std::size_t i = 0; i < context.state.claims.size(); ++i) {
        const nat::Forward* forward = context.state.claims.at(i);
        const bool inside = forward->proto == range.proto &&
                            forward->outside.port.number >= range.first &&
                            forward->outside.port.number <= range.last;
        if (inside) out.push_back(forward);
    }
    std::sort(out.begin(), out.end(), [](const nat::Forward* a, const nat::Forward* b) {
        return a->outside.port < b->outside.port;
    });
    return out;
}

CallResult remove_range(const CallContext& context) {
    const auto range = range_argument(context);
    if (!range) return fail(failed(range.error()));
    const auto there = forwards_in(context, *range);
    if (there.empty()) return fail(failed(SoapError::port_mapping_not_found));
    std::vector<std::pair<nat::ForwardId, Ip4>> own;
    for (const nat::Forward* forward : there) {
        const Ip4 client = asking_as(context, forward->inside.address);
        if (context.state.claims.may_unmap(client, *forward)) own.emplace_back(forward->id, client);
    }
    if (own.empty()) return fail(failed(SoapError::not_authorized));
    for (const auto& [id, client] : own)
        (void)context.state.claims.unmap(client, id, context.state.now);
    return done();
}

CallResult list(const CallContext& context) {
    const auto range = range_argument(context);
    if (!range) return fail(failed(range.error()));
    const auto most = number_argument(context, "NewNumberOfPorts", kMostPort);
    if (!most) return fail(failed(most.error()));
    const std::size_t limit = *most == 0 ? kMostListed : std::min<std::size_t>(*most, kMostListed);
    std::string text =
        "<p:PortMappingList xmlns:p=\"urn:schemas-upnp-org:gw:WANIPConnection\" "
        "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
        "xsi:schemaLocation=\"urn:schemas-upnp-org:gw:WANIPConnection "
        "http://www.upnp.org/schemas/gw/WANIPConnection-v2.xsd\">";
    std::size_t listed = 0;
    for (const nat::Forward* forward : forwards_in(context, *range)) {
        if (listed == limit) break;
        // Without authentication a device is shown its own (2.5.21).
        const Ip4 inside = forward->inside.address;
        if (inside != asking_as(context, inside)) continue;
        ++listed;
        append(text, "<p:PortMappingEntry><p:NewRemoteHost>",
               forward->remote ? forward->remote->to_string() : "",
               "</p:NewRemoteHost><p:NewExternalPort>", forward->outside.port.number,
               "</p:NewExternalPort><p:NewProtocol>", upper_proto(forward->proto),
               "</p:NewProtocol><p:NewInternalPort>", forward->inside.port.number,
               "</p:NewInternalPort><p:NewInternalClient>", forward->inside.address.to_string(),
               "</p:NewInternalClient><p:NewEnabled>", forward->enabled ? 1 : 0,
               "</p:NewEnabled><p:NewDescription>",
               escape_xml(clean_description(forward->description)),
               "</p:NewDescription><p:NewLeaseTime>", lease_of(context, *forward),
               "</p:NewLeaseTime></p:PortMappingEntry>");
    }
    if (listed == 0) return fail(failed(SoapError::port_mapping_not_found));
    text += "</p:PortMappingList>";
    return done({{"NewPortListing", std::move(text)}});
}

CallResult get_generic(const CallContext& context) {
    const auto index = number_argument(context, "NewPortMappingIndex", UINT32_MAX);
    if (!index) return fail(failed(index.error()));
    const Claims& claims = context.state.claims;
    if (*index >= claims.size()) return fail(failed(SoapError::array_index_invalid));
    const nat::Forward* forward = claims.at(*index);
    SoapValues out{{"NewRemoteHost", forward->remote ? forward->remote->to_string() : ""},
                   {"NewExternalPort", std::to_string(forward->outside.port.number)},
                   {"NewProtocol", upper_proto(forward->proto)}};
    for (auto& value : target_values(context, *forward, forward->outside.port))
        out.push_back(std::move(value));
    return done(std::move(out));
}

CallResult get_specific(const CallContext& context) {
    const auto place = place_argument(context);
    if (!place) return fail(failed(place.error()));
    const nat::Forward* forward =
        context.state.claims.find(place->proto, place->outside, place->remote);
    if (forward == nullptr) return fail(failed(SoapError::no_such_entry));
    return done(target_values(context, *forward, place->outside));
}

CallResult get_status(const CallContext& context) {
    const DeviceState& state = context.state;
    const bool connected = state.is_connected();
    return done({{"NewConnectionStatus", connected ? "Connected" : "Disconnected"},
                 {"NewLastConnectionError", "ERROR_NONE"},
                 {"NewUptime", std::to_string(connected ? static_cast<std::uint32_t>(whole_seconds(
                                                              state.now - state.connected_since))
                                                        : 0U)}});
}

CallResult request_connection(const CallContext& context) {
    // The line is not ours to dial: it is there, or it is not.
    if (context.state.is_connected()) return done();
    return fail(failed(SoapError::not_authorized));
}

}  // namespace

CallResult run_wan_ip(const CallContext& context) {
    const std::string_view action = context.call.action;
    if (action == "AddPortMapping") return add(context);
    if (action == "AddAnyPortMapping") return add_any(context);
    if (action == "DeletePortMapping") return remove(context);
    if (action == "DeletePortMappingRange") return remove_range(context);
    if (action == "GetListOfPortMappings") return list(context);
    if (action == "GetGenericPortMappingEntry") return get_generic(context);
    if (action == "GetSpecificPortMappingEntry") return get_specific(context);
    if (action == "GetStatusInfo") return get_status(context);
    if (action == "RequestConnection") return request_connection(context);
    if (action == "GetExternalIPAddress") {
        const Ip4 outside = context.state.outside;
        return done({{"NewExternalIPAddress", outside.is_any() ? "" : outside.to_string()}});
    }
    if (action == "GetNATRSIPStatus") {
        return done({{"NewRSIPAvailable", "0"}, {"NewNATEnabled", "1"}});
    }
    if (action == "GetConnectionTypeInfo") {
        return done(
            {{"NewConnectionType", "IP_Routed"}, {"NewPossibleConnectionTypes", "IP_Routed"}});
    }
    const bool sets_type = action == "SetConnectionType";
    return fail(
        failed(sets_type && is_v2(context) ? SoapError::read_only : SoapError::not_authorized));
}

}  // namespace gatehouse::upnp
