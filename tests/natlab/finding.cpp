// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/natlab/finding.h"

#include "gateway/base/text.h"
#include "gateway/control/json_value.h"

namespace gatehouse::natlab {
namespace {

constexpr std::string_view kIndependent = "endpoint-independent";
constexpr std::string_view kAddress = "address-dependent";
constexpr std::string_view kAddressAndPort = "address-and-port-dependent";

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// The last line that is a JSON object: before it the probe may have complained on standard error.
Finding read_probe(std::string_view printed) {
    Finding out;
    for (const std::string_view line : split(printed, '\n')) {
        const auto report = control::parse_json(trim(line));
        if (!report || report->kind != control::JsonValue::Kind::object) continue;
        using Kind = control::JsonValue::Kind;
        const control::JsonValue& inside = (*report)["inside"];
        const control::JsonValue& hairpin = (*report)["hairpin"];
        out.mapping = kind_of((*report)["mapping"].string);
        out.filtering = kind_of((*report)["filtering"].string);
        out.tcp_mapping = kind_of((*report)["tcp_mapping"].string);
        if (hairpin.kind == Kind::boolean) out.hairpin = hairpin.boolean;
        out.translated =
            inside.kind != Kind::string || inside.string != (*report)["outside"].string;
    }
    return out;
}

// "Primary: Independent Mapping, Address Dependent Filter, preserves ports, will hairpin"
Finding read_stun(std::string_view printed) {
    Finding out;
    if (contains(printed, "Primary: Open") || contains(printed, "Primary: Firewall")) {
        out.translated = false;
        return out;
    }
    if (contains(printed, "Independent Mapping")) {
        out.mapping = Kind::endpoint_independent;
    } else if (contains(printed, "Dependent Mapping")) {
        out.mapping = Kind::dependent;
    }
    if (contains(printed, "Independent Filter")) out.filtering = Kind::endpoint_independent;
    if (contains(printed, "Address Dependent Filter")) out.filtering = Kind::address_dependent;
    if (contains(printed, "Port Dependent Filter")) {
        out.filtering = Kind::address_and_port_dependent;
    }
    if (contains(printed, "will hairpin")) out.hairpin = true;
    if (contains(printed, "no hairpin")) out.hairpin = false;
    return out;
}

// "NAT with Address and Port Dependent Filtering!"; what is "Mapping" or "Filtering".
Kind read_behaviour(std::string_view printed, std::string_view what) {
    if (contains(printed, concat("Endpoint Independent ", what))) return Kind::endpoint_independent;
    if (contains(printed, concat("with Address Dependent ", what))) return Kind::address_dependent;
    if (contains(printed, concat("Address and Port Dependent ", what))) {
        return Kind::address_and_port_dependent;
    }
    return Kind::unknown;
}

// Its hairpin test ends with a sentence if the request came back, and without one if not.
Finding read_natdiscovery(std::string_view printed) {
    Finding out;
    out.mapping = read_behaviour(printed, "Mapping");
    out.filtering = read_behaviour(printed, "Filtering");
    const std::size_t turn = printed.find("Hairpinning Behavior Discovery");
    if (turn != std::string_view::npos && contains(printed.substr(turn), "UDP reflexive addr")) {
        out.hairpin = contains(printed, "successful hairpinning");
    }
    return out;
}

}  // namespace

std::string_view short_name(Kind kind) {
    switch (kind) {
        case Kind::unknown: return "?";
        case Kind::endpoint_independent: return "EI";
        case Kind::address_dependent: return "AD";
        case Kind::address_and_port_dependent: return "APD";
        case Kind::dependent: return "dep";
    }
    return "?";
}

std::string_view in_config(Kind kind) {
    switch (kind) {
        case Kind::endpoint_independent: return kIndependent;
        case Kind::address_dependent: return kAddress;
        case Kind::address_and_port_dependent: return kAddressAndPort;
        case Kind::dependent: return "dependent";
        case Kind::unknown: break;
    }
    return "unknown";
}

Kind kind_of(std::string_view in_words) {
    if (in_words == kIndependent) return Kind::endpoint_independent;
    if (in_words == kAddress) return Kind::address_dependent;
    if (in_words == kAddressAndPort) return Kind::address_and_port_dependent;
    return Kind::unknown;
}

std::string short_form(const Finding& finding) {
    if (!finding.translated) return "no NAT";
    const std::string_view hairpin = !finding.hairpin ? "?" : *finding.hairpin ? "yes" : "no";
    return concat(short_name(finding.mapping), " / ", short_name(finding.filtering), " / ",
                  hairpin);
}

std::string_view to_string(Judge judge) {
    switch (judge) {
        case Judge::probe: return "gatehouse probe";
        case Judge::stun: return "stun";
        case Judge::natdiscovery: return "turnutils_natdiscovery";
    }
    return "";
}

Finding read_judgement(Judge judge, std::string_view printed) {
    switch (judge) {
        case Judge::probe: return read_probe(printed);
        case Judge::stun: return read_stun(printed);
        case Judge::natdiscovery: return read_natdiscovery(printed);
    }
    return {};
}

Finding as_seen_by(Judge judge, const Finding& truth) {
    Finding out = truth;
    if (judge != Judge::probe) out.tcp_mapping = Kind::unknown;  // they speak UDP only
    if (!truth.translated) {
        // natdiscovery compares with the address that its socket is bound to, which is none; the
        // probe has nothing to turn at, and stun says "Open".
        out.translated = judge == Judge::natdiscovery;
        if (judge == Judge::stun) out.mapping = out.filtering = Kind::unknown;
        if (judge != Judge::natdiscovery) out.hairpin.reset();
    } else if (judge == Judge::stun && truth.mapping != Kind::endpoint_independent) {
        out.mapping = Kind::dependent;
        out.filtering = Kind::unknown;
    }
    return out;
}

}  // namespace gatehouse::natlab
