// SPDX-License-Identifier: GPL-2.0-or-later
//
// The ports of one outside address for one protocol. Rules it keeps:
//   - a port has at most one owner (no overloading, RFC 4787 REQ-3);
//   - only allowed ports are given away: inside the configured range and not reserved for the
//     router itself, so that no host can shadow a service of the router (CVE-2021-3773);
//   - a port below 1024 is answered with one below 1024 where the range has any, a port from 1024
//     up never with one below unless there is nothing else (RFC 4787 REQ-3a);
//   - `preserve` gives the same port, else one of the same parity (RFC 4787 REQ-4), else any;
//     `random` gives a port where the caller's random number points (RFC 6056);
//   - finding a port looks at a bounded number of words, however full the pool is.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "gateway/base/ip.h"
#include "gateway/config/config.h"

namespace gatehouse::nat {

class PortPool {
  public:
    PortPool() = default;

    // Allows the range but for the reserved ones. Owned ports stay owned, also when they are not
    // allowed any more; they are not given away again after their release.
    void allow(PortRange range, std::span<const PortRange> reserved);

    // A free port for an inside port, taken for the caller. Nothing when no allowed port is free.
    std::optional<Port> pick(Port wanted, config::PortChoice choice, std::uint64_t random);
    // Two neighbours, both free and allowed, the first one even (RFC 3550 section 11): the wanted
    // one if it can be, else where the random number points. Both are taken; the first is given.
    std::optional<Port> pick_pair(Port wanted, std::uint64_t random);
    // Takes exactly this port, allowed or not; false where it has an owner.
    bool take(Port port);
    // Gives back a port that is owned.
    void release(Port port);

    bool is_owned(Port port) const { return test(owned_, port); }
    bool is_allowed(Port port) const { return test(allowed_, port); }
    std::uint32_t owned() const { return owned_count_; }
    // Allowed ports, owned or not.
    std::uint32_t allowed() const { return allowed_count_; }
    // Words that the last pick looked at: what O(1) means in the tests.
    std::uint32_t probes() const { return probes_; }

  private:
    static constexpr std::size_t kWords = 65536 / 64;
    static constexpr std::size_t kLowWords = 1024 / 64;  // ports below 1024
    using Bits = std::array<std::uint64_t, kWords>;
    using Summary = std::array<std::uint64_t, kWords / 64>;
    // What is looked for in a word of free ports: an even one, an odd one, an even one with a
    // free neighbour above.
    enum Kind : std::uint8_t { even, odd, pair, kinds };
    struct Zone {
        std::size_t first;  // words, both included
        std::size_t last;
        std::uint32_t ports() const { return static_cast<std::uint32_t>(last - first + 1) * 64; }
    };

    static bool test(const Bits& bits, Port port) {
        return (bits[port.number / 64U] >> (port.number % 64U) & 1U) != 0;
    }
    std::uint64_t candidates(std::size_t word, Kind kind) const;
    void summarize(std::size_t word);
    Zone zone_of(Port wanted) const;
    std::optional<Port> find(Zone zone, Kind kind, std::uint64_t random);
    std::optional<Port> find_either(Zone zone, bool odd_first, std::uint64_t random);
    // The first word in [from, last] with a candidate, or last + 1.
    std::size_t next_word(std::size_t from, std::size_t last, Kind kind);

    Bits owned_{};
    Bits allowed_{};
    std::array<Summary, kinds> summary_{};
    std::uint32_t owned_count_ = 0;
    std::uint32_t allowed_count_ = 0;
    std::uint32_t low_allowed_ = 0;
    std::uint32_t probes_ = 0;
};

}  // namespace gatehouse::nat
