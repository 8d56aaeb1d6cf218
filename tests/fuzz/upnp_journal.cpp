// SPDX-License-Identifier: GPL-2.0-or-later
//
// Any bytes as the journal of an earlier run. What must hold: entries of the known protocols that
// are not over yet, each place once, pinholes with a number, and what is read, written and read
// again says the same.
#include <cstdlib>

#include "gateway/base/bytes.h"
#include "upnp/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gatehouse;
    using namespace gatehouse::upnp;
    const Instant now = Instant{} + 1000s;
    const JournalImage image = parse_journal(as_text({data, size}), "boot", now);
    std::string again = journal_head("boot", Instant{});
    for (const JournalEntry& entry : image.entries) {
        const nat::Forward& forward = entry.forward;
        if (forward.expires <= now || forward.outside.port.number == 0) std::abort();
        again += journal_line(forward, entry.unlimited, entry.mac, now);
    }
    for (const nat::Pinhole& pinhole : image.pinholes) {
        if (pinhole.expires <= now || pinhole.id == 0 || pinhole.port.number == 0) std::abort();
        again += journal_pinhole(pinhole, now);
    }
    const JournalImage same = parse_journal(again, "boot", now);
    // Descriptions and owners of an old journal may be longer than a line may be.
    if (!same.damaged && (same.entries != image.entries || same.pinholes != image.pinholes))
        std::abort();
    return 0;
}
