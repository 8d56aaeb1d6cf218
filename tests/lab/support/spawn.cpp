// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "gateway/base/text.h"

extern char** environ;

namespace gatehouse::lab {
namespace {

struct Report {
    int error = 0;
    char step[24] = {};
};

// Everything the child needs, prepared before the fork.
struct Plan {
    const Place& place;
    Streams streams;
    std::vector<char*> arguments;
    std::vector<char*> environment;
    int report = -1;
};

[[noreturn]] void give_up(int fd, const char* step) {
    Report report;
    report.error = errno;
    std::strncpy(report.step, step, sizeof report.step - 1);
    [[maybe_unused]] const ssize_t written = ::write(fd, &report, sizeof report);
    ::_exit(127);
}

void enter(int report, int fd, int kind, const char* step) {
    if (fd >= 0 && ::setns(fd, kind) != 0) give_up(report, step);
}

void connect_streams(const Plan& plan) {
    int in = plan.streams.in;
    if (in < 0) in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (::dup2(in, 0) < 0 || ::dup2(plan.streams.out, 1) < 0 || ::dup2(plan.streams.err, 2) < 0) {
        give_up(plan.report, "standard streams");
    }
}

[[noreturn]] void become(const Plan& plan) {
    ::setsid();
    enter(plan.report, plan.place.net, CLONE_NEWNET, "network namespace");
    enter(plan.report, plan.place.uts, CLONE_NEWUTS, "host name");
    enter(plan.report, plan.place.mount, CLONE_NEWNS, "mount namespace");
    if (!plan.place.directory.empty() && ::chdir(plan.place.directory.c_str()) != 0) {
        give_up(plan.report, "working directory");
    }
    connect_streams(plan);
    for (int number = 1; number < 32; ++number)
        ::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execvpe(plan.arguments[0], plan.arguments.data(), plan.environment.data());
    give_up(plan.report, "exec");
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (std::string& text : texts)
        out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

std::vector<std::string> merged(const Environment& changes) {
    std::vector<std::string> out;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const std::string_view name = text.substr(0, text.find('='));
        bool changed = false;
        for (const auto& [key, value] : changes)
            changed = changed || key == name;
        if (!changed) out.emplace_back(text);
    }
    for (const auto& [key, value] : changes)
        out.push_back(concat(key, '=', value));
    return out;
}

// Only children go into the process namespace; this thread's choice is taken back at once.
pid_t fork_into(int pid_namespace, const Plan& plan) {
    Fd own;
    if (pid_namespace >= 0) {
        own = Fd::checked(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC), "process namespace");
        if (::setns(pid_namespace, CLONE_NEWPID) != 0) throw_errno("enter the process namespace");
    }
    const pid_t child = ::fork();
    if (child == 0) become(plan);
    const int fork_error = errno;
    if (own && ::setns(own.number(), CLONE_NEWPID) != 0) throw_errno("leave process namespace");
    errno = fork_error;
    if (child < 0) throw_errno("fork");
    return child;
}

}  // namespace

std::string in_words(const Command& command) {
    std::string out;
    for (const std::string& word : command)
        append(out, out.empty() ? "" : " ", word);
    return out;
}

pid_t spawn(const Place& place, const Command& command, const Streams& streams,
            const Environment& environment) {
    if (command.empty()) throw LabError("a command needs at least its name");
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("pipe");
    const Fd reader(ends[0]);
    Fd writer(ends[1]);
    Command words = command;
    std::vector<std::string> variables = merged(environment);
    const Plan plan{place, streams, pointers(words), pointers(variables), writer.number()};
    const pid_t child = fork_into(place.pid, plan);
    writer.close();
    Report report;
    if (::read(reader.number(), &report, sizeof report) != sizeof report) return child;
    ::waitpid(child, nullptr, 0);
    throw LabError(concat("cannot start '", in_words(command), "' (", std::string_view(report.step),
                          "): ", std::strerror(report.error)));
}

}  // namespace gatehouse::lab
