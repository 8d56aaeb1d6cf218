// SPDX-License-Identifier: GPL-2.0-or-later
//
// Three ways to send: as much as possible, as much as comes through, and by the clock. All end
// after a time of their own, also where nothing comes through. Called inside the host that sends,
// on the processor of the generator.
#pragma once

#include <cstdint>

#include "gateway/base/time.h"
#include "tests/bench/support/path.h"

namespace gatehouse::bench {

struct Passed {
    std::uint64_t packets = 0;
    std::uint64_t lost = 0;
    Duration time{};
    Duration router_time{};

    std::uint64_t per_second() const;
    // A flooded router never waits: time that it did not run was taken by other work of the
    // machine, and does not count.
    std::uint64_t per_router_second() const;
    unsigned router_percent() const;
};

// More than the router can take, for the given time but no more than so many packets through it.
// What counts is the time after a short warm-up.
Passed flood(const Path& path, const Generator& generator, const Sink& sink, Duration time,
             std::uint64_t most);

// No more than kWindow packets on the way at once, until the router has had this many: what it
// does then is work, never loss. A pause of kPatience makes the missing ones lost.
constexpr std::uint32_t kWindow = 192;
constexpr Duration kPatience = 100ms;
Passed convey(const Path& path, const Generator& generator, const Sink& sink,
              std::uint64_t packets);

// At equal distances, by ones (or by so many at once). What is not there 200 ms after the last one
// is lost.
Passed pace(const Generator& generator, const Sink& sink, std::uint64_t packets,
            std::uint64_t per_second, std::uint32_t at_once = 1);

}  // namespace gatehouse::bench
