// SPDX-License-Identifier: GPL-2.0-or-later
//
// UDP over IPv4 as it lies in a queue: what is in it, and the same packet with another payload.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/ip.h"

namespace gatehouse::sip {

struct UdpPacket {
    Endpoint4 source;
    Endpoint4 destination;
    std::size_t headers = 0;   // bytes of both
    std::string_view payload;  // without what a link may have added behind it
};

// Nothing for other protocols, fragments, and what contradicts its own lengths.
std::optional<UdpPacket> parse_udp(Bytes packet);

// A packet of its own.
std::vector<std::uint8_t> write_udp(Endpoint4 source, Endpoint4 destination,
                                    std::string_view payload);

// A packet with the headers of that one. Lengths and checksums are its own. It may be cut on its
// way where it is larger than before, even if its sender asked otherwise: nobody tells the sender
// how long to write so that we may lengthen it. For that it needs an identification.
std::vector<std::uint8_t> with_payload(Bytes headers, std::string_view payload, std::size_t before,
                                       std::uint16_t identification);

}  // namespace gatehouse::sip
