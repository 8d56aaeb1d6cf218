// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/sysctl.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "gateway/base/text.h"

namespace gatehouse::kernel {

namespace {

constexpr std::size_t kMaxValue = 4096;

class File {
  public:
    File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC)) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    int fd() const { return fd_; }

  private:
    int fd_;
};

// The path of a name that stays below /proc/sys/net.
Result<std::string> path_of(std::string_view name) {
    const bool odd = name.find("..") != std::string_view::npos ||
                     name.find('\0') != std::string_view::npos || name.size() > 200;
    if (odd || !name.starts_with("net/")) {
        return fail(concat("not a network setting: ", printable(name)));
    }
    return concat("/proc/sys/", name);
}

Failure<Error> refused(std::string_view verb, std::string_view name) {
    return fail(concat("cannot ", verb, " ", name, ": ", error_text(errno)));
}

}  // namespace

Result<std::string> read_sysctl(std::string_view name) {
    const auto path = path_of(name);
    if (!path) return path.failure();
    const File file(*path, O_RDONLY);
    if (file.fd() < 0) return refused("read", name);
    std::array<char, kMaxValue> buffer{};
    const auto size = ::read(file.fd(), buffer.data(), buffer.size());
    if (size < 0) return refused("read", name);
    return std::string(trim(std::string_view(buffer.data(), static_cast<std::size_t>(size))));
}

Result<std::uint64_t> read_sysctl_number(std::string_view name) {
    const auto text = read_sysctl(name);
    if (!text) return text.failure();
    const auto number = parse_number<std::uint64_t>(*text);
    if (!number) return fail(concat(name, " is not a number: ", printable(*text)));
    return *number;
}

Status write_sysctl(std::string_view name, std::string_view value) {
    const auto now = read_sysctl(name);
    if (now && *now == value) return {};
    const auto path = path_of(name);
    if (!path) return path.failure();
    const File file(*path, O_WRONLY);
    if (file.fd() < 0) return refused("write", name);
    if (::write(file.fd(), value.data(), value.size()) < 0) return refused("write", name);
    return {};
}

Status write_sysctl(std::string_view name, std::uint64_t value) {
    return write_sysctl(name, std::to_string(value));
}

}  // namespace gatehouse::kernel
