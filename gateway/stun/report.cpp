// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/report.h"

#include "gateway/base/json.h"
#include "gateway/base/text.h"
#include "gateway/stun/reach.h"

namespace gatehouse::stun {
namespace {

std::string_view sentence(NatType type) {
    switch (type) {
        case NatType::unknown: return "The tests that came through do not tell the NAT type.";
        case NatType::open_internet: return "No NAT and no firewall: anybody reaches this machine.";
        case NatType::udp_blocked: return "UDP does not get through to the server, or not back.";
        case NatType::symmetric_udp_firewall:
            return "No NAT, but a firewall lets in only answers to what was sent.";
        case NatType::full_cone: return "Anybody on the internet reaches an open port.";
        case NatType::restricted_cone:
            return "An open port is reached by every address that it has sent to.";
        case NatType::port_restricted_cone:
            return "An open port is reached by every endpoint that it has sent to.";
        case NatType::symmetric:
            return "Each destination sees another endpoint: calls and games between homes suffer.";
    }
    return "";
}

std::string_view yes_or_no(const std::optional<bool>& value) {
    if (!value) return "unknown";
    return *value ? "yes" : "no";
}

std::string lifetime_words(const Lifetime& lifetime) {
    if (!lifetime.dead_after) {
        return concat("at least ", whole_seconds(lifetime.alive_for), " seconds");
    }
    return concat("between ", whole_seconds(lifetime.alive_for), " and ",
                  whole_seconds(*lifetime.dead_after), " seconds");
}

std::string_view reach_words(Reach reach) {
    switch (reach) {
        case Reach::none: return "";
        case Reach::public_: return " (public)";
        case Reach::private_: return " (private: not seen from the internet)";
        case Reach::cgnat: return " (shared: inside the provider's network)";
    }
    return "";
}

// "name:      value"; without a name, what belongs to the line above.
void line(std::string& out, std::string_view name, std::string_view value) {
    constexpr std::size_t kColumn = 16;
    const std::string head = name.empty() ? "" : concat(name, ':');
    append(out, head, std::string(kColumn - head.size(), ' '), value, '\n');
}

std::optional<std::string> text_of(const std::optional<Endpoint>& endpoint) {
    if (!endpoint) return std::nullopt;
    return endpoint->to_string();
}

}  // namespace

std::string_view to_string(Behaviour behaviour) {
    switch (behaviour) {
        case Behaviour::unknown: return "unknown";
        case Behaviour::endpoint_independent: return "endpoint-independent";
        case Behaviour::address_dependent: return "address-dependent";
        case Behaviour::address_and_port_dependent: return "address-and-port-dependent";
    }
    return "unknown";
}

std::string_view to_string(NatType type) {
    switch (type) {
        case NatType::unknown: return "unknown";
        case NatType::open_internet: return "open internet";
        case NatType::udp_blocked: return "udp blocked";
        case NatType::symmetric_udp_firewall: return "symmetric udp firewall";
        case NatType::full_cone: return "full-cone";
        case NatType::restricted_cone: return "restricted-cone";
        case NatType::port_restricted_cone: return "port-restricted-cone";
        case NatType::symmetric: return "symmetric";
    }
    return "unknown";
}

Reach Report::reach() const {
    return outside ? reach_of(outside->address) : Reach::none;
}

NatType nat_type_of(const Report& report) {
    if (!report.reached_over_udp) return NatType::udp_blocked;
    if (!report.inside || !report.outside) return NatType::unknown;
    if (*report.inside == *report.outside) {
        if (report.filtering == Behaviour::unknown) return NatType::unknown;
        return report.filtering == Behaviour::endpoint_independent
                   ? NatType::open_internet
                   : NatType::symmetric_udp_firewall;
    }
    if (report.filtering == Behaviour::endpoint_independent) return NatType::full_cone;
    if (report.mapping == Behaviour::unknown) return NatType::unknown;
    if (report.mapping != Behaviour::endpoint_independent) return NatType::symmetric;
    if (report.filtering == Behaviour::unknown) return NatType::unknown;
    return report.filtering == Behaviour::address_dependent ? NatType::restricted_cone
                                                            : NatType::port_restricted_cone;
}

std::string to_words(const Report& report) {
    std::string out;
    line(out, "NAT type", to_string(report.nat_type));
    line(out, "", sentence(report.nat_type));
    if (report.reached_over_udp && !report.alternate_known) {
        line(out, "", "The server has one address only: mapping and filtering cannot be told.");
    }
    if (report.inside) line(out, "inside", report.inside->to_string());
    if (report.outside) {
        line(out, "outside", concat(report.outside->to_string(), reach_words(report.reach())));
    }
    line(out, "mapping", to_string(report.mapping));
    line(out, "filtering", to_string(report.filtering));
    line(out, "TCP mapping", to_string(report.tcp_mapping));
    line(out, "preserves port", yes_or_no(report.preserves_port));
    const bool nothing_to_turn = report.reached_over_udp && report.inside == report.outside;
    line(out, "hairpin", nothing_to_turn ? "no NAT to turn at" : yes_or_no(report.hairpin));
    line(out, "fragments", yes_or_no(report.fragments));
    if (report.lifetime) line(out, "lifetime", lifetime_words(*report.lifetime));
    line(out, "server", report.server.to_string());
    return out;
}

std::string to_json(const Report& report) {
    std::string out;
    JsonWriter json(out);
    std::optional<std::int64_t> seconds;
    if (report.lifetime) seconds = whole_seconds(report.lifetime->alive_for);
    json.begin_object();
    json.field("nat_type", to_string(report.nat_type));
    json.field("mapping", to_string(report.mapping));
    json.field("filtering", to_string(report.filtering));
    json.field("tcp_mapping", to_string(report.tcp_mapping));
    // No server can call back over TCP: RFC 5780 has no test for it.
    json.field("tcp_filtering", to_string(Behaviour::unknown));
    json.field("outside", text_of(report.outside));
    json.field("inside", text_of(report.inside));
    json.field("preserves_port", report.preserves_port);
    json.field("hairpin", report.hairpin);
    json.field("fragments", report.fragments);
    json.field("lifetime_seconds", seconds);
    json.field("server", report.server.to_string());
    json.field("reach", to_string(report.reach()));
    json.end_object();
    return out;
}

}  // namespace gatehouse::stun
