// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <ostream>

#include "gateway/base/text.h"
#include "tests/lab/support/spawn.h"

namespace gatehouse::lab {
namespace {

constexpr std::size_t kShownOutput = 8000;

// The end of a long output: what matters is mostly there.
std::string tail(const std::string& text) {
    if (text.size() <= kShownOutput) return text;
    return concat("[...]", std::string_view(text).substr(text.size() - kShownOutput));
}

Fd memory_file(std::string_view content) {
    Fd file = Fd::checked(::memfd_create("lab", MFD_CLOEXEC), "memory file");
    std::size_t done = 0;
    while (done < content.size()) {
        const ssize_t n = ::write(file.number(), content.data() + done, content.size() - done);
        if (n <= 0) throw_errno("write a memory file");
        done += static_cast<std::size_t>(n);
    }
    if (::lseek(file.number(), 0, SEEK_SET) != 0) throw_errno("rewind a memory file");
    return file;
}

// For a leader that has ended or is to end now: kills its whole group, takes the leader's end and
// waits until the others are gone. The group is signalled while the leader is unreaped: so long the
// number belongs to it and no signal can reach a stranger.
Ended end_group(pid_t leader) {
    ::kill(-leader, SIGKILL);
    int status = 0;
    if (::waitpid(leader, &status, 0) != leader) throw_errno("wait for a program");
    const Deadline deadline(2s);
    while (::kill(-leader, 0) == 0 && !deadline.over())
        ::usleep(200);
    return WIFSIGNALED(status) ? Ended{-1, WTERMSIG(status)} : Ended{WEXITSTATUS(status), 0};
}

}  // namespace

void throw_errno(std::string_view tried) {
    const int error = errno;
    throw LabError(concat(tried, ": ", std::strerror(error)));
}

std::string read_whole(int fd) {
    std::string out;
    char piece[16384];
    for (;;) {
        const ssize_t n = ::pread(fd, piece, sizeof piece, static_cast<off_t>(out.size()));
        if (n <= 0) return out;
        out.append(piece, static_cast<std::size_t>(n));
    }
}

std::string Ended::to_string() const {
    if (signal == 0) return concat("exit code ", code);
    return concat("signal ", signal, " (", ::strsignal(signal), ")");
}

std::string Ran::to_string() const {
    return concat("'", in_words(command), "' ended with ", ended.to_string(),
                  timed_out ? " because its time was over" : "", "\nits output: ", tail(out),
                  "\nits errors: ", tail(err));
}

Verdict Ran::ok() const {
    if (!timed_out && ended == Ended{0, 0}) return true;
    return no_because(to_string());
}

Verdict Ran::says(std::string_view text) const {
    if (out.find(text) != std::string::npos || err.find(text) != std::string::npos) return true;
    return no_because(concat("no \"", text, "\" from ", to_string()));
}

std::ostream& operator<<(std::ostream& out, const Ran& ran) {
    return out << ran.to_string();
}

struct Process::State {
    std::mutex mutex;
    pid_t pid = 0;
    Fd handle;
    Fd output;
    std::filesystem::path log;
    std::optional<Ended> ended = Ended{};  // nothing while a program runs

    ~State() { kill_and_wait(); }

    bool wait_for_end(int milliseconds) {
        pollfd item{handle.number(), POLLIN, 0};
        const Deadline deadline(milliseconds * 1ms);
        for (;;) {
            const int n = ::poll(&item, 1, deadline.milliseconds_left());
            if (n >= 0 || errno != EINTR) return n > 0;
        }
    }
    // How it ended, when it has within the time.
    std::optional<Ended> wait(int milliseconds) {
        {
            const std::lock_guard lock(mutex);
            if (ended) return ended;
        }
        if (!wait_for_end(milliseconds)) return std::nullopt;
        const std::lock_guard lock(mutex);
        if (!ended) ended = end_group(pid);
        return ended;
    }
    void signal(int number, bool group) {
        const std::lock_guard lock(mutex);
        if (!ended) ::kill(group ? -pid : pid, number);
    }
    Ended kill_and_wait() {
        signal(SIGKILL, true);
        const std::optional<Ended> end = wait(10'000);
        return end ? *end : Ended{-1, SIGKILL};  // stuck in the kernel; never wait for ever
    }
};

Process Process::start(const Place& place, const Command& command, std::filesystem::path log,
                       const Environment& environment) {
    auto state = std::make_shared<State>();
    state->output = Fd::checked(::open(log.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644),
                                log.string());
    state->log = std::move(log);
    const int out = state->output.number();
    const pid_t pid = spawn(place, command, {-1, out, out}, environment);
    state->handle = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    state->pid = pid;
    state->ended.reset();
    if (!state->handle) throw_errno("watch a program");
    return Process(std::move(state));
}

pid_t Process::pid() const {
    return state_ ? state_->pid : 0;
}

bool Process::is_running() const {
    return state_ && !ended();
}

std::optional<Ended> Process::ended() const {
    return state_ ? state_->wait(0) : std::optional<Ended>(Ended{});
}

std::optional<Ended> Process::wait(Duration limit) const {
    return state_ ? state_->wait(Deadline(limit).milliseconds_left()) : Ended{};
}

void Process::signal(int number) const {
    if (state_) state_->signal(number, false);
}

void Process::signal_group(int number) const {
    if (state_) state_->signal(number, true);
}

void Process::freeze() const {
    signal(SIGSTOP);
    const Deadline deadline(5s);
    siginfo_t info{};
    while (state_ && !deadline.over()) {
        const int got = ::waitid(P_PID, static_cast<id_t>(state_->pid), &info,
                                 WSTOPPED | WEXITED | WNOHANG | WNOWAIT);
        if (got != 0 || info.si_pid == state_->pid) return;
        ::usleep(500);
    }
}

void Process::thaw() const {
    signal(SIGCONT);
}

Ended Process::kill() const {
    return state_ ? state_->kill_and_wait() : Ended{};
}

Ended Process::stop(Duration grace) const {
    signal(SIGTERM);
    thaw();
    const std::optional<Ended> end = wait(grace);
    return end ? *end : kill();
}

std::string Process::output() const {
    return state_ ? read_whole(state_->output.number()) : "";
}

Verdict Process::wait_for_output(std::string_view text, Duration limit, std::size_t from) const {
    const Deadline deadline(limit);
    for (;;) {
        const bool last = deadline.over();
        const std::optional<Ended> end = ended();
        const std::string printed = output();
        if (printed.find(text, from) != std::string::npos) return true;
        if (end || last) {
            const std::string how = end ? end->to_string() : std::string("still running");
            return no_because(concat("no \"", text, "\" (", how, ") in: ", tail(printed)));
        }
        ::usleep(2000);
    }
}

const std::filesystem::path& Process::log() const {
    static const std::filesystem::path none;
    return state_ ? state_->log : none;
}

Ran run_program(const Place& place, const Command& command, Duration limit, std::string_view input,
                const Environment& environment) {
    const Fd in = memory_file(input);
    const Fd out = memory_file({});
    const Fd err = memory_file({});
    const pid_t pid = spawn(place, command, {in.number(), out.number(), err.number()}, environment);
    const Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    pollfd item{handle.number(), POLLIN, 0};
    const Deadline deadline(limit);
    int ready = 0;
    do {
        ready = ::poll(&item, 1, deadline.milliseconds_left());
    } while (ready < 0 && errno == EINTR);
    Ran ran;
    ran.command = command;
    ran.ended = end_group(pid);
    ran.timed_out = ready == 0;
    ran.out = read_whole(out.number());
    ran.err = read_whole(err.number());
    return ran;
}

}  // namespace gatehouse::lab
