// SPDX-License-Identifier: GPL-2.0-or-later
//
// One run of the benchmarks: every group, and in it every way, one right after the other, so that
// what disturbs the machine disturbs them all. Results go to a file as JSON (report.py joins runs).
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/measures.h"
#include "tests/bench/support/yes_sayer.h"

namespace gatehouse::bench {
namespace {

struct Options {
    Settings settings;
    std::string output = "bench-run.json";
    std::vector<std::string> only;
    std::vector<std::string> ways;
};

Options options;
Results results;

// Those of all groups, each once.
std::vector<Way> all_ways() {
    std::vector<Way> out;
    for (const Group& group : groups())
        for (const Way way : group.ways)
            if (std::find(out.begin(), out.end(), way) == out.end()) out.push_back(way);
    return out;
}

constexpr std::string_view kUsage =
    "usage: gatehouse_bench [--quick] [--only GROUP]... [--way WAY]... [--output FILE]\ngroups:";

int usage(std::ostream& out, int code) {
    out << kUsage;
    for (const Group& group : groups())
        out << ' ' << group.name;
    out << "\nways:";
    for (const Way way : all_ways())
        out << ' ' << to_string(way);
    out << '\n';
    return code;
}

bool is_group(std::string_view name) {
    for (const Group& group : groups())
        if (group.name == name) return true;
    return false;
}

bool is_way(std::string_view name) {
    const std::vector<Way> ways = all_ways();
    return std::any_of(ways.begin(), ways.end(),
                       [name](Way way) { return to_string(way) == name; });
}

// Whether a list of choices, which may be empty for all, has this one.
bool chosen(const std::vector<std::string>& choices, std::string_view name) {
    return choices.empty() || std::find(choices.begin(), choices.end(), name) != choices.end();
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
        } else if (word == "--way" && value != nullptr && is_way(value)) {
            options.ways.emplace_back(value);
            ++i;
        } else {
            return usage(std::cerr, 2);
        }
    }
    return std::nullopt;
}

void measure_all_ways(const Group& group) {
    std::cerr << group.name << "\n";
    for (const Way way : group.ways) {
        if (!chosen(options.ways, to_string(way))) continue;
        group.measure(way, options.settings, results);
    }
}

bool register_groups() {
    for (const Group& group : groups()) {
        if (!chosen(options.only, group.name)) continue;
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
        if (count == 2 && arguments[1] == gatehouse::bench::kSayYes)
            return gatehouse::bench::say_yes();
        return gatehouse::bench::run(count, arguments);
    } catch (const std::exception& error) {
        std::cerr << "gatehouse_bench: " << error.what() << "\n";
        return 1;
    }
}
