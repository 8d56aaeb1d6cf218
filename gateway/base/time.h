// SPDX-License-Identifier: GPL-2.0-or-later
//
// One notion of time: nanoseconds of a clock that never jumps (CLOCK_BOOTTIME in the daemon, a
// counter in the simulated world). The core never asks for the time: every event carries `now`,
// read once per turn of the loop. Something is over when its deadline <= now.
#pragma once

#include <chrono>
#include <cstdint>

namespace gatehouse {

using Duration = std::chrono::nanoseconds;
using std::chrono::duration_cast;
using namespace std::chrono_literals;

// A tag clock: Instant values come from the loop or the world, never from a static now().
struct MonotonicClock {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = Duration;
    using time_point = std::chrono::time_point<MonotonicClock>;
    static constexpr bool is_steady = true;
};

using Instant = MonotonicClock::time_point;

constexpr Instant kNever = Instant::max();

// Whole seconds of a duration; negative ones count as zero.
constexpr std::int64_t whole_seconds(Duration d) {
    return d <= Duration::zero() ? 0 : duration_cast<std::chrono::seconds>(d).count();
}

}  // namespace gatehouse
