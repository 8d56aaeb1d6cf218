// SPDX-License-Identifier: GPL-2.0-or-later
//
// The journal of leases: records that are only ever appended, each with its length and a CRC. What
// was torn by a power cut ends the reading; everything before it counts. Rules it keeps:
//   - no wall clock: many routers have none that survives. Within one boot a lease ends when it was
//     to end; after another boot it has the time left that it had when it was written;
//   - writing all that is alive into a new file (compaction) gives the same leases.
//
// File: magic, then records of u16 length, payload, u32 CRC-32 over length and payload.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dhcp/events.h"
#include "dhcp/lease.h"
#include "gateway/base/bytes.h"

namespace gatehouse::dhcp {

// Differs from boot to boot.
using BootId = std::array<std::uint8_t, 16>;

// The beginning of a journal, or of what is appended in another boot.
void append_magic(std::vector<std::uint8_t>& out);
void append_boot(std::vector<std::uint8_t>& out, const BootId& boot);
// now: of the boot that was written last.
void append_lease(std::vector<std::uint8_t>& out, const Lease& lease, Instant now);
void append_removal(std::vector<std::uint8_t>& out, Ip4 address);
// What a change means for the journal; nothing for what is not stored.
void append_change(std::vector<std::uint8_t>& out, const Change& change, Instant now);

struct JournalContent {
    std::vector<Lease> leases;  // by address; the last record of each
    std::size_t good = 0;       // bytes that were read well
    std::size_t records = 0;
};

// Reads as far as it is good.
JournalContent read_journal(Bytes bytes, const BootId& boot, Instant now);

// CRC-32 of IEEE 802.3.
std::uint32_t crc32(Bytes bytes);

}  // namespace gatehouse::dhcp
