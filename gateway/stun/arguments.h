// SPDX-License-Identifier: GPL-2.0-or-later
//
// The command lines of `gatehouse stun-server` and `gatehouse probe` as values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/ip.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/stun/server.h"

namespace gatehouse::stun {

using Arguments = std::span<const std::string_view>;

extern const char* const kServerUsage;
extern const char* const kProbeUsage;

Result<ServerConfig> parse_server_arguments(Arguments arguments);

struct ProbeOptions {
    std::string host;  // a name or an address
    Port port = kDefaultPort;
    bool json = false;
    bool lifetime = false;
    std::optional<IpAddress> local;
    Duration first_wait = 300ms;
};

Result<ProbeOptions> parse_probe_arguments(Arguments arguments);

}  // namespace gatehouse::stun
