// SPDX-License-Identifier: GPL-2.0-or-later
//
// Everything that passes one interface, from construction to the end: asked by predicate while the
// test runs, and written to a pcap file among its logs (kept when the test fails). An answer counts
// every packet that passed before the question.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "tests/lab/support/raw_sockets.h"

namespace gatehouse::lab {

// Made by Host::capture(). Movable. Ends for good when its interface is deleted.
class Capture {
  public:
    Capture(Fd packet_socket, std::filesystem::path file);
    ~Capture();
    Capture(Capture&&) noexcept;
    Capture& operator=(Capture&&) noexcept;

    std::size_t count(const PacketTest& test) const;
    // Whether any, or none, passes; the verdict shows some of the packets that speak against it.
    Verdict any(const PacketTest& test) const;
    Verdict none(const PacketTest& test) const;
    // The first that passes, also among those which came before; nothing when none came in time.
    std::optional<Packet> wait_for(const PacketTest& test, Duration limit = 5s) const;
    // A copy of all so far. Bounded: beyond kMost packets only the file grows.
    std::vector<Packet> packets() const;
    // Forgets what came so far (the file keeps it).
    void forget();
    const std::filesystem::path& file() const;

    static constexpr std::size_t kMost = 200'000;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace gatehouse::lab
