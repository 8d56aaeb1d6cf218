// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/shell/journal_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "gateway/base/text.h"

namespace gatehouse::dhcp {

namespace {

constexpr std::size_t kLongestJournal = 64UL << 20U;
constexpr std::size_t kSmallJournal = 256UL << 10U;  // never worth a compaction
constexpr std::size_t kPiece = 4096;                 // read at a time
constexpr unsigned kOwnerOnly = 0600;

bool write_all(int fd, Bytes bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return true;
}

std::vector<std::uint8_t> read_whole(const std::string& path) {
    std::vector<std::uint8_t> out;
    const loop::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    std::array<std::uint8_t, kPiece> buffer{};
    while (file && out.size() < kLongestJournal) {
        const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        out.insert(out.end(), buffer.begin(), buffer.begin() + n);
    }
    return out;
}

// "3f2b0c1a-..." as bytes; zeros where the kernel does not tell.
BootId read_boot_id() {
    const auto bytes = read_whole("/proc/sys/kernel/random/boot_id");
    std::string hex(trim(as_text(bytes)));
    hex.erase(std::remove(hex.begin(), hex.end(), '-'), hex.end());
    bool ok = true;
    const auto id = from_hex(hex, ok);
    BootId out{};
    if (ok && id.size() == out.size()) std::copy(id.begin(), id.end(), out.begin());
    return out;
}

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Status replace_file(const std::string& path, Bytes content, unsigned mode, bool durable) {
    // Name servers that read whole folders leave out what begins with a dot.
    const std::size_t name = path.rfind('/') + 1;
    const std::string fresh = concat(path.substr(0, name), '.', path.substr(name), ".new");
    ::unlink(fresh.c_str());
    const loop::Fd file(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode_t{mode}));
    if (!file) return fail_with_errno(fresh);
    // Whatever the mask of the process is: who is to read it can.
    if (::fchmod(file.get(), mode_t{mode}) != 0 || !write_all(file.get(), content) ||
        (durable && ::fdatasync(file.get()) != 0) ||
        std::rename(fresh.c_str(), path.c_str()) != 0) {
        const auto failure = fail_with_errno(path);
        ::unlink(fresh.c_str());
        return failure;
    }
    if (durable) {
        const loop::Fd folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (folder) ::fsync(folder.get());
    }
    return {};
}

std::vector<Lease> JournalFile::load(Instant now) {
    boot_ = read_boot_id();
    const std::vector<std::uint8_t> bytes = read_whole(path_);
    JournalContent content = read_journal(bytes, boot_, now);
    unread_ = bytes.size() - content.good;
    if (unread_ > 0) {
        (void)replace_file(path_ + ".bad", Bytes(bytes).subspan(content.good), kOwnerOnly, false);
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
    const Status replaced = replace_file(path_, bytes, kOwnerOnly, true);
    if (!replaced) return replaced;
    file_ = loop::Fd(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
    if (!file_) return fail_with_errno(path_);
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
    if (!write_all(file_.get(), bytes)) {
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

bool JournalFile::sync(Instant now) {
    sync_at_.reset();
    if (!file_ || ::fdatasync(file_.get()) == 0) return true;
    // What the disk has lost it does not report twice.
    broken_ = true;
    retry_at_ = now + kRetryPause;
    return false;
}

}  // namespace gatehouse::dhcp
