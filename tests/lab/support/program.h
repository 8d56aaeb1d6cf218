// SPDX-License-Identifier: GPL-2.0-or-later
//
// Programs inside a host. Each runs in a session and process group of its own, reads nothing unless
// given input, and cannot outlive the handle: what is left of its group is killed at scope exit,
// and the rest with the host's process namespace. Nothing here waits without a limit.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/time.h"
#include "tests/lab/support/fd.h"
#include "tests/lab/support/wait.h"

namespace gatehouse::lab {

using Command = std::vector<std::string>;
using Environment = std::vector<std::pair<std::string, std::string>>;

// How a program ended: by exit(code) or by a signal.
struct Ended {
    int code = -1;   // -1 when a signal ended it
    int signal = 0;  // 0 when it exited

    std::string to_string() const;  // "exit code 1", "signal 9 (Killed)"
    friend bool operator==(const Ended&, const Ended&) = default;
};

// What a program did that was run to its end.
struct Ran {
    Command command;
    Ended ended;
    bool timed_out = false;  // it was killed because its time was over
    std::string out;
    std::string err;

    // Exit code 0 in time; otherwise the verdict shows everything the program printed.
    Verdict ok() const;
    // Whether the text is in its output or error output; otherwise shows both.
    Verdict says(std::string_view text) const;
    std::string to_string() const;
};

std::ostream& operator<<(std::ostream& out, const Ran& ran);

// The namespaces a program is put into; numbers of open descriptors, -1 for "stay".
struct Place {
    int net = -1;
    int mount = -1;
    int uts = -1;
    int pid = -1;
    std::string directory;  // working directory inside
};

// A running program. Movable; the end of the last owner is the end of the program.
class Process {
  public:
    Process() = default;  // no program

    // Both outputs go to one log file, in the order of writing.
    static Process start(const Place& place, const Command& command, std::filesystem::path log,
                         const Environment& environment);

    pid_t pid() const;  // as this process sees it; 0 for no program
    bool is_running() const;
    // How it ended; nothing while it runs.
    std::optional<Ended> ended() const;
    // Waits for the end; nothing when it still runs after the limit.
    std::optional<Ended> wait(Duration limit) const;

    void signal(int number) const;        // to the program alone; nothing once it has ended
    void signal_group(int number) const;  // to it and its children
    void freeze() const;                  // SIGSTOP, returns when it stands still
    void thaw() const;                    // SIGCONT
    // SIGKILL to the whole group, and waits.
    Ended kill() const;
    // SIGTERM, and SIGKILL when it has not ended within the grace.
    Ended stop(Duration grace = 5s) const;

    // All it has printed so far.
    std::string output() const;
    // Whether the text appears in the output in time, looking only behind what was printed before
    // `from` (an earlier output().size()). Ends early when the program ends without saying it.
    Verdict wait_for_output(std::string_view text, Duration limit, std::size_t from = 0) const;
    const std::filesystem::path& log() const;

  private:
    friend class Host;
    struct State;
    explicit Process(std::shared_ptr<State> state) : state_(std::move(state)) {}

    std::shared_ptr<State> state_;
};

// Runs a program to its end, or kills it when the limit is over.
Ran run_program(const Place& place, const Command& command, Duration limit, std::string_view input,
                const Environment& environment);

}  // namespace gatehouse::lab
