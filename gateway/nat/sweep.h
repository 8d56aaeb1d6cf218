// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lifetimes of mappings, read off the sessions. Rules it keeps:
//   - a dump is the truth, events are hints: a mapping ends only when a complete dump, which began
//     at least kGrace after the mapping was last used, shows no session on it;
//   - a dump comes every kDumpPeriod, in parts; earlier, but not sooner than kDumpGap after the one
//     before, when the last known session of a mapping has ended or events were lost;
//   - a session on an outside endpoint that nobody has was made while nobody was asked (the kernel
//     translates on its own while the daemon is away): its endpoint becomes the host's mapping, or
//     at least keeps its port while the session lasts;
//   - a UDP session on the outside endpoint of another host's mapping is ended;
//   - a permit outlives the last session on it by kPermitTimeout at most: each one is refreshed in
//     every second dump.
// Work on a dump is linear in its size and stops at any place; events in between do no harm.
#pragma once

#include <array>
#include <span>

#include "gateway/nat/events.h"
#include "gateway/nat/ledger.h"

namespace gatehouse::nat {

class Sweep {
  public:
    static constexpr Duration kGrace = 2s;
    static constexpr Duration kDumpPeriod = 30s;
    static constexpr Duration kDumpGap = 5s;
    // Of the elements that the ruleset adds to the set permit, and of our refreshing.
    static constexpr Duration kPermitTimeout = 120s;

    // The ledger must live as long.
    Sweep(Ledger& ledger, const HashKey& key) : ledger_(ledger), hash_(key) {}

    void begin(Instant now);
    void see(std::span<const Session> sessions, Instant now);
    void end(bool complete, Instant now);
    void destroyed(const SessionDestroyed& event, Instant now);
    void events_lost(Instant now) { ask_by(now); }

    // Asks for a dump where it is time.
    void tick(Instant now, Effects& out);
    std::optional<Instant> next_deadline() const { return next_dump_; }
    // Asks for the first dump. Nothing is given away before it is there, for others may have it.
    void start(Instant now, Effects& out);

    // Sessions on outside endpoints that belong to somebody else's mapping.
    std::uint64_t foreign() const { return foreign_; }

  private:
    void ask_by(Instant when);
    void see_one(const Session& session, Instant now);
    void oppose(const Session& session, const Mapping& mapping);
    MappingId claim(const Session& session, Instant now);
    void refresh_permit(const Mapping& mapping, const Session& session);

    Ledger& ledger_;
    KeyedHash hash_;
    bool running_ = false;
    bool again_ = false;  // something happened while it runs
    Instant began_;
    Instant last_end_ = Instant::min() + kDumpPeriod;
    std::optional<Instant> next_dump_;
    std::uint64_t foreign_ = 0;
    std::array<std::uint64_t, 4096> refreshed_{};  // in this dump, by a few bits of the hash
};

}  // namespace gatehouse::nat
