// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/socket_address.h"

#include <netinet/in.h>

#include <cstring>

namespace gatehouse::lab {

KernelAddress to_kernel(const Endpoint& endpoint) {
    KernelAddress out;
    if (endpoint.address.is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(endpoint.port.number);
        v4.sin_addr.s_addr = htonl(endpoint.address.v4().value);
        std::memcpy(&out.storage, &v4, sizeof v4);
        out.size = sizeof v4;
    } else {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(endpoint.port.number);
        std::memcpy(&v6.sin6_addr, endpoint.address.v6().bytes.data(), 16);
        std::memcpy(&out.storage, &v6, sizeof v6);
        out.size = sizeof v6;
    }
    return out;
}

std::optional<Endpoint> from_kernel(const sockaddr* address) {
    if (address->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, address, sizeof v4);
        return Endpoint{Ip4{ntohl(v4.sin_addr.s_addr)}, Port{ntohs(v4.sin_port)}};
    }
    if (address->sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, address, sizeof v6);
        Ip6 ip;
        std::memcpy(ip.bytes.data(), &v6.sin6_addr, 16);
        return Endpoint{ip, Port{ntohs(v6.sin6_port)}};
    }
    return std::nullopt;
}

}  // namespace gatehouse::lab
