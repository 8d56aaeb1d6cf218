// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/chaos/idle_twin.h"

#include <algorithm>
#include <ctime>

namespace gatehouse::chaos {
namespace {

std::chrono::nanoseconds computed() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void turn(std::uint64_t rounds) {
    volatile std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < rounds; ++i)
        sum = sum + i;
}

// How many rounds a portion has, by the fastest of some, for the machine may stand still even now.
std::uint64_t rounds_in(std::chrono::nanoseconds portion) {
    static constexpr std::uint64_t kSome = 100'000;
    auto fastest = std::chrono::nanoseconds::max();
    for (int i = 0; i < 20; ++i) {
        const auto began = computed();
        turn(kSome);
        fastest = std::min(fastest, computed() - began);
    }
    return kSome * static_cast<std::uint64_t>(portion.count()) /
           static_cast<std::uint64_t>(std::max<std::int64_t>(fastest.count(), 1));
}

}  // namespace

IdleTwin::~IdleTwin() {
    ends_ = true;
    thread_.join();
}

IdleTwin::Seen IdleTwin::seen() const {
    return {static_cast<double>(computed_ns_) / 1e6, static_cast<double>(longest_ns_) / 1e6, slow_};
}

void IdleTwin::run() {
    const std::uint64_t rounds = rounds_in(kPortion);
    while (!ends_) {
        const auto began = computed();
        turn(rounds);
        const auto took = computed() - began;
        computed_ns_ += took.count();
        if (took.count() > longest_ns_) longest_ns_ = took.count();
        if (took > kLimit) ++slow_;
        std::this_thread::sleep_for(kPause);
    }
}

}  // namespace gatehouse::chaos
