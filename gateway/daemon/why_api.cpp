// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/why_api.h"

#include "gateway/base/json.h"
#include "gateway/base/text.h"
#include "gateway/daemon/nat_api.h"
#include "gateway/daemon/nat_rows.h"

namespace gatehouse::daemon {

namespace {

using control::Request;
using Text = std::optional<std::string>;

constexpr std::uint8_t kEchoRequest = 8;     // RFC 792
constexpr std::uint8_t kEchoRequest6 = 128;  // RFC 4443

Failure<FieldError> wrong(std::string_view field, std::string text) {
    return fail(FieldError{std::string(field), std::move(text)});
}

std::string text_of(const Request& request, std::string_view field) {
    const std::string* text = control::find_value(request.query, field);
    return text == nullptr ? std::string() : text->substr(0, 60);
}

std::optional<Endpoint> parse_end(const std::string& text, bool ping) {
    if (!ping) return parse_endpoint(text);
    if (const auto address = parse_ip(text)) return Endpoint{*address, {}};
    return parse_endpoint(text);
}

void write_way(JsonWriter& json, std::string_view name, const nat::FlowWay& way) {
    json.key(name);
    json.begin_object();
    json.field("passes", way.passes);
    json.field("endpoint", way.at ? Text(way.at->to_string()) : Text());
    json.field("rule", way.rule);
    json.field("why", way.refused ? meaning_of(*way.refused) : way.why);
    json.end_object();
}

}  // namespace

Result<nat::Flow, FieldError> parse_flow(const Request& request) {
    const auto proto = parse_proto(text_of(request, "proto"));
    const bool ping = proto == Proto::icmp;
    if (!ping && proto != Proto::tcp && proto != Proto::udp) {
        return wrong("proto", "proto must be one of tcp, udp, icmp");
    }
    nat::Flow flow{*proto, {}, {}};
    for (const bool first : {true, false}) {
        const std::string_view field = first ? "inside" : "remote";
        const std::string text = text_of(request, field);
        const auto end = parse_end(text, ping);
        if (!end) {
            return wrong(field, concat(field, " is '", text,
                                       "': must be an address and a port such as "
                                       "192.168.1.20:5060"));
        }
        (first ? flow.inside : flow.remote) = *end;
    }
    if (flow.inside.address.is_v4() != flow.remote.address.is_v4()) {
        return wrong("remote", "one is an address of IPv4, the other one of IPv6");
    }
    if (ping) flow.remote.port = {};
    if (ping && flow.inside.address.is_v6()) flow.proto = Proto::icmpv6;
    return flow;
}

kernel::Tuple tuple_of(const nat::Flow& flow) {
    kernel::Tuple out{
        flow.proto, flow.inside.address, flow.remote.address, flow.inside.port, flow.remote.port, 0,
        0};
    if (flow.proto == Proto::icmp) out.icmp_type = kEchoRequest;
    if (flow.proto == Proto::icmpv6) out.icmp_type = kEchoRequest6;
    return out;
}

std::string write_why(const nat::Flow& flow, nat::FlowFacts facts,
                      const std::optional<kernel::Session>& session, const nat::Engine& engine,
                      const nat::Hosts& hosts, const config::Config& config) {
    std::string_view state = "none";
    std::optional<std::int64_t> expires_in;
    if (session) {
        // Without translation one of IPv4 passes nowhere.
        const bool translated = session->source_nat || session->destination_nat;
        facts.has_session = translated || flow.inside.address.is_v6();
        const auto rows = session_rows({&*session, 1});
        state = rows.empty() ? "runs" : rows.front().state;
        if (translated && !rows.empty()) facts.session_outside = rows.front().outside;
        if (session->timeout) expires_in = session->timeout->count();
    }
    const nat::FlowExplanation said = nat::explain(flow, facts, engine, config);
    const nat::Host* host = hosts.find(flow.inside.address);
    const nat::Mapping* mapping =
        said.mapping ? &engine.ledger().table().at(*said.mapping) : nullptr;
    const bool v4 = flow.inside.address.is_v4();
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.field("proto", to_string(flow.proto));
    json.field("inside", flow.inside.to_string());
    json.field("remote", flow.remote.to_string());
    json.field("kind", said.kind);
    json.field("host", std::string_view(host != nullptr ? host->name() : std::string_view()));
    json.field("behaviour", v4 ? concat(config::to_string(said.behaviour.mapping), " mapping, ",
                                        config::to_string(said.behaviour.filtering), " filtering")
                               : std::string());
    json.field("mapping", mapping != nullptr ? Text(mapping->outside.to_string()) : Text());
    json.field("session", state);
    json.field("expires_in", expires_in);
    json.field("forward", said.forward != nullptr ? std::optional(said.forward->id) : std::nullopt);
    json.field("pinhole", said.pinhole);
    write_way(json, "out", said.out);
    if (said.in) write_way(json, "in", *said.in);
    json.end_object();
    return out;
}

}  // namespace gatehouse::daemon
