// SPDX-License-Identifier: GPL-2.0-or-later
//
// PCP, RFC 6887: ANNOUNCE, MAP and PEER, with the options PREFER_FAILURE and FILTER; THIRD_PARTY is
// refused. Rules it keeps:
//   - the client's address in the message is the one it came from, or there is a NAT in between;
//   - a mapping belongs to its nonce: nobody else renews it, changes it or ends it (11.3);
//   - a MAP or PEER for IPv6 is a pinhole: the outside endpoint is the inside one;
//   - a PEER makes no life shorter and ends nothing (12.1); it gets the endpoint that it suggests,
//     or none;
//   - lifetimes are between kShortest and kLongest;
//   - FILTER admits one address of any port, or everybody; what is narrower than that cannot be
//     kept and is refused.
#pragma once

#include "upnp/natpmp.h"

namespace gatehouse::upnp::pcp {

constexpr std::uint8_t kVersion = 2;
constexpr std::size_t kLongestMessage = 1100;  // 7
constexpr std::chrono::seconds kShortest{120};
constexpr std::chrono::seconds kLongest{86400};

// 7.4.
enum class Result : std::uint8_t {
    success = 0,
    unsupp_version = 1,
    not_authorized = 2,
    malformed_request = 3,
    unsupp_opcode = 4,
    unsupp_option = 5,
    malformed_option = 6,
    network_failure = 7,
    no_resources = 8,
    unsupp_protocol = 9,
    user_ex_quota = 10,
    cannot_provide_external = 11,
    address_mismatch = 12,
    excessive_remote_peers = 13,
};
std::string_view to_string(Result result);

enum class Opcode : std::uint8_t { announce = 0, map = 1, peer = 2 };

using Nonce = std::array<std::uint8_t, 12>;

// "::ffff:192.0.2.1", as addresses stand in all messages (5).
Ip6 mapped(Ip4 address);

// MAP and PEER as they stand in a request; the fields behind the blank line are those of PEER.
struct MapFields {
    Nonce nonce{};
    std::uint8_t protocol = 0;
    Port inside;
    Port outside;
    Ip6 outside_address;

    Port remote_port;
    Ip6 remote_address;
};

struct Filter {
    std::uint8_t prefix_length = 0;
    Port port;
    Ip6 address;
};

struct Request {
    Opcode opcode = Opcode::announce;
    std::uint32_t lifetime = 0;
    Ip6 client;
    MapFields fields;
    bool prefer_failure = false;
    bool third_party = false;
    std::vector<Filter> filters;
};

// The request, or the result that its answer says.
gatehouse::Result<Request, Result> parse(Bytes bytes);

// Nothing: silence.
std::optional<MappingReply> answer(const MappingContext& context, const IpAddress& client,
                                   Bytes request);

// What is told to all hosts when the state is lost or the outside address changes.
std::string announcement(std::uint32_t epoch);

// An error in answer to a request, which it repeats.
std::string error_answer(Bytes request, Result result, std::uint32_t epoch);

}  // namespace gatehouse::upnp::pcp
