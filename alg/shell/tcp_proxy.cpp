// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/shell/tcp_proxy.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <vector>

#include "gateway/loop/socket_address.h"

namespace gatehouse::sip {

namespace {

constexpr int kOriginalDestination = 80;  // SO_ORIGINAL_DST of linux/netfilter_ipv4.h
constexpr int kBacklog = 64;
constexpr int kMostTries = 64;   // ports
constexpr int kMostAtOnce = 16;  // connections that are taken in a turn
// A peer that is gone is noticed, and what else stands on the way stays open.
constexpr int kKeepAliveAfter = 120;  // seconds
constexpr int kKeepAliveEvery = 30;
constexpr int kKeepAliveTries = 4;
constexpr int kConnectTries = 4;  // about half a minute

Endpoint4 endpoint_of(const loop::SocketAddress& address) {
    const auto endpoint = address.endpoint();
    return endpoint && endpoint->address.is_v4() ? Endpoint4{endpoint->address.v4(), endpoint->port}
                                                 : Endpoint4{};
}

bool set(int fd, int level, int option, int value) {
    return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

bool bind_to(int fd, Endpoint4 endpoint) {
    const loop::SocketAddress at(endpoint);
    return ::bind(fd, at.get(), at.size) == 0;
}

Endpoint4 own_end(int fd) {
    loop::SocketAddress at;
    (void)::getsockname(fd, at.get(), &at.size);
    return endpoint_of(at);
}

// Where the host wanted to; nothing where it wanted to us.
std::optional<Endpoint4> wanted_by_host(int fd) {
    loop::SocketAddress to;
    to.size = sizeof(sockaddr_in);
    if (::getsockopt(fd, IPPROTO_IP, kOriginalDestination, to.get(), &to.size) != 0) {
        return std::nullopt;
    }
    const Endpoint4 out = endpoint_of(to);
    return out == own_end(fd) ? std::nullopt : std::optional(out);
}

void prepare(int fd) {
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveAfter);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveEvery);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveTries);
}

// Closing tells the peer that something went wrong.
void make_closing_a_reset(int fd) {
    const linger at_once{1, 0};
    (void)::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

// A socket on its way to the server, from there; nothing where it cannot be.
loop::Fd begin_connection(Endpoint4 from, Endpoint4 to) {
    loop::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return fd;
    prepare(fd.get());
    set(fd.get(), IPPROTO_TCP, TCP_SYNCNT, kConnectTries);
    if (from != Endpoint4{}) {
        // The port may rest after the host's last connection, or be used to another server.
        set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
        if (!bind_to(fd.get(), from)) return {};
    }
    const loop::SocketAddress at(to);
    const int done = ::connect(fd.get(), at.get(), at.size);
    return done == 0 || errno == EINPROGRESS ? std::move(fd) : loop::Fd();
}

}  // namespace

Result<std::unique_ptr<TcpProxy>> TcpProxy::open(loop::Loop& loop, PortRange ports,
                                                 const std::string& table, std::string set,
                                                 Feed feed) {
    auto elements = kernel::NftElements::open(table);
    if (!elements) return elements.failure();
    std::unique_ptr<TcpProxy> proxy(
        new TcpProxy(loop, std::move(*elements), std::move(set), std::move(feed)));
    for (std::uint16_t i = 0; i + 1 < kMostTries; ++i) {
        const Port port{static_cast<std::uint16_t>(ports.first.number + i)};
        if (port < ports.last && proxy->listen(port)) return proxy;
    }
    const Status last = proxy->listen(ports.last);
    if (!last) return last.failure();
    return proxy;
}

TcpProxy::~TcpProxy() {
    if (again_) loop_.cancel(*again_);
    if (listener_) loop_.unwatch(listener_.get());
    for (const auto& [id, connection] : connections_) {
        loop_.unwatch(connection.inside.fd.get());
        if (connection.outside.fd) loop_.unwatch(connection.outside.fd.get());
    }
}

// The ruleset looks for a transparent socket before it leads anybody here.
Status TcpProxy::listen(Port port) {
    loop::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return fail_with_errno("socket");
    const bool good = set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1) &&
                      set(fd.get(), IPPROTO_IP, IP_TRANSPARENT, 1) &&
                      bind_to(fd.get(), {Ip4{}, port}) && ::listen(fd.get(), kBacklog) == 0;
    if (!good) return fail_with_errno("listening for SIP over TCP");
    const Status watched = loop_.watch(fd.get(), EPOLLIN, [this](std::uint32_t) { accept(); });
    if (!watched) return watched;
    listener_ = std::move(fd);
    port_ = port;
    return {};
}

// Until there is room again.
void TcpProxy::stop_listening() {
    loop_.unwatch(listener_.get());
    listener_ = loop::Fd();
    if (!again_) again_ = loop_.after(kRetry, [this] { listen_again(); });
}

void TcpProxy::listen_again() {
    again_.reset();
    const bool full = connections_.size() >= kMost;
    if (!full && listen(port_)) return;
    again_ = loop_.after(kRetry, [this] { listen_again(); });
}

bool TcpProxy::admit(Ip4 host) {
    const std::size_t has = of_host_[host];
    if (has + 1 >= kMostOfHost) {
        kernel::ElementChange change;
        change.set = set_;
        change.key = kernel::ConcatKey().address(host).bytes();
        change.timeout = kCrowded;
        (void)elements_.apply({&change, 1});
    }
    return has < kHardMostOfHost;
}

void TcpProxy::accept() {
    for (int i = 0; i < kMostAtOnce && listener_; ++i) {
        loop::SocketAddress from;
        loop::Fd fd(
            ::accept4(listener_.get(), from.get(), &from.size, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!fd) {
            if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) stop_listening();
            return;
        }
        const Endpoint4 host = endpoint_of(from);
        const auto server = wanted_by_host(fd.get());
        if (!server || !admit(host.address)) {
            make_closing_a_reset(fd.get());
            continue;
        }
        prepare(fd.get());
        const StreamId id = next_++;
        Connection& connection = connections_[id];
        connection.host = host;
        connection.server = *server;
        connection.inside.fd = std::move(fd);
        ++of_host_[host.address];
        if (connections_.size() >= kMost) stop_listening();
        feed_(StreamBegun{id, host, *server});
    }
}

void TcpProxy::connect(const StreamConnect& order) {
    const auto found = connections_.find(order.id);
    if (found == connections_.end()) return;
    Side& side = found->second.outside;
    side.fd = begin_connection(order.outside, order.remote);
    if (!side.fd && order.outside != Endpoint4{}) side.fd = begin_connection({}, order.remote);
    if (!side.fd) return end(order.id, true);
    watch(order.id, false, side, EPOLLOUT);
}

void TcpProxy::perform(const Effects& effects) {
    for (const StreamConnect& order : effects.connects)
        connect(order);
    for (const StreamBytes& one : effects.bytes) {
        const auto found = connections_.find(one.id);
        if (found == connections_.end()) continue;
        Connection& connection = found->second;
        (one.outward ? connection.outside : connection.inside).waiting += one.bytes;
    }
    for (const StreamBytes& one : effects.bytes)
        settle(one.id);
}

void TcpProxy::move_to(Ip4 outside) {
    std::vector<StreamId> others;
    for (const auto& [id, connection] : connections_) {
        // Also one of which we have not heard yet that it is made: for the server it is.
        const loop::Fd& fd = connection.outside.fd;
        if (fd && own_end(fd.get()).address != outside) others.push_back(id);
    }
    for (const StreamId id : others)
        end(id, true);
}

// outward: of the host's side.
void TcpProxy::on_events(StreamId id, bool outward, std::uint32_t events) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Connection& connection = found->second;
    if (!connection.connected) return finish_connect(id, connection);
    Side& side = outward ? connection.inside : connection.outside;
    if ((side.watched & EPOLLIN) != 0 && (events & ~static_cast<unsigned>(EPOLLOUT)) != 0) {
        return read(id, outward);
    }
    settle(id);
}

void TcpProxy::finish_connect(StreamId id, Connection& connection) {
    int error = 0;
    socklen_t size = sizeof error;
    const int fd = connection.outside.fd.get();
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
        return end(id, true);
    }
    connection.connected = true;
    const Endpoint4 from = own_end(fd);
    feed_(StreamConnected{id, from});
    settle(id);
}

void TcpProxy::read(StreamId id, bool outward) {
    Connection& connection = connections_.at(id);
    Side& side = outward ? connection.inside : connection.outside;
    std::array<char, kReading> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const ssize_t got = ::recv(side.fd.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) {
        if (errno != EAGAIN && errno != EINTR) end(id, true);
        return;
    }
    side.said_all = got == 0;
    feed_(StreamData{id, outward, {buffer.data(), static_cast<std::size_t>(got)}, got == 0});
    settle(id);
}

// Sends what waits, and the end behind it. False where that is not possible any more.
bool TcpProxy::send_waiting(Side& side, const Side& from) const {
    while (!side.waiting.empty()) {
        const ssize_t sent =
            ::send(side.fd.get(), side.waiting.data(), side.waiting.size(), MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN || errno == EINTR;
        side.waiting.erase(0, static_cast<std::size_t>(sent));
    }
    if (from.said_all && !side.told_all) {
        side.told_all = true;
        (void)::shutdown(side.fd.get(), SHUT_WR);
    }
    return true;
}

// Sends what can be sent, and waits for what is to come.
void TcpProxy::settle(StreamId id) {
    const auto found = connections_.find(id);
    if (found == connections_.end() || !found->second.connected) return;
    Connection& connection = found->second;
    Side& inside = connection.inside;
    Side& outside = connection.outside;
    if (!send_waiting(inside, outside) || !send_waiting(outside, inside)) return end(id, true);
    if (inside.told_all && outside.told_all) return end(id, false);
    const auto wanted = [](const Side& side, const Side& other) {
        const bool reads = !side.said_all && other.waiting.empty();
        return (reads ? EPOLLIN : 0U) | (side.waiting.empty() ? 0U : EPOLLOUT);
    };
    watch(id, true, inside, wanted(inside, outside));
    watch(id, false, outside, wanted(outside, inside));
}

// A side of which nothing is wanted is not watched at all: its end would be told again and again.
void TcpProxy::watch(StreamId id, bool outward, Side& side, std::uint32_t events) {
    if (side.watched == events) return;
    side.watched = events;
    if (events == 0) return loop_.unwatch(side.fd.get());
    (void)loop_.watch(side.fd.get(), events,
                      [this, id, outward](std::uint32_t seen) { on_events(id, outward, seen); });
}

void TcpProxy::end(StreamId id, bool reset) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    for (Side* side : {&found->second.inside, &found->second.outside}) {
        if (!side->fd) continue;
        if (reset) make_closing_a_reset(side->fd.get());
        if (side->watched != 0) loop_.unwatch(side->fd.get());
    }
    const auto of_host = of_host_.find(found->second.host.address);
    if (--of_host->second == 0) of_host_.erase(of_host);
    connections_.erase(found);
    feed_(StreamEnded{id});
}

}  // namespace gatehouse::sip
