// SPDX-License-Identifier: GPL-2.0-or-later
//
// Whether something grows with time, by least squares, and how far that can be trusted. What is
// measured swings with what goes on, for minutes; so the measurements are summed up in blocks that
// are long enough to know little of each other.
#pragma once

#include <cstddef>
#include <vector>

namespace gatehouse::chaos {

struct Trend {
    double slope = 0;  // by hour
    double error = 0;  // of the slope: one standard deviation

    // Not by chance, in all likelihood: it may be that much, and is more by two deviations.
    bool grows_by_more_than(double allowed) const { return slope - 2 * error > allowed; }
};

struct Measurement {
    double hours = 0;
    double value = 0;
};

// Zero for too few of them.
Trend trend_of(const std::vector<Measurement>& measured, std::size_t blocks = 20);

}  // namespace gatehouse::chaos
