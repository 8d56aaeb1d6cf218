// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the machine does to a program: a thread that computes a little every few milliseconds,
// always the same, beside the daemon. A virtual processor that stands still looks like computing
// from within, to both of them, so whatever the twin shows is not the daemon's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

namespace gatehouse::chaos {

class IdleTwin {
  public:
    IdleTwin() : thread_([this] { run(); }) {}
    ~IdleTwin();
    IdleTwin(const IdleTwin&) = delete;
    IdleTwin& operator=(const IdleTwin&) = delete;

    struct Seen {
        double computed_ms = 0;  // in all
        double longest_ms = 0;   // of one portion
        std::uint64_t slow = 0;  // portions that took longer than the limit
    };
    Seen seen() const;

  private:
    void run();

    static constexpr std::chrono::microseconds kPortion{200};
    static constexpr std::chrono::milliseconds kPause{5}, kLimit{20};

    std::atomic<bool> ends_ = false;
    std::atomic<std::int64_t> computed_ns_ = 0, longest_ns_ = 0;
    std::atomic<std::uint64_t> slow_ = 0;
    std::thread thread_;
};

}  // namespace gatehouse::chaos
