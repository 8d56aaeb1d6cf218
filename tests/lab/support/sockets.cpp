// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "gateway/base/text.h"
#include "tests/lab/support/socket_address.h"

namespace gatehouse::lab {
namespace {

constexpr std::size_t kBiggest = 65536;

bool wait_until_ready(int fd, short events, const Deadline& deadline) {
    pollfd item{fd, events, 0};
    for (;;) {
        const int n = ::poll(&item, 1, deadline.milliseconds_left());
        if (n >= 0 || errno != EINTR) return n > 0;
    }
}

Endpoint local_of(int fd) {
    KernelAddress own;
    own.size = sizeof own.storage;
    if (::getsockname(fd, own.get(), &own.size) != 0) throw_errno("own address of a socket");
    return from_kernel(own.get()).value_or(Endpoint{});
}

Fd make_socket(const KernelAddress& address, int type) {
    return Fd::checked(::socket(address.family(), type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                       "socket");
}

bool is_stream(const Fd& socket) {
    int type = 0;
    socklen_t size = sizeof type;
    ::getsockopt(socket.number(), SOL_SOCKET, SO_TYPE, &type, &size);
    return type == SOCK_STREAM;
}

void share_port(const Fd& socket) {
    const int on = 1;
    ::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (is_stream(socket)) {
        ::setsockopt(socket.number(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    }
}

void bind_to(const Fd& socket, const KernelAddress& own, const Endpoint& endpoint) {
    // Not where the kernel chooses: it would sometimes give one port to two sockets.
    if (endpoint.port.number != 0) share_port(socket);
    if (::bind(socket.number(), own.get(), own.size) != 0) {
        throw_errno(concat("bind to ", endpoint.to_string()));
    }
    // Who punches holes connects from the port on which it listens.
    if (is_stream(socket)) share_port(socket);
}

int pending_error(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

UdpSocket Host::udp(At local) const {
    return inside([&] {
        const KernelAddress own = to_kernel(local.endpoint);
        Fd socket = make_socket(own, SOCK_DGRAM);
        bind_to(socket, own, local.endpoint);
        return UdpSocket(std::move(socket));
    });
}

bool UdpSocket::send_to(const At& to, std::string_view data) const {
    const KernelAddress address = to_kernel(to.endpoint);
    const ssize_t sent =
        ::sendto(socket_.number(), data.data(), data.size(), 0, address.get(), address.size);
    return sent == static_cast<ssize_t>(data.size());
}

std::optional<Datagram> UdpSocket::receive(Duration limit) const {
    const Deadline deadline(limit);
    std::string buffer(kBiggest, '\0');
    while (wait_until_ready(socket_.number(), POLLIN, deadline)) {
        KernelAddress from;
        from.size = sizeof from.storage;
        const ssize_t n =
            ::recvfrom(socket_.number(), buffer.data(), buffer.size(), 0, from.get(), &from.size);
        if (n < 0) continue;  // an ICMP error, or a datagram with a wrong checksum
        buffer.resize(static_cast<std::size_t>(n));
        return Datagram{from_kernel(from.get()).value_or(Endpoint{}), buffer};
    }
    return std::nullopt;
}

std::optional<Datagram> UdpSocket::ask(const At& to, std::string_view data, Duration limit) const {
    if (!send_to(to, data)) return std::nullopt;
    const Deadline deadline(limit);
    for (;;) {
        std::optional<Datagram> got = receive(deadline.milliseconds_left() * 1ms);
        if (!got || got->from == to.endpoint) return got;
    }
}

Verdict UdpSocket::stays_silent(Duration time) const {
    const std::optional<Datagram> got = receive(time);
    if (!got) return true;
    return no_because(concat("\"", printable(got->data), "\" came from ", got->from.to_string()));
}

Endpoint UdpSocket::local() const {
    return local_of(socket_.number());
}

TcpListener Host::listen(At local) const {
    return inside([&] {
        const KernelAddress own = to_kernel(local.endpoint);
        Fd socket = make_socket(own, SOCK_STREAM);
        bind_to(socket, own, local.endpoint);
        if (::listen(socket.number(), 1024) != 0) throw_errno("listen");
        return TcpListener(std::move(socket));
    });
}

std::optional<TcpConnection> TcpListener::accept(Duration limit) const {
    const Deadline deadline(limit);
    while (wait_until_ready(socket_.number(), POLLIN, deadline)) {
        const int fd = ::accept4(socket_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) return TcpConnection(Fd(fd), 0);
    }
    return std::nullopt;
}

Endpoint TcpListener::local() const {
    return local_of(socket_.number());
}

TcpConnection Host::begin_connect(At remote, std::optional<At> local) const {
    const KernelAddress peer = to_kernel(remote.endpoint);
    Fd socket = inside([&] {
        Fd made = make_socket(peer, SOCK_STREAM);
        if (local) bind_to(made, to_kernel(local->endpoint), local->endpoint);
        return made;
    });
    const bool begun =
        ::connect(socket.number(), peer.get(), peer.size) == 0 || errno == EINPROGRESS;
    const int error = begun ? 0 : errno;
    return TcpConnection(std::move(socket), error);
}

TcpConnection Host::connect(At remote, Duration limit, std::optional<At> local) const {
    const Deadline deadline(limit);
    TcpConnection out = begin_connect(remote, local);
    if (out.error() != 0) return out;
    // Given up as a whole: no late success.
    if (!wait_until_ready(out.number(), POLLOUT, deadline)) return TcpConnection(Fd(), ETIMEDOUT);
    return out;
}

bool TcpConnection::wait_for(short events, const Deadline& deadline) const {
    return socket_ && wait_until_ready(socket_.number(), events, deadline);
}

bool TcpConnection::is_alive() const {
    if (!socket_ || error() != 0) return false;
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(socket_.number(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
    return info.tcpi_state == TCP_ESTABLISHED;
}

int TcpConnection::error() const {
    if (error_ == 0 && socket_) error_ = pending_error(socket_.number());
    return error_;
}

bool TcpConnection::send(std::string_view data, Duration limit) {
    const Deadline deadline(limit);
    while (!data.empty()) {
        if (!wait_for(POLLOUT, deadline)) return false;
        const ssize_t n = ::send(socket_.number(), data.data(), data.size(), MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            error_ = errno;
            return false;
        }
        if (n > 0) data.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

std::optional<std::string> TcpConnection::receive(Duration limit) {
    const Deadline deadline(limit);
    std::string buffer(kBiggest, '\0');
    while (wait_for(POLLIN, deadline)) {
        const ssize_t n = ::recv(socket_.number(), buffer.data(), buffer.size(), 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (n < 0) error_ = errno;
        buffer.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
        return buffer;
    }
    return socket_ ? std::nullopt : std::optional<std::string>(std::string());
}

std::string TcpConnection::receive_exactly(std::size_t size, Duration limit) {
    const Deadline deadline(limit);
    std::string out;
    while (out.size() < size && wait_for(POLLIN, deadline)) {
        std::string piece(std::min(size - out.size(), kBiggest), '\0');
        const ssize_t n = ::recv(socket_.number(), piece.data(), piece.size(), 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (n < 0) error_ = errno;
        if (n <= 0) break;
        out.append(piece, 0, static_cast<std::size_t>(n));
    }
    return out;
}

Verdict TcpConnection::echoes(std::string_view data, Duration limit) {
    if (!send(data, limit)) return no_because(concat("cannot send, errno ", error_));
    const std::string back = receive_exactly(data.size(), limit);
    if (back == data) return true;
    return no_because(concat("came back: ", back.size(), " of ", data.size(), " bytes \"",
                             printable(std::string_view(back).substr(0, 80)), "\""));
}

void TcpConnection::finish() {
    if (socket_) ::shutdown(socket_.number(), SHUT_WR);
}

void TcpConnection::close() {
    socket_.close();
}

void TcpConnection::reset() {
    if (!socket_) return;
    const linger now{1, 0};
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    socket_.close();
}

Endpoint TcpConnection::local() const {
    return socket_ ? local_of(socket_.number()) : Endpoint{};
}

std::optional<Endpoint> TcpConnection::peer() const {
    KernelAddress other;
    other.size = sizeof other.storage;
    if (!socket_ || ::getpeername(socket_.number(), other.get(), &other.size) != 0) {
        return std::nullopt;
    }
    return from_kernel(other.get());
}

}  // namespace gatehouse::lab
