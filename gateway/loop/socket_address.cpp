// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/loop/socket_address.h"

#include <netinet/in.h>

#include <cstring>

namespace gatehouse::loop {

SocketAddress::SocketAddress(const Endpoint& endpoint, unsigned link) {
    if (endpoint.address.is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(endpoint.port.number);
        v4.sin_addr.s_addr = htonl(endpoint.address.v4().value);
        std::memcpy(&storage, &v4, sizeof v4);
        size = sizeof v4;
        return;
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port.number);
    v6.sin6_scope_id = link;
    const Ip6& address = endpoint.address.v6();
    std::memcpy(&v6.sin6_addr, address.bytes.data(), address.bytes.size());
    std::memcpy(&storage, &v6, sizeof v6);
    size = sizeof v6;
}

std::optional<Endpoint> SocketAddress::endpoint() const {
    if (storage.ss_family == AF_INET && size >= sizeof(sockaddr_in)) {
        sockaddr_in v4{};
        std::memcpy(&v4, &storage, sizeof v4);
        return Endpoint{Ip4{ntohl(v4.sin_addr.s_addr)}, Port{ntohs(v4.sin_port)}};
    }
    if (storage.ss_family != AF_INET6 || size < sizeof(sockaddr_in6)) return std::nullopt;
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage, sizeof v6);
    Ip6 address;
    std::memcpy(address.bytes.data(), &v6.sin6_addr, address.bytes.size());
    return Endpoint{address, Port{ntohs(v6.sin6_port)}};
}

}  // namespace gatehouse::loop
