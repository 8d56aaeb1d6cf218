// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/packet_socket.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "gateway/base/text.h"

namespace gatehouse::kernel {

namespace {

constexpr int kBurst = 256;
constexpr std::size_t kLongestArp = 128;
constexpr int kReceiveBuffer = 1 << 20;

int set_on(int fd, int option) {
    const int on = 1;
    return ::setsockopt(fd, SOL_SOCKET, option, &on, sizeof on);
}

}  // namespace

Result<PacketSocket> PacketSocket::open(unsigned link) {
    // Bound before it hears anything: with protocol 0 it would not hear other links either.
    PacketSocket out(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (out.fd_ < 0) return fail_with_errno("packet socket");
    sockaddr_ll local{};
    local.sll_family = AF_PACKET;
    local.sll_protocol = htons(ETHERTYPE_ARP);
    local.sll_ifindex = static_cast<int>(link);
    if (::bind(out.fd_, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
        return fail_with_errno("packet socket");
    }
    return out;
}

PacketSocket::PacketSocket(PacketSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

PacketSocket& PacketSocket::operator=(PacketSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

PacketSocket::~PacketSocket() {
    if (fd_ >= 0) ::close(fd_);
}

bool PacketSocket::send(Bytes frame) const {
    return ::send(fd_, frame.data(), frame.size(), MSG_DONTWAIT) ==
           static_cast<ssize_t>(frame.size());
}

void PacketSocket::receive(const std::function<void(Bytes frame)>& on_frame) const {
    std::array<std::uint8_t, kLongestArp> buffer{};
    for (int i = 0; i < kBurst; ++i) {
        const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), 0);
        if (size < 0) return;
        on_frame(Bytes(buffer).first(static_cast<std::size_t>(size)));
    }
}

Result<int> open_link_udp(const std::string& interface, Port port) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fail_with_errno("udp socket");
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_port = htons(port.number);
    const auto length = static_cast<socklen_t>(interface.size() + 1);
    const bool ready =
        ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(), length) == 0 &&
        set_on(fd, SO_REUSEADDR) == 0 && set_on(fd, SO_BROADCAST) == 0 &&
        ::bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local) == 0;
    if (ready) {
        // Room for a house whose power comes back; without the right to it, what there is.
        const int room = kReceiveBuffer;
        (void)::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
        return fd;
    }
    const auto failure = fail_with_errno(concat("udp port ", port.number, " on ", interface));
    ::close(fd);
    return failure;
}

}  // namespace gatehouse::kernel
