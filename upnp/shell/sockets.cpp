// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/shell/sockets.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <iterator>

#include "gateway/base/text.h"
#include "gateway/loop/files.h"
#include "gateway/loop/socket_address.h"

namespace gatehouse::upnp {

namespace {

constexpr int kHops = 2;  // UPnP Device Architecture 1.1, 1.1
constexpr int kBacklog = 128;
constexpr int kMostDatagrams = 64;  // of one reading
constexpr std::size_t kLongestDatagram = 2048;

bool set(int fd, int level, int option, int value) {
    return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

bool is_group(Ip4 address) {
    return (address.value >> 28U) == 0xeU;
}

Ip6 address_of(const in6_addr& wire) {
    Ip6 out;
    std::copy(std::begin(wire.s6_addr), std::end(wire.s6_addr), out.bytes.begin());
    return out;
}

Result<loop::Fd> open_on(const std::string& interface, int type, int family = AF_INET) {
    loop::Fd fd(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
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
    const loop::SocketAddress address(local);
    if (index == 0 || !set(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1) ||
        ::bind(fd->get(), address.get(), address.size) != 0) {
        return refused();
    }
    const in_addr own{htonl(local.address.value)};
    ip_mreqn group{};
    group.imr_ifindex = static_cast<int>(index);
    if (is_group(local.address)) {
        group.imr_multiaddr = own;
        if (::setsockopt(fd->get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
            return refused();
        }
        return fd;
    }
    group.imr_address = own;
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
    const loop::SocketAddress address(local);
    if (!set(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1) ||
        ::bind(fd->get(), address.get(), address.size) != 0 || ::listen(fd->get(), kBacklog) != 0) {
        return fail_with_errno(concat(interface, ' ', local.to_string()));
    }
    return fd;
}

Result<loop::Fd> begin_connection(const std::string& interface, const Endpoint& to) {
    const bool v6 = to.address.is_v6();
    auto fd = open_on(interface, SOCK_STREAM, v6 ? AF_INET6 : AF_INET);
    if (!fd) return fd;
    const loop::SocketAddress address(to, v6 ? ::if_nametoindex(interface.c_str()) : 0);
    if (::connect(fd->get(), address.get(), address.size) != 0 && errno != EINPROGRESS) {
        return fail_with_errno(to.to_string());
    }
    return fd;
}

Result<loop::Fd> open_listener6(const std::string& interface, Port port) {
    auto fd = open_on(interface, SOCK_STREAM, AF_INET6);
    if (!fd) return fd;
    const loop::SocketAddress address(Endpoint{Ip6{}, port});
    if (!set(fd->get(), IPPROTO_IPV6, IPV6_V6ONLY, 1) ||
        !set(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1) ||
        ::bind(fd->get(), address.get(), address.size) != 0 || ::listen(fd->get(), kBacklog) != 0) {
        return fail_with_errno(concat(interface, " [::]:", port.number));
    }
    return fd;
}

bool join6(int fd, const std::string& interface, const Ip6& group) {
    ipv6_mreq wanted{};
    std::copy(group.bytes.begin(), group.bytes.end(), std::begin(wanted.ipv6mr_multiaddr.s6_addr));
    wanted.ipv6mr_interface = ::if_nametoindex(interface.c_str());
    return ::setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &wanted, sizeof wanted) == 0;
}

Result<loop::Fd> open_udp6(const std::string& interface, Port port) {
    auto fd = open_on(interface, SOCK_DGRAM, AF_INET6);
    if (!fd) return fd;
    const loop::SocketAddress address(Endpoint{Ip6{}, port});
    const auto index = static_cast<int>(::if_nametoindex(interface.c_str()));
    const bool ready = index != 0 && set(fd->get(), IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
                       set(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1) &&
                       set(fd->get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
                       set(fd->get(), IPPROTO_IPV6, IPV6_MULTICAST_IF, index) &&
                       set(fd->get(), IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0) &&
                       ::bind(fd->get(), address.get(), address.size) == 0;
    if (!ready) return fail_with_errno(concat(interface, " [::]:", port.number));
    return fd;
}

namespace {

// Room for the address that a datagram was sent to.
union PacketInfo {
    cmsghdr header;
    std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> room;
};

std::optional<Ip6> asked_address(msghdr& message) {
    for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
        if (one->cmsg_level != IPPROTO_IPV6 || one->cmsg_type != IPV6_PKTINFO) continue;
        in6_pktinfo info{};
        std::memcpy(&info, CMSG_DATA(one), sizeof info);
        const Ip6 address = address_of(info.ipi6_addr);
        if (address.bytes[0] != 0xff) return address;
    }
    return std::nullopt;
}

}  // namespace

// A line of the kernel's table: interface, destination, gateway, flags, three counters, mask. The
// addresses are numbers in the byte order of the machine.
Ip4 default_gateway(std::string_view interface) {
    constexpr std::size_t kLongest = 65536;
    const auto table = loop::read_file("/proc/net/route", kLongest);
    if (!table) return {};
    for (const std::string_view line : split(*table, '\n')) {
        const auto fields = split(line, '\t');
        if (fields.size() < 8 || trim(fields[0]) != interface) continue;
        const std::string_view hex = trim(fields[2]);
        std::uint32_t word = 0;
        const auto [stop, error] = std::from_chars(hex.data(), hex.data() + hex.size(), word, 16);
        if (trim(fields[1]) != "00000000" || trim(fields[7]) != "00000000") continue;
        if (error == std::errc{} && stop == hex.data() + hex.size()) return Ip4{ntohl(word)};
    }
    return {};
}

void read_udp(int fd, const OnDatagram& each) {
    std::array<char, kLongestDatagram> buffer;  // NOLINT: written before it is read
    for (int i = 0; i < kMostDatagrams; ++i) {
        loop::SocketAddress from;
        PacketInfo info{};
        iovec piece{buffer.data(), buffer.size()};
        msghdr message{};
        message.msg_name = from.get();
        message.msg_namelen = from.size;
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        message.msg_control = &info;
        message.msg_controllen = sizeof info;
        const ssize_t got = ::recvmsg(fd, &message, 0);
        if (got < 0) return;
        const auto sender = from.endpoint();
        if (!sender || sender->port.number == 0) continue;
        each(*sender, asked_address(message),
             std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    }
}

bool send_udp(int fd, const Endpoint& to, std::string_view bytes) {
    if (!to.address.is_v4()) return false;
    const loop::SocketAddress address(to);
    return ::sendto(fd, bytes.data(), bytes.size(), 0, address.get(), address.size) >= 0;
}

bool send_udp6(int fd, const Endpoint& to, std::optional<Ip6> from, std::string_view bytes) {
    if (!to.address.is_v6()) return false;
    loop::SocketAddress address(to);
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};  // NOLINT: only read
    PacketInfo info{};
    msghdr message{};
    message.msg_name = address.get();
    message.msg_namelen = address.size;
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (from) {
        in6_pktinfo source{};
        std::copy(from->bytes.begin(), from->bytes.end(), std::begin(source.ipi6_addr.s6_addr));
        message.msg_control = &info;
        message.msg_controllen = sizeof info;
        cmsghdr* one = CMSG_FIRSTHDR(&message);
        one->cmsg_level = IPPROTO_IPV6;
        one->cmsg_type = IPV6_PKTINFO;
        one->cmsg_len = CMSG_LEN(sizeof source);
        std::memcpy(CMSG_DATA(one), &source, sizeof source);
    }
    return ::sendmsg(fd, &message, 0) >= 0;
}

}  // namespace gatehouse::upnp
