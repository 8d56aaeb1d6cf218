// SPDX-License-Identifier: GPL-2.0-or-later
//
// NAT-PMP, RFC 6886: the server's side of its three requests. A client asks for a port on its own
// address only, because the message has no place for another one. Lifetimes are at most kLongest;
// what is not understood gets the RFC's result code, and what is no request gets silence.
#pragma once

#include "upnp/claims.h"

namespace gatehouse::upnp {

// What NAT-PMP and PCP work on.
struct MappingContext {
    Claims& claims;
    nat::MappingService& service;
    const Authority& authority;
    const nat::Hosts& hosts;
    Instant epoch;  // since when the state has been kept
    Ip4 outside;    // the address that is told
    Instant now;

    std::uint32_t epoch_seconds() const {
        return static_cast<std::uint32_t>(whole_seconds(now - epoch));
    }
};

struct MappingReply {
    std::string bytes;
    std::string_view result;             // the label of its counter
    std::optional<nat::ForwardId> made;  // the answer is true only if this is in force
    std::optional<Denial> denial;
};

namespace natpmp {

// RFC 6886 3.5.
enum class Result : std::uint16_t {
    success = 0,
    unsupported_version = 1,
    not_authorized = 2,
    network_failure = 3,
    out_of_resources = 4,
    unsupported_opcode = 5,
};

constexpr std::chrono::seconds kLongest{86400};

// Nothing: silence.
std::optional<MappingReply> answer(const MappingContext& context, Ip4 client, Bytes request);

// What is told to all hosts when the outside address changes.
std::string announcement(Ip4 outside, std::uint32_t epoch);

// To a request of a version that nobody here speaks.
std::string unsupported_version(std::uint32_t epoch);

}  // namespace natpmp
}  // namespace gatehouse::upnp
