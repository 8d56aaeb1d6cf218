// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds out what stands between this machine and a STUN server with two addresses: the tests of RFC
// 3489 10.1 and RFC 5780 4, as a pure state machine. Events in, effects out; the shell owns sockets
// and the clock. Every stage asks one or more questions at once and ends when they are settled.
//
// The order of the stages and the sockets they use matter, because a test changes what it tests:
//   reach      socket M asks the server's main endpoint; a TCP socket does the same
//   filtering  two fresh sockets ask for an answer from the other address, and from the other port.
//              Nothing has been sent to the other address yet, from any socket: some gateways
//              remember whom a host talked to, not whom a port talked to
//   mapping    M and TCP sockets on one port ask the other address. M was never answered from
//              there: an unexpected packet can occupy the way that M's own question needs
//   fragments  M sends a question in fragments and wants such an answer; socket H learns its
//              outside endpoint
//   hairpin    M and H send to each other's outside endpoint, both, so that no filter is in the way
//   lifetime   only if wanted: fresh sockets fall silent, and after a while socket Y asks for an
//              answer to their port
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/random.h"
#include "gateway/base/time.h"
#include "gateway/stun/lifetime.h"
#include "gateway/stun/report.h"
#include "gateway/stun/transactions.h"

namespace gatehouse::stun {

struct ProbeConfig {
    Endpoint server;
    Patience patience;
    bool lifetime = false;
    Duration longest_lifetime = 400s;
};

// Events.
struct Start {};
struct Opened {
    SocketId socket = 0;
    Endpoint local;  // the real address, never 0.0.0.0
};
struct SocketFailed {  // could not be opened or connected, or the peer ended it
    SocketId socket = 0;
};
struct Received {
    SocketId socket = 0;
    Endpoint from;
    Bytes bytes;  // over TCP: one framed message
};
struct TimePassed {};
using ProbeEvent = std::variant<Start, Opened, SocketFailed, Received, TimePassed>;

class Probe {
  public:
    Probe(const ProbeConfig& config, Random& random);

    Effects handle(const ProbeEvent& event, Instant now);
    // When to send TimePassed; kNever once finished.
    Instant deadline() const;
    bool finished() const { return stage_ == Stage::finished; }
    const Report& report() const { return report_; }

  private:
    enum class Stage : std::uint8_t {
        idle,
        reach,
        filtering,
        mapping,
        fragments,
        hairpin,
        lifetime_check,  // does the server answer to another port at all?
        lifetime_ask,
        lifetime_open,
        lifetime_wait,
        finished,
    };
    // One mapping that falls silent until its age is reached.
    struct Trial {
        SocketId socket = 0;
        Duration age{};
        std::size_t question = 0;     // its first one, then the one for its port
        std::optional<Port> outside;  // once known
        Instant silent_since;
        bool asked = false;
        bool settled = false;
    };

    void apply(const ProbeEvent& event, Instant now);
    bool stage_over() const;
    void next_stage(Instant now);
    void begin(Stage stage, Instant now);

    void begin_reach(Instant now);
    void end_reach();
    void begin_filtering(Instant now);
    void end_filtering();
    void begin_mapping(Instant now);
    void end_mapping();
    void begin_fragments(Instant now);
    void end_fragments();
    void begin_hairpin(Instant now);
    void end_hairpin();
    Stage after_hairpin() const;

    void begin_lifetime_check(Instant now);
    void begin_lifetime_ask(Instant now);
    bool lifetime_supported() const;
    bool begin_lifetime_round(Instant now);
    void begin_lifetime_wait();
    void work_on_trials(Instant now);
    void close_trials();

    std::size_t ask(SocketId socket, const Endpoint& to, Instant now, ChangeRequest change = {});
    SocketId open_udp() { return wire_.open(Transport::udp, Port{}, config_.server); }
    // What the server says it saw, if question number index was answered. Only an endpoint that a
    // host can have: we send to it later.
    std::optional<Endpoint> seen(std::size_t index) const;

    ProbeConfig config_;
    Transactions wire_;
    Stage stage_ = Stage::idle;
    Report report_;
    std::optional<Endpoint> other_;        // the server's other address and port
    std::optional<Endpoint> udp_outside_;  // of main_
    std::optional<Endpoint> tcp_outside_;
    std::optional<Endpoint> turn_outside_;  // of turn_
    SocketId main_ = 0;                     // M
    SocketId tcp_ = 0;
    SocketId turn_ = 0;                         // H
    SocketId asker_ = 0;                        // Y
    std::optional<std::size_t> tcp_questions_;  // index of the first one in the mapping stage
    LifetimeSearch search_;
    std::vector<Trial> trials_;
};

}  // namespace gatehouse::stun
