// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/raw_sockets.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "gateway/base/text.h"
#include "tests/lab/support/socket_address.h"

namespace gatehouse::lab {
namespace {

constexpr std::size_t kBiggestFrame = 66000;  // offloads make frames of up to 64 KiB
constexpr int kReceiveBuffer = 32 * 1024 * 1024;
constexpr std::uint8_t kEchoReply = 0, kEchoRequest = 8;  // RFC 792

bool wait_readable(int fd, const Deadline& deadline) {
    pollfd item{fd, POLLIN, 0};
    for (;;) {
        const int n = ::poll(&item, 1, deadline.milliseconds_left());
        if (n >= 0 || errno != EINTR) return n > 0;
    }
}

}  // namespace

Fd open_packet_socket(const std::string& interface) {
    // Protocol 0 hears nothing until it is bound: no packet of another interface slips in.
    Fd socket =
        Fd::checked(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "packets");
    ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer,
                 sizeof kReceiveBuffer);
    sockaddr_ll where{};
    where.sll_family = AF_PACKET;
    where.sll_protocol = htons(ETH_P_ALL);
    where.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
    if (where.sll_ifindex == 0) throw_errno(concat("packets of ", interface));
    if (::bind(socket.number(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
        throw_errno(concat("packets of ", interface));
    }
    return socket;
}

std::optional<Packet> read_packet(int packet_socket) {
    std::uint8_t buffer[kBiggestFrame];
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    ssize_t n = -1;
    // An interface that went down leaves one error before the packets that still wait.
    for (int attempt = 0; attempt < 3 && n < 0; ++attempt) {
        n = ::recvfrom(packet_socket, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from),
                       &size);
        if (n < 0 && errno == EAGAIN) break;
    }
    if (n < 0) return std::nullopt;
    return Packet({buffer, buffer + n}, from.sll_pkttype == PACKET_OUTGOING);
}

PacketSocket Host::packets(const std::string& interface) const {
    return inside([&] { return PacketSocket(open_packet_socket(interface)); });
}

bool PacketSocket::send(const Frame& frame) const {
    const ssize_t sent = ::send(socket_.number(), frame.data(), frame.size(), 0);
    return sent == static_cast<ssize_t>(frame.size());
}

std::optional<Packet> PacketSocket::receive(const PacketTest& wanted, Duration limit) const {
    const Deadline deadline(limit);
    while (wait_readable(socket_.number(), deadline)) {
        std::optional<Packet> packet = read_packet(socket_.number());
        if (packet && wanted(*packet)) return packet;
    }
    return std::nullopt;
}

IcmpSocket Host::icmp() const {
    return inside([] {
        return IcmpSocket(Fd::checked(
            ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP), "icmp"));
    });
}

bool IcmpSocket::send(const At& to, Bytes message) const {
    const KernelAddress address = to_kernel(to.endpoint);
    return ::sendto(socket_.number(), message.data(), message.size(), 0, address.get(),
                    address.size) == static_cast<ssize_t>(message.size());
}

bool IcmpSocket::send_echo(const At& to, std::uint16_t identifier, std::uint16_t sequence,
                           std::string_view data) const {
    const std::uint32_t rest = (std::uint32_t{identifier} << 16U) | sequence;
    return send(to, icmp_message(kEchoRequest, 0, rest, data));
}

std::optional<IcmpAnswer> IcmpSocket::receive(Duration limit) const {
    const Deadline deadline(limit);
    std::vector<std::uint8_t> buffer(65536);
    while (wait_readable(socket_.number(), deadline)) {
        const ssize_t n = ::recv(socket_.number(), buffer.data(), buffer.size(), 0);
        if (n < 0) continue;
        ByteReader in(Bytes(buffer.data(), static_cast<std::size_t>(n)));
        const std::size_t header = (in.u8() & 0x0fU) * std::size_t{4};
        in.seek(12);
        IcmpAnswer answer;
        answer.from = read_ip4(in);
        in.seek(header);
        answer.type = in.u8();
        answer.code = in.u8();
        in.skip(2);
        answer.identifier = in.u16();
        answer.sequence = in.u16();
        answer.data = as_text(in.rest());
        if (in.ok()) return answer;
    }
    return std::nullopt;
}

std::optional<IcmpAnswer> IcmpSocket::receive_reply(std::uint16_t identifier,
                                                    std::uint16_t sequence, Duration limit) const {
    const Deadline deadline(limit);
    for (;;) {
        std::optional<IcmpAnswer> answer = receive(deadline.milliseconds_left() * 1ms);
        if (!answer) return answer;
        if (answer->type == kEchoReply && answer->identifier == identifier &&
            answer->sequence == sequence) {
            return answer;
        }
    }
}

}  // namespace gatehouse::lab
