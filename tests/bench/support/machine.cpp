// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/support/machine.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "gateway/base/text.h"
#include "tests/lab/support/fd.h"
#include "tests/lab/support/wait.h"

namespace gatehouse::bench {
namespace {

namespace fs = std::filesystem;

// Those whose name begins so.
std::set<pid_t> kernel_threads(const std::string& prefix) {
    std::set<pid_t> out;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc", error)) {
        const auto pid = parse_number<pid_t>(entry.path().filename().string());
        if (!pid) continue;
        if (read_file(entry.path() / "comm").starts_with(prefix)) out.insert(*pid);
    }
    return out;
}

std::uint64_t number_after(const std::string& text, std::string_view name) {
    for (const std::string_view line : split(text, '\n')) {
        if (!line.starts_with(name)) continue;
        const std::string_view rest = trim(line.substr(name.size()));
        return parse_number<std::uint64_t>(rest.substr(0, rest.find(' '))).value_or(0);
    }
    return 0;
}

void pin_thread(pid_t thread, int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(core), &set);
    if (::sched_setaffinity(thread, sizeof set, &set) != 0) lab::throw_errno("choose a processor");
    if (::setpriority(PRIO_PROCESS, static_cast<id_t>(thread), -20) != 0)
        lab::throw_errno("come before other work");
}

}  // namespace

Cores choose_cores() {
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) != 0) lab::throw_errno("list processors");
    Cores cores{-1, -1};
    for (int core = 0; core < CPU_SETSIZE && cores.around < 0; ++core) {
        if (!CPU_ISSET(static_cast<unsigned>(core), &set)) continue;
        (cores.router < 0 ? cores.router : cores.around) = core;
    }
    if (cores.around < 0) throw lab::LabError("two processors are needed, and there is one");
    return cores;
}

void pin(pid_t process, int core) {
    if (process == 0) return pin_thread(0, core);
    for (const fs::directory_entry& entry :
         fs::directory_iterator(concat("/proc/", process, "/task"))) {
        if (const auto thread = parse_number<pid_t>(entry.path().filename().string()))
            pin_thread(*thread, core);
    }
}

void prefer_session(pid_t process) {
    const std::string name = process == 0 ? "self" : std::to_string(process);
    std::ofstream file(concat("/proc/", name, "/autogroup"));
    file << "-20" << std::flush;  // no such file: no such groups
}

std::vector<pid_t> poll_in_thread(const lab::Host& host, const std::string& interface, int core) {
    const lab::Ran ran = host.run({"ethtool", "-K", interface, "gro", "on"});
    if (!ran.ok()) throw lab::LabError(ran.to_string());
    // Other hosts may have an interface of the same name.
    const std::string name = concat("napi/", interface, "-");
    const std::set<pid_t> before = kernel_threads(name);
    // In the host, whose /sys has the interface, but whose /proc lacks the kernel's threads.
    host.inside([&] {
        std::ofstream file(concat("/sys/class/net/", interface, "/threaded"));
        if (!(file << "1" << std::flush))
            throw lab::LabError(concat("no polling by a thread on ", interface));
    });
    const lab::Deadline deadline(std::chrono::seconds(2));
    std::vector<pid_t> out;
    for (; out.empty(); ::usleep(1000)) {
        for (const pid_t thread : kernel_threads(name))
            if (!before.contains(thread)) out.push_back(thread);
        if (out.empty() && deadline.over())
            throw lab::LabError(concat("no polling thread for ", interface));
    }
    for (const pid_t thread : out)
        pin_thread(thread, core);
    return out;
}

std::vector<pid_t> deferred_work_of(int core) {
    const std::string name = concat("ksoftirqd/", core);
    std::vector<pid_t> out;
    for (const pid_t thread : kernel_threads(name)) {
        if (trim(read_file(concat("/proc/", thread, "/comm"))) == name) out.push_back(thread);
    }
    return out;
}

void RunTime::add(pid_t thread) {
    const std::string path = concat("/proc/", thread, "/schedstat");
    files_.push_back(lab::Fd::checked(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path));
}

Duration RunTime::sum() const {
    Duration out{};
    for (const lab::Fd& file : files_) {
        const std::string text = lab::read_whole(file.number());
        out += Duration(parse_number<std::int64_t>(std::string_view(text).substr(0, text.find(' ')))
                            .value_or(0));
    }
    return out;
}

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

pid_t process_in(std::string_view name, pid_t inner) {
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
        const auto process = parse_number<pid_t>(entry.path().filename().string());
        if (!process || trim(read_file(entry.path() / "comm")) != name) continue;
        const std::string status = read_file(entry.path() / "status");
        const std::string_view label = "NSpid:";
        const std::size_t begin = status.find(label);
        if (begin == std::string::npos) continue;
        const std::string_view line =
            std::string_view(status).substr(begin, status.find('\n', begin) - begin);
        if (line.ends_with(concat("\t", inner))) return *process;
    }
    return 0;
}

Activity activity_of(pid_t process) {
    Activity out;
    const std::string folder = concat("/proc/", process);
    out.wake_ups = number_after(read_file(folder + "/status"), "voluntary_ctxt_switches:");
    RunTime time;
    time.add(process);
    out.run_time = time.sum();
    return out;
}

std::uint64_t resident_bytes(pid_t process) {
    return 1024 * number_after(read_file(concat("/proc/", process, "/status")), "VmRSS:");
}

std::uint64_t kernel_bytes() {
    std::istringstream lines(read_file("/proc/slabinfo"));
    std::uint64_t sum = 0;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string cache;
        std::uint64_t active = 0;
        std::uint64_t all = 0;
        std::uint64_t size = 0;
        if (!(words >> cache >> active >> all >> size)) continue;
        if (cache == "nf_conntrack" || cache.starts_with("kmalloc-")) sum += active * size;
    }
    return sum;
}

}  // namespace gatehouse::bench
