// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/config/config.h"

#include <algorithm>

namespace gatehouse::config {

namespace {

template <class E>
std::string_view behaviour_word(E value) {
    switch (value) {
        case E::endpoint_independent: return "endpoint-independent";
        case E::address_dependent: return "address-dependent";
        case E::address_and_port_dependent: return "address-and-port-dependent";
    }
    return "";
}

}  // namespace

std::string_view to_string(MappingBehaviour value) {
    return behaviour_word(value);
}
std::string_view to_string(FilteringBehaviour value) {
    return behaviour_word(value);
}

std::string_view to_string(NatType value) {
    switch (value) {
        case NatType::full_cone: return "full-cone";
        case NatType::restricted_cone: return "restricted-cone";
        case NatType::port_restricted_cone: return "port-restricted-cone";
        case NatType::symmetric: return "symmetric";
        case NatType::custom: return "custom";
    }
    return "";
}

std::string_view to_string(PortChoice value) {
    return value == PortChoice::preserve ? "preserve" : "random";
}

std::string_view to_string(UpstreamMode value) {
    return value == UpstreamMode::automatic ? "auto" : "off";
}

std::string_view to_string(SipMode value) {
    switch (value) {
        case SipMode::automatic: return "auto";
        case SipMode::observe: return "observe";
        case SipMode::off: return "off";
    }
    return "";
}

std::string_view to_string(LogLevel value) {
    switch (value) {
        case LogLevel::error: return "error";
        case LogLevel::warning: return "warning";
        case LogLevel::info: return "info";
        case LogLevel::debug: return "debug";
    }
    return "";
}

std::string_view to_string(PermissionAction value) {
    return value == PermissionAction::allow ? "allow" : "deny";
}

std::string_view to_string(ForwardProto value) {
    switch (value) {
        case ForwardProto::tcp: return "tcp";
        case ForwardProto::udp: return "udp";
        case ForwardProto::both: return "both";
    }
    return "";
}

std::vector<Proto> protos_of(ForwardProto value) {
    std::vector<Proto> out;
    if (value != ForwardProto::udp) out.push_back(Proto::tcp);
    if (value != ForwardProto::tcp) out.push_back(Proto::udp);
    return out;
}

NatBehaviour behaviour_of(NatType type) {
    switch (type) {
        case NatType::full_cone:
            return {MappingBehaviour::endpoint_independent,
                    FilteringBehaviour::endpoint_independent};
        case NatType::port_restricted_cone:
            return {MappingBehaviour::endpoint_independent,
                    FilteringBehaviour::address_and_port_dependent};
        case NatType::symmetric:
            return {MappingBehaviour::address_and_port_dependent,
                    FilteringBehaviour::address_and_port_dependent};
        case NatType::restricted_cone:
        case NatType::custom: break;
    }
    return {MappingBehaviour::endpoint_independent, FilteringBehaviour::address_dependent};
}

NatBehaviour Nat::behaviour_for(Proto proto) const {
    if (proto == Proto::udp && udp_type) return behaviour_of(*udp_type);
    if (proto == Proto::tcp && tcp_type) return behaviour_of(*tcp_type);
    return {mapping, filtering};
}

bool Sip::is_used() const {
    const auto used = [](const auto& one) { return one.mode != SipMode::off; };
    return mode != SipMode::off || std::any_of(hosts.begin(), hosts.end(), used) ||
           std::any_of(providers.begin(), providers.end(), used);
}

}  // namespace gatehouse::config
