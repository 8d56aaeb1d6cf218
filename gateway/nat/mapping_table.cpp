// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/mapping_table.h"

#include <cassert>

namespace gatehouse::nat {

namespace {

// Whether new sessions can find a mapping in this state.
bool is_indexed(MappingState state) {
    return state == MappingState::live || state == MappingState::quarantined;
}

std::uint64_t pack(Endpoint4 endpoint) {
    return (std::uint64_t{endpoint.address.value} << 16U) | endpoint.port.number;
}

std::uint64_t pack(Proto proto, Endpoint4 endpoint) {
    return (pack(endpoint) << 8U) | static_cast<std::uint64_t>(proto);
}

}  // namespace

MappingKey key_for(MappingBehaviour behaviour, Proto proto, Endpoint4 inside, Endpoint4 remote) {
    switch (behaviour) {
        case MappingBehaviour::endpoint_independent: remote = {}; break;
        case MappingBehaviour::address_dependent: remote.port = {}; break;
        case MappingBehaviour::address_and_port_dependent: break;
    }
    return {proto, inside, remote};
}

std::uint32_t MappingTable::hash_of(const MappingKey& key) const {
    return static_cast<std::uint32_t>(hash_.words(pack(key.proto, key.inside), pack(key.remote)));
}

std::uint32_t MappingTable::hash_of(Proto proto, Endpoint4 outside) const {
    return static_cast<std::uint32_t>(hash_.words(pack(proto, outside)));
}

MappingId MappingTable::add(const Mapping& mapping) {
    MappingId id = top_;
    if (!free_.empty()) {
        id = free_.back();
        free_.pop_back();
    } else {
        if (top_ / kChunk == chunks_.size()) chunks_.push_back(std::make_unique<Chunk>());
        ++top_;
    }
    at(id) = mapping;
    chunks_[id / kChunk]->used[id % kChunk / 64] |= std::uint64_t{1} << (id % 64);
    if (is_indexed(mapping.state)) by_inside_.insert(hash_of(mapping.key()), id);
    by_outside_.insert(hash_of(mapping.proto, mapping.outside), id);
    ++size_;
    return id;
}

void MappingTable::remove(MappingId id) {
    const Mapping& mapping = at(id);
    if (is_indexed(mapping.state)) by_inside_.erase(hash_of(mapping.key()), id);
    by_outside_.erase(hash_of(mapping.proto, mapping.outside), id);
    chunks_[id / kChunk]->used[id % kChunk / 64] &= ~(std::uint64_t{1} << (id % 64));
    free_.push_back(id);
    --size_;
}

void MappingTable::set_state(MappingId id, MappingState state) {
    Mapping& mapping = at(id);
    const bool before = is_indexed(mapping.state);
    mapping.state = state;
    if (is_indexed(state) == before) return;
    if (before) {
        by_inside_.erase(hash_of(mapping.key()), id);
    } else {
        by_inside_.insert(hash_of(mapping.key()), id);
    }
}

MappingId MappingTable::find(const MappingKey& key) const {
    return by_inside_.find(hash_of(key), [&](MappingId id) {
        const Mapping& mapping = at(id);
        return mapping.inside == key.inside && mapping.remote == key.remote &&
               mapping.proto == key.proto;
    });
}

MappingId MappingTable::find_outside(Proto proto, Endpoint4 outside) const {
    return by_outside_.find(hash_of(proto, outside), [&](MappingId id) {
        const Mapping& mapping = at(id);
        return mapping.outside == outside && mapping.proto == proto;
    });
}

}  // namespace gatehouse::nat
