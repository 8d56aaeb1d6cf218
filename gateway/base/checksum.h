// SPDX-License-Identifier: GPL-2.0-or-later
//
// The Internet checksum (RFC 1071) over whole packets, and its update when one field changes
// (RFC 1624 equation 3). All values are as they stand in the header field, in host order. A packet
// is right when the sum over everything, its checksum field included, gives 0.
#pragma once

#include <cstdint>

#include "gateway/base/bytes.h"
#include "gateway/base/ip.h"

namespace gatehouse {

// Sums pieces that follow each other: a piece of odd length is continued by the next one.
class Checksum {
  public:
    Checksum& add(Bytes piece);
    Checksum& add_u16(std::uint16_t value);
    Checksum& add_u32(std::uint32_t value);
    std::uint16_t value() const;

  private:
    std::uint64_t sum_ = 0;
    bool odd_ = false;
};

std::uint16_t checksum(Bytes bytes);

// The checksum that belongs into this IPv4 header, options included; what stands in its checksum
// field does not matter. 0 for fewer than 20 bytes.
std::uint16_t ip4_header_checksum(Bytes header);

// A sum that has begun with the pseudo-header (RFC 793 3.1, RFC 768; RFC 8200 8.1 for IPv6, which
// ICMPv6 uses too). Length is that of the transport header and its payload.
Checksum pseudo_header(Ip4 source, Ip4 destination, Proto proto, std::uint16_t length);
Checksum pseudo_header(const Ip6& source, const Ip6& destination, Proto proto,
                       std::uint32_t length);

// The checksum over pseudo-header and segment: with the field zeroed the value to write (for UDP
// through udp_field), with the field in place 0 when it is right.
std::uint16_t transport_checksum(Ip4 source, Ip4 destination, Proto proto, Bytes segment);
std::uint16_t transport_checksum(const Ip6& source, const Ip6& destination, Proto proto,
                                 Bytes segment);

// A computed checksum as UDP sends it: 0 would say "no checksum" (RFC 768), so it becomes 0xffff.
constexpr std::uint16_t udp_field(std::uint16_t computed) {
    return computed == 0 ? std::uint16_t{0xffff} : computed;
}

// The checksum after a field that lies at an even offset has changed. It is what computing it anew
// would give: only a packet of nothing but zeros has two, and there is none with a header.
std::uint16_t update_checksum(std::uint16_t field, std::uint16_t before, std::uint16_t after);
std::uint16_t update_checksum(std::uint16_t field, std::uint32_t before, std::uint32_t after);
std::uint16_t update_checksum(std::uint16_t field, Ip4 before, Ip4 after);
std::uint16_t update_checksum(std::uint16_t field, Port before, Port after);

// The same for UDP over IPv4: a packet without a checksum stays without one.
template <class Field>
std::uint16_t update_udp_checksum(std::uint16_t field, Field before, Field after) {
    return field == 0 ? field : udp_field(update_checksum(field, before, after));
}

}  // namespace gatehouse
