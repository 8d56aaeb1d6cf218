// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "gateway/base/text.h"
#include "gateway/loop/files.h"

namespace gatehouse::daemon {

Result<std::string> read_file(const std::string& path) {
    auto out = loop::read_file(path, kLongestFile + 1);
    if (out && out->size() > kLongestFile) return fail(concat(path, ": longer than 4 MiB"));
    return out;
}

std::uint64_t read_number(const std::string& path) {
    const auto text = read_file(path);
    return text ? parse_number<std::uint64_t>(trim(*text)).value_or(0) : 0;
}

std::string boot_id() {
    const auto text = read_file("/proc/sys/kernel/random/boot_id");
    return text ? std::string(trim(*text)) : std::string();
}

Status write_file(const std::string& path, std::string_view text) {
    const loop::Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd || ::write(fd.get(), text.data(), text.size()) < 0) return fail_with_errno(path);
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
