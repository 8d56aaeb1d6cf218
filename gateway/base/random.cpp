// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/random.h"

#include <sys/random.h>

#include <bit>
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace gatehouse {

std::uint64_t Random::below(std::uint64_t n) {
    assert(n > 0);
    // 2^64 modulo n: the lowest values are one too many of their remainder, so they are not used.
    const std::uint64_t surplus = (std::uint64_t{0} - n) % n;
    std::uint64_t bits = next();
    while (bits < surplus)
        bits = next();
    return bits % n;
}

std::uint64_t Random::between(std::uint64_t first, std::uint64_t last) {
    assert(first <= last);
    const std::uint64_t span = last - first;
    if (span == std::numeric_limits<std::uint64_t>::max()) return next();
    return first + below(span + 1);
}

void Random::fill(std::span<std::uint8_t> out) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (i % 8 == 0) bits = next();
        out[i] = static_cast<std::uint8_t>(bits & 0xffU);
        bits >>= 8U;
    }
}

SeededRandom::SeededRandom(std::uint64_t seed) {
    for (std::uint64_t& word : state_) {
        seed += 0x9e3779b97f4a7c15U;
        std::uint64_t mixed = seed;
        mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
        word = mixed ^ (mixed >> 31U);
    }
}

std::uint64_t SeededRandom::next() {
    const std::uint64_t out = std::rotl(state_[1] * 5U, 7) * 9U;
    const std::uint64_t shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return out;
}

std::uint64_t SystemRandom::next() {
    if (used_ == block_.size()) refill();
    const std::uint64_t out = block_[used_];
    block_[used_++] = 0;  // a number that was given out is not kept
    return out;
}

void SystemRandom::refill() {
    // Requests of up to 256 bytes are never cut short by a signal once the pool is ready.
    static_assert(sizeof(block_) <= 256);
    for (;;) {
        const ssize_t got = ::getrandom(block_.data(), sizeof(block_), 0);
        if (got == static_cast<ssize_t>(sizeof(block_))) break;
        if (got < 0 && errno != EINTR) {
            std::perror("gatehouse: getrandom");
            std::abort();
        }
    }
    used_ = 0;
}

}  // namespace gatehouse
