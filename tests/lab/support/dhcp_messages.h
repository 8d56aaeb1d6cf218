// SPDX-License-Identifier: GPL-2.0-or-later
//
// The four messages by which a device gets an address, as far as a test needs them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/ip.h"

namespace gatehouse::lab {

enum class DhcpType : std::uint8_t {
    discover = 1,
    offer = 2,
    request = 3,
    ack = 5,
    nak = 6,
    release = 7
};

// What a device says. With a relay it is what that one passes on.
struct DhcpQuestion {
    DhcpType type = DhcpType::discover;
    std::uint32_t number = 0;  // of the exchange
    Mac device;
    Ip4 relay;
    Ip4 server;   // of the offer that is taken up, or whose lease is given back
    Ip4 address;  // likewise
};

struct DhcpReply {
    DhcpType type = DhcpType::offer;
    std::uint32_t number = 0;
    Ip4 address;
    Ip4 server;
};

std::vector<std::uint8_t> encode_question(const DhcpQuestion& question);
// Nothing if it is no reply of a server.
std::optional<DhcpReply> decode_reply(Bytes message);

}  // namespace gatehouse::lab
