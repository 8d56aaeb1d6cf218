// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "gateway/base/text.h"
#include "gateway/loop/loop.h"

namespace gatehouse::daemon {

Result<std::string> read_file(const std::string& path) {
    const loop::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return fail_with_errno(path);
    std::string out;
    std::array<char, 16384> buffer{};
    for (;;) {
        const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_with_errno(path);
        if (got == 0) return out;
        out.append(buffer.data(), static_cast<std::size_t>(got));
        if (out.size() > kLongestFile) return fail(concat(path, ": longer than 4 MiB"));
    }
}

Status write_file(const std::string& path, std::string_view text) {
    const loop::Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd || ::write(fd.get(), text.data(), text.size()) < 0) return fail_with_errno(path);
    return {};
}

Status replace_file(const std::string& path, std::string_view text) {
    static constexpr mode_t kOwnerOnly = 0600;
    const std::string fresh = path + ".new";
    ::unlink(fresh.c_str());
    const loop::Fd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
    if (!fd) return fail_with_errno(fresh);
    while (!text.empty()) {
        const ssize_t written = ::write(fd.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return fail_with_errno(fresh);
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (std::rename(fresh.c_str(), path.c_str()) != 0) return fail_with_errno(path);
    return {};
}

Status make_folders(const std::string& path, mode_t mode) {
    static constexpr mode_t kAbove = 0755;
    for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
        const bool last = slash == std::string::npos || slash + 1 == path.size();
        const std::string part = path.substr(0, slash);
        if (::mkdir(part.c_str(), last ? mode : kAbove) != 0 && errno != EEXIST) {
            return fail_with_errno(part);
        }
        if (last) return {};
    }
}

}  // namespace gatehouse::daemon
