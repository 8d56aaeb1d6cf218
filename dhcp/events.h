// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the server is told, and what it wants done. Views in events are valid during the call only.
// Effects are a buffer: the server appends, the shell clears and uses them again.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dhcp/lease.h"
#include "dhcp/message.h"
#include "dhcp/network.h"
#include "gateway/config/config.h"

namespace gatehouse::dhcp {

struct Configured {
    std::vector<config::DhcpPool> pools;
    std::vector<config::StaticLease> static_leases;
    std::string router_name;  // which no device may have; may be empty
};
struct LinksSeen {  // all inside interfaces that have an address
    std::vector<Link> links;
};
struct NameServersSeen {  // for devices, where the configuration names none; empty: the router
    std::vector<Ip4> servers;
};
struct Restored {  // what was stored, at the start
    std::vector<Lease> leases;
};
struct PacketSeen {
    std::string_view interface;
    Bytes packet;  // what UDP carried
    Ip4 source;
};
struct ArpSeen {  // somebody says that this is its address
    std::string_view interface;
    Ip4 address;
    Mac mac;
};
struct TimerFired {};
using Event =
    std::variant<Configured, LinksSeen, NameServersSeen, Restored, PacketSeen, ArpSeen, TimerFired>;

// Why a packet got no answer; the label of its counter.
enum class Drop : std::uint8_t {
    malformed,
    not_for_servers,
    no_network,   // nothing is configured where it came from
    no_identity,  // it does not say who sent it
    other_server,
    spoofed,         // the sender is not where it says it is
    unknown_client,  // somebody else may know it (not authoritative)
    not_owner,
    pool_empty,
    table_full,
    declined_share,  // more addresses are said to be in use than is believable
    count_,
};
std::string_view to_string(Drop reason);

constexpr Port kServerPort{67};
constexpr Port kClientPort{68};
constexpr Ip4 kBroadcastAddress{0xffffffff};
constexpr Mac kBroadcastMac{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

struct Send {
    std::string interface;
    // Of the frame; the device may not answer ARP yet. Nothing: as the kernel routes.
    std::optional<Mac> hardware;
    Ip4 source;
    Ip4 destination;
    Port port;
    std::vector<std::uint8_t> payload;
};

// Asks who has the address (RFC 5227 2.1.1); an answer is an ArpSeen.
struct ArpProbe {
    std::string interface;
    Ip4 address;
};

struct Change {
    enum class Kind : std::uint8_t {
        bound,    // a device has the address now
        renewed,  // and keeps it
        released,
        expired,
        conflict,   // somebody else is there
        forgotten,  // nothing is known of the address any more
    };

    Kind kind = Kind::bound;
    Lease lease;
};
std::string_view to_string(Change::Kind kind);

// For counters and log.
struct Notice {
    enum class Kind : std::uint8_t { received, sent, dropped, other_server, probed };

    Kind kind = Kind::received;
    MessageType type = MessageType::discover;
    Drop reason = Drop::count_;  // of dropped
    std::string_view interface;  // lives as long as the network
    Ip4 address;                 // of the device, or the other server
    Mac mac;
};

struct Effects {
    std::vector<Change> changes;  // to be stored before anything is sent
    std::vector<Send> sends;
    std::vector<ArpProbe> probes;
    std::vector<Notice> notices;

    bool empty() const {
        return changes.empty() && sends.empty() && probes.empty() && notices.empty();
    }
    void clear();
};

}  // namespace gatehouse::dhcp
