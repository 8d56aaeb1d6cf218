// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/loop/file_work.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "gateway/base/text.h"

namespace gatehouse::loop {

FileWork::File* FileWork::find(FileId id) {
    for (File& file : files_)
        if (file.id == id) return &file;
    return nullptr;
}

void FileWork::forget(FileId id) {
    files_.remove_if([id](const File& file) { return file.id == id; });
}

Status FileWork::replace(FileId id, const std::string& path, std::string_view text,
                         const Replacing& how) {
    forget(id);
    files_.push_back({id, path, {}, static_cast<std::int64_t>(text.size()), how.durable, {}});
    auto fd = replace_file(path, text, how);
    if (!fd) return fd.failure();
    files_.back().fd = std::move(*fd);
    return {};
}

Status FileWork::append(FileId id, std::string_view text, Instant now) {
    File* const found = find(id);
    if (found == nullptr) return fail("a file that was never written");
    File& file = *found;
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
    for (const File& file : files_)
        if (file.sync_at) out = std::min(out.value_or(*file.sync_at), *file.sync_at);
    return out;
}

void FileWork::sync(Instant now, const Lost& lost) {
    for (File& file : files_) {
        if (!file.sync_at || *file.sync_at > now) continue;
        file.sync_at.reset();
        if (::fdatasync(file.fd.get()) == 0) continue;
        // What the disk has lost it does not report twice.
        const auto why = fail_with_errno(file.path);
        file.fd = {};
        lost(file.id, why.reason);
    }
}

}  // namespace gatehouse::loop
