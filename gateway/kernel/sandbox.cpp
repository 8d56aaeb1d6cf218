// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#endif

#include "gateway/base/text.h"

namespace gatehouse::kernel {

namespace {

using Capability = std::pair<unsigned, std::string_view>;

constexpr std::array kKept{
    Capability{CAP_NET_BIND_SERVICE, "net_bind_service"},
    Capability{CAP_NET_ADMIN, "net_admin"},
    Capability{CAP_NET_RAW, "net_raw"},
};

std::uint32_t kept_mask() {
    std::uint32_t mask = 0;
    for (const auto& [number, name] : kKept)
        mask |= 1U << number;
    return mask;
}

bool is_kept(unsigned capability) {
    return capability < 32 && ((kept_mask() >> capability) & 1U) != 0;
}

Status set_capabilities(std::uint32_t mask) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    data[0].effective = mask;
    data[0].permitted = mask;
    if (::syscall(SYS_capset, &header, data.data()) != 0) return fail_with_errno("capset");
    return {};
}

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__i386__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_I386;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#elif defined(__arm__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_ARM;
#elif defined(__riscv) && __riscv_xlen == 64
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_RISCV64;
#elif defined(__s390x__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_S390X;
#elif defined(__mips__) && !defined(__mips64) && defined(__MIPSEB__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_MIPS;
#elif defined(__mips__) && !defined(__mips64)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_MIPSEL;
#else
constexpr std::uint32_t kArchitecture = 0;
#endif

// By purpose: bytes and files, memory, sockets, waiting, time and identity, the short-lived child
// that loads rulesets, and the end. Names that an architecture does not have are left out.
// Through socketcall glibc makes sockets, and uses them, where the calls of their own came late;
// the family stands in memory there, where no filter sees it.
constexpr auto kAllowed = std::to_array<long>({
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pwrite64,
    SYS_close,
    SYS_openat,
    SYS_lseek,
    SYS_fcntl,
    SYS_ioctl,
    SYS_fsync,
    SYS_fdatasync,
    SYS_ftruncate,
    SYS_fchmod,
    SYS_flock,
    SYS_memfd_create,
    SYS_dup,
    SYS_dup3,
    SYS_pipe2,
    SYS_getdents64,
    SYS_unlinkat,
    SYS_renameat2,
    SYS_mkdirat,
    SYS_faccessat,
    SYS_readlinkat,
    SYS_statx,
    SYS_getcwd,
    SYS_munmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_bind,
    SYS_connect,
    SYS_listen,
    SYS_accept4,
    SYS_sendto,
    SYS_sendmsg,
    SYS_sendmmsg,
    SYS_recvfrom,
    SYS_recvmsg,
    SYS_recvmmsg,
    SYS_getsockname,
    SYS_getpeername,
    SYS_getsockopt,
    SYS_setsockopt,
    SYS_shutdown,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_eventfd2,
    SYS_pselect6,
    SYS_ppoll,
    SYS_signalfd4,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigpending,
    SYS_sigaltstack,
    SYS_restart_syscall,
    SYS_clock_gettime,
    SYS_getrusage,
    SYS_clock_nanosleep,
    SYS_gettimeofday,
    SYS_getrandom,
    SYS_getpid,
    SYS_gettid,
    SYS_getppid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_uname,
    SYS_sysinfo,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_prctl,
    SYS_capget,
    SYS_futex,
    SYS_clone,
    SYS_wait4,
    SYS_kill,
    SYS_tgkill,
    SYS_set_robust_list,
    SYS_set_tid_address,
    SYS_exit,
    SYS_exit_group,
#ifdef SYS_alarm
    SYS_alarm,
#endif
    SYS_setitimer,
#ifdef SYS_select
    SYS_select,
#endif
#ifdef SYS_accept
    SYS_accept,
#endif
#ifdef SYS_access
    SYS_access,
#endif
#ifdef SYS_clone3
    SYS_clone3,
#endif
#ifdef SYS_clock_gettime64
    SYS_clock_gettime64,
    SYS_clock_nanosleep_time64,
    SYS_futex_time64,
    SYS_ppoll_time64,
    SYS_pselect6_time64,
    SYS_recvmmsg_time64,
#endif
#ifdef SYS_dup2
    SYS_dup2,
#endif
#ifdef SYS_epoll_create
    SYS_epoll_create,
#endif
#ifdef SYS_epoll_wait
    SYS_epoll_wait,
#endif
#ifdef SYS_faccessat2
    SYS_faccessat2,
#endif
#ifdef SYS_fcntl64
    SYS_fcntl64,
#endif
#ifdef SYS_fork
    SYS_fork,
#endif
#ifdef SYS_fstat
    SYS_fstat,
#endif
#ifdef SYS_fstat64
    SYS_fstat64,
    SYS_fstatat64,
#endif
#ifdef SYS_ftruncate64
    SYS_ftruncate64,
#endif
#ifdef SYS_getuid32
    SYS_getuid32,
    SYS_geteuid32,
    SYS_getgid32,
    SYS_getegid32,
#endif
#ifdef SYS__llseek
    SYS__llseek,
#endif
#ifdef SYS_mkdir
    SYS_mkdir,
#endif
#ifdef SYS_mmap
    SYS_mmap,
#endif
#ifdef SYS_mmap2
    SYS_mmap2,
#endif
#ifdef SYS_nanosleep
    SYS_nanosleep,
#endif
#ifdef SYS_newfstatat
    SYS_newfstatat,
#endif
#ifdef SYS_open
    SYS_open,
#endif
#ifdef SYS_pipe
    SYS_pipe,
#endif
#ifdef SYS_poll
    SYS_poll,
#endif
#ifdef SYS_readlink
    SYS_readlink,
#endif
#ifdef SYS_rename
    SYS_rename,
#endif
#ifdef SYS_renameat
    SYS_renameat,
#endif
#ifdef SYS_rseq
    SYS_rseq,
#endif
#ifdef SYS_send
    SYS_send,
#endif
#ifdef SYS_recv
    SYS_recv,
#endif
#ifdef SYS_sigreturn
    SYS_sigreturn,
#endif
#ifdef __GLIBC__
#ifdef SYS_socketcall
    SYS_socketcall,
#endif
#endif
#ifdef SYS_stat
    SYS_stat,
    SYS_lstat,
#endif
#ifdef SYS_time
    SYS_time,
#endif
#ifdef SYS_unlink
    SYS_unlink,
#endif
#ifdef SYS_vfork
    SYS_vfork,
#endif
#ifdef SYS_waitid
    SYS_waitid,
#endif
});

// Those of which the first argument is looked at, too: a family of sockets (others have given root
// to strangers more than once), and which process (0: this one).
struct Narrow {
    long call;
    std::uint32_t first_argument;
};
constexpr auto kNarrow = std::to_array<Narrow>({
    {SYS_socket, AF_UNIX},
    {SYS_socket, AF_INET},
    {SYS_socket, AF_INET6},
    {SYS_socket, AF_NETLINK},
    {SYS_socket, AF_PACKET},
    {SYS_prlimit64, 0},
});

// Where the lower half of the argument stands.
constexpr std::uint32_t kFirstArgument =
    offsetof(seccomp_data, args) + (std::endian::native == std::endian::big ? 4 : 0);

std::vector<sock_filter> filter_program() {
    const auto statement = [](unsigned code, std::uint32_t value) {
        return sock_filter{static_cast<std::uint16_t>(code), 0, 0, value};
    };
    const std::uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;
    std::vector<sock_filter> out;
    out.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
    out.push_back({BPF_JMP | BPF_JEQ | BPF_K, 1, 0, kArchitecture});
    out.push_back(statement(BPF_RET | BPF_K, refuse));
    out.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    for (const long call : kAllowed) {
        out.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<std::uint32_t>(call)});
        out.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    }
    for (const auto& [call, argument] : kNarrow) {
        out.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 4, static_cast<std::uint32_t>(call)});
        out.push_back(statement(BPF_LD | BPF_W | BPF_ABS, kFirstArgument));
        out.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 1, argument});
        out.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
        out.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    }
    out.push_back(statement(BPF_RET | BPF_K, refuse));
    return out;
}

// Why this build keeps to no list; nothing where it does. Sanitizers look at the process with
// system calls that a router never needs.
constexpr const char* why_without() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return "off in a build with sanitizers";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
    return "off in a build with sanitizers";
#else
    return nullptr;
#endif
#else
    return nullptr;
#endif
}

#if defined(LANDLOCK_ACCESS_FS_EXECUTE) && defined(SYS_landlock_create_ruleset)
constexpr std::uint64_t kReading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
constexpr std::uint64_t kWriting = kReading | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                   LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                   LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                   LANDLOCK_ACCESS_FS_MAKE_SOCK;
// All that the first version knows; what is handled and not allowed is forbidden.
constexpr std::uint64_t kHandled = kWriting | LANDLOCK_ACCESS_FS_EXECUTE |
                                   LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                   LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

bool allow(int rules, const std::string& path, std::uint64_t what) {
    const int place = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (place < 0) return true;
    struct stat info {};
    const bool folder = ::fstat(place, &info) == 0 && S_ISDIR(info.st_mode);
    landlock_path_beneath_attr rule{};
    rule.allowed_access = folder ? what : what & kOfFiles;
    rule.parent_fd = place;
    const bool added =
        ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    ::close(place);
    return added;
}
#endif

}  // namespace

Status limit_capability_bounds() {
    for (unsigned capability = 0; capability <= CAP_LAST_CAP; ++capability) {
        if (is_kept(capability)) continue;
        // EINVAL: a capability that this kernel does not know.
        if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EINVAL) {
            return fail_with_errno("limiting capabilities");
        }
    }
    return {};
}

Status become_user(unsigned uid, unsigned gid) {
    if (uid != 0) {
        if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
            return fail_with_errno("keeping capabilities");
        if (::setgroups(0, nullptr) != 0) return fail_with_errno("setgroups");
        if (::setresgid(gid, gid, gid) != 0) return fail_with_errno("setresgid");
        if (::setresuid(uid, uid, uid) != 0) return fail_with_errno("setresuid");
    }
    return set_capabilities(kept_mask());
}

Status give_up_capabilities() {
    if (effective_capabilities() == "all") return fail("not limited before");
    return set_capabilities(0);
}

Status forbid_new_privileges() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_with_errno("no_new_privs");
    return {};
}

Status limit_files([[maybe_unused]] std::span<const std::string> read,
                   [[maybe_unused]] std::span<const std::string> write) {
    if (const char* why = why_without()) return fail(why);
#if defined(LANDLOCK_ACCESS_FS_EXECUTE) && defined(SYS_landlock_create_ruleset)
    landlock_ruleset_attr all{};
    all.handled_access_fs = kHandled;
    const int rules = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0));
    if (rules < 0) return fail_with_errno("landlock");
    bool ok = true;
    for (const std::string& path : read)
        ok = allow(rules, path, kReading) && ok;
    for (const std::string& path : write)
        ok = allow(rules, path, kWriting) && ok;
    ok = ok && ::syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    const Status status = ok ? Status() : Status(fail_with_errno("landlock"));
    ::close(rules);
    return status;
#else
    return fail("not known to this build");
#endif
}

Status filter_system_calls() {
    if (const char* why = why_without()) return fail(why);
    if (kArchitecture == 0) return fail("not known for this architecture");
    std::vector<sock_filter> program = filter_program();
    const sock_fprog filter{static_cast<std::uint16_t>(program.size()), program.data()};
    const auto install = [&filter](unsigned flags) {
        return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter) == 0;
    };
    if (install(SECCOMP_FILTER_FLAG_LOG) || install(0)) return {};
    return fail_with_errno("seccomp");
}

std::string effective_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    if (::syscall(SYS_capget, &header, data.data()) != 0) return "unknown";
    if ((data[0].effective & ~kept_mask()) != 0) return "all";
    std::string out;
    for (const auto& [number, name] : kKept) {
        if (((data[0].effective >> number) & 1U) != 0) append(out, out.empty() ? "" : " ", name);
    }
    return out.empty() ? "none" : out;
}

}  // namespace gatehouse::kernel
