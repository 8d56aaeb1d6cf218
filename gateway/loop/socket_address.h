// SPDX-License-Identifier: GPL-2.0-or-later
//
// Endpoints in the form of the system calls, and back.
#pragma once

#include <sys/socket.h>

#include <optional>

#include "gateway/base/ip.h"

namespace gatehouse::loop {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_storage);

    SocketAddress() = default;  // for a call to fill in
    // link: which one, of an IPv6 address that is good on one link alone.
    explicit SocketAddress(const Endpoint& endpoint, unsigned link = 0);
    explicit SocketAddress(const Endpoint4& endpoint)
        : SocketAddress(Endpoint{endpoint.address, endpoint.port}) {}

    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    // Nothing for other families, and for less than an address.
    std::optional<Endpoint> endpoint() const;
};

}  // namespace gatehouse::loop
