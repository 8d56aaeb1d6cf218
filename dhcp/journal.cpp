// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/journal.h"

#include <algorithm>
#include <map>
#include <optional>

#include "dhcp/lease_table.h"

namespace gatehouse::dhcp {

namespace {

constexpr std::string_view kMagic = "GHLEASE1";
constexpr std::uint8_t kBootRecord = 1;
constexpr std::uint8_t kLeaseRecord = 2;
constexpr std::uint8_t kRemovalRecord = 3;
constexpr std::uint32_t kForEver = 0xffffffff;
constexpr std::size_t kLongestText = 255;

void append_record(std::vector<std::uint8_t>& out, Bytes payload) {
    ByteWriter record;
    record.u16(static_cast<std::uint16_t>(payload.size()));
    record.bytes(payload);
    record.u32(crc32(record.view()));
    const Bytes bytes = record.view();
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void write_text(ByteWriter& out, std::string_view text) {
    text = text.substr(0, kLongestText);
    out.u8(static_cast<std::uint8_t>(text.size()));
    out.text(text);
}

std::string_view read_text(ByteReader& in) {
    return as_text(in.take(in.u8()));
}

std::uint64_t nanoseconds(Instant at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count());
}

class Reader {
  public:
    Reader(const BootId& boot, Instant now) : boot_(boot), now_(now) {}

    bool read(Bytes payload) {
        ByteReader in(payload);
        switch (in.u8()) {
            case kBootRecord: this_boot_ = in.array<16>() == boot_; break;
            case kLeaseRecord: read_lease(in); break;
            case kRemovalRecord: leases_.erase(read_ip4(in)); break;
            default: return false;
        }
        return in.ok() && in.at_end();
    }

    std::vector<Lease> take() {
        std::vector<Lease> out;
        for (auto& [address, lease] : leases_)
            out.push_back(std::move(lease));
        return out;
    }

  private:
    void read_lease(ByteReader& in) {
        Lease lease;
        lease.address = read_ip4(in);
        const std::uint8_t state = in.u8();
        lease.mac.bytes = in.array<6>();
        const std::uint64_t end = in.u64();
        const std::uint32_t left = in.u32();
        lease.client = read_text(in);
        lease.name = read_text(in);
        if (!in.ok()) return;
        const bool known = state == static_cast<std::uint8_t>(LeaseState::bound) ||
                           state == static_cast<std::uint8_t>(LeaseState::released) ||
                           state == static_cast<std::uint8_t>(LeaseState::expired);
        const bool has_room =
            leases_.size() < LeaseTable::kMostLeases || leases_.contains(lease.address);
        if (!known || !has_room) return in.fail();
        lease.state = static_cast<LeaseState>(state);
        lease.confirmed = true;
        lease.expires = end_of(lease, end, left);
        leases_.insert_or_assign(lease.address, std::move(lease));
    }

    Instant end_of(const Lease& lease, std::uint64_t end, std::uint32_t left) const {
        if (lease.state == LeaseState::bound && left == kForEver) return kNever;
        // No lease ends later than the time that was left when it was written, in whole seconds.
        const Instant latest = now_ + std::chrono::seconds(lease.has_ended() ? 0 : left);
        if (!this_boot_ || end >= nanoseconds(latest + 1s)) return latest;
        return Instant(Duration(static_cast<std::int64_t>(end)));
    }

    BootId boot_;
    Instant now_;
    bool this_boot_ = false;
    std::map<Ip4, Lease> leases_;
};

}  // namespace

std::uint32_t crc32(Bytes bytes) {
    static constexpr std::uint32_t kPolynomial = 0xedb88320;
    static constexpr auto kTable = [] {
        std::array<std::uint32_t, 256> table{};
        for (std::uint32_t i = 0; i < 256; ++i) {
            std::uint32_t value = i;
            for (int bit = 0; bit < 8; ++bit)
                value = (value >> 1U) ^ ((value & 1U) != 0 ? kPolynomial : 0U);
            table[i] = value;
        }
        return table;
    }();
    std::uint32_t crc = 0xffffffff;
    for (const std::uint8_t byte : bytes)
        crc = (crc >> 8U) ^ kTable[(crc ^ byte) & 0xffU];
    return ~crc;
}

void append_magic(std::vector<std::uint8_t>& out) {
    const Bytes magic = as_bytes(kMagic);
    out.insert(out.end(), magic.begin(), magic.end());
}

void append_boot(std::vector<std::uint8_t>& out, const BootId& boot) {
    ByteWriter payload;
    payload.u8(kBootRecord);
    payload.bytes(boot);
    append_record(out, payload.view());
}

void append_lease(std::vector<std::uint8_t>& out, const Lease& lease, Instant now) {
    ByteWriter payload;
    payload.u8(kLeaseRecord);
    write_ip4(payload, lease.address);
    payload.u8(static_cast<std::uint8_t>(lease.state));
    payload.bytes(lease.mac.bytes);
    payload.u64(nanoseconds(lease.expires));
    const std::int64_t left = lease.has_ended() ? 0 : whole_seconds(lease.expires - now);
    const bool for_ever = lease.state == LeaseState::bound && lease.expires == kNever;
    payload.u32(for_ever ? kForEver
                         : static_cast<std::uint32_t>(std::min<std::int64_t>(left, kForEver - 1)));
    write_text(payload, lease.client);
    write_text(payload, lease.name);
    append_record(out, payload.view());
}

void append_removal(std::vector<std::uint8_t>& out, Ip4 address) {
    ByteWriter payload;
    payload.u8(kRemovalRecord);
    write_ip4(payload, address);
    append_record(out, payload.view());
}

void append_change(std::vector<std::uint8_t>& out, const Change& change, Instant now) {
    switch (change.kind) {
        case Change::Kind::bound:
        case Change::Kind::renewed:
        case Change::Kind::released:
        case Change::Kind::expired: return append_lease(out, change.lease, now);
        case Change::Kind::conflict: return append_removal(out, change.lease.address);
        case Change::Kind::forgotten: return;  // its removal was written when the conflict was seen
    }
}

JournalContent read_journal(Bytes bytes, const BootId& boot, Instant now) {
    JournalContent out;
    ByteReader in(bytes);
    if (as_text(in.take(kMagic.size())) != kMagic) return out;
    out.good = in.offset();
    Reader reader(boot, now);
    while (in.ok() && !in.at_end()) {
        const std::size_t begin = in.offset();
        const std::uint16_t length = in.u16();
        const Bytes payload = in.take(length);
        const std::uint32_t crc = in.u32();
        if (!in.ok() || crc32(bytes.subspan(begin, 2U + length)) != crc) break;
        if (!reader.read(payload)) break;
        out.good = in.offset();
        ++out.records;
    }
    out.leases = reader.take();
    return out;
}

}  // namespace gatehouse::dhcp
