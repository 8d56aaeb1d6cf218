// SPDX-License-Identifier: GPL-2.0-or-later
//
// natlab shows what kind of NAT Gatehouse is, by the word of three judges. With --table or --json
// it speaks to people and programs; without, it is a Boost.Test program like every other lab test.
// The lab lives inside test cases, so the table is made in one as well.
#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/natlab/table.h"

using namespace gatehouse::natlab;

namespace {

constexpr std::string_view kUsage =
    "usage: natlab --table [--all]     builds a house for each NAT type, lets three judges look "
    "at\n"
    "                                  it from inside, and prints what they found\n"
    "       natlab --json [--all]      the same as JSON\n"
    "       natlab [BOOST.TEST...]     asserts it\n"
    "\n"
    "--all adds the other five combinations of mapping and filtering, and a host without a NAT.\n"
    "The exit code is 1 if Gatehouse is not what it was told to be, 2 for wrong usage. Needs "
    "root.\n";

struct Options {
    bool table = false;
    bool json = false;
    bool all = false;
    bool help = false;
    bool unknown = false;

    bool any() const { return table || json || all || help; }
};

Options read_options(int argc, char** argv) {
    Options out;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--table") {
            out.table = true;
        } else if (word == "--json") {
            out.json = true;
        } else if (word == "--all") {
            out.all = true;
        } else if (word == "--help" || word == "-h") {
            out.help = true;
        } else {
            out.unknown = true;
        }
    }
    return out;
}

Options options;
bool right = false;

void show() {
    const std::vector<Row> rows =
        judge_all(options.all ? all_scenes() : named_scenes(), usual_servers());
    std::cout << (options.json ? to_json(rows) : to_table(rows)) << std::flush;
    right = gatehouse_is_right(rows);
}

bool only_show() {
    namespace ut = boost::unit_test;
    ut::framework::master_test_suite().add(
        ut::make_test_case(&show, "the_table", __FILE__, __LINE__));
    return true;
}

// The test framework around show(): it is silent unless the lab itself breaks.
int run_show(char* self) {
    std::string words[] = {"--run_test=the_table", "--log_level=error", "--report_level=no",
                           "--log_sink=stderr", "--color_output=no"};
    std::vector<char*> arguments = {self};
    for (std::string& word : words)
        arguments.push_back(word.data());
    const int count = static_cast<int>(arguments.size());
    arguments.push_back(nullptr);
    const int status = boost::unit_test::unit_test_main(&only_show, count, arguments.data());
    return status == 0 && right ? 0 : 1;
}

bool as_registered() {
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    options = read_options(argc, argv);
    if (!options.any()) return boost::unit_test::unit_test_main(&as_registered, argc, argv);
    if (options.help) {
        std::cout << kUsage;
        return 0;
    }
    if (options.unknown || options.table == options.json) {
        std::cerr << kUsage;
        return 2;
    }
    return run_show(argv[0]);
}
