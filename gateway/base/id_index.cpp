// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/id_index.h"

#include <cassert>

namespace gatehouse {

void IdIndex::grow() {
    std::vector<Place> old = std::move(places_);
    places_.assign(old.empty() ? 64 : old.size() * 2, Place{});
    const std::size_t mask = places_.size() - 1;
    for (const Place& place : old) {
        if (place.id == kNoId) continue;
        std::size_t at = place.hash & mask;
        while (places_[at].id != kNoId)
            at = (at + 1) & mask;
        places_[at] = place;
    }
}

void IdIndex::insert(std::uint32_t hash, std::uint32_t id) {
    if ((used_ + 1) * 4 > places_.size() * 3) grow();
    const std::size_t mask = places_.size() - 1;
    std::size_t at = hash & mask;
    while (places_[at].id != kNoId)
        at = (at + 1) & mask;
    places_[at] = {hash, id};
    ++used_;
}

void IdIndex::erase(std::uint32_t hash, std::uint32_t id) {
    const std::size_t mask = places_.size() - 1;
    std::size_t hole = hash & mask;
    while (places_[hole].id != id) {
        assert(places_[hole].id != kNoId);
        hole = (hole + 1) & mask;
    }
    // Whoever probed past the hole moves into it, so that no search ends there too early.
    for (std::size_t at = (hole + 1) & mask; places_[at].id != kNoId; at = (at + 1) & mask) {
        const std::size_t home = places_[at].hash & mask;
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        places_[hole] = places_[at];
        hole = at;
    }
    places_[hole] = Place{};
    --used_;
}

}  // namespace gatehouse
