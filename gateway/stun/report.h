// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a probe found out, in words for a person and as one JSON object. What could not be told is
// said to be unknown and is never guessed. JSON fields, stable: nat_type mapping filtering
// tcp_mapping tcp_filtering outside inside preserves_port hairpin fragments lifetime_seconds server
// reach; null where a value is unknown, "unknown" where the field holds one of a list of words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/ip.h"
#include "gateway/base/time.h"

namespace gatehouse::stun {

// RFC 4787 4.1 and 5.
enum class Behaviour : std::uint8_t {
    unknown,
    endpoint_independent,
    address_dependent,
    address_and_port_dependent,
};

std::string_view to_string(Behaviour behaviour);  // "endpoint-independent"

// RFC 3489 5 and 10.1.
enum class NatType : std::uint8_t {
    unknown,
    open_internet,
    udp_blocked,
    symmetric_udp_firewall,
    full_cone,
    restricted_cone,
    port_restricted_cone,
    symmetric,
};

std::string_view to_string(NatType type);  // "full-cone", "open internet"

// A mapping lived at least alive_for without traffic; it was gone after dead_after, where that is
// known.
struct Lifetime {
    Duration alive_for{};
    std::optional<Duration> dead_after;

    friend bool operator==(const Lifetime&, const Lifetime&) = default;
};

struct Report {
    Endpoint server;
    bool alternate_known = false;  // the server has a second address and port
    bool reached_over_udp = false;
    bool reached_over_tcp = false;
    NatType nat_type = NatType::unknown;
    Behaviour mapping = Behaviour::unknown;
    Behaviour filtering = Behaviour::unknown;
    Behaviour tcp_mapping = Behaviour::unknown;
    std::optional<Endpoint> inside;   // over UDP, or over TCP where only that got through
    std::optional<Endpoint> outside;  // the same as the server saw it
    std::optional<bool> preserves_port;
    std::optional<bool> hairpin;    // unknown where nothing is translated
    std::optional<bool> fragments;  // both ways
    std::optional<Lifetime> lifetime;

    bool translated() const { return inside && outside && *inside != *outside; }
    Reach reach() const;  // of the outside address

    friend bool operator==(const Report&, const Report&) = default;
};

// The decision tree of RFC 3489 10.1 on the tests that a report holds. Its four tests are the ones
// of RFC 5780: I reaches the server, II and III are the two filtering tests, I at the other address
// is the mapping test.
NatType nat_type_of(const Report& report);

// Several lines, each with its end.
std::string to_words(const Report& report);
std::string to_json(const Report& report);

}  // namespace gatehouse::stun
