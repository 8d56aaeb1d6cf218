// SPDX-License-Identifier: GPL-2.0-or-later
//
// Whom the router asks for names, as the machine's own files say.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/ip.h"

namespace gatehouse::daemon {

// The IPv4 servers in a text of the form of resolv.conf(5) that others could ask, too: none on the
// loopback interface.
std::vector<Ip4> name_servers_in(std::string_view text);

// Those of the first file that has any: OpenWrt's, systemd's, or everybody's.
std::vector<Ip4> read_name_servers();

// Empty where there is none.
std::string read_host_name();

}  // namespace gatehouse::daemon
