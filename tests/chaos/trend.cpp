// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/chaos/trend.h"

#include <cmath>

namespace gatehouse::chaos {

namespace {

std::vector<Measurement> means(const std::vector<Measurement>& measured, std::size_t blocks) {
    std::vector<Measurement> out;
    for (std::size_t block = 0; block < blocks; ++block) {
        const std::size_t begin = block * measured.size() / blocks;
        const std::size_t end = (block + 1) * measured.size() / blocks;
        Measurement sum;
        for (std::size_t i = begin; i < end; ++i) {
            sum.hours += measured[i].hours;
            sum.value += measured[i].value;
        }
        const auto count = static_cast<double>(end - begin);
        out.push_back({sum.hours / count, sum.value / count});
    }
    return out;
}

}  // namespace

Trend trend_of(const std::vector<Measurement>& measured, std::size_t blocks) {
    if (blocks < 3 || measured.size() < blocks) return {};
    const std::vector<Measurement> points = means(measured, blocks);
    const auto count = static_cast<double>(blocks);
    Measurement middle;
    for (const Measurement& one : points) {
        middle.hours += one.hours / count;
        middle.value += one.value / count;
    }
    double squares = 0, products = 0;
    for (const Measurement& one : points) {
        const double away = one.hours - middle.hours;
        squares += away * away;
        products += away * (one.value - middle.value);
    }
    if (squares == 0) return {};
    Trend out;
    out.slope = products / squares;
    double rest = 0;
    for (const Measurement& one : points) {
        const double line = middle.value + out.slope * (one.hours - middle.hours);
        rest += (one.value - line) * (one.value - line);
    }
    out.error = std::sqrt(rest / (count - 2) / squares);
    return out;
}

}  // namespace gatehouse::chaos
