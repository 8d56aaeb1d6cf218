// SPDX-License-Identifier: GPL-2.0-or-later
//
// The one epoll loop: files, signals, timers, one thread. The clock is read once per turn, so all
// that happens in a turn happens at the same moment.
#pragma once

#include <sys/epoll.h>

#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "gateway/base/result.h"
#include "gateway/base/time.h"

namespace gatehouse::loop {

// A file descriptor that is closed with its owner.
class Fd {
  public:
    Fd() = default;
    explicit Fd(int number) : number_(number) {}
    Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd();

    int get() const { return number_; }
    // Hands the descriptor over: somebody else closes it.
    int release() { return std::exchange(number_, -1); }
    explicit operator bool() const { return number_ >= 0; }

  private:
    int number_ = -1;
};

using TimerId = std::uint64_t;

// How long turns took, from the end of the wait to the next one. A turn during which others have
// the processor is longer by the clock than in computing, and so is one that sleeps, for a disk or
// a child; only that last one is counted as blocked.
struct TurnTimes {
    static constexpr Duration kSlow = 20ms;

    struct Clock {
        Duration longest{};
        std::uint64_t slow = 0;  // how many took longer than that

        void add(Duration time);
    };
    Clock passed;    // by the clock on the wall
    Clock computed;  // time of the processor
    Clock blocked;   // by the clock on the wall, of turns that slept
};

// Where in the sources a callback was given to the loop.
struct Place {
    const char* file = "";
    unsigned line = 0;

    static constexpr Place here(const char* file = __builtin_FILE(),
                                unsigned line = __builtin_LINE()) {
        return {file, line};
    }
};

// A turn that computed for too long, or that slept and was too long, and the callback that took the
// most of it, told by its place.
struct SlowTurn {
    Duration passed{};
    Duration computed{};
    Duration longest{};  // by the clock on the wall
    Place of;
    long interruptions = 0;  // how often something else got the processor meanwhile
    long sleeps = 0;
};

class Loop {
  public:
    using FileCallback = std::function<void(std::uint32_t events)>;
    using Callback = std::function<void()>;

    static Result<std::unique_ptr<Loop>> make();

    // Calls back while fd shows one of the epoll events. One callback per fd; the caller keeps the
    // fd open until unwatch().
    Status watch(int fd, std::uint32_t events, FileCallback callback, Place from = Place::here());
    void unwatch(int fd);

    // Calls back when the signal arrives; it is blocked from its default action from then on.
    Status on_signal(int signal, Callback callback);

    // Calls back once, in the first turn whose now >= at.
    TimerId at(Instant at, Callback callback, Place from = Place::here());
    TimerId after(Duration delay, Callback callback, Place from = Place::here()) {
        return at(now_ + delay, std::move(callback), from);
    }
    void cancel(TimerId timer);

    // The time of this turn, since boot.
    Instant now() const { return now_; }
    // Of all turns before this one.
    const TurnTimes& turn_times() const { return turn_times_; }
    void on_slow_turn(std::function<void(const SlowTurn&)> callback) {
        tell_slow_turn_ = std::move(callback);
    }

    // Turns until stop() is called from a callback; false when the kernel refuses to wait.
    bool run();
    void stop() { running_ = false; }
    // One turn that waits no longer than the limit.
    bool turn(Duration limit);

  private:
    explicit Loop(Fd epoll) : epoll_(std::move(epoll)) {}
    void read_clock();
    void run_timers();
    int wait_milliseconds(Duration limit) const;
    void read_signals();

    void note_part(Instant began, const Place& of);

    struct Watch {
        std::uint64_t serial;
        FileCallback callback;
        Place from;
    };
    struct Timer {
        Callback callback;
        Place from;
    };

    Fd epoll_;
    Fd signals_;
    sigset_t signal_set_{};
    std::map<int, Callback> signal_callbacks_;
    std::unordered_map<int, std::shared_ptr<Watch>> watches_;
    std::map<std::pair<Instant, TimerId>, Timer> timers_;
    std::unordered_map<TimerId, Instant> deadlines_;
    TimerId last_timer_ = 0;
    std::uint64_t last_serial_ = 0;
    Instant now_{};
    TurnTimes turn_times_;
    SlowTurn turn_;  // what is known of this one
    std::function<void(const SlowTurn&)> tell_slow_turn_;
    bool running_ = false;
};

}  // namespace gatehouse::loop
