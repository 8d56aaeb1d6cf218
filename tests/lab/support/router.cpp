// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/router.h"

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "gateway/base/text.h"

namespace gatehouse::lab {
namespace {

// What the daemon prints when it serves.
constexpr std::string_view kReady = "daemon: ready";
constexpr Duration kStartLimit = 20s;  // a build with sanitizers on a busy machine

}  // namespace

std::string sanitizer_report(std::string_view log) {
    for (const std::string_view line : split(log, '\n')) {
        for (const std::string_view sign : {"Sanitizer:", "runtime error:"}) {
            if (line.find(sign) != std::string_view::npos) return std::string(line);
        }
    }
    return {};
}

Router::Router(House& house, RouterOptions options)
    : house_(house), options_(std::move(options)), watch_([this] { return problem(); }) {
    if (options_.binary.empty()) options_.binary = gatehouse_program();
    const std::string name = house_.router.name();
    config_file_ = work_directory() / concat(name, ".conf");
    state_ = work_directory() / concat(name, "-state");
    std::filesystem::create_directories(state_);
    configure(options_.config);
    if (options_.start) start();
}

Router::~Router() {
    std::string wrong = problem();
    if (wrong.empty() && is_running()) {
        thaw();
        const Ended end = daemon_.stop(10s);
        should_run_ = false;
        if (end != Ended{0, 0}) wrong = concat("after SIGTERM: ", end.to_string());
        if (wrong.empty()) wrong = problem();
    }
    if (!wrong.empty()) BOOST_ERROR("gatehouse on " << house_.router.name() << ": " << wrong);
    if (!wrong.empty() || test_is_failing()) {
        std::cerr << "---- log of gatehouse on " << house_.router.name() << " ----\n"
                  << log() << "---- end of log ----\n";
    }
}

std::string Router::standard_section() const {
    return concat("config gateway 'main'\n\toption wan '", house_.wan_interface(),
                  "'\n\tlist lan '", house_.lan.name(), "'\n\toption control '", control_,
                  "'\n\toption state '", state_.string(), "'\n\n");
}

void Router::configure(std::string_view config) {
    const bool whole = config.find("config gateway") != std::string_view::npos;
    std::ofstream file(config_file_, std::ios::trunc);
    file << (whole ? std::string() : standard_section()) << config;
    if (!file.flush()) throw LabError(concat("cannot write ", config_file_.string()));
}

void Router::start() {
    earlier_logs_ += daemon_.output();
    daemon_ = house_.router.start(
        {options_.binary.string(), "run", "-c", config_file_.string(), "--foreground"},
        {{"UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1"}});
    should_run_ = true;
    wait_until_ready();
}

void Router::wait_until_ready() {
    const Verdict ready = daemon_.wait_for_output(kReady, kStartLimit);
    const Verdict answers = ready ? eventually(
                                        [this] {
                                            return cli({"status", "--json"}).ok();
                                        },
                                        5s)
                                  : ready;
    if (answers) return;
    should_run_ = false;
    (void)daemon_.kill();
    const auto text = answers.message();
    throw LabError(concat("gatehouse does not start: ", std::string(text.begin(), text.end())));
}

void Router::stop(Duration grace) {
    should_run_ = false;
    const Ended end = daemon_.stop(grace);
    if (end != Ended{0, 0}) throw LabError(concat("gatehouse after SIGTERM: ", end.to_string()));
}

void Router::restart() {
    stop();
    start();
}

void Router::kill_9() {
    should_run_ = false;
    (void)daemon_.kill();
}

void Router::freeze() {
    daemon_.freeze();
}

void Router::thaw() {
    daemon_.thaw();
}

Ran Router::cli(Command words, Duration limit) const {
    words.insert(words.begin(), options_.binary.string());
    words.insert(words.end(), {"--socket", control_});
    return house_.router.run(words, limit);
}

Verdict Router::says(std::string_view text, Duration limit) const {
    return daemon_.wait_for_output(text, limit);
}

std::string Router::problem() const {
    if (daemon_.is_running()) return {};  // a report of a sanitizer ends the daemon
    if (const std::string report = sanitizer_report(log()); !report.empty()) return report;
    if (!should_run_) return {};
    const std::optional<Ended> end = daemon_.ended();
    return end ? concat("ended unexpectedly with ", end->to_string()) : std::string();
}

}  // namespace gatehouse::lab
