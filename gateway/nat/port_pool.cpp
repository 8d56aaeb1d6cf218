// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/port_pool.h"

#include <bit>
#include <cassert>

namespace gatehouse::nat {

namespace {

constexpr std::uint64_t kEvenBits = 0x5555555555555555U;

std::uint64_t bit_of(std::uint32_t number) {
    return std::uint64_t{1} << (number % 64U);
}

}  // namespace

void PortPool::allow(PortRange range, std::span<const PortRange> reserved) {
    allowed_.fill(0);
    allowed_count_ = 0;
    low_allowed_ = 0;
    const auto mark = [this](const PortRange& part, bool on) {
        for (std::uint32_t port = part.first.number; port <= part.last.number; ++port) {
            std::uint64_t& word = allowed_[port / 64U];
            word = on ? word | bit_of(port) : word & ~bit_of(port);
        }
    };
    mark(range, true);
    for (const PortRange& part : reserved)
        mark(part, false);
    for (std::size_t word = 0; word < kWords; ++word) {
        const auto count = static_cast<std::uint32_t>(std::popcount(allowed_[word]));
        allowed_count_ += count;
        if (word < kLowWords) low_allowed_ += count;
        summarize(word);
    }
}

std::uint64_t PortPool::candidates(std::size_t word, Kind kind) const {
    const std::uint64_t free = allowed_[word] & ~owned_[word];
    switch (kind) {
        case even: return free & kEvenBits;
        case odd: return free & ~kEvenBits;
        default: return free & (free >> 1U) & kEvenBits;
    }
}

void PortPool::summarize(std::size_t word) {
    for (const Kind kind : {even, odd, pair}) {
        std::uint64_t& bits = summary_[kind][word / 64];
        const std::uint64_t bit = std::uint64_t{1} << (word % 64);
        bits = candidates(word, kind) != 0 ? bits | bit : bits & ~bit;
    }
}

PortPool::Zone PortPool::zone_of(Port wanted) const {
    const bool only_low = low_allowed_ == allowed_count_;
    const bool low = low_allowed_ > 0 && (wanted.number < 1024 || only_low);
    return low ? Zone{0, kLowWords - 1} : Zone{kLowWords, kWords - 1};
}

std::size_t PortPool::next_word(std::size_t from, std::size_t last, Kind kind) {
    while (from <= last) {
        ++probes_;
        const std::uint64_t bits = summary_[kind][from / 64] >> (from % 64);
        if (bits != 0) return from + static_cast<std::size_t>(std::countr_zero(bits));
        from = (from / 64 + 1) * 64;
    }
    return last + 1;
}

std::optional<Port> PortPool::find(Zone zone, Kind kind, std::uint64_t random) {
    const auto start = static_cast<std::uint32_t>(zone.first * 64 + random % zone.ports());
    const std::size_t home = start / 64U;
    const auto port_in = [](std::size_t word, std::uint64_t bits) {
        const auto bit = static_cast<std::size_t>(std::countr_zero(bits));
        return Port{static_cast<std::uint16_t>(word * 64 + bit)};
    };
    ++probes_;
    const std::uint64_t here = candidates(home, kind);
    const std::uint64_t above = here & (~std::uint64_t{0} << (start % 64U));
    if (above != 0) return port_in(home, above);
    std::size_t word = next_word(home + 1, zone.last, kind);
    if (word > zone.last) {
        word = next_word(zone.first, home, kind);
        if (word > home) return std::nullopt;
    }
    return port_in(word, candidates(word, kind));
}

std::optional<Port> PortPool::find_either(Zone zone, bool odd_first, std::uint64_t random) {
    if (const auto port = find(zone, odd_first ? odd : even, random)) return port;
    return find(zone, odd_first ? even : odd, random);
}

std::optional<Port> PortPool::pick(Port wanted, config::PortChoice choice, std::uint64_t random) {
    probes_ = 0;
    const bool preserve = choice == config::PortChoice::preserve;
    if (preserve && is_allowed(wanted) && take(wanted)) return wanted;
    const Zone zone = zone_of(wanted);
    // Parity is that of the inside port, or of the random number itself.
    const bool odd_first = ((preserve ? wanted.number : random) & 1U) != 0;
    auto port = find_either(zone, odd_first, random);
    if (!port && zone.first == 0) {
        port = find_either({kLowWords, kWords - 1}, odd_first, random);
    }
    if (port) take(*port);
    return port;
}

std::optional<Port> PortPool::pick_pair(Port wanted, std::uint64_t random) {
    probes_ = 0;
    const auto even_one = static_cast<std::uint16_t>(wanted.number & 0xfffeU);
    std::optional<Port> first;
    if ((candidates(even_one / 64U, pair) & bit_of(even_one)) != 0) {
        first = Port{even_one};
    } else {
        first = find(zone_of(Port{1024}), pair, random);
    }
    if (!first) return std::nullopt;
    take(*first);
    take(Port{static_cast<std::uint16_t>(first->number + 1)});
    return first;
}

bool PortPool::take(Port port) {
    std::uint64_t& word = owned_[port.number / 64U];
    const std::uint64_t bit = bit_of(port.number);
    if ((word & bit) != 0) return false;
    word |= bit;
    ++owned_count_;
    summarize(port.number / 64U);
    return true;
}

void PortPool::release(Port port) {
    std::uint64_t& word = owned_[port.number / 64U];
    const std::uint64_t bit = bit_of(port.number);
    assert((word & bit) != 0);
    word &= ~bit;
    --owned_count_;
    summarize(port.number / 64U);
}

}  // namespace gatehouse::nat
