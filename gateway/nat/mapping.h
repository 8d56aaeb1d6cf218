// SPDX-License-Identifier: GPL-2.0-or-later
//
// The record of a mapping, kept small: there may be as many as an outside address has ports.
#pragma once

#include <cstdint>

#include "gateway/base/ip.h"
#include "gateway/base/time.h"
#include "gateway/config/config.h"
#include "gateway/nat/mapping_service.h"

namespace gatehouse::nat {

using config::FilteringBehaviour;
using config::MappingBehaviour;
using config::NatBehaviour;

using MappingId = std::uint32_t;
constexpr MappingId kNoMapping = 0xffffffff;

enum class MappingState : std::uint8_t {
    live,         // new sessions of the inside endpoint use it
    retired,      // new sessions use another one; it keeps its port for the sessions that go on
    quarantined,  // it has ended; its port rests, and its inside endpoint may have it back
    resting,      // it was retired and has ended; its port rests
};

// What a new session is looked up by. Of the remote endpoint only that part counts, and only that
// is not zero, which the mapping behaviour looks at.
struct MappingKey {
    Proto proto = Proto::udp;
    Endpoint4 inside;
    Endpoint4 remote;

    friend bool operator==(const MappingKey&, const MappingKey&) = default;
};

MappingKey key_for(MappingBehaviour behaviour, Proto proto, Endpoint4 inside, Endpoint4 remote);

struct Mapping {
    Endpoint4 inside;
    Endpoint4 outside;
    Endpoint4 remote;  // as in MappingKey
    Proto proto = Proto::udp;
    NatBehaviour behaviour;
    MappingState state = MappingState::live;
    ForwardId forward = 0;       // the forward that holds it, 0 for traffic alone
    std::uint32_t sessions = 0;  // in the last complete dump, less those that ended since
    std::uint32_t seen = 0;      // so far in the running dump,
    std::uint32_t sweep = 0;     // if this is its number
    std::uint64_t batch = 0;     // that brought it into the kernel
    Instant created;
    Instant used;     // made, asked for, or seen in a dump
    Instant expires;  // of its longest session, as last seen

    MappingKey key() const { return {proto, inside, remote}; }
};
static_assert(sizeof(Mapping) <= 80);

}  // namespace gatehouse::nat
