// SPDX-License-Identifier: GPL-2.0-or-later
//
// The daemon with a traitor in a parser of strangers' bytes: a search for "treason" makes it try
// what somebody would who has taken over that parser, and say what came of it. The file stands in
// the place of upnp/ssdp.cpp, in a program of the tests alone.
#define parse_search honest_parse_search
#include "upnp/ssdp.cpp"
#undef parse_search

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace {

constexpr pid_t kOther = 1;  // the first process of the machine, which is root's

// A crime gives 0 where it succeeded.
struct Crime {
    const char* name;
    long (*commit)();
};

long start_a_program() {
    const pid_t child = ::fork();
    if (child == 0) {
        char program[] = "/bin/true";
        char* const words[] = {program, nullptr};
        ::execv(program, words);
        ::_exit(1);
    }
    int status = 1;
    if (::waitpid(child, &status, 0) != child || status == 0) return status;
    errno = EPERM;
    return -1;
}

long open_file(const char* path, int how) {
    const int file = ::open(path, how | O_CLOEXEC, 0644);
    if (file < 0) return -1;
    ::close(file);
    return 0;
}

long read_another_process() {
    char here = 0;
    const iovec mine{&here, 1};
    const iovec its{reinterpret_cast<void*>(0x400000), 1};
    return ::syscall(SYS_process_vm_readv, kOther, &mine, 1, &its, 1, 0);
}

long socket_of(int family, int type) {
    const int made = ::socket(family, type | SOCK_CLOEXEC, 0);
    if (made >= 0) ::close(made);
    return made;
}

// A file in memory, which no list of places has.
long start_an_own_program() {
    const int file = ::memfd_create("treason", 0);
    const char script[] = "#!/bin/true\n";
    if (file < 0 || ::write(file, script, sizeof script - 1) < 0) return -1;
    char name[] = "treason";
    char* const words[] = {name, nullptr};
    char* const none[] = {nullptr};
    const pid_t child = ::fork();
    if (child == 0) {
        ::syscall(SYS_execveat, file, "", words, none, AT_EMPTY_PATH);
        ::_exit(errno);
    }
    int status = 0;
    ::close(file);
    if (::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
    errno = WEXITSTATUS(status);
    return errno == 0 ? 0 : -1;
}

long limit_another_process() {
    rlimit now{};
    return ::syscall(SYS_prlimit64, kOther, RLIMIT_NOFILE, nullptr, &now);
}

constexpr Crime kCrimes[] = {
    {"start a program", start_a_program},
    {"read passwords", [] { return open_file("/etc/shadow", O_RDONLY); }},
    {"add a user", [] { return open_file("/etc/passwd", O_WRONLY | O_APPEND); }},
    {"see who it runs beside", [] { return open_file("/proc/1/environ", O_RDONLY); }},
    {"read the kernel's memory", [] { return open_file("/dev/mem", O_RDONLY); }},
    {"read a home", [] { return open_file("/root", O_RDONLY | O_DIRECTORY); }},
    {"leave a program", [] { return open_file("/usr/bin/treason", O_WRONLY | O_CREAT); }},
    {"leave a job", [] { return open_file("/etc/cron.d/treason", O_WRONLY | O_CREAT); }},
    {"change a program of the machine",
     [] { return static_cast<long>(::rename("/bin/true", "/tmp/treason")); }},
    {"lead a program elsewhere",
     [] { return static_cast<long>(::symlink("/etc/shadow", "/tmp/treason-link")); }},
    {"keep a file of another",
     [] { return static_cast<long>(::link("/etc/passwd", "/tmp/treason-file")); }},
    {"start a program of its own making", start_an_own_program},
    {"use the kernel's ciphers", [] { return socket_of(AF_ALG, SOCK_SEQPACKET); }},
    {"speak to the machine below", [] { return socket_of(AF_VSOCK, SOCK_STREAM); }},
    {"manage keys of IPsec", [] { return socket_of(AF_KEY, SOCK_RAW); }},
    {"use sockets of another kind", [] { return socket_of(AF_RDS, SOCK_SEQPACKET); }},
    {"go round the list of calls", [] { return ::syscall(SYS_io_uring_setup, 1, nullptr); }},
    {"stop at its own page faults", [] { return ::syscall(SYS_userfaultfd, 0); }},
    {"take a file from another process", [] { return ::syscall(SYS_pidfd_open, kOther, 0); }},
    {"limit another process", limit_another_process},
    {"watch the files of all", [] { return ::syscall(SYS_fanotify_init, 0, 0); }},
    {"read the kernel's log", [] { return ::syscall(SYS_syslog, 10, nullptr, 0); }},
    {"set the clock", [] { return ::syscall(SYS_clock_settime, 0, nullptr); }},
    {"rename the machine", [] { return ::syscall(SYS_sethostname, "treason", 7); }},
    {"restart the machine", [] { return ::syscall(SYS_reboot, 0, 0, 0, nullptr); }},
    {"trace another process", [] { return ::ptrace(PTRACE_ATTACH, kOther, nullptr, nullptr); }},
    {"read another process", read_another_process},
    {"signal another process", [] { return static_cast<long>(::kill(kOther, 0)); }},
    {"become root", [] { return ::syscall(SYS_setresuid, 0, 0, 0); }},
    {"take capabilities", [] { return ::syscall(SYS_capset, nullptr, nullptr); }},
    {"mount", [] { return static_cast<long>(::mount("none", "/mnt", "tmpfs", 0, nullptr)); }},
    {"enter a namespace", [] { return static_cast<long>(::unshare(CLONE_NEWUSER)); }},
    {"load a module", [] { return ::syscall(SYS_init_module, nullptr, 0, ""); }},
    {"load a filter", [] { return ::syscall(SYS_bpf, 0, nullptr, 0); }},
    {"watch the system", [] { return ::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }},
    {"use keys", [] { return ::syscall(SYS_keyctl, 0, 0, 0, 0, 0); }},
    {"make a device", [] { return ::syscall(SYS_mknodat, AT_FDCWD, "/tmp/treason", 0020666, 0); }},
};

void betray() {
    for (const Crime& crime : kCrimes) {
        errno = 0;
        const long result = crime.commit();
        std::fprintf(stderr, "treason: %s: %s\n", crime.name,
                     result >= 0 ? "DONE" : std::strerror(errno));
    }
    std::fprintf(stderr, "treason: that was all\n");
}

}  // namespace

namespace gatehouse::upnp {

std::optional<Search> parse_search(std::string_view message);

std::optional<Search> parse_search(std::string_view message) {
    if (message == "treason") betray();
    return honest_parse_search(message);
}

}  // namespace gatehouse::upnp
