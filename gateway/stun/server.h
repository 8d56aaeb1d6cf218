// SPDX-License-Identifier: GPL-2.0-or-later
//
// The answers of a STUN server with two addresses and two ports: Binding of RFC 8489, behaviour
// discovery of RFC 5780 (CHANGE-REQUEST, OTHER-ADDRESS, RESPONSE-ORIGIN, RESPONSE-PORT, PADDING),
// and RFC 3489 for requests without the cookie. Pure: a datagram in, at most one out.
//
// It stays a poor amplifier. Malformed input is never answered, there is no SOFTWARE, PADDING is
// no longer than the request's. Discovery needs OTHER-ADDRESS even where the request was a bare
// header, so a full answer can be up to 3.4 times its request (68 bytes for 20; IPv6 116 for 20);
// the limiter meters those, and when their allowance is used up the answer shrinks to the mapped
// address alone: 32 bytes for 20, a ratio of 1.6. Over IPv6 that last one is 44 for 20 (2.2), as
// the address itself is that long.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/ip.h"
#include "gateway/base/time.h"
#include "gateway/stun/limiter.h"
#include "gateway/stun/message.h"
#include "gateway/stun/transport.h"

namespace gatehouse::stun {

// One of the server's 2 x 2 endpoints.
struct Side {
    bool alternate_address = false;
    bool alternate_port = false;

    std::size_t index() const { return (alternate_address ? 2U : 0U) + (alternate_port ? 1U : 0U); }
    friend bool operator==(const Side&, const Side&) = default;
};

constexpr std::array<Side, 4> kSides{{{false, false}, {false, true}, {true, false}, {true, true}}};

struct ServerConfig {
    IpAddress address;
    // Of the same family. Without it there is no discovery: only the side {false, false} exists,
    // no OTHER-ADDRESS is given and CHANGE-REQUEST is refused.
    std::optional<IpAddress> alternate_address;
    Port port = kDefaultPort;
    Port alternate_port{3479};
    Allowances allowances;

    Endpoint endpoint(Side side) const;
};

struct Arrival {
    Bytes datagram;  // over TCP: one framed message
    Endpoint source;
    Side at;
    Transport transport = Transport::udp;
};

struct Reply {
    std::vector<std::uint8_t> bytes;
    Side from;
    Endpoint to;
};

// What became of a datagram; the index of a counter.
enum class Verdict : std::uint8_t {
    answered,
    shortened,  // answered with the mapped address alone: the allowance for more is used up
    refused,    // answered with an error
    malformed,
    not_a_request,  // responses, indications, methods other than Binding
    bad_source,     // an address that no client has
    rate_limited,
};
constexpr std::size_t kVerdicts = 7;

class Server {
  public:
    Server(const ServerConfig& config, const HashKey& secret);

    std::optional<Reply> handle(const Arrival& arrival, Instant now);

    std::uint64_t count(Verdict verdict) const {
        return counts_[static_cast<std::size_t>(verdict)];
    }
    const ServerConfig& config() const { return config_; }

  private:
    std::optional<Reply> answer(const Arrival& arrival, const Message& request, Instant now);
    Message full_answer(const Arrival& arrival, const Message& request, Side from) const;
    bool discovers() const { return config_.alternate_address.has_value(); }
    std::vector<std::uint16_t> refused_attributes(const Arrival& arrival,
                                                  const Message& request) const;
    void tally(Verdict verdict) { ++counts_[static_cast<std::size_t>(verdict)]; }

    ServerConfig config_;
    Limiter limiter_;
    std::array<std::uint64_t, kVerdicts> counts_{};
};

}  // namespace gatehouse::stun
