// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <string_view>

#include "gateway/base/text.h"

namespace gatehouse::kernel {

namespace {

constexpr int kPatienceMilliseconds = 10000;
constexpr std::size_t kLongestReport = 65536;

[[noreturn]] void run_child(int pipe, const std::function<std::string()>& work) {
    ::alarm(kPatienceMilliseconds / 1000);  // also when the daemon is gone meanwhile
    const std::string report = work();
    std::string_view rest = std::string_view(report).substr(0, kLongestReport);
    while (!rest.empty()) {
        const ssize_t written = ::write(pipe, rest.data(), rest.size());
        if (written <= 0) ::_exit(1);
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    ::_exit(0);
}

std::int64_t milliseconds_now() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1000000;
}

// All that comes out of the pipe until its end; false when that takes too long.
bool read_report(int pipe, std::string& report) {
    const std::int64_t deadline = milliseconds_now() + kPatienceMilliseconds;
    std::array<char, 4096> buffer{};
    for (;;) {
        const std::int64_t left = deadline - milliseconds_now();
        pollfd waiting{pipe, POLLIN, 0};
        if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) == 0) return false;
        const ssize_t got = ::read(pipe, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got == 0;
        report.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

}  // namespace

Result<std::string> in_child(const std::function<std::string()>& work) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_with_errno("starting a child");
    const pid_t child = ::fork();
    if (child < 0) {
        const auto refused = fail_with_errno("starting a child");
        ::close(ends[0]);
        ::close(ends[1]);
        return refused;
    }
    if (child == 0) run_child(ends[1], work);
    ::close(ends[1]);
    std::string report;
    const bool finished = read_report(ends[0], report);
    ::close(ends[0]);
    if (!finished) ::kill(child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!finished) return fail("the child took too long");
    if (WIFSIGNALED(status)) return fail(concat("the child ended by signal ", WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0) return fail("the child failed");
    return report;
}

}  // namespace gatehouse::kernel
