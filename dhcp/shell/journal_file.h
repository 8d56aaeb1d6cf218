// SPDX-License-Identifier: GPL-2.0-or-later
//
// The journal of leases on a disk that may be flash, full, read-only or torn. Changes are written
// before their answers leave, so a daemon that dies forgets nothing; the disk is made to keep them
// soon after, so a power cut forgets no more than the last seconds. While the disk does not take
// them leases are served from memory, and the whole is written again when it does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dhcp/journal.h"
#include "dhcp/lease_table.h"
#include "gateway/base/result.h"
#include "gateway/loop/file_writer.h"

namespace gatehouse::dhcp {

constexpr Duration kRetryPause = 60s;

class JournalFile {
  public:
    // told: that the disk does not take what was stored, or that it has all again.
    JournalFile(loop::FileWriter& writer, std::string path, loop::WrittenFile::Told told);

    // What was stored. Where the end of the file is not good, it is kept as PATH.bad.
    std::vector<Lease> load(Instant now);
    // How many bytes at the end load() found no good.
    std::size_t unread() const { return unread_; }
    // Everything that is alive, in place of what is there.
    void rewrite(const LeaseTable& leases, Instant now);
    // At the end of the file, which must not be broken.
    void append(const std::vector<Change>& changes, Instant now);

    // When all is to be written again.
    std::optional<Instant> due() const { return retry_at_; }
    // Whether the journal is so much longer than what is alive, or so broken, that it is to be
    // written again.
    bool wants_rewrite(Instant now) const;
    // The disk lacks something: all is to be written again, later.
    void lose(Instant now);
    bool broken() const { return broken_; }
    const std::string& path() const { return file_.path(); }

  private:
    loop::WrittenFile file_;
    BootId boot_{};
    std::size_t unread_ = 0;
    std::size_t size_ = 0;        // of the file
    std::size_t fresh_size_ = 0;  // after the last rewrite
    bool broken_ = true;
    std::optional<Instant> retry_at_;
};

}  // namespace gatehouse::dhcp
