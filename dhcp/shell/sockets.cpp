// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/shell/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "dhcp/frames.h"

namespace gatehouse::dhcp {

namespace {

// In one turn of the loop, so that others get theirs.
constexpr int kMostRead = 512;
constexpr std::size_t kMostDiscovers = 32;

// Where every client says first what it wants.
bool is_discover(Bytes packet) {
    ByteReader in(packet);
    in.seek(240);
    return in.u8() == option::kMessageType && in.u8() == 1 &&
           in.u8() == static_cast<std::uint8_t>(MessageType::discover) && in.ok();
}

}  // namespace

Sockets::~Sockets() {
    if (turn_) loop_.cancel(*turn_);
    for (const auto& [interface, open] : open_)
        close(open);
}

Result<Sockets::Open> Sockets::open(const ServedLink& link) {
    auto udp = kernel::open_link_udp(link.interface, kServerPort);
    if (!udp) return udp.failure();
    loop::Fd requests(*udp);
    auto frames = kernel::PacketSocket::open(link.index);
    if (!frames) return frames.failure();
    return Open{link, std::move(requests), std::move(*frames)};
}

void Sockets::close(const Open& open) {
    loop_.unwatch(open.udp.get());
    loop_.unwatch(open.frames.fd());
}

void Sockets::serve(const std::vector<ServedLink>& links) {
    wanted_ = links;
    for (auto at = open_.begin(); at != open_.end();) {
        if (std::find(links.begin(), links.end(), at->second.link) != links.end()) {
            ++at;
            continue;
        }
        close(at->second);
        at = open_.erase(at);
    }
    retry();
}

void Sockets::retry() {
    for (const ServedLink& link : wanted_) {
        if (open_.contains(link.interface)) continue;
        const Status started = start(link);
        std::string& before = failed_[link.interface];
        const std::string reason = started ? std::string() : started.error().text;
        if (!started && reason != before) complain_(link.interface, started.error());
        before = reason;
    }
}

Status Sockets::start(const ServedLink& link) {
    auto made = open(link);
    if (!made) return made.failure();
    const std::string name = link.interface;
    const Open& open = open_.emplace(name, std::move(*made)).first->second;
    Status watched =
        loop_.watch(open.udp.get(), EPOLLIN, [this, name](std::uint32_t) { read_requests(name); });
    if (watched) {
        watched =
            loop_.watch(open.frames.fd(), EPOLLIN, [this, name](std::uint32_t) { read_arp(name); });
    }
    if (!watched) {
        close(open);
        open_.erase(name);
    }
    return watched;
}

void Sockets::read_requests(const std::string& interface) {
    std::array<std::uint8_t, kLongestMessage> buffer{};
    for (int i = 0; i < kMostRead; ++i) {
        // What is fed may close this link.
        const auto found = open_.find(interface);
        if (found == open_.end()) break;
        sockaddr_in from{};
        socklen_t length = sizeof from;
        const ssize_t size = ::recvfrom(found->second.udp.get(), buffer.data(), buffer.size(), 0,
                                        reinterpret_cast<sockaddr*>(&from), &length);
        if (size < 0) break;
        const Bytes packet = Bytes(buffer).first(static_cast<std::size_t>(size));
        const Ip4 source{ntohl(from.sin_addr.s_addr)};
        if (!is_discover(packet)) {
            feed_(PacketSeen{interface, packet, source});
        } else if (waiting_.size() < kMostWaiting) {
            waiting_.push_back({interface, {packet.begin(), packet.end()}, source});
        } else {
            ++unread_;
        }
    }
    if (!turn_) serve_waiting();
}

void Sockets::serve_waiting() {
    turn_.reset();
    for (std::size_t i = 0; i < kMostDiscovers && !waiting_.empty(); ++i) {
        const Waiting next = std::move(waiting_.front());
        waiting_.pop_front();
        feed_(PacketSeen{next.interface, next.packet, next.source});
    }
    if (waiting_.empty()) return;
    // Whatever has come meanwhile is read first.
    turn_ = loop_.at(loop_.now(), [this] { serve_waiting(); });
}

void Sockets::read_arp(const std::string& interface) {
    std::vector<ArpClaim> claims;
    const auto found = open_.find(interface);
    if (found == open_.end()) return;
    found->second.frames.receive([&](Bytes frame) {
        const auto claim = parse_arp(frame);
        if (claim && claim->mac != found->second.link.mac) claims.push_back(*claim);
    });
    for (const ArpClaim& claim : claims)
        feed_(ArpSeen{interface, claim.address, claim.mac});
}

void Sockets::send(const Open& open, const Send& send) {
    if (send.hardware) {
        (void)open.frames.send(write_udp_frame(open.link.mac, *send.hardware, send.source,
                                               send.destination, kServerPort, send.port,
                                               send.payload));
        return;
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(send.port.number);
    to.sin_addr.s_addr = htonl(send.destination.value);
    // Lost like any datagram where it cannot leave: whoever asked asks again.
    (void)::sendto(open.udp.get(), send.payload.data(), send.payload.size(), 0,
                   reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

void Sockets::send(const Effects& effects) {
    for (const Send& one : effects.sends) {
        const auto found = open_.find(one.interface);
        if (found != open_.end()) send(found->second, one);
    }
    for (const ArpProbe& probe : effects.probes) {
        const auto found = open_.find(probe.interface);
        if (found == open_.end()) continue;
        (void)found->second.frames.send(write_arp_probe(found->second.link.mac, probe.address));
    }
}

}  // namespace gatehouse::dhcp
