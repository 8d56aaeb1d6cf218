// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/reach.h"

#include <algorithm>

namespace gatehouse::stun {

// RFC 6890 and RFC 4291 2.4.
Reach reach_of(const IpAddress& address) {
    if (address.is_v4()) return gatehouse::reach_of(address.v4());
    const Ip6& v6 = address.v6();
    if (v6.is_v4_mapped()) return gatehouse::reach_of(v6.v4_tail());
    const bool zeros = std::all_of(v6.bytes.begin(), v6.bytes.end() - 1,
                                   [](std::uint8_t byte) { return byte == 0; });
    if (zeros && v6.bytes[15] == 0) return Reach::none;
    if (zeros && v6.bytes[15] == 1) return Reach::private_;  // loopback
    if (v6.bytes[0] == 0xff) return Reach::none;             // multicast
    const bool link_local = v6.bytes[0] == 0xfe && (v6.bytes[1] & 0xc0U) == 0x80;
    const bool unique_local = (v6.bytes[0] & 0xfeU) == 0xfc;
    return link_local || unique_local ? Reach::private_ : Reach::public_;
}

bool is_host(const Endpoint& endpoint) {
    return endpoint.port.number != 0 && reach_of(endpoint.address) != Reach::none;
}

}  // namespace gatehouse::stun
