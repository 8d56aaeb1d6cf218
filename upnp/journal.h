// SPDX-License-Identifier: GPL-2.0-or-later
//
// The text of the journal in which what devices asked for, forwards and IPv6 pinholes, survives a
// restart. It is a log: a line for each change, behind a first line; what is last said of a port,
// or of the number of a pinhole, counts. Each line ends in a hash of itself. Rules it keeps:
//   - the first line that is not whole, or that has no place left, ends the reading: what stands
//     before it counts. What was over when a line was written takes no place from it;
//   - no wall clock: times are seconds since boot, and the identifier of that boot stands in front.
//     After a reboot a forward has the time left that it had when the last line was written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/time.h"
#include "gateway/nat/mapping_service.h"

namespace gatehouse::upnp {

// A forward as it is kept: without its number and the outside address.
struct JournalEntry {
    nat::Forward forward;
    bool unlimited = false;  // the device asked for no end
    std::optional<Mac> mac;  // of the device

    friend bool operator==(const JournalEntry&, const JournalEntry&) = default;
};

struct JournalImage {
    bool same_boot = false;
    std::optional<Instant> epoch;  // of this boot: since when the state has been kept
    std::vector<JournalEntry> entries;
    std::vector<nat::Pinhole> pinholes;  // by number
    std::size_t lines = 0;               // that were read
    bool damaged = false;                // something stood behind them
};

constexpr std::size_t kLongestJournalLine = 2048;

JournalImage parse_journal(std::string_view text, std::string_view boot, Instant now);

// Lines, each with its end.
std::string journal_head(std::string_view boot, Instant epoch);
std::string journal_line(const nat::Forward& forward, bool unlimited, std::optional<Mac> mac,
                         Instant now);
std::string journal_removal(const nat::Forward& forward, Instant now);
std::string journal_pinhole(const nat::Pinhole& pinhole, Instant now);
std::string journal_pinhole_removal(nat::PinholeId id, Instant now);

}  // namespace gatehouse::upnp
