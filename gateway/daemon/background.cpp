// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/background.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace gatehouse::daemon {

Result<Background> Background::leave() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_with_errno("leaving the terminal");
    loop::Fd reading(ends[0]);
    loop::Fd writing(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) return fail_with_errno("leaving the terminal");
    if (child > 0) return Background(child, std::move(reading));
    ::setsid();
    return Background(child, std::move(writing));
}

int Background::wait_for_child() {
    char byte = 0;
    ssize_t got = 0;
    do {
        got = ::read(pipe_.get(), &byte, 1);
    } while (got < 0 && errno == EINTR);
    if (got == 1) return 0;
    int exit_status = 0;
    ::waitpid(child_, &exit_status, 0);
    return WIFEXITED(exit_status) ? WEXITSTATUS(exit_status) : 1;
}

void Background::started() {
    const char byte = 1;
    [[maybe_unused]] const ssize_t told = ::write(pipe_.get(), &byte, 1);
    pipe_ = loop::Fd();
    const loop::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::dup2(null.get(), fd);
    [[maybe_unused]] const int moved = ::chdir("/");
}

}  // namespace gatehouse::daemon
