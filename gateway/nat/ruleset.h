// SPDX-License-Identifier: GPL-2.0-or-later
//
// The whole of `table inet gatehouse` as text, a pure function of what is wanted. Loading it is
// idempotent and is one transaction: rules are replaced, chains, maps and sets stay with their
// elements, so no flow notices. The rules in the chains ask_queue, ask_sip and ask_known_sip are
// not text (kernel/queue_rule.h) and stay, too.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"

namespace gatehouse::nat {

inline constexpr const char* kTableName = "gatehouse";
inline constexpr const char* kQueueChain = "ask_queue";
inline constexpr const char* kSipQueueChain = "ask_sip";
inline constexpr const char* kKnownSipQueueChain = "ask_known_sip";
inline constexpr const char* kNotSipSet = "not_sip";            // inside and remote endpoint
inline constexpr const char* kSipDirectSet = "sip_direct";      // hosts that are not led there
inline constexpr const char* kRouterPortsSet = "router_ports";  // protocol and port
inline constexpr const char* kRefusedSet = "refused";           // hosts that ask in vain

// The sets of pinholes, for everybody or for one remote. Where the kernel can, their elements count
// packets. A kernel does not take a set that it has under another definition, so each has its name.
constexpr const char* pinhole_set(bool with_remote, bool counted) {
    if (counted) return with_remote ? "pinhole_counted_remote" : "pinhole_counted";
    return with_remote ? "pinhole_remote" : "pinhole";
}

// Where another program filters, the bit of the session's mark by which it knows what we let in
// from outside (openwrt/files/forward.nft).
inline constexpr std::string_view kWelcomeMark = "0x08000000";

// The ports that the router uses for its own connections: hosts never get them, so that none of
// them can stand in for the router. Ordinary clients begin at 32768 or 49152.
inline constexpr PortRange kRouterPorts{Port{28672}, Port{32767}};

struct RulesetInput {
    std::string wan;               // interface names; matched by name, so they may come later
    std::vector<std::string> lan;  // at least one
    bool firewall = true;          // filter forwarded packets (false where another program does)
    bool hairpin = true;
    PortRange ports{Port{1024}, Port{65535}};  // outside ports that hosts may get
    // What is in use for any host.
    bool by_address = false;  // mappings that depend on the remote address
    bool by_session = false;  // and those that depend on its port, too
    bool permits = true;      // filtering by the remote address
    config::Timeouts timeouts;
    bool timeout_objects = true;  // set them by rules
    // Rules may ask whether a map has a key; without it the queue sees the first packet of every
    // session, and not only of an unknown endpoint.
    bool map_lookups = true;
    bool element_counters = true;        // pinholes count what comes through them
    std::uint32_t host_sessions = 8192;  // 0: without limit
    std::optional<Ip4> dmz;
    std::vector<Port> sip_ports;  // datagrams from and to them are handed over; empty: none
    // Where the daemon listens for SIP over TCP: connections of hosts to those ports outside are
    // led there, for as long as it listens with a transparent socket.
    std::optional<Port> sip_proxy;

    friend bool operator==(const RulesetInput&, const RulesetInput&) = default;
};

RulesetInput ruleset_input(const config::Config& config);

// The text that nft loads.
std::string write_ruleset(const RulesetInput& input);

// The text that takes everything away again (flush_on_exit).
std::string write_ruleset_removal();

}  // namespace gatehouse::nat
