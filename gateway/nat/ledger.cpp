// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/ledger.h"

#include <algorithm>
#include <cassert>

namespace gatehouse::nat {

namespace {

KernelSet source_set(MappingBehaviour behaviour) {
    switch (behaviour) {
        case MappingBehaviour::endpoint_independent: return KernelSet::source;
        case MappingBehaviour::address_dependent: return KernelSet::source_address;
        case MappingBehaviour::address_and_port_dependent: break;
    }
    return KernelSet::source_session;
}

// Whether the element belongs to several mappings, if not to this one alone.
bool is_shared(const Element& element, const Mapping& mapping) {
    return element.set == KernelSet::open &&
           mapping.behaviour.mapping != MappingBehaviour::endpoint_independent;
}

bool has_one_user(const Element& element) {
    return element.set == KernelSet::inbound || element.set == KernelSet::inbound_remote;
}

std::uint64_t pack(Endpoint4 endpoint) {
    return (std::uint64_t{endpoint.address.value} << 16U) | endpoint.port.number;
}

}  // namespace

bool ElementList::has(const Element& element) const {
    return std::find(begin(), end(), element) != end();
}

ElementList elements_of(const Mapping& mapping, bool hairpin) {
    ElementList out;
    if (mapping.state != MappingState::live || mapping.outside.address.is_any()) return out;
    const Proto proto = mapping.proto;
    out.add({source_set(mapping.behaviour.mapping), proto, mapping.inside, mapping.remote,
             mapping.outside});
    // Forwards write their own doors; an identifier of ICMP is not a door at all: an echo request
    // from outside is for the router.
    if (mapping.forward != 0 || proto == Proto::icmp) return out;
    switch (mapping.behaviour.filtering) {
        case FilteringBehaviour::endpoint_independent:
            out.add({KernelSet::inbound, proto, mapping.outside, {}, mapping.inside});
            out.add({KernelSet::open, proto, mapping.inside, {}, {}});
            break;
        case FilteringBehaviour::address_dependent:
            out.add({KernelSet::inbound, proto, mapping.outside, {}, mapping.inside});
            break;
        case FilteringBehaviour::address_and_port_dependent:
            if (hairpin) out.add({KernelSet::hairpin, proto, mapping.outside, {}, mapping.inside});
            break;
    }
    return out;
}

std::size_t Ledger::SharedHash::operator()(const Shared& shared) const noexcept {
    const auto kind = static_cast<std::uint64_t>(shared.set) << 56U |
                      static_cast<std::uint64_t>(shared.proto) << 48U;
    return static_cast<std::size_t>(
        hash.words(kind | pack({shared.address, shared.port}), shared.remote.value));
}

Ledger::Ledger(const HashKey& key, const Hosts& hosts, std::uint32_t most_mappings)
    : hash_(key),
      table_(key),
      outside_(key),
      policy_(hosts),
      ceiling_(most_mappings),
      most_mappings_(most_mappings),
      hosts_(0, hash_),
      users_(0, SharedHash{hash_}) {}

void Ledger::write(const Mapping& mapping) {
    rewrite(mapping, {});
}

void Ledger::erase(const Mapping& mapping) {
    for (const Element& element : elements_of(mapping, hairpin_)) {
        is_shared(element, mapping) ? unuse(element) : writer_.remove(element);
    }
}

// Writes what the mapping's elements are now instead of what they were.
void Ledger::rewrite(const Mapping& mapping, const ElementList& before) {
    const ElementList after = elements_of(mapping, hairpin_);
    for (const Element& element : before) {
        if (after.has(element)) continue;
        is_shared(element, mapping) ? unuse(element) : writer_.remove(element);
    }
    for (const Element& element : after) {
        if (before.has(element)) continue;
        is_shared(element, mapping) ? use(element) : writer_.add(element);
    }
}

void Ledger::use(const Element& element) {
    if (has_one_user(element) || users_[Shared(element)]++ == 0) writer_.add(element);
}

void Ledger::unuse(const Element& element) {
    if (!has_one_user(element)) {
        const auto found = users_.find(Shared(element));
        assert(found != users_.end());
        if (--found->second > 0) return;
        users_.erase(found);
    }
    writer_.remove(element);
}

void Ledger::count_host(Ip4 host, int step) {
    std::uint32_t& count = hosts_[host];
    count += static_cast<std::uint32_t>(step);
    if (count == 0) hosts_.erase(host);
}

std::uint32_t Ledger::mappings_of(Ip4 host) const {
    const auto found = hosts_.find(host);
    return found == hosts_.end() ? 0 : found->second;
}

std::uint64_t Ledger::random_for(Proto proto, Endpoint4 inside, Endpoint4 remote) const {
    // The high bit keeps these hashes apart from those of the tables.
    const std::uint64_t purpose = std::uint64_t{1} << 63U;
    return hash_.words(purpose | pack(inside) << 8U | static_cast<std::uint64_t>(proto),
                       pack(remote));
}

MappingId Ledger::find(Proto proto, Endpoint4 inside, Endpoint4 remote) const {
    const MappingId independent = table_.find({proto, inside, {}});
    if (independent != kNoMapping && table_.at(independent).state == MappingState::live) {
        return independent;
    }
    const NatBehaviour behaviour = policy_.of(inside.address, proto);
    if (behaviour.mapping == MappingBehaviour::endpoint_independent) return independent;
    return table_.find(key_for(behaviour.mapping, proto, inside, remote));
}

std::optional<Refusal> Ledger::why_not(Proto proto, Ip4 host) const {
    if (!outside_.has_address()) return Refusal::no_outside_address;
    if (!Outside::has_pool(proto)) return Refusal::protocol;
    if (mappings_of(host) >= host_quota_) return Refusal::host_quota;
    if (!has_room()) return Refusal::table_full;
    return std::nullopt;
}

Result<MappingId, Refusal> Ledger::create(Proto proto, Endpoint4 inside, Endpoint4 remote,
                                          Instant now) {
    release_rested(now);
    if (const auto reason = why_not(proto, inside.address)) return fail(*reason);
    Mapping mapping;
    mapping.behaviour = policy_.of(inside.address, proto);
    const MappingKey key = key_for(mapping.behaviour.mapping, proto, inside, remote);
    mapping.proto = proto;
    mapping.inside = inside;
    mapping.remote = key.remote;
    mapping.outside.address = outside_.address_for(inside.address);
    const auto port = outside_.pool(mapping.outside.address, proto)
                          .pick(inside.port, port_choice_, random_for(proto, inside, key.remote));
    if (!port) return fail(Refusal::pool_empty);
    mapping.outside.port = *port;
    mapping.created = mapping.used = mapping.expires = now;
    mapping.batch = writer_.batch();
    const MappingId id = table_.add(mapping);
    count_host(inside.address, 1);
    ++counters_.made;
    write(table_.at(id));
    note(Notice::Kind::mapping_added, mapping);
    return id;
}

Result<Endpoint4, Refusal> Ledger::foresee(Proto proto, Endpoint4 inside, Endpoint4 remote) const {
    if (const auto reason = why_not(proto, inside.address)) return fail(*reason);
    const MappingId rests = find(proto, inside, remote);
    if (rests != kNoMapping) {
        const Endpoint4 outside = table_.at(rests).outside;
        if (outside_.copy_of_pool(outside.address, proto).is_allowed(outside.port)) return outside;
    }
    const MappingKey key =
        key_for(policy_.of(inside.address, proto).mapping, proto, inside, remote);
    const Ip4 address = outside_.address_for(inside.address);
    const auto port = outside_.copy_of_pool(address, proto)
                          .pick(inside.port, port_choice_, random_for(proto, inside, key.remote));
    if (!port) return fail(Refusal::pool_empty);
    return Endpoint4{address, *port};
}

bool Ledger::revive(MappingId id, Instant now) {
    Mapping& mapping = table_.at(id);
    const bool allowed =
        outside_.pool(mapping.outside.address, mapping.proto).is_allowed(mapping.outside.port);
    if (!allowed || why_not(mapping.proto, mapping.inside.address)) {
        drop(id);
        return false;
    }
    --resting_;
    table_.set_state(id, MappingState::live);
    mapping.behaviour = policy_.of(mapping.inside.address, mapping.proto);
    mapping.created = mapping.used = mapping.expires = now;
    mapping.batch = writer_.batch();
    count_host(mapping.inside.address, 1);
    ++counters_.revived;
    write(mapping);
    note(Notice::Kind::mapping_added, mapping);
    return true;
}

MappingId Ledger::adopt(const MappingKey& key, Endpoint4 outside, MappingState state, Instant now) {
    if (!Outside::has_pool(key.proto) || !outside_.has(outside.address)) return kNoMapping;
    if (!has_room() || outside.address.is_any()) return kNoMapping;
    PortPool& pool = outside_.pool(outside.address, key.proto);
    if (!pool.is_allowed(outside.port) || pool.is_owned(outside.port)) return kNoMapping;
    if (state == MappingState::live) {
        const MappingId other = table_.find(key);
        if (other != kNoMapping && table_.at(other).state == MappingState::live) return kNoMapping;
        if (other != kNoMapping) drop(other);
    }
    pool.take(outside.port);
    Mapping mapping;
    mapping.proto = key.proto;
    mapping.inside = key.inside;
    mapping.remote = key.remote;
    mapping.outside = outside;
    mapping.behaviour = policy_.of(key.inside.address, key.proto);
    mapping.state = state;
    mapping.created = mapping.used = mapping.expires = now;
    mapping.batch = writer_.muted() ? 0 : writer_.batch();
    const MappingId id = table_.add(mapping);
    ++counters_.adopted;
    if (state == MappingState::live) {
        count_host(key.inside.address, 1);
        write(mapping);
        note(Notice::Kind::mapping_added, mapping);
    }
    return id;
}

void Ledger::repeat(MappingId id) {
    for (const Element& element : elements_of(table_.at(id), hairpin_))
        writer_.add(element);
}

void Ledger::roll_back(MappingId id) {
    const Mapping& mapping = table_.at(id);
    const bool muted = writer_.muted();
    writer_.mute(true);
    erase(mapping);
    writer_.mute(muted);
    if (mapping.state == MappingState::live && mapping.forward == 0) {
        count_host(mapping.inside.address, -1);
    }
    note(Notice::Kind::mapping_ended, mapping);
    forget(id);
}

MappingId Ledger::hold(ForwardId forward, Proto proto, Endpoint4 outside, Endpoint4 inside,
                       bool live, Instant now) {
    outside_.pool(outside.address, proto).take(outside.port);
    Mapping mapping;
    mapping.proto = proto;
    mapping.inside = inside;
    mapping.outside = outside;
    mapping.behaviour = {MappingBehaviour::endpoint_independent,
                         FilteringBehaviour::address_and_port_dependent};
    mapping.state = live ? MappingState::live : MappingState::retired;
    mapping.forward = forward;
    mapping.created = mapping.used = mapping.expires = now;
    const MappingId id = table_.add(mapping);
    write(mapping);
    return id;
}

void Ledger::give_to_forward(MappingId id, ForwardId forward) {
    Mapping& mapping = table_.at(id);
    assert(mapping.state == MappingState::live && mapping.forward == 0);
    const ElementList before = elements_of(mapping, hairpin_);
    count_host(mapping.inside.address, -1);
    mapping.forward = forward;
    mapping.behaviour.filtering = FilteringBehaviour::address_and_port_dependent;
    rewrite(mapping, before);
}

bool Ledger::give_to_traffic(MappingId id) {
    Mapping& mapping = table_.at(id);
    const NatBehaviour behaviour = policy_.of(mapping.inside.address, mapping.proto);
    const bool fits =
        mapping.state == MappingState::live && mapping.sessions > 0 &&
        behaviour.mapping == MappingBehaviour::endpoint_independent &&
        outside_.pool(mapping.outside.address, mapping.proto).is_allowed(mapping.outside.port) &&
        !why_not(mapping.proto, mapping.inside.address);
    if (!fits) return false;
    const ElementList before = elements_of(mapping, hairpin_);
    mapping.forward = 0;
    mapping.behaviour = behaviour;
    count_host(mapping.inside.address, 1);
    rewrite(mapping, before);
    return true;
}

}  // namespace gatehouse::nat
