// SPDX-License-Identifier: GPL-2.0-or-later
//
// From the bytes of a packet that waits in the queue to the question that the engine answers.
#pragma once

#include <optional>

#include "gateway/base/bytes.h"
#include "gateway/nat/events.h"

namespace gatehouse::nat {

// The endpoints of an IPv4 packet of TCP, UDP or an ICMP echo request; nothing for anything else,
// or when it is cut short. Only the headers are looked at.
std::optional<FirstPacket> parse_first_packet(Bytes packet, std::uint32_t token);

}  // namespace gatehouse::nat
