// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is done with files that are replaced as a whole and get more behind their end. Nothing is
// written behind a part of a line, and those that are to survive a power cut are forced to the disk
// at most every kSyncPause, so that flash lives long.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/loop/files.h"

namespace gatehouse::loop {

using FileId = std::uint32_t;

class FileWork {
  public:
    static constexpr Duration kSyncPause = 10s;

    // All that there is, in place of what there was.
    Status replace(FileId id, const std::string& path, std::string_view text, const Replacing& how);
    // Behind it; only to what was replaced.
    Status append(FileId id, std::string_view text, Instant now);
    void forget(FileId id);

    // When the disk is to be told of something.
    std::optional<Instant> due() const;
    // Tells it what is due by then, and us what it has not kept.
    using Lost = std::function<void(FileId, const Error&)>;
    void sync(Instant now, const Lost& lost);

  private:
    struct File {
        FileId id = 0;
        std::string path;
        Fd fd;
        std::int64_t size = 0;
        bool durable = false;
        std::optional<Instant> sync_at;
    };

    File* find(FileId id);

    std::list<File> files_;  // few
};

}  // namespace gatehouse::loop
