// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/sip_api.h"

#include "gateway/base/json.h"

namespace gatehouse::daemon {

namespace {

void write_endpoint(JsonWriter& json, std::string_view name, Endpoint4 endpoint) {
    const bool known = endpoint != Endpoint4{};
    json.field(name, known ? std::optional(endpoint.to_string()) : std::nullopt);
}

void write_call(JsonWriter& json, const sip::Call& call) {
    json.begin_object();
    json.field("call_id", call.id);
    json.field("from", call.from);
    json.field("to", call.to);
    json.field("state", sip::to_string(call.state));
    write_endpoint(json, "host", call.inside);
    write_endpoint(json, "remote", call.remote);
    json.field("help", sip::to_string(call.help));
    json.field("reason", sip::to_string(call.reason));
    json.field("edited", call.edited);
    json.key("media");
    json.begin_array();
    for (const sip::CallStream& stream : call.streams) {
        if (stream == sip::CallStream{}) continue;
        json.begin_object();
        write_endpoint(json, "inside", stream.inside);
        write_endpoint(json, "outside", stream.outside);
        write_endpoint(json, "peer", stream.peer);
        json.end_object();
    }
    json.end_array();
    json.end_object();
}

}  // namespace

std::string write_calls_json(const sip::Alg& alg) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const auto& [number, call] : alg.calls().all())
        write_call(json, call);
    json.end_array();
    return out;
}

std::string write_messages_json(const sip::Alg& alg, Instant now) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const sip::TracedMessage* one : alg.trace().all()) {
        const auto message = sip::parse_message(one->before);
        const auto id = message ? message->find(sip::HeaderId::call_id) : std::nullopt;
        const std::string before = sip::without_secrets(one->before);
        const bool edited = !one->after.empty();
        json.begin_object();
        json.field("age", whole_seconds(now - one->at));
        json.field("proto", to_string(one->proto));
        json.field("inside", one->inside.to_string());
        json.field("direction", one->outward ? "out" : "in");
        json.field("remote", one->remote.to_string());
        json.field("what", before.substr(0, before.find_first_of("\r\n")));
        json.field("call_id", id ? std::optional(std::string(*id)) : std::nullopt);
        json.field("reason", sip::to_string(one->reason));
        json.field("before", before);
        json.field("after",
                   edited ? std::optional(sip::without_secrets(one->after)) : std::nullopt);
        json.end_object();
    }
    json.end_array();
    return out;
}

void update_sip_metrics(Metrics& metrics, const sip::Alg& alg) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(sip::Reason::count_); ++i) {
        const auto reason = static_cast<sip::Reason>(i);
        const std::string_view label = sip::to_string(reason);
        const auto total = static_cast<std::int64_t>(alg.count(reason));
        const std::int64_t grown = total - metrics.value(Metric::sip_messages, label);
        if (grown > 0) metrics.add(Metric::sip_messages, label, grown);
    }
    metrics.set(Metric::sip_calls, static_cast<std::int64_t>(alg.calls().size()));
    metrics.set(Metric::sip_streams, static_cast<std::int64_t>(alg.streams()));
    metrics.set(Metric::sip_connections, static_cast<std::int64_t>(alg.connections()));
    metrics.set(Metric::sip_registrations, static_cast<std::int64_t>(alg.registrations()));
}

}  // namespace gatehouse::daemon
