// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/shell/sockets.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "gateway/base/text.h"

namespace gatehouse::upnp {

namespace {

constexpr int kHops = 2;  // UPnP Device Architecture 1.1, 1.1
constexpr int kBacklog = 128;
constexpr int kMostDatagrams = 64;  // of one reading
constexpr std::size_t kLongestDatagram = 2048;

sockaddr_in wire_of(Endpoint4 endpoint) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_addr.s_addr = htonl(endpoint.address.value);
    out.sin_port = htons(endpoint.port.number);
    return out;
}

bool set(int fd, int level, int option, int value) {
    return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

bool is_group(Ip4 address) {
    return (address.value >> 28U) == 0xeU;
}

Result<loop::Fd> open_on(const std::string& interface, int type) {
    loop::Fd fd(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return fail_with_errno("socket");
    const auto size = static_cast<socklen_t>(interface.size());
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, interface.data(), size) != 0) {
        return fail_with_errno(interface);
    }
    return fd;
}

}  // namespace

Result<loop::Fd> open_udp(const std::string& interface, Endpoint4 local) {
    auto fd = open_on(interface, SOCK_DGRAM);
    if (!fd) return fd;
    const auto refused = [&] { return fail_with_errno(concat(interface, ' ', local.to_string())); };
    const unsigned index = ::if_nametoindex(interface.c_str());
    const sockaddr_in address = wire_of(local);
    if (index == 0 || !set(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1) ||
        ::bind(fd->get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return refused();
    }
    ip_mreqn group{};
    group.imr_ifindex = static_cast<int>(index);
    if (is_group(local.address)) {
        group.imr_multiaddr = address.sin_addr;
        if (::setsockopt(fd->get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
            return refused();
        }
        return fd;
    }
    group.imr_address = address.sin_addr;
    const bool ready =
        ::setsockopt(fd->get(), IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof group) == 0 &&
        set(fd->get(), IPPROTO_IP, IP_MULTICAST_TTL, kHops) &&
        set(fd->get(), IPPROTO_IP, IP_MULTICAST_LOOP, 0);
    if (!ready) return refused();
    return fd;
}

Result<loop::Fd> open_listener(const std::string& interface, Endpoint4 local) {
    auto fd = open_on(interface, SOCK_STREAM);
    if (!fd) return fd;
    const sockaddr_in address = wire_of(local);
    if (!set(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1) ||
        ::bind(fd->get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd->get(), kBacklog) != 0) {
        return fail_with_errno(concat(interface, ' ', local.to_string()));
    }
    return fd;
}

Result<loop::Fd> begin_connection(const std::string& interface, Endpoint4 to) {
    auto fd = open_on(interface, SOCK_STREAM);
    if (!fd) return fd;
    const sockaddr_in address = wire_of(to);
    if (::connect(fd->get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
        errno != EINPROGRESS) {
        return fail_with_errno(to.to_string());
    }
    return fd;
}

void read_udp(int fd, const std::function<void(Endpoint from, std::string_view bytes)>& each) {
    std::array<char, kLongestDatagram> buffer;  // NOLINT: written before it is read
    for (int i = 0; i < kMostDatagrams; ++i) {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const ssize_t got = ::recvfrom(fd, buffer.data(), buffer.size(), 0,
                                       reinterpret_cast<sockaddr*>(&from), &size);
        if (got < 0) return;
        if (from.sin_family != AF_INET || from.sin_port == 0) continue;
        const Endpoint sender{Ip4{ntohl(from.sin_addr.s_addr)}, Port{ntohs(from.sin_port)}};
        each(sender, std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    }
}

bool send_udp(int fd, const Endpoint& to, std::string_view bytes) {
    if (!to.address.is_v4()) return false;
    const sockaddr_in address = wire_of({to.address.v4(), to.port});
    return ::sendto(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                    sizeof address) >= 0;
}

}  // namespace gatehouse::upnp
