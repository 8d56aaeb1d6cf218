// SPDX-License-Identifier: GPL-2.0-or-later
//
// Gatehouse at work in a house: the built program with a configuration, on the router host. The
// daemon must stay alive and clean: an end that the test did not ask for, an exit code other than
// 0 after SIGTERM, or a report of a sanitizer fails the test and shows the log.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "tests/lab/support/environment.h"
#include "tests/lab/support/house.h"

namespace gatehouse::lab {

struct RouterOptions {
    // Sections behind the standard 'config gateway' (WAN, LAN, control and state of the test); a
    // text that has a 'config gateway' of its own is taken whole.
    std::string config;
    // Another program than the built one, or than the one that GATEHOUSE_PROGRAM names.
    std::filesystem::path binary;
    bool start = true;  // and wait until it is ready
};

class Router {
  public:
    explicit Router(House& house, std::string config = {})
        : Router(house, RouterOptions{std::move(config), {}, true}) {}
    Router(House& house, RouterOptions options);
    ~Router();
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;

    // Starts the daemon and returns when it says it is ready and answers on its socket. Throws
    // with its log otherwise.
    void start();
    // SIGTERM; throws when it does not end in time or not with exit code 0.
    void stop(Duration grace = 10s);
    void restart();
    void kill_9();  // and leaves it dead
    void freeze();  // SIGSTOP
    void thaw();    // SIGCONT
    bool is_running() const { return daemon_.is_running(); }
    pid_t pid() const { return daemon_.pid(); }

    // `gatehouse WORDS --socket ...` on the router. Output in the result.
    Ran cli(Command words, Duration limit = 10s) const;
    // Writes the file; reload() or restart() makes it count.
    void configure(std::string_view config);
    Ran reload() const { return cli({"reload"}); }

    // Everything the daemons of this router have written, the current one last.
    std::string log() const { return earlier_logs_ + daemon_.output(); }
    // Whether the daemon that runs now writes this in time.
    Verdict says(std::string_view text, Duration limit = 5s) const;

    // What is wrong with the daemon, or "". Asked at the end and while the test waits.
    std::string problem() const;
    // From now on the daemon may end by itself: the test is about that.
    void expect_end() { should_run_ = false; }

    Host& host() const { return house_.router; }
    Ran run(const Command& command, Duration limit = 10s) const {
        return house_.router.run(command, limit);
    }
    const std::filesystem::path& program() const { return options_.binary; }
    const std::filesystem::path& config_file() const { return config_file_; }
    const std::filesystem::path& state() const { return state_; }
    const std::string& control() const { return control_; }

  private:
    std::string standard_section() const;
    void wait_until_ready();

    House& house_;
    RouterOptions options_;
    std::filesystem::path config_file_;
    std::filesystem::path state_;
    // Inside the router's own /run: short enough for a socket, and nobody else's.
    std::string control_ = "/run/gatehouse.sock";
    Process daemon_;
    bool should_run_ = false;
    std::string earlier_logs_;
    Watch watch_;
};

// The first line of a report by a sanitizer in a log, or "".
std::string sanitizer_report(std::string_view log);

}  // namespace gatehouse::lab
