// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/server_shell.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "gateway/base/text.h"

namespace gatehouse::stun {
namespace {

constexpr int kAtOnce = 64;  // datagrams or connections taken from one socket before the next one

}  // namespace

Status ServerShell::open() {
    const ServerConfig& config = server_.config();
    for (const Side side : kSides) {
        if (!config.alternate_address && side.index() != 0) continue;
        auto udp = open_udp(config.endpoint(side));
        if (!udp) return udp.failure();
        auto listener = listen_tcp(config.endpoint(side));
        if (!listener) return listener.failure();
        doors_.push_back({side, *std::move(udp), *std::move(listener)});
    }
    return {};
}

const Descriptor& ServerShell::udp_of(Side side) const {
    const auto found = std::find_if(doors_.begin(), doors_.end(),
                                    [&](const Door& door) { return door.side == side; });
    return found == doors_.end() ? doors_.front().udp : found->udp;
}

// In this order: stop, then two for each door, then the connections.
std::vector<pollfd> ServerShell::wanted(int stop) const {
    std::vector<pollfd> out{{stop, POLLIN, 0}};
    for (const Door& door : doors_) {
        out.push_back({door.udp.get(), POLLIN, 0});
        out.push_back({door.listener.get(), POLLIN, 0});
    }
    for (const Connection& connection : connections_) {
        out.push_back({connection.socket.get(), POLLIN, 0});
    }
    return out;
}

// Milliseconds until a connection has been idle for too long.
int ServerShell::patience(Instant now) const {
    Instant first = kNever;
    for (const Connection& connection : connections_) {
        first = std::min(first, connection.idle_since + kIdle);
    }
    if (first == kNever) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - now).count();
    return static_cast<int>(std::max<std::int64_t>(left, 0));
}

Status ServerShell::serve_until(int stop) {
    for (;;) {
        std::vector<pollfd> files = wanted(stop);
        if (poll(files.data(), files.size(), patience(boot_time())) < 0) {
            if (errno == EINTR) continue;
            return fail(concat("cannot wait for packets: ", error_text(errno)));
        }
        if (files.front().revents != 0) return {};
        const Instant now = boot_time();
        std::size_t at = 1 + 2 * doors_.size();
        for (auto connection = connections_.begin(); connection != connections_.end(); ++at) {
            const bool keep = files[at].revents != 0 ? answer_stream(*connection, now)
                                                     : now < connection->idle_since + kIdle;
            connection = keep ? std::next(connection) : connections_.erase(connection);
        }
        for (std::size_t i = 0; i < doors_.size(); ++i) {
            if (files[1 + 2 * i].revents != 0) answer_datagrams(doors_[i], now);
            if (files[2 + 2 * i].revents != 0) accept_connections(doors_[i], now);
        }
    }
}

void ServerShell::answer_datagrams(const Door& door, Instant now) {
    for (int i = 0; i < kAtOnce; ++i) {
        const std::optional<Datagram> datagram = receive_from(door.udp.get(), buffer_);
        if (!datagram) return;
        const Bytes bytes = Bytes(buffer_).first(datagram->size);
        const std::optional<Reply> reply =
            server_.handle({bytes, datagram->from, door.side, Transport::udp}, now);
        // An answer that cannot be sent is one that was lost: the client asks again.
        if (reply) send_to(udp_of(reply->from).get(), reply->bytes, reply->to);
    }
}

void ServerShell::accept_connections(const Door& door, Instant now) {
    for (int i = 0; i < kAtOnce; ++i) {
        auto arrived = accept_tcp(door.listener.get());
        if (!arrived) return;
        const Endpoint peer = arrived->second;
        const auto of_one = std::count_if(
            connections_.begin(), connections_.end(),
            [&](const Connection& other) { return other.peer.address == peer.address; });
        if (connections_.size() >= kConnections ||
            static_cast<std::size_t>(of_one) >= kConnectionsOfOne) {
            continue;  // closes it
        }
        connections_.push_back({std::move(arrived->first), peer, door.side, now, {}});
    }
}

bool ServerShell::answer_stream(Connection& connection, Instant now) {
    const int socket = connection.socket.get();
    const std::span<std::uint8_t> room = std::span(buffer_).first(FrameReader::kLimit);
    const ssize_t size = recv(socket, room.data(), room.size(), MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) return false;
    if (!connection.reader.feed(Bytes(room).first(static_cast<std::size_t>(size)))) return false;
    while (const auto frame = connection.reader.next()) {
        connection.idle_since = now;  // only whole messages count
        const std::optional<Reply> reply =
            server_.handle({*frame, connection.peer, connection.side, Transport::tcp}, now);
        // Whoever does not read the answers gets no more of them.
        if (reply && !send_all(socket, reply->bytes)) return false;
    }
    return connection.reader.ok();
}

}  // namespace gatehouse::stun
