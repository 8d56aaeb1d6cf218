// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/environment.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/results_collector.hpp>
#include <boost/test/tree/observer.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <vector>

#include "gateway/base/text.h"
#include "tests/lab/support/fd.h"

namespace gatehouse::lab {
namespace {

namespace fs = std::filesystem;
namespace ut = boost::unit_test;

constexpr int kSkipped = 77;

fs::path lab_directory() {
    const char* chosen = std::getenv("GATEHOUSE_LAB_DIR");
    return chosen != nullptr && *chosen != '\0' ? fs::path(chosen) : fs::path(GATEHOUSE_LAB_DIR);
}

std::string program_name() {
    std::error_code error;
    const fs::path self = fs::read_symlink("/proc/self/exe", error);
    return error ? "lab" : self.filename().string();
}

// Folders "NAME.PID" whose process is gone.
void remove_earlier_runs() {
    const std::string prefix = program_name() + ".";
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(lab_directory(), error)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(prefix)) continue;
        const auto pid = parse_number<int>(std::string_view(name).substr(prefix.size()));
        if (!pid || ::kill(*pid, 0) == 0 || errno != ESRCH) continue;
        fs::remove_all(entry.path(), error);
    }
}

// Asked in a child, because the answer yes would move this process.
bool may_make_namespaces() {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(::unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS));
    int status = 0;
    return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

void leave_without_permission() {
    const char* wish = std::getenv("GATEHOUSE_LAB");
    const bool required = wish != nullptr && std::string_view(wish) == "required";
    std::cerr << program_name() << (required ? ": failed" : ": skipped")
              << " because lab tests make network namespaces, which only root may do here.\n"
              << std::flush;
    std::_Exit(required ? EXIT_FAILURE : kSkipped);
}

class Observer : public ut::test_observer {
  public:
    Observer() { ut::framework::register_observer(*this); }

    void test_start(ut::counter_t, ut::test_unit_id) override {
        if (!may_make_namespaces()) leave_without_permission();
        remove_earlier_runs();
    }
    void test_finish() override {
        std::error_code error;
        fs::remove(run_directory(), error);  // only when nothing was kept
    }
    void test_unit_start(const ut::test_unit& unit) override {
        if (unit.p_type == ut::TUT_CASE) directory_.clear();
    }
    void test_unit_finish(const ut::test_unit& unit, unsigned long) override {
        if (unit.p_type != ut::TUT_CASE || directory_.empty()) return;
        if (ut::results_collector.results(unit.p_id).passed()) {
            std::error_code error;
            fs::remove_all(directory_, error);
        } else {
            std::cerr << "lab: logs of " << unit.p_name << " are in " << directory_.string()
                      << '\n';
        }
        directory_.clear();
    }
    int priority() override { return 1000; }

    const fs::path& directory() {
        if (directory_.empty()) {
            directory_ = run_directory() / ut::framework::current_test_case().p_name.get();
            fs::create_directories(directory_);
            logs_ = 0;
        }
        return directory_;
    }
    unsigned next_log() { return ++logs_; }

  private:
    static fs::path run_directory() {
        return lab_directory() / concat(program_name(), '.', ::getpid());
    }

    fs::path directory_;
    unsigned logs_ = 0;
};

Observer observer;

struct Watches {
    std::mutex mutex;
    std::vector<const std::function<std::string()>*> questions;
};

Watches& watches() {
    static Watches all;
    return all;
}

}  // namespace

fs::path work_directory() {
    return observer.directory();
}

fs::path new_log(std::string_view about) {
    const fs::path directory = work_directory();
    const unsigned number = observer.next_log();
    return directory / concat(number < 10 ? "0" : "", number, '-', about, ".log");
}

std::string gatehouse_program() {
    const char* chosen = std::getenv("GATEHOUSE_PROGRAM");
    return chosen != nullptr && *chosen != '\0' ? chosen : GATEHOUSE_BINARY;
}

bool test_is_failing() {
    if (std::uncaught_exceptions() > 0) return true;
    const ut::test_unit_id id = ut::framework::current_test_case_id();
    return id == ut::INV_TEST_UNIT_ID || !ut::results_collector.results(id).passed();
}

unsigned next_interface_number() {
    static std::atomic<unsigned> last{1};  // 1 is the loopback of every namespace
    return ++last;
}

Watch::Watch(std::function<std::string()> what_is_wrong) : question_(std::move(what_is_wrong)) {
    const std::lock_guard lock(watches().mutex);
    watches().questions.push_back(&question_);
}

Watch::~Watch() {
    const std::lock_guard lock(watches().mutex);
    std::erase(watches().questions, &question_);
}

std::string Watch::what_is_wrong() {
    const std::lock_guard lock(watches().mutex);
    for (const auto* question : watches().questions) {
        if (std::string wrong = (*question)(); !wrong.empty()) return wrong;
    }
    return {};
}

}  // namespace gatehouse::lab
