// SPDX-License-Identifier: GPL-2.0-or-later
//
// The files of the gateway device in the state folder: who it is, for ever, and the journal of the
// forwards. A journal is written behind at once and forced to the disk at most every kSyncPeriod,
// so that flash lives long; a new one takes the place of the old one in one step.
#pragma once

#include <string>

#include "gateway/base/hash.h"
#include "gateway/base/result.h"
#include "gateway/loop/disk_sync.h"
#include "gateway/loop/loop.h"

namespace gatehouse::upnp {

class Store {
  public:
    static constexpr Duration kSyncPeriod = 10s;
    static constexpr std::size_t kLongestJournal = std::size_t{16} << 20U;

    // folder: is there. The loop must live as long.
    Store(loop::Loop& loop, std::string folder)
        : loop_(loop), disk_(loop), folder_(std::move(folder)) {}
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    struct Identity {
        HashKey key;
        std::uint32_t starts = 1;  // this one included
        Status kept;
    };
    // Counts this start; what was not there yet is made with the fresh key.
    Identity begin(const HashKey& fresh);
    std::string read_journal() const;

    Status replace(std::string_view journal);
    Status append(std::string_view lines);

  private:
    std::string path(std::string_view name) const { return folder_ + "/" + std::string(name); }
    void sync_later();
    void sync();

    loop::Loop& loop_;
    loop::DiskSync disk_;
    std::string folder_;
    loop::Fd journal_;
    std::int64_t size_ = 0;
    std::optional<loop::TimerId> sync_;
};

}  // namespace gatehouse::upnp
