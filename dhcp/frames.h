// SPDX-License-Identifier: GPL-2.0-or-later
//
// Ethernet frames as DHCP needs them: a UDP datagram to a host that cannot answer ARP yet, and the
// ARP question and answer about an address.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dhcp/events.h"

namespace gatehouse::dhcp {

std::vector<std::uint8_t> write_udp_frame(const Mac& from, const Mac& to, Ip4 source,
                                          Ip4 destination, Port source_port, Port destination_port,
                                          Bytes payload);

// A question that claims nothing: the sender's address is 0.0.0.0 (RFC 5227 section 2.1.1).
std::vector<std::uint8_t> write_arp_probe(const Mac& from, Ip4 address);

// Who says that it has which address, in a question or an answer.
struct ArpClaim {
    Ip4 address;
    Mac mac;
};
std::optional<ArpClaim> parse_arp(Bytes frame);

}  // namespace gatehouse::dhcp
