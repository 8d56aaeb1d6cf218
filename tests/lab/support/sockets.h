// SPDX-License-Identifier: GPL-2.0-or-later
//
// UDP and TCP sockets that belong to a host of the lab. No call waits longer than the time given;
// "nothing came" is an ordinary answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/ip.h"
#include "tests/lab/support/fd.h"
#include "tests/lab/support/host.h"
#include "tests/lab/support/wait.h"

namespace gatehouse::lab {

struct Datagram {
    Endpoint from;
    std::string data;
};

// Made by Host::udp().
class UdpSocket {
  public:
    explicit UdpSocket(Fd socket) : socket_(std::move(socket)) {}

    // Whether the host's kernel took it: not when there is no route or the interface is down.
    bool send_to(const At& to, std::string_view data) const;
    // The next datagram; nothing when none came in time.
    std::optional<Datagram> receive(Duration limit = 2s) const;
    // Sends and waits for the answer of exactly that endpoint, whoever else writes meanwhile.
    std::optional<Datagram> ask(const At& to, std::string_view data, Duration limit = 2s) const;
    // Nothing arrives during the whole time; a datagram that did is in the verdict.
    Verdict stays_silent(Duration time) const;
    Endpoint local() const;
    int number() const { return socket_.number(); }

  private:
    Fd socket_;
};

// Made by Host::connect() and TcpListener::accept().
class TcpConnection {
  public:
    TcpConnection(Fd socket, int error) : socket_(std::move(socket)), error_(error) {}

    // Established, and neither closed nor reset by the peer as far as this side knows.
    bool is_alive() const;
    // Why it could not be made or how it broke: ECONNREFUSED, ETIMEDOUT, ECONNRESET; 0 for none.
    int error() const;

    bool send(std::string_view data, Duration limit = 5s);
    // What has come, at least one byte; "" after the peer's end; nothing when the time was over.
    std::optional<std::string> receive(Duration limit = 2s);
    // Exactly that many bytes, or fewer when the connection ended or the time was over.
    std::string receive_exactly(std::size_t size, Duration limit = 5s);
    // Sends, and whether the same bytes come back (the peer is an echo).
    Verdict echoes(std::string_view data, Duration limit = 5s);
    void finish();  // no more to send; the peer sees the end
    void close();
    void reset();  // closes with RST
    Endpoint local() const;
    std::optional<Endpoint> peer() const;
    int number() const { return socket_.number(); }

  private:
    bool wait_for(short events, const Deadline& deadline) const;

    Fd socket_;
    mutable int error_ = 0;
};

// Made by Host::listen().
class TcpListener {
  public:
    explicit TcpListener(Fd socket) : socket_(std::move(socket)) {}

    // The next connection; nothing when none came in time.
    std::optional<TcpConnection> accept(Duration limit = 2s) const;
    Endpoint local() const;
    int number() const { return socket_.number(); }

  private:
    Fd socket_;
};

}  // namespace gatehouse::lab
