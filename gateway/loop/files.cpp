// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/loop/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "gateway/base/text.h"

namespace gatehouse::loop {

namespace {

Status sync_folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return fail_with_errno(folder);
    return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t most, Links links) {
    const int no_link = links == Links::refused ? O_NOFOLLOW : 0;
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | no_link));
    if (!fd) return fail_with_errno(path);
    std::string out;
    std::array<char, 16384> piece;  // NOLINT: written before it is read
    while (out.size() < most) {
        const ssize_t got =
            ::read(fd.get(), piece.data(), std::min(piece.size(), most - out.size()));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_with_errno(path);
        if (got == 0) break;
        out.append(piece.data(), static_cast<std::size_t>(got));
    }
    return out;
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t wrote = ::write(fd, text.data(), text.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return true;
}

Result<Fd> replace_file(const std::string& path, std::string_view text, const Replacing& how) {
    const std::size_t name = path.rfind('/') + 1;
    const std::string fresh = concat(path.substr(0, name), '.', path.substr(name), ".new");
    ::unlink(fresh.c_str());
    Fd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                 mode_t{how.mode}));
    if (!fd) return fail_with_errno(fresh);
    if (::fchmod(fd.get(), mode_t{how.mode}) != 0 || !write_all(fd.get(), text) ||
        (how.durable && ::fsync(fd.get()) != 0) || std::rename(fresh.c_str(), path.c_str()) != 0) {
        const auto failure = fail_with_errno(path);
        ::unlink(fresh.c_str());
        return failure;
    }
    if (how.durable) {
        if (const Status synced = sync_folder_of(path); !synced) return synced.failure();
    }
    return fd;
}

}  // namespace gatehouse::loop
