// SPDX-License-Identifier: GPL-2.0-or-later
//
// All mappings, found by what is inside and by what is outside. Rules it keeps:
//   - one live or quarantined mapping at most for a key inside;
//   - one mapping at most for an outside endpoint and protocol, in whatever state;
//   - an id stays the same and its record at the same place until it is removed;
//   - strangers choose the keys, so the hash is keyed.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "gateway/base/hash.h"
#include "gateway/base/id_index.h"
#include "gateway/nat/mapping.h"

namespace gatehouse::nat {

static_assert(kNoMapping == IdIndex::kNoId);

class MappingTable {
  public:
    explicit MappingTable(const HashKey& key) : hash_(key) {}

    // Neither its outside endpoint nor, where it is live or quarantined, its key may be in the
    // table.
    MappingId add(const Mapping& mapping);
    void remove(MappingId id);
    // A mapping that becomes live or quarantined must be the only such one of its key.
    void set_state(MappingId id, MappingState state);

    // Live or quarantined.
    MappingId find(const MappingKey& key) const;
    MappingId find_outside(Proto proto, Endpoint4 outside) const;

    // Keys, outside endpoint and state belong to the table, the rest to the caller.
    Mapping& at(MappingId id) { return chunks_[id / kChunk]->records[id % kChunk]; }
    const Mapping& at(MappingId id) const { return chunks_[id / kChunk]->records[id % kChunk]; }
    bool contains(MappingId id) const { return id < top_ && is_used(id); }
    std::size_t size() const { return size_; }

    // Calls visit(id) for each, in the order of ids; visit may remove the one it is called for.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (std::uint32_t id = 0; id < top_; ++id) {
            if (is_used(id)) visit(id);
        }
    }

    // Calls visit(id) for those from `from` on, of so many ids; the one to go on from, or
    // kNoMapping behind the last.
    template <class Visit>
    MappingId visit_some(MappingId from, std::uint32_t ids, Visit&& visit) const {
        const std::uint32_t end = from < top_ && ids < top_ - from ? from + ids : top_;
        for (std::uint32_t id = from; id < end; ++id) {
            if (is_used(id)) visit(id);
        }
        return end < top_ ? end : kNoMapping;
    }

  private:
    static constexpr std::uint32_t kChunk = 512;
    struct Chunk {
        std::array<Mapping, kChunk> records;
        std::array<std::uint64_t, kChunk / 64> used{};
    };

    bool is_used(MappingId id) const {
        return (chunks_[id / kChunk]->used[id % kChunk / 64] >> (id % 64) & 1U) != 0;
    }
    std::uint32_t hash_of(const MappingKey& key) const;
    std::uint32_t hash_of(Proto proto, Endpoint4 outside) const;

    KeyedHash hash_;
    IdIndex by_inside_;
    IdIndex by_outside_;
    std::vector<std::unique_ptr<Chunk>> chunks_;
    std::vector<MappingId> free_;
    std::uint32_t top_ = 0;  // ids at and above were never used
    std::size_t size_ = 0;
};

}  // namespace gatehouse::nat
