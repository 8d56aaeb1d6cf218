// SPDX-License-Identifier: GPL-2.0-or-later
//
// Why a flow passes or does not: what the engine and the ruleset (ruleset.cpp) would do with its
// next packet, from inside to outside and from the same remote endpoint in, and which rule decides.
// It only looks: nothing is made, counted or refreshed. What it does not look for is a session of
// another host that goes on at an outside endpoint which a forward has taken over.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/nat/engine.h"

namespace gatehouse::nat {

struct Flow {
    Proto proto = Proto::udp;  // tcp, udp or icmp, whose identifier is the port of inside
    Endpoint inside;
    Endpoint remote;  // of the same family
};

// What only the kernel and the interfaces know.
struct FlowFacts {
    bool remote_is_inside = false;  // in a network of the house
    bool remote_is_router = false;  // the router's own address inside
    bool sip_proxy = false;         // the daemon listens for SIP over TCP
    bool has_session = false;
    std::optional<Endpoint4> session_outside{};  // where the session is translated
    bool permitted = false;                      // the set permit has host and remote address
};

// One direction.
struct FlowWay {
    bool passes = false;
    std::string_view rule;  // a word for it: session mapping filter ... or that of refused
    std::string_view why;   // a sentence; empty where the engine refuses
    // The outside endpoint that the remote sees or asks; of a hairpinned flow, the host behind it.
    std::optional<Endpoint4> at{};
    std::optional<Refusal> refused{};
};

struct FlowExplanation {
    std::string_view kind;  // plain dns sip sip_proxy ping hairpin within router ipv6
    NatBehaviour behaviour{};
    std::optional<MappingId> mapping{};
    const Forward* forward = nullptr;  // that decides about the way in
    std::optional<PinholeId> pinhole{};
    FlowWay out;
    std::optional<FlowWay> in{};  // nothing where the remote is not outside
};

FlowExplanation explain(const Flow& flow, const FlowFacts& facts, const Engine& engine,
                        const config::Config& config);

}  // namespace gatehouse::nat
