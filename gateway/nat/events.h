// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the shell tells the engine. Views (spans) are valid during the call only.
//
// The order at start: construct the engine, OutsideChanged, ReservedPorts, what was promised before
// through the service, AdoptElements with what is in the kernel (empty on a first start); then a
// session dump, which AdoptElements asks for. Before AdoptElements the engine writes nothing.
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/time.h"
#include "gateway/config/config.h"
#include "gateway/nat/effects.h"

namespace gatehouse::nat {

// The first packet of an endpoint that has no element in a source map. The remote endpoint is the
// one that the source maps look at. ICMP: the identifier is the port, of both endpoints.
struct FirstPacket {
    std::uint32_t token = 0;
    Proto proto = Proto::udp;
    Endpoint4 inside;
    Endpoint4 remote;
};

struct Committed {
    BatchId batch = 0;
};

struct CommitFailed {
    enum class Why : std::uint8_t {
        full,       // a map or the memory of the kernel has no room: ENOSPC, ENFILE, ENOMEM
        different,  // what the kernel has is not what we think: EEXIST, ENOENT, EBUSY, or unknown
    };

    BatchId batch = 0;
    Why why = Why::different;
};

// The kernel did not take the edits of pinholes; nothing of them is there.
struct PinholesFailed {};

// What the kernel has counted at elements of a pinhole since they were written; what is missing is
// not there.
struct PinholeCount {
    PinholeElement element;
    std::uint64_t packets = 0;
};
struct PinholeCounted {
    PinholeId id = 0;
    std::span<const PinholeCount> counts;
};

// A conntrack entry that is translated between inside and outside.
struct Session {
    Proto proto = Proto::udp;
    Endpoint4 inside;
    Endpoint4 outside;
    Endpoint4 remote;
    bool from_outside = false;  // its first packet came from outside
    Duration expires{};
};

// A dump: everything between Begin and End is true. Offloaded sessions belong to it.
struct SessionsBegin {};
struct SessionsSeen {
    std::span<const Session> sessions;
};
struct SessionsEnd {
    bool complete = true;  // false: it broke off and says nothing about what is missing
};

// A session ended: a hint. (Where hints were lost: EventsLost.)
struct SessionDestroyed {
    Proto proto = Proto::udp;
    Endpoint4 inside;
    Endpoint4 outside;
};
struct EventsLost {};

// All elements that are in the kernel, permits included or not.
struct AdoptElements {  // at start: memory follows the kernel
    std::span<const Element> elements;
    std::span<const PinholeElement> pinholes;
};
struct ElementsSeen {  // later: the kernel follows memory
    std::span<const Element> elements;
    std::span<const PinholeElement> pinholes;
    bool complete = true;  // otherwise the kernel did not tell some, and is asked again
};
struct TableLost {};  // the table is there and empty

struct OutsideChanged {
    std::vector<Ip4> addresses;  // best first; empty: none
};

// Ports on which the router listens, or which it keeps for its own connections.
struct ReservedPort {
    Proto proto = Proto::udp;
    PortRange ports;

    friend bool operator==(const ReservedPort&, const ReservedPort&) = default;
};
struct ReservedPorts {
    std::vector<ReservedPort> ports;
};

// Somebody else, or nobody, is at an inside address now.
struct HostChanged {
    IpAddress address;
};

struct Reconfigured {
    config::Config config;
};

// The deadline that the engine named has come.
struct TimerFired {};

using Event = std::variant<FirstPacket, Committed, CommitFailed, PinholesFailed, PinholeCounted,
                           SessionsBegin, SessionsSeen, SessionsEnd, SessionDestroyed, EventsLost,
                           AdoptElements, ElementsSeen, TableLost, OutsideChanged, ReservedPorts,
                           HostChanged, Reconfigured, TimerFired>;

}  // namespace gatehouse::nat
