// SPDX-License-Identifier: GPL-2.0-or-later
//
// Readers of the values that only DHCP has.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"

namespace gatehouse::config {

// "10.8.0.0/16,192.168.1.2"
std::optional<DhcpRoute> parse_dhcp_route(std::string_view text);

// "150,address,192.168.1.6": as it goes over the wire. Numbers that the server itself sets, and
// those that have options of their own in a lease, are refused.
std::optional<DhcpOption> parse_dhcp_option(std::string_view text);

// What stands in names of files and in addresses of the web.
bool is_word(std::string_view text, std::size_t max);

}  // namespace gatehouse::config
