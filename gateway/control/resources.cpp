// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/control/resources.h"

namespace gatehouse::control {

namespace {

std::string endpoint_text(const Endpoint4& endpoint) {
    return endpoint.port.number == 0 ? endpoint.address.to_string() : endpoint.to_string();
}

std::string range_text(const Endpoint4& first, std::uint32_t count) {
    const Port last{static_cast<std::uint16_t>(first.port.number + count - 1)};
    return concat(first.address.to_string(), ':', PortRange{first.port, last}.to_string());
}

std::optional<std::int64_t> seconds_of(std::optional<Duration> duration) {
    if (!duration) return std::nullopt;
    return whole_seconds(*duration);
}

template <class T>
std::optional<std::string> text_of(const std::optional<T>& value) {
    if (!value) return std::nullopt;
    return value->to_string();
}

std::optional<std::string> none_if_empty(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace

void write_json(JsonWriter& json, const MappingRow& row) {
    std::optional<std::string> remote;
    if (row.remote) remote = endpoint_text(*row.remote);
    json.begin_object();
    json.field("proto", to_string(row.proto));
    json.field("inside", endpoint_text(row.inside));
    json.field("outside", endpoint_text(row.outside));
    json.field("remote", remote);
    json.field("origin", row.origin);
    json.field("sessions", row.sessions);
    json.field("age", whole_seconds(row.age));
    json.field("expires_in", seconds_of(row.expires_in));
    json.end_object();
}

void write_json(JsonWriter& json, const SessionRow& row) {
    json.begin_object();
    json.field("proto", to_string(row.proto));
    json.field("inside", endpoint_text(row.inside));
    json.field("outside", endpoint_text(row.outside));
    json.field("remote", endpoint_text(row.remote));
    json.field("state", row.state);
    json.field("expires_in", seconds_of(row.expires_in));
    json.field("packets_out", row.packets_out);
    json.field("packets_in", row.packets_in);
    json.field("bytes_out", row.bytes_out);
    json.field("bytes_in", row.bytes_in);
    json.end_object();
}

void write_json(JsonWriter& json, const ForwardRow& row) {
    json.begin_object();
    json.field("id", row.id);
    json.field("proto", to_string(row.proto));
    json.field("outside", range_text(row.outside, row.count));
    json.field("inside", range_text(row.inside, row.count));
    json.field("remote", text_of(row.remote));
    json.field("origin", row.origin);
    json.field("owner", none_if_empty(row.owner));
    json.field("description", none_if_empty(row.description));
    json.field("expires_in", seconds_of(row.expires_in));
    json.field("enabled", row.enabled);
    json.end_object();
}

void write_json(JsonWriter& json, const PinholeRow& row) {
    json.begin_object();
    json.field("id", row.id);
    json.field("proto", to_string(row.proto));
    json.field("inside", text_of(row.inside));
    json.field("port", row.ports.to_string());
    json.field("mac", text_of(row.mac));
    json.field("remote", text_of(row.remote));
    json.field("origin", row.origin);
    json.field("owner", none_if_empty(row.owner));
    json.field("description", none_if_empty(row.description));
    json.field("expires_in", seconds_of(row.expires_in));
    json.end_object();
}

void write_json(JsonWriter& json, const HostRow& row) {
    json.begin_object();
    json.field("address", row.address.to_string());
    json.field("mac", text_of(row.mac));
    json.field("name", none_if_empty(row.name));
    json.field("nat", row.nat);
    json.field("mappings", row.mappings);
    json.field("sessions", row.sessions);
    json.end_object();
}

void write_json(JsonWriter& json, const LeaseRow& row) {
    json.begin_object();
    json.field("address", row.address.to_string());
    json.field("mac", text_of(row.mac));
    json.field("name", none_if_empty(row.name));
    json.field("state", row.state);
    json.field("expires_in", seconds_of(row.expires_in));
    json.end_object();
}

}  // namespace gatehouse::control
