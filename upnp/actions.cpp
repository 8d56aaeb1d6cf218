// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/actions.h"

#include <algorithm>

#include "gateway/base/parts.h"
#include "gateway/base/text.h"

namespace gatehouse::upnp {

namespace {

// Counters and link speeds are ui4: the former wrap, the latter stop there.
std::string wrapped(std::uint64_t value) {
    return std::to_string(static_cast<std::uint32_t>(value));
}

std::string capped(std::uint64_t value) {
    return std::to_string(std::min<std::uint64_t>(value, UINT32_MAX));
}

CallResult done(SoapValues out) {
    return CallDone{std::move(out), {}};
}

std::string evented_value(const DeviceState& state, Tree tree, std::string_view variable) {
    const auto flag = [](bool value) { return std::string(value ? "1" : "0"); };
    if (variable == "DefaultConnectionService") return default_connection(state.identity, tree);
    if (variable == "PhysicalLinkStatus") return state.is_connected() ? "Up" : "Down";
    if (variable == "EnabledForInternet") return flag(true);
    if (variable == "PossibleConnectionTypes") return "IP_Routed";
    if (variable == "ConnectionStatus") return state.is_connected() ? "Connected" : "Disconnected";
    if (variable == "ExternalIPAddress") {
        return state.is_connected() ? state.outside.to_string() : "";
    }
    if (variable == "PortMappingNumberOfEntries") {
        return std::to_string(state.claims.size());
    }
    if (variable == "SystemUpdateID") return std::to_string(state.update_id);
    if (variable == "FirewallEnabled") return flag(true);
    if (variable == "InboundPinholeAllowed") return flag(true);
    return {};
}

}  // namespace

CallFailed failed(SoapError error) {
    CallFailed out;
    out.error = error;
    return out;
}

std::string default_connection(const Identity& identity, Tree tree) {
    const DeviceModel& device = devices_of(tree).back();
    const std::string_view type = device.type.substr(device.type.rfind("device:") + 7);
    return concat("uuid:", identity.uuid(tree, device.kind), ':', type,
                  ",urn:upnp-org:serviceId:WANIPConn1");
}

std::string_view text_argument(const CallContext& context, std::string_view name) {
    const std::string* found = context.call.find(name);
    return found == nullptr ? std::string_view() : *found;
}

Result<std::uint32_t, SoapError> number_argument(const CallContext& context, std::string_view name,
                                                 std::uint32_t most) {
    const std::string_view text = text_argument(context, name);
    const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                     [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) return fail(SoapError(SoapError::invalid_args));
    const auto number = parse_number<std::uint32_t>(text);
    if (!number || *number > most) return fail(SoapError(SoapError::argument_out_of_range));
    return *number;
}

std::optional<bool> parse_soap_boolean(std::string_view text) {
    for (const std::string_view word : {"1", "yes", "true"}) {
        if (equal_ignoring_case(text, word)) return true;
    }
    for (const std::string_view word : {"0", "no", "false"}) {
        if (equal_ignoring_case(text, word)) return false;
    }
    return std::nullopt;
}

std::string clean_description(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const auto first = static_cast<unsigned char>(text.front());
        const std::string_view piece = length == 0 ? kReplacement : text.substr(0, length);
        const bool control = length == 1 && (first < 0x20 || first == 0x7f);
        if (out.size() + piece.size() > kLongestDescription) break;
        if (!control) out += piece;
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

CallResult run_common(const CallContext& context) {
    const WanCounters& counters = context.state.counters;
    const std::string_view action = context.call.action;
    if (action == "GetCommonLinkProperties") {
        const std::string rate = capped(counters.bits_per_second);
        return done({{"NewWANAccessType", "Ethernet"},
                     {"NewLayer1UpstreamMaxBitRate", rate},
                     {"NewLayer1DownstreamMaxBitRate", rate},
                     {"NewPhysicalLinkStatus", context.state.is_connected() ? "Up" : "Down"}});
    }
    if (action == "GetEnabledForInternet") return done({{"NewEnabledForInternet", "1"}});
    if (action == "GetTotalBytesSent") {
        return done({{"NewTotalBytesSent", wrapped(counters.bytes_sent)}});
    }
    if (action == "GetTotalBytesReceived") {
        return done({{"NewTotalBytesReceived", wrapped(counters.bytes_received)}});
    }
    if (action == "GetTotalPacketsSent") {
        return done({{"NewTotalPacketsSent", wrapped(counters.packets_sent)}});
    }
    return done({{"NewTotalPacketsReceived", wrapped(counters.packets_received)}});
}

CallResult run_layer3(const CallContext& context) {
    const std::string ours = default_connection(context.state.identity, context.tree);
    if (context.call.action == "GetDefaultConnectionService") {
        return done({{"NewDefaultConnectionService", ours}});
    }
    const std::string_view wanted = text_argument(context, "NewDefaultConnectionService");
    const std::size_t comma = wanted.find(',');
    if (comma == std::string_view::npos) return fail(failed(SoapError::invalid_args));
    if (wanted.substr(0, comma) != std::string_view(ours).substr(0, ours.find(','))) {
        return fail(failed(SoapError::invalid_device_uuid));
    }
    if (wanted != ours) return fail(failed(SoapError::invalid_service_id));
    return done({});
}

SoapValues evented_values(const DeviceState& state, Tree tree, const ServiceModel& model) {
    SoapValues out;
    for (const Variable& variable : model.variables) {
        if (!variable.evented) continue;
        out.emplace_back(variable.name, evented_value(state, tree, variable.name));
    }
    return out;
}

CallResult run_call(const CallContext& context) {
    const Action* action = context.model.find(context.call.action);
    if (action == nullptr) {
        const auto optional = split(context.model.optional_actions, ' ');
        const bool known = !context.call.action.empty() &&
                           std::find(optional.begin(), optional.end(),
                                     std::string_view(context.call.action)) != optional.end();
        return fail(failed(known ? SoapError::optional_action : SoapError::invalid_action));
    }
    for (const Argument& argument : action->arguments()) {
        if (!argument.is_out && context.call.find(argument.name) == nullptr) {
            return fail(failed(SoapError::invalid_args));
        }
    }
    switch (context.model.kind) {
        case ServiceKind::layer3: return run_layer3(context);
        case ServiceKind::common: return run_common(context);
        case ServiceKind::wan_ip1:
        case ServiceKind::wan_ip2: return run_wan_ip(context);
        case ServiceKind::firewall6:
            if (kHasIpv6) return run_firewall6(context);
    }
    return fail(failed(SoapError::invalid_action));
}

}  // namespace gatehouse::upnp
