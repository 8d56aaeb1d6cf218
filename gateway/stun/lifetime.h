// SPDX-License-Identifier: GPL-2.0-or-later
//
// The search for the age at which a mapping dies (RFC 5780 4.6). Each trial spoils its mapping, so
// a trial of age A takes a fresh one and A seconds; hence several ages are tried side by side, a
// round takes as long as its oldest living mapping, and a few rounds suffice.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "gateway/base/time.h"
#include "gateway/stun/report.h"

namespace gatehouse::stun {

class LifetimeSearch {
  public:
    static constexpr std::size_t kRounds = 6;
    static constexpr std::size_t kTrials = 12;  // in one round

    explicit LifetimeSearch(Duration longest) : longest_(longest) {}

    // The ages to try next, rising; none when the search is over.
    std::vector<Duration> next_round();
    // The outcome of one trial. What contradicts an earlier outcome is narrowed to the pessimistic
    // side: a mapping that died at 30 s is not trusted to 40 s.
    void tried(Duration age, bool alive);

    Lifetime found() const { return {alive_for_, dead_after_}; }

  private:
    bool close_enough() const;

    Duration longest_;
    Duration alive_for_{};
    std::optional<Duration> dead_after_;
    std::size_t rounds_ = 0;
};

}  // namespace gatehouse::stun
