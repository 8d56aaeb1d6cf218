// SPDX-License-Identifier: GPL-2.0-or-later
//
// A house of which everything is wanted, for hours, and to which nothing happens: calls,
// connections, bursts of datagrams, ports and addresses that come and go. Nothing may be lost,
// nobody may have to wait, and nothing may grow. `tests/chaos/run.sh soak` runs it;
// GATEHOUSE_SOAK_SECONDS is its length, GATEHOUSE_SOAK_FILE gets every measurement.
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 servers
//   tv      .40 --+                                                  11.0.0.4 a stranger
//   pc      .10 --+   (devices that ask for addresses)
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <vector>

#include "gateway/base/text.h"
#include "tests/chaos/calls.h"
#include "tests/chaos/devices.h"
#include "tests/chaos/idle_twin.h"
#include "tests/chaos/traffic.h"
#include "tests/chaos/trend.h"
#include "tests/lab/support/sip.h"

using namespace gatehouse;
using namespace gatehouse::chaos;

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kAddress = "11.0.0.1";
constexpr double kSlowTurnMs = 20;

std::chrono::seconds length_of_soak() {
    const char* text = std::getenv("GATEHOUSE_SOAK_SECONDS");
    return std::chrono::seconds(text == nullptr ? 7200 : parse_number<int>(text).value_or(7200));
}

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The number behind a word and blanks.
double number_behind(std::string_view text, std::string_view word) {
    const std::size_t at = text.find(word);
    if (at == std::string_view::npos) return 0;
    return std::strtod(std::string(text.substr(at + word.size(), 40)).c_str(), nullptr);
}

// Of the daemon, at one moment.
struct Look {
    double hours = 0;
    double heap_kib = 0, resident_kib = 0;
    double anonymous_kib = 0;  // and of the process that writes its files
    double descriptors = 0;
    // Turns of the loop, since the start.
    double slow_passed = 0, slow_computed = 0, slow_blocked = 0;
    double longest_passed_ms = 0, longest_computed_ms = 0, longest_blocked_ms = 0;
    double computed_ms = 0, waited_ms = 0;  // for a processor that others had
    double sessions = 0, mappings = 0, forwards = 0;
};

class Soak {
  public:
    Soak();
    void go(std::chrono::seconds length);
    void judge() const;

  private:
    void cycle();
    void burst();
    Look look() const;
    void write(const Look& look);
    void lose(const std::string& what);
    void judge_memory(const char* name, double Look::*value, double allowed) const;
    void judge_turns() const;
    std::vector<Look> after_warming_up() const;

    SeededRandom random_{1};
    House house_;
    Host& tv_ = house_.add_host("tv", {"192.168.1.40/24"});
    std::vector<const Host*> devices_{&house_.phone, &house_.console, &tv_};
    Router router_{house_, section("dhcp 'lan'", {{"interface", "br-lan"}})};
    Traffic traffic_{house_, devices_};
    Devices wishes_{house_, router_, devices_, random_};
    Calls calls_{house_};
    UdpSocket server_ = house_.internet.udp("11.0.0.2:7003");
    IdleTwin twin_;
    Clock::time_point began_ = Clock::now();
    std::ofstream file_;
    std::vector<Look> looks_;
    std::map<std::string, int> lost_;
    std::size_t bursts_ = 0, cycles_ = 0;
};

Soak::Soak() {
    if (const char* path = std::getenv("GATEHOUSE_SOAK_FILE")) file_.open(path);
    file_ << "hours heap_kib anonymous_kib resident_kib descriptors slow_passed slow_computed "
             "slow_blocked longest_passed_ms longest_computed_ms longest_blocked_ms computed_ms "
             "waited_ms sessions mappings "
             "forwards\n";
}

void Soak::lose(const std::string& what) {
    if (lost_[what]++ == 0) {
        std::printf("%.3f h: %s\n", look().hours, what.c_str());
        std::fflush(stdout);
    }
}

// As a browser begins with QUIC: many datagrams of a new flow before the first answer.
void Soak::burst() {
    static constexpr int kDatagrams = 10;
    ++bursts_;
    const UdpSocket browser = devices_[bursts_ % devices_.size()]->udp();
    for (int i = 0; i < kDatagrams; ++i)
        browser.send_to("11.0.0.2:7003", "burst");
    std::set<std::string> faces;
    int heard = 0;
    while (heard < kDatagrams) {
        const auto got = server_.receive(2s);
        if (!got) break;
        faces.insert(got->from.to_string());
        ++heard;
    }
    if (heard != kDatagrams) lose("datagrams of a burst");
    if (faces.size() != 1) lose("a burst came from several ports");
}

Look Soak::look() const {
    Look out;
    out.hours = std::chrono::duration<double, std::ratio<3600>>(Clock::now() - began_).count();
    const std::string metrics =
        house_.router
            .run({"curl", "-s", "--unix-socket", router_.control(), "http://gatehouse/metrics"})
            .out;
    const auto metric = [&metrics](std::string_view name) {
        return number_behind(metrics, concat("\n", name, " "));
    };
    out.heap_kib = metric("gatehouse_heap_bytes") / 1024;
    out.slow_passed = metric("gatehouse_loop_slow_turns_total{clock=\"passed\"}");
    out.slow_computed = metric("gatehouse_loop_slow_turns_total{clock=\"computed\"}");
    out.slow_blocked = metric("gatehouse_loop_slow_turns_total{clock=\"blocked\"}");
    out.longest_passed_ms = 1000 * metric("gatehouse_loop_longest_turn_seconds{clock=\"passed\"}");
    out.longest_computed_ms =
        1000 * metric("gatehouse_loop_longest_turn_seconds{clock=\"computed\"}");
    out.longest_blocked_ms =
        1000 * metric("gatehouse_loop_longest_turn_seconds{clock=\"blocked\"}");
    out.sessions = metric("gatehouse_sessions");
    out.mappings = metric("gatehouse_mappings");
    out.forwards = metric("gatehouse_forwards");
    const std::string process = concat("/proc/", router_.pid(), "/");
    const std::string memory = text_of(process + "smaps_rollup");
    const std::string children = text_of(concat(process, "task/", router_.pid(), "/children"));
    const std::string writer = concat("/proc/", children.substr(0, children.find(' ')), "/");
    out.anonymous_kib = number_behind(memory, "Anonymous:") +
                        number_behind(text_of(writer + "smaps_rollup"), "Anonymous:");
    out.resident_kib = number_behind(memory, "Rss:");
    std::error_code ignored;
    std::filesystem::directory_iterator all(process + "fd", ignored);
    out.descriptors =
        static_cast<double>(std::distance(all, std::filesystem::directory_iterator()));
    const std::string schedule = text_of(process + "schedstat");
    out.computed_ms = number_behind(schedule, "") / 1e6;
    out.waited_ms = number_behind(schedule, " ") / 1e6;
    return out;
}

void Soak::write(const Look& look) {
    looks_.push_back(look);
    for (const double value :
         {look.hours, look.heap_kib, look.anonymous_kib, look.resident_kib, look.descriptors,
          look.slow_passed, look.slow_computed, look.slow_blocked, look.longest_passed_ms,
          look.longest_computed_ms, look.longest_blocked_ms, look.computed_ms, look.waited_ms,
          look.sessions, look.mappings, look.forwards}) {
        file_ << value << ' ';
    }
    file_ << std::endl;
}

void Soak::cycle() {
    const std::string call = calls_.make_one(kAddress, [this] {
        burst();
        const std::string wrong = wishes_.want_something();
        if (!wrong.empty()) lose(concat("a wish: ", wrong));
    });
    if (!call.empty()) lose(concat("a call: ", call));
    if (const Verdict flows = traffic_.flows(kAddress, 5s); !flows) {
        const auto why = flows.message();
        lose(concat("what goes on: ", std::string(why.begin(), why.end())));
    }
    ++cycles_;
    write(look());
}

void Soak::go(std::chrono::seconds length) {
    const auto end = Clock::now() + length;
    auto next_word = Clock::now();
    while (Clock::now() < end && traffic_.problem().empty()) {
        cycle();
        if (Clock::now() < next_word) continue;
        next_word += 5min;
        const Look& now = looks_.back();
        std::printf(
            "%.2f h: %zu calls, %zu bursts; heap %.1f KiB, anonymous %.0f KiB, %.0f descriptors; "
            "longest turn %.2f ms, computing %.2f ms, of the idle twin %.2f ms; %zu kinds of "
            "losses\n",
            now.hours, calls_.made(), bursts_, now.heap_kib, now.anonymous_kib, now.descriptors,
            now.longest_passed_ms, now.longest_computed_ms, twin_.seen().longest_ms, lost_.size());
        std::fflush(stdout);
    }
    if (!traffic_.problem().empty()) lose(traffic_.problem());
    const Verdict kept = wishes_.has_what_was_promised(kAddress);
    BOOST_TEST(kept);
}

// Tables have found their size when all that began first has ended: sessions and calls, half an
// hour being more than that.
std::vector<Look> Soak::after_warming_up() const {
    const double from = looks_.back().hours / 4;
    std::vector<Look> out;
    std::copy_if(looks_.begin(), looks_.end(), std::back_inserter(out),
                 [from](const Look& look) { return look.hours >= from; });
    return out;
}

void Soak::judge_memory(const char* name, double Look::*value, double allowed) const {
    std::vector<Measurement> measured;
    for (const Look& look : after_warming_up())
        measured.push_back({look.hours, look.*value});
    const Trend trend = trend_of(measured);
    std::printf("%-14s %10.1f at first, %10.1f at last; %+.2f an hour, +- %.2f\n", name,
                measured.front().value, measured.back().value, trend.slope, trend.error);
    BOOST_TEST(!trend.grows_by_more_than(allowed), name << " grows");
}

// A turn in which little is computed and nothing sleeps is long because others have the processor,
// by no fault of the loop.
void Soak::judge_turns() const {
    const std::vector<Look> looks = after_warming_up();
    const Look &first = looks.front(), &last = looks.back();
    std::printf(
        "turns over %.0f ms: %.0f, of which %.0f computed that long and %.0f slept; the longest "
        "%.2f ms, of computing %.2f ms, with sleep %.2f ms; %.1f ms of computing and %.1f ms of "
        "waiting for a processor in a minute\n",
        kSlowTurnMs, last.slow_passed - first.slow_passed, last.slow_computed - first.slow_computed,
        last.slow_blocked - first.slow_blocked, last.longest_passed_ms, last.longest_computed_ms,
        last.longest_blocked_ms,
        (last.computed_ms - first.computed_ms) / (last.hours - first.hours) / 60,
        (last.waited_ms - first.waited_ms) / (last.hours - first.hours) / 60);
    std::istringstream log(router_.log());
    for (std::string line; std::getline(log, line);) {
        if (line.find("slow turn") != std::string::npos) std::printf("%s\n", line.c_str());
    }
    const IdleTwin::Seen twin = twin_.seen();
    std::printf(
        "the machine: a thread that computed the same again and again took over %.0f ms for it "
        "%.0f times in %.0f ms of computing, %.2f ms the longest\n",
        kSlowTurnMs, static_cast<double>(twin.slow), twin.computed_ms, twin.longest_ms);
    BOOST_TEST(last.slow_computed == first.slow_computed);
    BOOST_TEST(last.slow_blocked == first.slow_blocked);
}

void Soak::judge() const {
    BOOST_REQUIRE(looks_.size() > 2U);
    std::printf("%.2f h, %zu calls, %zu bursts, %zu cycles; after the first quarter:\n",
                looks_.back().hours, calls_.made(), bursts_, cycles_);
    judge_memory("heap KiB", &Look::heap_kib, 1);
    judge_memory("anonymous KiB", &Look::anonymous_kib, 4);
    judge_memory("resident KiB", &Look::resident_kib, 4);
    judge_memory("descriptors", &Look::descriptors, 0);
    judge_turns();
    for (const auto& [what, count] : lost_)
        BOOST_ERROR("lost " << count << " times: " << what);
}

}  // namespace

// It takes hours, so run.sh names it.
BOOST_AUTO_TEST_SUITE(soak, *boost::unit_test::disabled())

BOOST_AUTO_TEST_CASE(a_house_that_is_used_for_hours_loses_nothing_and_nothing_grows) {
    // What the library keeps of freed memory for the next request of that size counts as in use,
    // and takes hours to find its limit. Without that the number is what the daemon holds.
    BOOST_REQUIRE(::setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1) == 0);
    Soak soak;
    soak.go(length_of_soak());
    soak.judge();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(growth_is_told_from_what_swings) {
    SeededRandom random(1);
    const auto line = [&random](double slope) {
        std::vector<Measurement> out;
        for (int i = 0; i < 2000; ++i) {
            const double hours = 0.001 * i;
            const auto noise = static_cast<double>(random.below(1000)) / 100;
            out.push_back({hours, 700 + slope * hours + noise + 5 * std::sin(i / 30.0)});
        }
        return trend_of(out);
    };
    BOOST_TEST(!line(0).grows_by_more_than(1));
    BOOST_TEST(line(4).grows_by_more_than(1));
    BOOST_TEST(std::abs(line(4).slope - 4) < 1);
    BOOST_TEST(!line(-4).grows_by_more_than(0));
    BOOST_TEST(trend_of({{0, 1}, {1, 5}}).slope == 0);
}
