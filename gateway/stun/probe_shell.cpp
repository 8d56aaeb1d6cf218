// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/probe_shell.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <variant>

#include "gateway/base/text.h"

namespace gatehouse::stun {
namespace {

constexpr int kAtOnce = 64;  // datagrams taken from one socket before the next one

int milliseconds_until(Instant deadline) {
    if (deadline == kNever) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - boot_time()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60000));
}

}  // namespace

Result<Report> ProbeShell::run() {
    give(Start{});
    while (!probe_.finished()) {
        if (no_socket_) return fail(trouble_);
        if (!soon_.empty()) {
            const ProbeEvent event = soon_.front();
            soon_.pop_front();
            give(event);
            continue;
        }
        const Status status = wait();
        if (!status) return fail(status.error());
        if (probe_.deadline() <= boot_time()) give(TimePassed{});
    }
    return probe_.report();
}

void ProbeShell::give(const ProbeEvent& event) {
    for (const Effect& effect : probe_.handle(event, boot_time())) {
        std::visit([this](const auto& one) { perform(one); }, effect);
    }
}

void ProbeShell::perform(const OpenSocket& open) {
    const Endpoint local{local_, open.local_port};
    auto made =
        open.transport == Transport::udp ? open_udp(local) : begin_connect(local, open.remote);
    if (!made) {
        trouble_ = made.error().text;
        no_socket_ = no_socket_ || open.transport == Transport::udp;
        soon_.push_back(SocketFailed{open.socket});
        return;
    }
    const int descriptor = made->get();
    const bool tcp = open.transport == Transport::tcp;
    sockets_[open.socket] = {*std::move(made), open.transport, tcp, open.remote, {}};
    if (!tcp) soon_.push_back(Opened{open.socket, local_endpoint(descriptor).value_or(local)});
}

void ProbeShell::perform(const SendMessage& send) {
    const auto found = sockets_.find(send.socket);
    if (found == sockets_.end()) return;
    const int descriptor = found->second.descriptor.get();
    if (found->second.transport == Transport::tcp) {
        if (!send_all(descriptor, send.bytes)) soon_.push_back(SocketFailed{send.socket});
        return;
    }
    // As good as lost on the way: it is sent again, and silence is reported as such.
    if (const int error = send_to(descriptor, send.bytes, send.to)) {
        trouble_ = concat("cannot send to ", send.to.to_string(), ": ", error_text(error));
    }
}

Status ProbeShell::wait() {
    std::vector<pollfd> files;
    std::vector<SocketId> ids;
    for (const auto& [id, socket] : sockets_) {
        const short events = socket.connecting ? POLLOUT : POLLIN;
        files.push_back({socket.descriptor.get(), events, 0});
        ids.push_back(id);
    }
    const int ready = poll(files.data(), files.size(), milliseconds_until(probe_.deadline()));
    if (ready < 0 && errno != EINTR) {
        return fail(concat("cannot wait for packets: ", error_text(errno)));
    }
    for (std::size_t i = 0; ready > 0 && i < files.size(); ++i) {
        if (files[i].revents != 0) on_ready(ids[i]);
    }
    return {};
}

void ProbeShell::on_ready(SocketId id) {
    const auto found = sockets_.find(id);  // an earlier event of this turn may have closed it
    if (found == sockets_.end()) return;
    if (found->second.connecting) return finish_connect(id);
    if (found->second.transport == Transport::tcp) return read_stream(id);
    read_datagrams(id, found->second.descriptor.get());
}

void ProbeShell::finish_connect(SocketId id) {
    Socket& socket = sockets_.at(id);
    socket.connecting = false;
    const int error = connect_error(socket.descriptor.get());
    const std::optional<Endpoint> local = local_endpoint(socket.descriptor.get());
    if (error == 0 && local) return give(Opened{id, *local});
    trouble_ = concat("cannot connect to TCP ", socket.remote.to_string(), ": ", error_text(error));
    sockets_.erase(id);
    give(SocketFailed{id});
}

void ProbeShell::read_datagrams(SocketId id, int descriptor) {
    for (int i = 0; i < kAtOnce && sockets_.contains(id); ++i) {
        const std::optional<Datagram> datagram = receive_from(descriptor, buffer_);
        if (!datagram) return;
        give(Received{id, datagram->from, Bytes(buffer_).first(datagram->size)});
    }
}

void ProbeShell::read_stream(SocketId id) {
    Socket& socket = sockets_.at(id);
    const std::span<std::uint8_t> room = std::span(buffer_).first(FrameReader::kLimit);
    const ssize_t size = recv(socket.descriptor.get(), room.data(), room.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    const Endpoint remote = socket.remote;
    std::vector<std::vector<std::uint8_t>> frames;
    bool open = size > 0 && socket.reader.feed(Bytes(room).first(static_cast<std::size_t>(size)));
    while (open) {
        auto frame = socket.reader.next();
        if (!frame) break;
        frames.push_back(*std::move(frame));
    }
    open = open && socket.reader.ok();
    if (!open) sockets_.erase(id);
    for (const auto& frame : frames)
        give(Received{id, remote, frame});
    if (!open) give(SocketFailed{id});
}

}  // namespace gatehouse::stun
