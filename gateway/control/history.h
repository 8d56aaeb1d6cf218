// SPDX-License-Identifier: GPL-2.0-or-later
//
// The last hour in steps of some seconds, for the plots of the status page: what passed the outside
// interface and how many mappings were made. /api/v1/history is one object of arrays, the newest
// step last: {"step":15,"bytes_out":[],"bytes_in":[],"mappings_made":[],"refused":[]}.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/base/time.h"

namespace gatehouse::control {

class History {
  public:
    static constexpr Duration kStep = 15s;
    static constexpr std::size_t kSteps = 240;

    // Totals, which only grow; where one has begun again, its step counts as nothing.
    struct Totals {
        std::uint64_t bytes_out = 0;
        std::uint64_t bytes_in = 0;
        std::uint64_t mappings_made = 0;
        std::uint64_t refused = 0;
    };

    // At the end of each step; the first call only begins.
    void add(const Totals& totals);
    std::string write_json() const;

  private:
    using Step = std::array<std::uint64_t, 4>;

    std::array<Step, kSteps> steps_{};  // a ring
    std::size_t count_ = 0;             // so far, of which the last kSteps are there
    std::optional<Step> before_;
};

}  // namespace gatehouse::control
