// SPDX-License-Identifier: GPL-2.0-or-later
//
// Randomness is handed in: the daemon gives the kernel's, tests and the simulated world give a
// seeded one and can replay every run.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gatehouse {

class Random {
  public:
    virtual ~Random() = default;

    // 64 random bits.
    virtual std::uint64_t next() = 0;

    // A number from 0 to n - 1, all equally likely; n > 0.
    std::uint64_t below(std::uint64_t n);
    // The same, of places and sizes.
    std::size_t index(std::size_t n) { return static_cast<std::size_t>(below(n)); }
    // A number from first to last, both included; first <= last.
    std::uint64_t between(std::uint64_t first, std::uint64_t last);
    void fill(std::span<std::uint8_t> out);
    template <std::size_t N>
    std::array<std::uint8_t, N> bytes() {
        std::array<std::uint8_t, N> out{};
        fill(out);
        return out;
    }
};

// The same sequence for the same seed, on every machine (xoshiro256**, seeded by splitmix64).
// Nothing that an outsider must not guess may come from it.
class SeededRandom final : public Random {
  public:
    explicit SeededRandom(std::uint64_t seed);
    std::uint64_t next() override;

  private:
    std::array<std::uint64_t, 4> state_{};
};

// The kernel's generator through getrandom(2), a block at a time. Without it the process ends:
// nothing that needs a secret can go on with a guessable one.
class SystemRandom final : public Random {
  public:
    std::uint64_t next() override;

  private:
    void refill();

    std::array<std::uint64_t, 32> block_{};
    std::size_t used_ = block_.size();
};

}  // namespace gatehouse
