// SPDX-License-Identifier: GPL-2.0-or-later
//
// An index of records by the hash of a key: open addressing over 32-bit ids, 8 bytes a place, at
// most three quarters full. Several records may have one hash. Where strangers choose the keys, the
// hash is a keyed one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gatehouse {

class IdIndex {
  public:
    static constexpr std::uint32_t kNoId = 0xffffffff;  // which no record has

    void insert(std::uint32_t hash, std::uint32_t id);
    // The id must be in it with this hash.
    void erase(std::uint32_t hash, std::uint32_t id);
    // The first id with this hash that matches, or kNoId.
    template <class Matches>
    std::uint32_t find(std::uint32_t hash, Matches&& matches) const {
        if (places_.empty()) return kNoId;
        const std::size_t mask = places_.size() - 1;
        for (std::size_t at = hash & mask; places_[at].id != kNoId; at = (at + 1) & mask) {
            if (places_[at].hash == hash && matches(places_[at].id)) return places_[at].id;
        }
        return kNoId;
    }
    template <class Visit>
    void for_each(std::uint32_t hash, Visit&& visit) const {
        find(hash, [&visit](std::uint32_t id) {
            visit(id);
            return false;
        });
    }

  private:
    struct Place {
        std::uint32_t hash = 0;
        std::uint32_t id = kNoId;
    };
    void grow();

    std::vector<Place> places_;  // a power of two, or none
    std::size_t used_ = 0;
};

}  // namespace gatehouse
