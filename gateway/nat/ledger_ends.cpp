// SPDX-License-Identifier: GPL-2.0-or-later
//
// The ledger's second half: how mappings end, rest and follow a changed policy.
#include <algorithm>

#include "gateway/nat/ledger.h"

namespace gatehouse::nat {

void Ledger::configure(const config::Config& config) {
    outside_.configure(config.nat.ports);
    policy_.configure(config.nat, config.hosts);
    host_quota_ = config.nat.host_mappings;
    most_mappings_ = std::min(config.nat.mappings, ceiling_);
    port_choice_ = config.nat.port_choice;
    if (hairpin_ == config.nat.hairpin) return;
    // Every mapping is rewritten between the two.
    table_.for_each([&](MappingId id) {
        const ElementList before = elements_of(table_.at(id), hairpin_);
        hairpin_ = !hairpin_;
        rewrite(table_.at(id), before);
        hairpin_ = !hairpin_;
    });
    hairpin_ = config.nat.hairpin;
}

void Ledger::reapply(std::optional<Ip4> host, Instant now) {
    table_.for_each([&](MappingId id) {
        Mapping& mapping = table_.at(id);
        if (mapping.state != MappingState::live || mapping.forward != 0) return;
        if (host && mapping.inside.address != *host) return;
        const NatBehaviour behaviour = policy_.of(mapping.inside.address, mapping.proto);
        const bool allowed =
            outside_.pool(mapping.outside.address, mapping.proto).is_allowed(mapping.outside.port);
        if (behaviour.mapping != mapping.behaviour.mapping || !allowed) {
            retire(id, now);
        } else if (behaviour.filtering != mapping.behaviour.filtering) {
            const ElementList before = elements_of(mapping, hairpin_);
            mapping.behaviour = behaviour;
            rewrite(mapping, before);
        }
    });
}

void Ledger::retire(MappingId id, Instant now) {
    Mapping& mapping = table_.at(id);
    erase(mapping);
    if (mapping.forward == 0) count_host(mapping.inside.address, -1);
    table_.set_state(id, MappingState::retired);
    mapping.forward = 0;
    // It ends when a dump that begins from now on shows no session.
    mapping.used = now;
    ++counters_.retired;
}

void Ledger::disown(MappingId id) {
    table_.set_state(id, MappingState::resting);
}

void Ledger::reclaim(MappingId id, Instant now) {
    --resting_;
    table_.set_state(id, MappingState::retired);
    table_.at(id).used = table_.at(id).expires = now;
}

void Ledger::promote(MappingId id) {
    table_.set_state(id, MappingState::live);
    write(table_.at(id));
}

void Ledger::end(MappingId id, Instant now) {
    Mapping& mapping = table_.at(id);
    if (mapping.forward == 0) note(Notice::Kind::mapping_ended, mapping);
    if (mapping.state == MappingState::live) {
        erase(mapping);
        if (mapping.forward == 0) count_host(mapping.inside.address, -1);
        table_.set_state(id, MappingState::quarantined);
    } else {
        table_.set_state(id, MappingState::resting);
    }
    mapping.forward = 0;
    mapping.sessions = 0;
    const bool independent =
        mapping.behaviour.mapping == MappingBehaviour::endpoint_independent ||
        mapping.behaviour.filtering == FilteringBehaviour::endpoint_independent;
    const bool long_one = mapping.proto == Proto::udp && independent;
    mapping.expires = now + (long_one ? kQuarantine : kShortRest);
    (long_one ? long_rests_ : short_rests_).push_back({id, dump_, mapping.expires});
    ++resting_;
    ++counters_.ended;
    const std::size_t most = std::max<std::size_t>(1, outside_.ports().size() / 4);
    while (resting_ > most)
        release_front(short_rests_.empty() ? long_rests_ : short_rests_);
}

void Ledger::drop(MappingId id) {
    const Mapping& mapping = table_.at(id);
    erase(mapping);
    const bool rests =
        mapping.state == MappingState::quarantined || mapping.state == MappingState::resting;
    if (rests) {
        --resting_;
    } else if (mapping.forward == 0) {
        note(Notice::Kind::mapping_ended, mapping);
        ++counters_.ended;
    }
    if (mapping.state == MappingState::live && mapping.forward == 0) {
        count_host(mapping.inside.address, -1);
    }
    forget(id);
}

// The record and its port.
void Ledger::forget(MappingId id) {
    const Mapping& mapping = table_.at(id);
    if (outside_.has(mapping.outside.address)) {
        PortPool& pool = outside_.pool(mapping.outside.address, mapping.proto);
        if (pool.is_owned(mapping.outside.port)) pool.release(mapping.outside.port);
    }
    table_.remove(id);
}

bool Ledger::is_resting(const Rest& rest) const {
    if (!table_.contains(rest.id)) return false;
    const Mapping& mapping = table_.at(rest.id);
    const bool rests =
        mapping.state == MappingState::quarantined || mapping.state == MappingState::resting;
    return rests && mapping.expires == rest.until;
}

void Ledger::release_front(std::deque<Rest>& rests) {
    const Rest rest = rests.front();
    rests.pop_front();
    if (!is_resting(rest)) return;
    --resting_;
    forget(rest.id);
}

void Ledger::release_rested(Instant now) {
    for (auto* rests : {&long_rests_, &short_rests_}) {
        // A dump that began after the mapping had ended has come to its end.
        while (!rests->empty() && rests->front().until <= now &&
               static_cast<std::int32_t>(completed_dump_ - rests->front().dump) > 0) {
            release_front(*rests);
        }
    }
}

void Ledger::wanted(std::vector<Element>& out) const {
    table_.for_each([&](MappingId id) {
        const ElementList elements = elements_of(table_.at(id), hairpin_);
        out.insert(out.end(), elements.begin(), elements.end());
    });
}

void Ledger::refuse(Refusal reason, Proto proto, Endpoint4 inside, Endpoint4 remote) {
    ++counters_.refused[static_cast<std::size_t>(reason)];
    Notice notice;
    notice.kind = Notice::Kind::refused;
    notice.reason = reason;
    notice.proto = proto;
    notice.inside = inside;
    notice.remote = remote;
    writer_.effects().notices.push_back(notice);
}

void Ledger::note(Notice::Kind kind, const Mapping& mapping) {
    Notice notice;
    notice.kind = kind;
    notice.proto = mapping.proto;
    notice.inside = mapping.inside;
    notice.outside = mapping.outside;
    notice.remote = mapping.remote;
    writer_.effects().notices.push_back(notice);
}

}  // namespace gatehouse::nat
