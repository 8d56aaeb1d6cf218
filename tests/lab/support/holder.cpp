// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/holder.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "gateway/base/text.h"

namespace gatehouse::lab {
namespace {

constexpr char kResolver[] = "/etc/resolv.conf";

// Where the name server list really is; "" when there is none. Asked before /run is covered.
std::string real_resolver() {
    char path[PATH_MAX];
    return ::realpath(kResolver, path) != nullptr ? path : "";
}

struct Plan {
    std::string name;
    std::string resolver;
    bool main_thread = false;
    int life = -1;    // read end: end of file when the test is gone
    int report = -1;  // write end: one byte "ready", or a step and its errno
};

struct Report {
    int error = 0;
    char step[32] = {};
};

void tell(const Plan& plan, int error, const char* step) {
    Report report;
    report.error = error;
    std::strncpy(report.step, step, sizeof report.step - 1);
    [[maybe_unused]] const ssize_t written = ::write(plan.report, &report, sizeof report);
}

void must(const Plan& plan, bool done, const char* step) {
    if (done) return;
    tell(plan, errno, step);
    ::_exit(1);
}

bool mount_at(const char* kind, const char* where, unsigned long flags) {
    return ::mount(kind, where, kind, flags, nullptr) == 0;
}

bool empty_file(const char* path) {
    const int fd = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    return fd >= 0 && ::close(fd) == 0;
}

// A resolv.conf of its own: programs that follow a lease write it, and the one of the system
// stays as it is. A list that lives under /run is gone with it, so its name is made anew.
void place_resolver(const Plan& plan) {
    must(plan, empty_file("/run/resolv.conf"), "make resolv.conf");
    if (plan.resolver.empty()) return;
    char path[PATH_MAX];
    std::strncpy(path, plan.resolver.c_str(), sizeof path - 1);
    path[sizeof path - 1] = '\0';
    if (std::strncmp(path, "/run/", 5) == 0) {
        for (char* slash = std::strchr(path + 5, '/'); slash != nullptr;
             slash = std::strchr(slash + 1, '/')) {
            *slash = '\0';
            ::mkdir(path, 0755);
            *slash = '/';
        }
        must(plan, empty_file(path), "make resolv.conf");
    }
    must(plan, ::mount("/run/resolv.conf", path, nullptr, MS_BIND, nullptr) == 0,
         "bind resolv.conf");
}

// Nothing of the test stays open: whoever waits for the end of its output must not wait for us.
void keep_only(int life) {
    ::dup2(life, 0);
    ::syscall(SYS_close_range, 1U, ~0U, 0U);
}

[[noreturn]] void hold(const Plan& plan) {
    if (plan.main_thread) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_NAME, "lab-host");
    ::setsid();
    for (int number = 1; number < 32; ++number)
        ::signal(number, SIG_DFL);
    ::signal(SIGCHLD, SIG_IGN);  // orphans are reaped by the kernel
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    must(plan, ::unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS) == 0, "make namespaces");
    must(plan, ::sethostname(plan.name.data(), plan.name.size()) == 0, "set the host name");
    must(plan, ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "private /");
    must(plan, mount_at("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC), "mount /proc");
    must(plan, mount_at("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC), "mount /sys");
    must(plan, mount_at("tmpfs", "/run", MS_NOSUID | MS_NODEV), "mount /run");
    place_resolver(plan);
    tell(plan, 0, "ready");
    keep_only(plan.life);
    char byte = 0;
    while (::read(0, &byte, 1) < 0 && errno == EINTR) {
    }
    ::_exit(0);
}

pid_t fork_first_process(const Plan& plan) {
    const Fd own = Fd::checked(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC), "own processes");
    if (::unshare(CLONE_NEWPID) != 0) throw_errno("make a process namespace");
    const pid_t child = ::fork();
    if (child == 0) hold(plan);
    const int fork_error = errno;
    if (::setns(own.number(), CLONE_NEWPID) != 0) throw_errno("leave the process namespace");
    errno = fork_error;
    if (child < 0) throw_errno("fork");
    return child;
}

}  // namespace

HostHolder::HostHolder(const std::string& host_name) {
    int life[2];
    int report[2];
    if (::pipe2(life, O_CLOEXEC) != 0) throw_errno("pipe");
    const Fd life_reader(life[0]);
    life_ = Fd(life[1]);
    if (::pipe2(report, O_CLOEXEC) != 0) throw_errno("pipe");
    const Fd report_reader(report[0]);
    Fd report_writer(report[1]);
    const bool main_thread = ::getpid() == static_cast<pid_t>(::syscall(SYS_gettid));
    child_ = fork_first_process(
        {host_name, real_resolver(), main_thread, life_reader.number(), report_writer.number()});
    report_writer.close();
    Report answer;
    if (::read(report_reader.number(), &answer, sizeof answer) != sizeof answer) {
        throw LabError(concat("the holder of host ", host_name, " died at once"));
    }
    if (answer.error != 0) {
        throw LabError(concat("host ", host_name, ": cannot ", std::string_view(answer.step), ": ",
                              std::strerror(answer.error)));
    }
    open_namespaces();
}

HostHolder::~HostHolder() {
    if (child_ < 0) return;
    life_.close();
    ::kill(child_, SIGKILL);
    // It ends after everything inside has ended, which nobody can prevent; bounded all the same.
    for (int look = 0; look < 2000; ++look) {
        if (::waitpid(child_, nullptr, WNOHANG) != 0) return;
        ::usleep(look < 100 ? 200 : 2000);
    }
}

void HostHolder::open_namespaces() {
    const auto open_one = [this](const char* kind) {
        const std::string path = concat("/proc/", child_, "/ns/", kind);
        return Fd::checked(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path);
    };
    net_ = open_one("net");
    mount_ = open_one("mnt");
    uts_ = open_one("uts");
    pid_ = open_one("pid");
}

}  // namespace gatehouse::lab
