// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <thread>

#include "gateway/base/text.h"

namespace gatehouse::daemon {

namespace {

constexpr std::string_view kName = "gatehouse.lock";
constexpr int kWaiting = 16;  // those who ask who has the lock

struct LockName {
    sockaddr_un address{};
    socklen_t size = 0;
};

// A first byte of zero makes the name abstract (unix(7)).
LockName lock_name() {
    LockName out;
    out.address.sun_family = AF_UNIX;
    std::memcpy(out.address.sun_path + 1, kName.data(), kName.size());
    out.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + kName.size());
    return out;
}

std::string holder() {
    const LockName name = lock_name();
    const loop::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ucred peer{};
    socklen_t size = sizeof peer;
    const auto* address = reinterpret_cast<const sockaddr*>(&name.address);
    if (::connect(fd.get(), address, name.size) != 0 ||
        ::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid == 0) {
        return "another process";
    }
    return concat("process ", peer.pid);
}

}  // namespace

Result<loop::Fd> take_lock() {
    const LockName name = lock_name();
    loop::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto* address = reinterpret_cast<const sockaddr*>(&name.address);
    if (fd && ::bind(fd.get(), address, name.size) == 0 && ::listen(fd.get(), kWaiting) == 0)
        return fd;
    if (errno == EADDRINUSE) return fail(concat("gatehouse runs already: ", holder()));
    return fail_with_errno("taking the lock");
}

Result<loop::Fd> take_folder(const std::string& path, Duration patience) {
    static constexpr Duration kPause = 10ms;
    loop::Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return fail_with_errno(path);
    for (Duration waited{}; ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0; waited += kPause) {
        if (errno != EWOULDBLOCK) return fail_with_errno(concat("locking ", path));
        if (waited >= patience) return fail(concat(path, ": another daemon writes its files"));
        std::this_thread::sleep_for(kPause);
    }
    return fd;
}

void answer_lock(int lock) {
    for (;;) {
        const loop::Fd asking(::accept4(lock, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!asking) return;
    }
}

}  // namespace gatehouse::daemon
