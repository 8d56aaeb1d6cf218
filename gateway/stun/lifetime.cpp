// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/lifetime.h"

#include <algorithm>
#include <array>

namespace gatehouse::stun {
namespace {

// Around the lifetimes that gateways are set to: 30, 60, 120 (RFC 4787 REQ-5), 180, 300 seconds.
constexpr std::array<Duration, 11> kFirstRound{5s,   15s,  28s,  40s,  55s, 70s,
                                               110s, 130s, 170s, 200s, 280s};
constexpr int kPieces = 8;        // a later round cuts what is left into so many
constexpr Duration kFinest = 1s;  // the answer is this exact, or to a
constexpr int kFineness = 16;     // sixteenth of itself

}  // namespace

bool LifetimeSearch::close_enough() const {
    if (!dead_after_) return alive_for_ >= longest_;
    return *dead_after_ - alive_for_ <= std::max(kFinest, alive_for_ / kFineness);
}

std::vector<Duration> LifetimeSearch::next_round() {
    std::vector<Duration> ages;
    if (rounds_ == kRounds || close_enough()) return ages;
    if (rounds_++ == 0) {
        for (const Duration age : kFirstRound) {
            if (age < longest_) ages.push_back(age);
        }
        ages.push_back(longest_);
        return ages;
    }
    const Duration end = dead_after_.value_or(longest_);
    const Duration step = std::max(kFinest, (end - alive_for_) / kPieces);
    for (Duration age = alive_for_ + step; age < end && ages.size() < kTrials; age += step) {
        ages.push_back(age);
    }
    return ages;
}

void LifetimeSearch::tried(Duration age, bool alive) {
    if (!alive) {
        dead_after_ = std::min(dead_after_.value_or(age), age);
        alive_for_ = std::min(alive_for_, *dead_after_);
    } else if (!dead_after_ || age < *dead_after_) {
        alive_for_ = std::max(alive_for_, age);
    }
}

}  // namespace gatehouse::stun
