// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/shell/journal_file.h"

#include <unistd.h>

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

std::vector<Lease> JournalFile::load(Instant now) {
    boot_ = read_boot_id();
    const std::string bytes = read_whole(path_);
    JournalContent content = read_journal(as_bytes(bytes), boot_, now);
    unread_ = bytes.size() - content.good;
    if (unread_ > 0) {
        (void)loop::replace_file(path_ + ".bad", std::string_view(bytes).substr(content.good));
    }
    return std::move(content.leases);
}

Status JournalFile::rewrite(const LeaseTable& leases, Instant now) {
    std::vector<std::uint8_t> bytes;
    append_magic(bytes);
    append_boot(bytes, boot_);
    for (const auto& [address, lease] : leases.all()) {
        if (lease.state == LeaseState::bound || lease.has_ended()) append_lease(bytes, lease, now);
    }
    broken_ = true;
    sync_at_.reset();
    retry_at_ = now + kRetryPause;
    auto replaced =
        loop::replace_file(path_, as_text(bytes), {.mode = kOwnerOnly, .durable = true});
    if (!replaced) return replaced.failure();
    file_ = std::move(*replaced);
    ++generation_;
    size_ = fresh_size_ = bytes.size();
    broken_ = false;
    retry_at_.reset();
    return {};
}

bool JournalFile::append(const std::vector<Change>& changes, Instant now) {
    if (broken_) return false;
    std::vector<std::uint8_t> bytes;
    for (const Change& change : changes)
        append_change(bytes, change, now);
    if (bytes.empty()) return true;
    if (!loop::write_all(file_.get(), as_text(bytes))) {
        // A part may be there: nothing is appended behind it.
        broken_ = true;
        retry_at_ = now + kRetryPause;
        return false;
    }
    size_ += bytes.size();
    if (!sync_at_) sync_at_ = now + kSyncPause;
    return true;
}

std::optional<Instant> JournalFile::due() const {
    if (!sync_at_ || !retry_at_) return sync_at_ ? sync_at_ : retry_at_;
    return std::min(*sync_at_, *retry_at_);
}

bool JournalFile::wants_rewrite(Instant now) const {
    if (broken_) return retry_at_ && *retry_at_ <= now;
    return size_ > kSmallJournal && size_ > 4 * fresh_size_;
}

int JournalFile::begin_sync() {
    sync_at_.reset();
    return file_.get();
}

void JournalFile::lose(Instant now) {
    // What the disk has lost it does not report twice.
    broken_ = true;
    retry_at_ = now + kRetryPause;
}

void JournalFile::sync_at_once() const {
    if (file_) (void)::fdatasync(file_.get());
}

}  // namespace gatehouse::dhcp
