// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/ip.h"
#include "gateway/base/random.h"
#include "gateway/stun/message.h"
#include "gateway/stun/server.h"

namespace gatehouse::stun {

inline std::vector<std::uint8_t> hex(std::string_view text) {
    bool ok = false;
    std::vector<std::uint8_t> out = from_hex(text, ok);
    BOOST_REQUIRE_MESSAGE(ok, "bad hex in a test: " << text);
    return out;
}

inline Endpoint endpoint(std::string_view text) {
    const auto out = parse_endpoint(text);
    BOOST_REQUIRE_MESSAGE(out.has_value(), "bad endpoint in a test: " << text);
    return *out;
}

inline IpAddress address(std::string_view text) {
    const auto out = parse_ip(text);
    BOOST_REQUIRE_MESSAGE(out.has_value(), "bad address in a test: " << text);
    return *out;
}

inline constexpr Side kMain{false, false};

inline ServerConfig two_addresses() {
    ServerConfig config;
    config.address = Ip4::of(11, 0, 0, 2);
    config.alternate_address = Ip4::of(11, 0, 0, 3);
    return config;
}

}  // namespace gatehouse::stun
