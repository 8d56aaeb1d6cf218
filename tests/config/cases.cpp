// SPDX-License-Identifier: GPL-2.0-or-later
//
// The table of configurations in cases.txt, each held against all that is said about it.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gateway/config/loader.h"

namespace {

using gatehouse::config::load_config;

constexpr const char* kTable = GATEHOUSE_SOURCE "/tests/config/cases.txt";

struct Case {
    std::string sentence;
    std::string text;
    std::string said;
};

std::vector<Case> read_cases() {
    std::vector<Case> cases;
    std::ifstream in(kTable);
    bool in_text = false;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("== ")) {
            cases.push_back({line.substr(3), {}, {}});
            in_text = true;
        } else if (line == "--") {
            in_text = false;
        } else if (in_text) {
            if (line == "@") line = "config gateway; option wan eth0; list lan br-lan";
            cases.back().text += line + "\n";
        } else if (!cases.empty() && !line.empty()) {
            cases.back().said += line + "\n";
        }
    }
    return cases;
}

std::string all_said(const std::string& text) {
    const auto result = load_config(text, "gatehouse.conf");
    BOOST_TEST(result.config.has_value() == result.errors.empty());
    std::ostringstream out;
    for (const auto& error : result.errors)
        out << "error " << error.to_string() << '\n';
    for (const auto& warning : result.warnings)
        out << "warning " << warning.to_string() << '\n';
    return out.str();
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_case_of_the_table_says_exactly_what_is_expected) {
    const auto cases = read_cases();
    BOOST_TEST_REQUIRE(cases.size() > 50U);
    for (const Case& one : cases) {
        BOOST_TEST_CONTEXT(one.sentence) {
            BOOST_TEST(all_said(one.text) == one.said);
        }
    }
}
