// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/loop/file_work.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "gateway/base/text.h"

namespace gatehouse::loop {

Status FileWork::replace(FileId id, const std::string& path, std::string_view text,
                         const Replacing& how) {
    File& file = files_[id];
    file = {path, {}, static_cast<std::int64_t>(text.size()), how.durable, {}};
    auto fd = replace_file(path, text, how);
    if (!fd) return fd.failure();
    file.fd = std::move(*fd);
    return {};
}

Status FileWork::append(FileId id, std::string_view text, Instant now) {
    const auto found = files_.find(id);
    if (found == files_.end()) return fail("a file that was never written");
    File& file = found->second;
    if (!file.fd) return fail(concat(file.path, ": not written before"));
    if (!write_all(file.fd.get(), text)) {
        const auto why = fail_with_errno(file.path);
        if (::ftruncate(file.fd.get(), file.size) != 0) file.fd = {};
        return why;
    }
    file.size += static_cast<std::int64_t>(text.size());
    if (file.durable && !file.sync_at) file.sync_at = now + kSyncPause;
    return {};
}

std::optional<Instant> FileWork::due() const {
    std::optional<Instant> out;
    for (const auto& [id, file] : files_)
        if (file.sync_at) out = std::min(out.value_or(*file.sync_at), *file.sync_at);
    return out;
}

void FileWork::sync(Instant now, const Lost& lost) {
    for (auto& [id, file] : files_) {
        if (!file.sync_at || *file.sync_at > now) continue;
        file.sync_at.reset();
        if (::fdatasync(file.fd.get()) == 0) continue;
        // What the disk has lost it does not report twice.
        const auto why = fail_with_errno(file.path);
        file.fd = {};
        lost(id, why.reason);
    }
}

}  // namespace gatehouse::loop
