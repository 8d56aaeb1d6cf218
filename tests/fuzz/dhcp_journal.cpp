// SPDX-License-Identifier: GPL-2.0-or-later
//
// A journal of leases that anything may have happened to. What is read of it, written and read
// again is the same, and a server that takes it over works.
#include <algorithm>

#include "dhcp/lease_files.h"
#include "tests/dhcp/support/lan.h"
#include "tests/fuzz/support/require.h"

using namespace gatehouse;
using namespace gatehouse::dhcp;

namespace {

std::vector<std::uint8_t> written(const std::vector<Lease>& leases, Instant now) {
    std::vector<std::uint8_t> out;
    append_magic(out);
    append_boot(out, {});
    for (const Lease& lease : leases)
        append_lease(out, lease, now);
    return out;
}

// The checksums of a fuzzer's records are never right, so they are put right here: each chunk of
// the input with its length in front becomes a record.
std::vector<std::uint8_t> with_checksums(Bytes bytes) {
    std::vector<std::uint8_t> out;
    append_magic(out);
    ByteReader in(bytes);
    while (in.ok() && !in.at_end()) {
        const Bytes payload = in.take(std::min<std::size_t>(in.u8(), in.remaining()));
        ByteWriter record;
        record.u16(static_cast<std::uint16_t>(payload.size()));
        record.bytes(payload);
        record.u32(crc32(record.view()));
        const Bytes view = record.view();
        out.insert(out.end(), view.begin(), view.end());
    }
    return out;
}

void check(Bytes bytes) {
    constexpr Instant kNow{5000s};
    const JournalContent content = read_journal(bytes, {}, kNow);
    require(content.good <= bytes.size());
    require(read_journal(written(content.leases, kNow), {}, kNow).leases == content.leases);
    test::Lan lan;
    lan.now = kNow;
    lan.tell(Restored{content.leases});
    lan.bind(1);
    for (const Lease& lease : lan.server.leases().sorted())
        require(lease.state != LeaseState::bound || lease.expires > kNow);
    (void)write_lease_file(lan.server.leases().sorted(), 0, lan.now);
    lan.pass(24h);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check(Bytes(data, size));
    check(with_checksums(Bytes(data, size)));
    return 0;
}
