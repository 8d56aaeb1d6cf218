// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lists of the control API: /api/v1/mappings, sessions, forwards, pinholes, hosts and leases.
// Each is an array of flat objects whose field names are stable. Endpoints are "192.0.2.1:80", or
// the address alone where there is no port; ranges of a forward "192.0.2.1:8000-8010"; times are
// whole seconds; null stands where something does not apply, and in `expires_in` for never.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/json.h"
#include "gateway/base/time.h"

namespace gatehouse::control {

struct MappingRow {
    Proto proto = Proto::udp;
    Endpoint4 inside;
    Endpoint4 outside;
    std::optional<Endpoint4> remote;  // of a mapping that depends on it; port 0: on its address
    std::string_view origin;          // dynamic sip
    std::uint32_t sessions = 0;
    Duration age{};
    std::optional<Duration> expires_in;

    friend bool operator==(const MappingRow&, const MappingRow&) = default;
};

struct SessionRow {
    Proto proto = Proto::udp;
    Endpoint4 inside;  // ports are 0 where the protocol has none
    Endpoint4 outside;
    Endpoint4 remote;
    std::string_view state;  // of the TCP connection; unanswered answered assured of others
    std::optional<Duration> expires_in;
    // To the outside and back, where the kernel counts.
    std::optional<std::uint64_t> packets_out;
    std::optional<std::uint64_t> packets_in;
    std::optional<std::uint64_t> bytes_out;
    std::optional<std::uint64_t> bytes_in;

    friend bool operator==(const SessionRow&, const SessionRow&) = default;
};

struct ForwardRow {
    std::uint32_t id = 0;
    Proto proto = Proto::udp;
    Endpoint4 outside;
    Endpoint4 inside;
    std::uint32_t count = 1;  // neighbouring ports on both sides
    std::optional<Ip4> remote;
    std::string_view origin;  // static igd natpmp pcp
    std::string owner;
    std::string description;
    std::optional<Duration> expires_in;
    bool enabled = true;

    friend bool operator==(const ForwardRow&, const ForwardRow&) = default;
};

struct PinholeRow {
    std::optional<std::uint32_t> id;  // nothing: it is in the configuration
    Proto proto = Proto::udp;
    std::optional<Ip6> inside;  // nothing: wherever the device is seen
    PortRange ports;
    std::optional<Mac> mac;  // of the device, which is reached at its other addresses, too
    std::optional<Ip6> remote;
    std::string_view origin;  // static igd pcp
    std::string owner;
    std::string description;
    std::optional<Duration> expires_in;

    friend bool operator==(const PinholeRow&, const PinholeRow&) = default;
};

struct HostRow {
    IpAddress address;
    std::optional<Mac> mac;
    std::string name;                // may be empty
    std::optional<std::string> nat;  // nothing for IPv6
    std::optional<std::uint32_t> mappings;
    std::optional<std::uint32_t> sessions;

    friend bool operator==(const HostRow&, const HostRow&) = default;
};

struct LeaseRow {
    Ip4 address;
    std::optional<Mac> mac;
    std::string name;        // may be empty
    std::string_view state;  // offered bound released expired conflict
    std::optional<Duration> expires_in;

    friend bool operator==(const LeaseRow&, const LeaseRow&) = default;
};

void write_json(JsonWriter& json, const MappingRow& row);
void write_json(JsonWriter& json, const SessionRow& row);
void write_json(JsonWriter& json, const ForwardRow& row);
void write_json(JsonWriter& json, const PinholeRow& row);
void write_json(JsonWriter& json, const HostRow& row);
void write_json(JsonWriter& json, const LeaseRow& row);

// The array of all rows.
template <class Row>
std::string write_rows_json(const std::vector<Row>& rows) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const Row& row : rows)
        write_json(json, row);
    json.end_array();
    return out;
}

}  // namespace gatehouse::control
