// SPDX-License-Identifier: GPL-2.0-or-later
//
// The journal of leases on a disk that may be flash, full, read-only or torn. Changes are written
// before their answers leave, so a daemon that dies forgets nothing; the disk is made to keep them
// every kSyncPause, so a power cut forgets no more than that. While the disk does not take them
// leases are served from memory, and the whole is written again when it does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dhcp/journal.h"
#include "dhcp/lease_table.h"
#include "gateway/base/result.h"
#include "gateway/loop/loop.h"

namespace gatehouse::dhcp {

constexpr Duration kSyncPause = 10s;
constexpr Duration kRetryPause = 60s;

class JournalFile {
  public:
    explicit JournalFile(std::string path) : path_(std::move(path)) {}

    // What was stored. Where the end of the file is not good, it is kept as PATH.bad.
    std::vector<Lease> load(Instant now);
    // How many bytes at the end load() found no good.
    std::size_t unread() const { return unread_; }
    // Everything that is alive, in place of what is there.
    Status rewrite(const LeaseTable& leases, Instant now);
    // At the end of the file. False where the disk did not take it: rewrite() when due() says so.
    bool append(const std::vector<Change>& changes, Instant now);

    // When there is something to do: to sync, or to write all again.
    std::optional<Instant> due() const;
    // Whether the journal is so much longer than what is alive, or so broken, that it is to be
    // written again.
    bool wants_rewrite(Instant now) const;
    // The file that the disk is to keep now; what is appended later has its own time.
    int begin_sync();
    // It could not be begun.
    void sync_later(Instant now) { sync_at_ = now + kSyncPause; }
    // The disk has lost something: all is to be written again.
    void lose(Instant now);
    // Waits for the disk.
    void sync_at_once() const;
    // How often all was written.
    unsigned generation() const { return generation_; }
    bool broken() const { return broken_; }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
    BootId boot_{};
    loop::Fd file_;
    std::size_t unread_ = 0;
    std::size_t size_ = 0;        // of the file
    std::size_t fresh_size_ = 0;  // after the last rewrite
    unsigned generation_ = 0;
    bool broken_ = true;
    std::optional<Instant> sync_at_;
    std::optional<Instant> retry_at_;
};

}  // namespace gatehouse::dhcp
