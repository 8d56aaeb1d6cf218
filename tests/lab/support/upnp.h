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

// A client that asks for many ports: it knows where to go and does not look closely at answers.
// Each request is a connection of its own.
class IgdClient {
  public:
    explicit IgdClient(const Host& host);

    // A port of UDP, leading to the same port of the client; whether the gateway said yes.
    bool add(std::uint32_t port, std::string_view client) const;

  private:
    std::string ask(std::string_view request) const;

    const Host& host_;
    std::string control_;
};

}  // namespace gatehouse::lab
