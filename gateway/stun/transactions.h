// SPDX-License-Identifier: GPL-2.0-or-later
//
// Questions on their way: each is one STUN transaction, asked again until it is answered or given
// up (RFC 8489 6.2.1, with fewer tries: a test whose answer is "nothing comes" has to end while a
// person waits). Over TCP a question is asked once. An answer is known by its transaction id alone,
// and it may come in at any socket: which one, and from where, is what the tests want to know.
//
// Timers: a question is sent at 0, 1, 3, 7, ... times the first wait, then given up after a last
// wait of kLastWaits times the first one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/random.h"
#include "gateway/base/time.h"
#include "gateway/stun/message.h"
#include "gateway/stun/transport.h"

namespace gatehouse::stun {

using SocketId = std::uint32_t;

// Effects: what the shell shall do, in this order.
struct OpenSocket {
    SocketId socket = 0;
    Transport transport = Transport::udp;
    Port local_port;  // 0: any. Several TCP sockets may share one
    Endpoint remote;  // TCP: connect to it
};
struct CloseSocket {
    SocketId socket = 0;
};
struct SendMessage {
    SocketId socket = 0;
    Endpoint to;
    std::vector<std::uint8_t> bytes;
};
using Effect = std::variant<OpenSocket, CloseSocket, SendMessage>;
using Effects = std::vector<Effect>;

struct Question {
    SocketId socket = 0;
    Endpoint to;
    ChangeRequest change;
    std::optional<Port> response_port;
    std::optional<std::uint16_t> padding;
};

enum class Outcome : std::uint8_t {
    pending,
    answered,  // with success, or with the question itself at another socket (hairpin)
    refused,   // with an error
    silent,    // nothing came
    failed,    // the socket could not be opened or connected
};

struct Transaction {
    Question question;
    TransactionId id;
    Outcome outcome = Outcome::pending;
    Message answer;   // once answered or refused
    Endpoint from;    // who sent it
    SocketId at = 0;  // where it came in
    Instant settled;  // when
    int sent = 0;
    Instant next;  // when to send again
    Instant give_up;
};

struct Patience {
    static constexpr int kLastWaits = 4;

    Duration first_wait = 300ms;
    int tries = 5;

    // From asking until giving up.
    Duration total() const;
};

class Transactions {
  public:
    Transactions(Random& random, const Patience& patience);

    SocketId open(Transport transport, Port local_port, const Endpoint& remote);
    void close(SocketId socket);
    // The socket's own endpoint, once it is open.
    std::optional<Endpoint> local(SocketId socket) const;

    // Asks now, or as soon as the socket is open. The index holds until clear().
    std::size_t ask(const Question& question, Instant now);
    const Transaction& operator[](std::size_t index) const { return asked_[index]; }
    std::size_t size() const { return asked_.size(); }
    bool settled() const;  // nothing is pending
    void clear() { asked_.clear(); }

    void on_opened(SocketId socket, const Endpoint& local, Instant now);
    void on_failed(SocketId socket, Instant now);
    void on_received(SocketId socket, const Endpoint& from, Bytes bytes, Instant now);
    void on_time(Instant now);

    Instant deadline() const;
    Effects take_effects();

  private:
    struct Socket {
        Transport transport = Transport::udp;
        bool failed = false;
        std::optional<Endpoint> local;
    };

    void send(Transaction& transaction, Instant now);

    Random& random_;
    Patience patience_;
    std::map<SocketId, Socket> sockets_;
    SocketId last_socket_ = 0;
    std::vector<Transaction> asked_;
    Effects effects_;
};

}  // namespace gatehouse::stun
