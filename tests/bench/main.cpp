// SPDX-License-Identifier: GPL-2.0-or-later
//
// One run of the benchmarks: every group, and in it every way, one right after the other, so that
// what disturbs the machine disturbs them all. Results go to a file as JSON (report.py joins runs).
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/measures.h"

namespace gatehouse::bench {
namespace {

struct Options {
    Settings settings;
    std::string output = "bench-run.json";
    std::vector<std::string> only;
};

Options options;
Results results;

constexpr std::string_view kUsage =
    "usage: gatehouse_bench [--quick] [--only GROUP]... [--output FILE]\ngroups:";

int usage(std::ostream& out, int code) {
    out << kUsage;
    for (const Group& group : groups())
        out << ' ' << group.name;
    out << '\n';
    return code;
}

bool is_group(std::string_view name) {
    for (const Group& group : groups())
        if (group.name == name) return true;
    return false;
}

// The exit code where there is nothing to run.
std::optional<int> read_arguments(int count, char** arguments) {
    for (int i = 1; i < count; ++i) {
        const std::string_view word = arguments[i];
        const char* value = i + 1 < count ? arguments[i + 1] : nullptr;
        if (word == "--help" || word == "-h") return usage(std::cout, 0);
        if (word == "--quick") {
            options.settings.quick = true;
        } else if (word == "--output" && value != nullptr) {
            options.output = value;
            ++i;
        } else if (word == "--only" && value != nullptr && is_group(value)) {
            options.only.emplace_back(value);
            ++i;
        } else {
            return usage(std::cerr, 2);
        }
    }
    return std::nullopt;
}

void measure_all_ways(const Group& group) {
    std::cerr << group.name << "\n";
    for (const Way way :
         {Way::forwarding, Way::masquerade, Way::firewall, Way::gatehouse, Way::symmetric}) {
        if (group.needs_daemon && !has_daemon(way)) continue;
        group.measure(way, options.settings, results);
    }
}

bool register_groups() {
    for (const Group& group : groups()) {
        if (!options.only.empty() &&
            std::find(options.only.begin(), options.only.end(), group.name) == options.only.end())
            continue;
        boost::unit_test::framework::master_test_suite().add(boost::unit_test::make_test_case(
            [&group] { measure_all_ways(group); }, std::string(group.name), __FILE__, __LINE__));
    }
    return true;
}

int run(int count, char** arguments) {
    if (const auto code = read_arguments(count, arguments)) return *code;
    options.settings.cores = choose_cores();
    prefer_session(0);
    char* own[] = {arguments[0], nullptr};
    const int code = boost::unit_test::unit_test_main(register_groups, 1, own);
    if (code != 0) return code;
    std::ofstream file(options.output, std::ios::trunc);
    if (file << results.to_json() << std::flush) return 0;
    std::cerr << "cannot write " << options.output << "\n";
    return 1;
}

}  // namespace
}  // namespace gatehouse::bench

int main(int count, char** arguments) {
    try {
        return gatehouse::bench::run(count, arguments);
    } catch (const std::exception& error) {
        std::cerr << "gatehouse_bench: " << error.what() << "\n";
        return 1;
    }
}
