// SPDX-License-Identifier: GPL-2.0-or-later
//
// Waiting for a condition instead of sleeping, always with an end. The answers are Boost.Test
// results: BOOST_TEST(eventually([&] { return phone_rings(); }, 5s)) says how long it waited.
#pragma once

#include <boost/test/tools/assertion_result.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "gateway/base/time.h"

namespace gatehouse::lab {

using namespace std::chrono_literals;
using Verdict = boost::test_tools::assertion_result;

// A verdict of "no" that carries its reason into the output of the test.
Verdict no_because(std::string_view reason);

// The time left until an end that was fixed at construction.
class Deadline {
  public:
    explicit Deadline(Duration limit) : end_(std::chrono::steady_clock::now() + limit) {}
    bool over() const { return std::chrono::steady_clock::now() >= end_; }
    // For poll(): never negative, rounded up.
    int milliseconds_left() const;

  private:
    std::chrono::steady_clock::time_point end_;
};

// Asks again and again, first every millisecond, later every 50, until the answer is yes or the
// limit is over; asks once more at the end. Stops at once when a watched program (a router's
// daemon) has died. The last answer's own message is part of the verdict.
Verdict eventually(const std::function<Verdict()>& condition, Duration limit);

// Yes when the condition holds at every look during the whole time.
Verdict throughout(const std::function<Verdict()>& condition, Duration time);

}  // namespace gatehouse::lab
