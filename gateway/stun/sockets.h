// SPDX-License-Identifier: GPL-2.0-or-later
//
// The few socket calls that the two commands need. Every socket is non-blocking. Errors are words,
// with the reason that the kernel gave.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/bytes.h"
#include "gateway/base/ip.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/stun/transport.h"

namespace gatehouse::stun {

// A descriptor that is closed with its owner.
class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();

    int get() const { return number_; }

  private:
    int number_ = -1;
};

Instant boot_time();

// A UDP socket at an endpoint (port 0: any). Datagrams larger than the path are sent in fragments.
Result<Descriptor> open_udp(const Endpoint& local);
Result<Descriptor> listen_tcp(const Endpoint& local);
// Begins to connect from an endpoint whose port other connections may share. When the socket
// becomes writable, connect_error() says how it went.
Result<Descriptor> begin_connect(const Endpoint& local, const Endpoint& remote);
int connect_error(int socket);
// The next connection waiting at a listener, and who it is; nothing when there is none.
std::optional<std::pair<Descriptor, Endpoint>> accept_tcp(int listener);

std::optional<Endpoint> local_endpoint(int socket);
// The address that this machine would send from to reach a remote one. Sends nothing.
Result<IpAddress> address_towards(const Endpoint& remote);
// The addresses of a name, IPv4 first.
Result<IpAddress> resolve(std::string_view host, std::optional<bool> want_v4);

// 0 when sent, else the error number.
int send_to(int socket, Bytes bytes, const Endpoint& to);
// True when all bytes were taken.
bool send_all(int socket, Bytes bytes);
struct Datagram {
    std::size_t size = 0;
    Endpoint from;
};
// The next datagram waiting; nothing when there is none.
std::optional<Datagram> receive_from(int socket, std::span<std::uint8_t> buffer);

}  // namespace gatehouse::stun
