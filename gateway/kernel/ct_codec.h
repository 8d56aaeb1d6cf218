// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sessions (conntrack entries) as ctnetlink writes them. Pure functions on bytes; conntrack.h
// talks to the kernel with them. The same attributes come with queued packets where the kernel
// was built for it.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>

#include "gateway/base/ip.h"
#include "gateway/kernel/message.h"

namespace gatehouse::kernel {

// One direction of a session. Of an ICMP query source_port is the identifier and destination_port
// is 0; of protocols without ports both are 0.
struct Tuple {
    Proto proto = Proto::udp;
    IpAddress source;
    IpAddress destination;
    Port source_port;
    Port destination_port;
    std::uint8_t icmp_type = 0;
    std::uint8_t icmp_code = 0;

    Endpoint from() const { return {source, source_port}; }
    Endpoint to() const { return {destination, destination_port}; }
    friend auto operator<=>(const Tuple&, const Tuple&) = default;
};

// The states of the kernel's TCP tracking that a session can be in (enum tcp_conntrack).
enum class TcpState : std::uint8_t {
    none,
    syn_sent,
    syn_received,
    established,
    fin_wait,
    close_wait,
    last_ack,
    time_wait,
    close,
    syn_sent2,  // simultaneous open
};

std::string_view to_string(TcpState state);  // "established"; "unknown" beyond the list

struct Traffic {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;

    friend bool operator==(const Traffic&, const Traffic&) = default;
};

struct Session {
    Tuple original;  // as the first packet came
    Tuple reply;     // as answers come: its destination is the outside endpoint after source NAT
    std::uint32_t id = 0;
    std::uint16_t zone = 0;
    bool seen_reply = false;
    bool assured = false;
    bool confirmed = false;
    bool source_nat = false;
    bool destination_nat = false;
    bool dying = false;
    bool offloaded = false;  // its timeout says nothing while a flowtable carries it
    std::optional<TcpState> tcp;
    std::optional<std::chrono::seconds> timeout;  // left; absent in announcements of an end
    std::uint32_t mark = 0;
    std::optional<Traffic> sent;  // in the direction of original, where the kernel counts
    std::optional<Traffic> received;

    // As the two ends see it: whom the outside world sees as the sender, and the real destination.
    Endpoint outside() const { return reply.to(); }
    friend bool operator==(const Session&, const Session&) = default;
};

// The attributes of a session, from a ctnetlink message or a queued packet.
std::optional<Session> decode_session(Bytes bytes);

enum class SessionEventKind : std::uint8_t { began, changed, ended };

struct SessionEvent {
    SessionEventKind kind = SessionEventKind::began;
    Session session;
};

// A ctnetlink announcement or one message of a dump (which is told as `began` or `changed`).
// Nothing for other messages and for malformed ones.
std::optional<SessionEvent> decode_session_event(const MessageView& message);

// Requests: all sessions of a family; one session; the end of one session. A session is named by
// its original tuple and zone; the id makes sure that it is not a newer one of the same tuple.
enum class SessionFamily : std::uint8_t { v4, v6 };
std::vector<std::uint8_t> encode_session_dump(SessionFamily family);
std::vector<std::uint8_t> encode_session_get(const Tuple& original, std::uint16_t zone);
std::vector<std::uint8_t> encode_session_delete(const Session& session);

}  // namespace gatehouse::kernel
