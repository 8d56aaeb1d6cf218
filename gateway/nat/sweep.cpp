// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/sweep.h"

#include <algorithm>

namespace gatehouse::nat {

namespace {

// The mapping has ended, and its port is in use by somebody else.
bool is_stale(const Mapping& mapping, const Session& session) {
    const bool rests =
        mapping.state == MappingState::quarantined || mapping.state == MappingState::resting;
    return rests && mapping.inside != session.inside;
}

}  // namespace

void Sweep::ask_by(Instant when) {
    if (!next_dump_) return;
    if (running_) {
        again_ = true;
        return;
    }
    next_dump_ = std::min(*next_dump_, std::max(when, last_end_ + kDumpGap));
}

void Sweep::tick(Instant now, Effects& out) {
    if (!next_dump_ || *next_dump_ > now) return;
    // Asked again if no dump comes.
    next_dump_ = now + kDumpPeriod;
    out.dump_sessions = std::max(out.dump_sessions, SessionDump::in_parts);
}

void Sweep::start(Instant now, Effects& out) {
    next_dump_ = now + kDumpPeriod;
    out.dump_sessions = SessionDump::at_once;
}

void Sweep::begin(Instant now) {
    running_ = true;
    again_ = false;
    began_ = now;
    ledger_.dump_began();
    refreshed_.fill(0);
}

void Sweep::see(std::span<const Session> sessions, Instant now) {
    if (!running_) return;
    for (const Session& session : sessions)
        see_one(session, now);
}

void Sweep::see_one(const Session& session, Instant now) {
    MappingId id = ledger_.table().find_outside(session.proto, session.outside);
    if (id != kNoMapping && !session.from_outside && is_stale(ledger_.at(id), session)) {
        ledger_.drop(id);
        id = kNoMapping;
    }
    if (id == kNoMapping) id = claim(session, now);
    if (id == kNoMapping) return;
    Mapping& mapping = ledger_.at(id);
    if (mapping.inside != session.inside) {
        oppose(session, mapping);
        return;
    }
    if (mapping.state == MappingState::quarantined && !ledger_.revive(id, now)) return;
    if (mapping.state == MappingState::resting) ledger_.reclaim(id, now);
    if (mapping.sweep != ledger_.dump()) {
        mapping.sweep = ledger_.dump();
        mapping.seen = 0;
        mapping.expires = now;
    }
    ++mapping.seen;
    const Instant ends = session.expires > kNever - now ? kNever : now + session.expires;
    mapping.expires = std::max(mapping.expires, ends);
    refresh_permit(mapping, session);
}

// The kernel lets no second session towards one remote have this outside endpoint, so that the host
// to which it belongs would be kept from there as long as the other one speaks. That host gets an
// endpoint of its own with its next packet. A connection cannot begin anew by itself, and whoever
// makes one tries it from another port.
void Sweep::oppose(const Session& session, const Mapping& mapping) {
    ++foreign_;
    if (session.from_outside || session.proto != Proto::udp) return;
    if (mapping.state != MappingState::live) return;
    auto& doomed = ledger_.writer().effects().delete_sessions;
    doomed.push_back({session.proto, session.inside, session.remote});
}

// The mapping of a session that was translated without us.
MappingId Sweep::claim(const Session& session, Instant now) {
    if (session.from_outside || !Outside::has_pool(session.proto)) return kNoMapping;
    const NatBehaviour behaviour = ledger_.policy().of(session.inside.address, session.proto);
    const MappingKey key =
        key_for(behaviour.mapping, session.proto, session.inside, session.remote);
    const MappingId other = ledger_.find(session.proto, session.inside, session.remote);
    const bool has_one = other != kNoMapping && ledger_.at(other).state == MappingState::live;
    const bool full = ledger_.is_full(session.inside.address);
    const MappingState state = has_one || full ? MappingState::retired : MappingState::live;
    return ledger_.adopt(key, session.outside, state, now);
}

void Sweep::refresh_permit(const Mapping& mapping, const Session& session) {
    const bool filtered = mapping.state == MappingState::live && mapping.forward == 0 &&
                          mapping.proto != Proto::icmp &&
                          mapping.behaviour.filtering == FilteringBehaviour::address_dependent;
    if (!filtered) return;
    const std::uint64_t pair = hash_.words((std::uint64_t{session.inside.address.value} << 24U) |
                                               (std::uint64_t{session.inside.port.number} << 8U) |
                                               static_cast<std::uint64_t>(session.proto),
                                           session.remote.address.value);
    // Half of them in each dump; the high bit marks a place of the cache as used.
    if ((pair & 1U) != (ledger_.dump() & 1U)) return;
    std::uint64_t& place = refreshed_[static_cast<std::size_t>((pair >> 1U) % refreshed_.size())];
    const std::uint64_t mark = pair | std::uint64_t{1} << 63U;
    if (place == mark) return;
    place = mark;
    ledger_.writer().refresh(
        {KernelSet::permit, session.proto, session.inside, {session.remote.address, {}}, {}},
        kPermitTimeout);
}

void Sweep::end(bool complete, Instant now) {
    if (!running_) return;
    running_ = false;
    last_end_ = now;
    next_dump_ = now + (complete && !again_ ? kDumpPeriod : kDumpGap);
    if (!complete) return;
    ledger_.dump_completed();
    ledger_.table().for_each([&](MappingId id) {
        Mapping& mapping = ledger_.at(id);
        if (mapping.state == MappingState::quarantined || mapping.state == MappingState::resting) {
            return;
        }
        if (mapping.sweep == ledger_.dump()) {
            mapping.sessions = mapping.seen;
            mapping.used = std::max(mapping.used, began_);
            return;
        }
        mapping.sessions = 0;
        if (mapping.forward == 0 && mapping.used + kGrace <= began_) ledger_.end(id, now);
    });
    ledger_.release_rested(now);
}

void Sweep::destroyed(const SessionDestroyed& event, Instant now) {
    const MappingId id = ledger_.table().find_outside(event.proto, event.outside);
    if (id == kNoMapping || ledger_.at(id).inside != event.inside) return;
    Mapping& mapping = ledger_.at(id);
    if (mapping.sessions > 0) --mapping.sessions;
    if (mapping.sessions == 0 && mapping.forward == 0) ask_by(now + kGrace);
}

}  // namespace gatehouse::nat
