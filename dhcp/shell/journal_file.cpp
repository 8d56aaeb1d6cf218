// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/shell/journal_file.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/loop/files.h"

namespace gatehouse::dhcp {

namespace {

constexpr std::size_t kLongestJournal = 64UL << 20U;
constexpr std::size_t kSmallJournal = 256UL << 10U;  // never worth a compaction
constexpr unsigned kOwnerOnly = 0600;

std::string read_whole(const std::string& path) {
    return loop::read_file(path, kLongestJournal, loop::Links::refused).value_or({});
}

// "3f2b0c1a-..." as bytes; zeros where the kernel does not tell.
BootId read_boot_id() {
    std::string hex(trim(read_whole("/proc/sys/kernel/random/boot_id")));
    hex.erase(std::remove(hex.begin(), hex.end(), '-'), hex.end());
    bool ok = true;
    const auto id = from_hex(hex, ok);
    BootId out{};
    if (ok && id.size() == out.size()) std::copy(id.begin(), id.end(), out.begin());
    return out;
}

}  // namespace

JournalFile::JournalFile(loop::FileWriter& writer, std::string path, loop::WrittenFile::Told told)
    : file_(writer, std::move(path), {.mode = kOwnerOnly, .durable = true}, std::move(told)) {}

std::vector<Lease> JournalFile::load(Instant now) {
    boot_ = read_boot_id();
    const std::string bytes = read_whole(path());
    JournalContent content = read_journal(as_bytes(bytes), boot_, now);
    unread_ = bytes.size() - content.good;
    if (unread_ > 0) {
        (void)loop::replace_file(path() + ".bad", std::string_view(bytes).substr(content.good));
    }
    return std::move(content.leases);
}

void JournalFile::rewrite(const LeaseTable& leases, Instant now) {
    std::vector<std::uint8_t> bytes;
    append_magic(bytes);
    append_boot(bytes, boot_);
    for (const auto& [address, lease] : leases.all()) {
        if (lease.state == LeaseState::bound || lease.has_ended()) append_lease(bytes, lease, now);
    }
    size_ = fresh_size_ = bytes.size();
    broken_ = false;
    retry_at_.reset();
    file_.replace(as_text(bytes));
}

void JournalFile::append(const std::vector<Change>& changes, Instant now) {
    std::vector<std::uint8_t> bytes;
    for (const Change& change : changes)
        append_change(bytes, change, now);
    size_ += bytes.size();
    file_.append(as_text(bytes));
}

bool JournalFile::wants_rewrite(Instant now) const {
    if (broken_) return retry_at_ && *retry_at_ <= now;
    return size_ > kSmallJournal && size_ > 4 * fresh_size_;
}

void JournalFile::lose(Instant now) {
    broken_ = true;
    retry_at_ = now + kRetryPause;
}

}  // namespace gatehouse::dhcp
