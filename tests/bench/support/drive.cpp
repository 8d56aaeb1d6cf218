// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/support/drive.h"

#include <algorithm>

namespace gatehouse::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kFloodAtOnce = 4096;
constexpr std::uint32_t kConveyAtOnce = 32;
constexpr Duration kWarmUp = 100ms;
constexpr Duration kLongest = 30s;
constexpr Duration kAfterLast = 200ms;

std::uint64_t rate(std::uint64_t packets, Duration time) {
    if (time <= Duration::zero()) return 0;
    const double seconds = std::chrono::duration<double>(time).count();
    return static_cast<std::uint64_t>(static_cast<double>(packets) / seconds);
}

}  // namespace

std::uint64_t Passed::per_second() const {
    return rate(packets, time);
}

std::uint64_t Passed::per_router_second() const {
    return rate(packets, router_time);
}

unsigned Passed::router_percent() const {
    return time <= Duration::zero() ? 0 : static_cast<unsigned>(100 * router_time / time);
}

Passed flood(const Path& path, const Generator& generator, const Sink& sink, Duration time,
             std::uint64_t most) {
    const std::uint64_t at_begin = sink.received();
    // Where packets are few, the warm-up shall not eat them all.
    const auto warm = [&](Clock::time_point begin) {
        return Clock::now() - begin >= kWarmUp || sink.received() - at_begin >= most / 8;
    };
    for (const auto begin = Clock::now(); !warm(begin);)
        generator.send(kFloodAtOnce);
    const Duration router_before = path.router_time();
    const std::uint64_t before = sink.received();
    const auto begin = Clock::now();
    Passed out;
    while (out.time < time && sink.received() - at_begin < most) {
        generator.send(kFloodAtOnce);
        out.packets = sink.received() - before;
        out.time = Clock::now() - begin;
    }
    out.router_time = path.router_time() - router_before;
    return out;
}

Passed convey(const Path& path, const Generator& generator, const Sink& sink,
              std::uint64_t packets) {
    const std::uint64_t before = sink.received();
    const Duration router_before = path.router_time();
    const auto begin = Clock::now();
    auto progress = begin;
    std::uint64_t sent = 0;
    Passed out;
    while (out.packets + out.lost < packets && Clock::now() - begin < kLongest) {
        const std::uint64_t seen = sink.received() - before;
        if (seen != out.packets) progress = Clock::now();
        out.packets = seen;
        const std::uint64_t on_the_way = sent - std::min(sent, out.packets + out.lost);
        if (on_the_way + kConveyAtOnce <= kWindow && sent < packets) {
            const auto next = std::min<std::uint64_t>(kConveyAtOnce, packets - sent);
            generator.send(static_cast<std::uint32_t>(next));
            sent += next;
        } else if (Clock::now() - progress > kPatience) {
            out.lost += on_the_way;
            progress = Clock::now();
        }
    }
    out.time = progress - begin;
    out.router_time = path.router_time() - router_before;
    return out;
}

Passed pace(const Generator& generator, const Sink& sink, std::uint64_t packets,
            std::uint64_t per_second, std::uint32_t at_once) {
    const std::uint64_t before = sink.received();
    const auto begin = Clock::now();
    const Duration distance = Duration(1s) * at_once / static_cast<std::int64_t>(per_second);
    auto due = begin;
    for (std::uint64_t sent = 0; sent < packets; sent += at_once, due += distance) {
        while (Clock::now() < due) {
        }
        if (Clock::now() - begin > kLongest) break;
        generator.send(at_once);
    }
    Passed out;
    out.time = Clock::now() - begin;
    for (const auto end = Clock::now() + kAfterLast;
         sink.received() - before < packets && Clock::now() < end;) {
    }
    out.packets = sink.received() - before;
    out.lost = packets - std::min(packets, out.packets);
    return out;
}

}  // namespace gatehouse::bench
