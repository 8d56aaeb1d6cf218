// SPDX-License-Identifier: GPL-2.0-or-later
//
// A packet as it lies in the queue, headers and all: what is read of it lies within it, and the
// packet with another payload is read as the same one with that payload.
#include "alg/datagram.h"
#include "tests/fuzz/support/require.h"

using namespace gatehouse;
using namespace gatehouse::sip;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::string_view kOther = "another payload, a little longer than most";
    const Bytes packet(data, size);
    const auto udp = parse_udp(packet);
    if (!udp) return 0;
    require(udp->headers >= 28 && udp->headers + udp->payload.size() <= size, "beyond the packet");
    const auto changed = with_payload(packet.first(udp->headers), kOther, udp->payload.size(), 7);
    require(changed.size() == udp->headers + kOther.size(), "of another length");
    const auto again = parse_udp(changed);
    require(again.has_value(), "not a packet any more");
    require(again->source == udp->source && again->destination == udp->destination,
            "somebody else's packet");
    require(again->payload == kOther, "another payload than was asked for");
    const auto made = write_udp(udp->source, udp->destination, udp->payload);
    const auto fresh = parse_udp(made);
    require(fresh && fresh->source == udp->source && fresh->payload == udp->payload);
    return 0;
}
