// SPDX-License-Identifier: GPL-2.0-or-later
//
// A device that asks the gateway for ports by UPnP, without waiting for the end of every search.
#pragma once

#include <string>
#include <string_view>

#include "tests/lab/support/host.h"

namespace gatehouse::lab {

inline constexpr std::string_view kGateway1 = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
inline constexpr std::string_view kGateway2 = "urn:schemas-upnp-org:device:InternetGatewayDevice:2";

// Where the description of a target is, asked of the router alone: "http://192.168.1.1:5000/...",
// or "nobody".
std::string description_of(const Host& host, std::string_view target = kGateway1,
                           std::string_view router = "192.168.1.1");

// upnpc with these words, on the gateway with that description.
Ran upnpc(const Host& host, const Command& words, std::string_view target = kGateway1,
          std::string_view router = "192.168.1.1");

}  // namespace gatehouse::lab
