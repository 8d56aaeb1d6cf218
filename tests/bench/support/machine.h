// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which processor does what, and what the kernel says about a process and about its own memory.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/time.h"
#include "tests/lab/support/host.h"

namespace gatehouse::bench {

// The router works on one processor, everything around it on another.
struct Cores {
    int router = 0;
    int around = 0;
};

// The first two that this process may use; throws where there is one only.
Cores choose_cores();

// Puts every thread of the process (0: the calling thread) on that processor, before all ordinary
// work of the machine: what else runs there shall not be measured.
void pin(pid_t process, int core);

// The session of a process (0: this one) competes with others as a whole, where the kernel groups
// processes so; now it comes before them, too. Asked where the process can be seen.
void prefer_session(pid_t process);

// Makes an interface poll ("gro on", which also lets its peer take frames of XDP), in a kernel
// thread of its own that is pinned like that. Gives that thread, or several.
std::vector<pid_t> poll_in_thread(const lab::Host& host, const std::string& interface, int core);
// The kernel's thread for network work that was put off, of that processor.
std::vector<pid_t> deferred_work_of(int core);

// How long some threads have run, together. May be asked in any host.
class RunTime {
  public:
    void add(pid_t thread);
    Duration sum() const;

  private:
    std::vector<lab::Fd> files_;
};

// How often a process was woken up, and how long it has run.
struct Activity {
    std::uint64_t wake_ups = 0;
    Duration run_time{};
};

Activity activity_of(pid_t process);
std::uint64_t resident_bytes(pid_t process);
// In the caches for conntrack entries and for general allocations, of the whole machine.
std::uint64_t kernel_bytes();

// The whole of a small file; "" where it cannot be read.
std::string read_file(const std::string& path);
// The program of that name with that number in a host, as this process sees it; 0 for none.
pid_t process_in(std::string_view name, pid_t inner);

}  // namespace gatehouse::bench
