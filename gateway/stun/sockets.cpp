// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/sockets.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>

#include "gateway/base/text.h"
#include "gateway/loop/socket_address.h"

namespace gatehouse::stun {
namespace {

constexpr int kListenBacklog = 64;

using loop::SocketAddress;

Failure<Error> failed(std::string_view what, std::string_view transport, const Endpoint& endpoint) {
    const int number = errno;
    return fail(concat("cannot ", what, " ", transport, " ", endpoint.to_string(), ": ",
                       error_text(number)));
}

bool set_option(int socket, int level, int name, int value) {
    return setsockopt(socket, level, name, &value, sizeof value) == 0;
}

Descriptor new_socket(const Endpoint& local, Transport transport) {
    const int family = local.address.is_v4() ? AF_INET : AF_INET6;
    const int kind = transport == Transport::udp ? SOCK_DGRAM : SOCK_STREAM;
    Descriptor out(socket(family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (out.get() >= 0 && family == AF_INET6) {
        set_option(out.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
    }
    return out;
}

bool bind_to(int socket, const Endpoint& local) {
    const SocketAddress address(local);
    return bind(socket, address.get(), address.size) == 0;
}

}  // namespace

Descriptor::~Descriptor() {
    if (number_ >= 0) close(number_);
}

Instant boot_time() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return Instant{std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec)};
}

Result<Descriptor> open_udp(const Endpoint& local) {
    Descriptor out = new_socket(local, Transport::udp);
    if (out.get() < 0 || !bind_to(out.get(), local)) return failed("open", "UDP", local);
    if (local.address.is_v4()) {
        set_option(out.get(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
    } else {
        set_option(out.get(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
    }
    return out;
}

Result<Descriptor> listen_tcp(const Endpoint& local) {
    Descriptor out = new_socket(local, Transport::tcp);
    const bool good = out.get() >= 0 && set_option(out.get(), SOL_SOCKET, SO_REUSEADDR, 1) &&
                      bind_to(out.get(), local) && listen(out.get(), kListenBacklog) == 0;
    if (!good) return failed("listen on", "TCP", local);
    return out;
}

Result<Descriptor> begin_connect(const Endpoint& local, const Endpoint& remote) {
    Descriptor out = new_socket(local, Transport::tcp);
    const bool good = out.get() >= 0 && set_option(out.get(), SOL_SOCKET, SO_REUSEADDR, 1) &&
                      set_option(out.get(), SOL_SOCKET, SO_REUSEPORT, 1) &&
                      bind_to(out.get(), local);
    if (!good) return failed("open", "TCP", local);
    const SocketAddress to(remote);
    if (connect(out.get(), to.get(), to.size) != 0 && errno != EINPROGRESS) {
        return failed("connect to", "TCP", remote);
    }
    return out;
}

int connect_error(int socket) {
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

std::optional<std::pair<Descriptor, Endpoint>> accept_tcp(int listener) {
    SocketAddress peer;
    Descriptor out(accept4(listener, peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    const std::optional<Endpoint> endpoint = peer.endpoint();
    if (out.get() < 0 || !endpoint) return std::nullopt;
    return std::pair{std::move(out), *endpoint};
}

std::optional<Endpoint> local_endpoint(int socket) {
    SocketAddress address;
    if (getsockname(socket, address.get(), &address.size) != 0) return std::nullopt;
    return address.endpoint();
}

Result<IpAddress> address_towards(const Endpoint& remote) {
    const Descriptor probe = new_socket(remote, Transport::udp);
    const SocketAddress to(remote);
    if (probe.get() < 0 || connect(probe.get(), to.get(), to.size) != 0) {
        return failed("reach", "server", remote);
    }
    const std::optional<Endpoint> local = local_endpoint(probe.get());
    if (!local) return failed("reach", "server", remote);
    return local->address;
}

Result<IpAddress> resolve(std::string_view host, std::optional<bool> want_v4) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    if (want_v4) hints.ai_family = *want_v4 ? AF_INET : AF_INET6;
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* list = nullptr;
    const int code = getaddrinfo(std::string(host).c_str(), nullptr, &hints, &list);
    if (code != 0) return fail(concat("cannot find ", host, ": ", gai_strerror(code)));
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, freeaddrinfo);
    std::optional<IpAddress> found;
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        SocketAddress address;
        if (entry->ai_addrlen > sizeof address.storage) continue;
        std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
        address.size = entry->ai_addrlen;
        const std::optional<Endpoint> endpoint = address.endpoint();
        if (!endpoint) continue;
        if (endpoint->address.is_v4()) return endpoint->address;
        if (!found) found = endpoint->address;
    }
    if (!found) return fail(concat("cannot find ", host, ": it has no address"));
    return *found;
}

int send_to(int socket, Bytes bytes, const Endpoint& to) {
    const SocketAddress address(to);
    const ssize_t sent = sendto(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                                address.get(), address.size);
    return sent < 0 ? errno : 0;
}

bool send_all(int socket, Bytes bytes) {
    const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent >= 0 && static_cast<std::size_t>(sent) == bytes.size();
}

std::optional<Datagram> receive_from(int socket, std::span<std::uint8_t> buffer) {
    SocketAddress from;
    const ssize_t size =
        recvfrom(socket, buffer.data(), buffer.size(), MSG_DONTWAIT, from.get(), &from.size);
    if (size < 0) return std::nullopt;
    return Datagram{static_cast<std::size_t>(size), from.endpoint().value_or(Endpoint{})};
}

}  // namespace gatehouse::stun
