// SPDX-License-Identifier: GPL-2.0-or-later
//
// The table of options against what is made from it: the reader, the sample file.
#include "gateway/config/schema.h"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include "gateway/base/text.h"
#include "gateway/config/loader.h"
#include "gateway/config/uci_text.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::config;

std::string sample() {
    std::ifstream in(GATEHOUSE_SOURCE "/openwrt/files/gatehouse.config");
    return {std::istreambuf_iterator<char>(in), {}};
}

// The sample with the commands among its comments live: "#config", "#<tab>option", "#<tab>list".
std::string sample_with_everything() {
    std::istringstream in(sample());
    std::string out;
    for (std::string line; std::getline(in, line);) {
        const bool hidden = line.starts_with("#config") || line.starts_with("#\toption") ||
                            line.starts_with("#\tlist");
        out += (hidden ? line.substr(1) : line) + "\n";
    }
    return out;
}

// All words of the comments in front of the line, up to the line before that is no comment.
std::string comment_before(const std::string& text, int line) {
    std::istringstream in(text);
    std::string comment;
    std::string one;
    for (int at = 1; at < line && std::getline(in, one); ++at) {
        const std::size_t words = one.find_first_not_of("#\t ");
        const bool is_comment = one.starts_with('#') || one.starts_with("\t#");
        if (!is_comment || words == one.npos) {
            comment.clear();
        } else {
            comment += (comment.empty() ? "" : " ") + one.substr(words);
        }
    }
    return comment;
}

std::string value_in_sample(const OptionSpec& option) {
    return std::string(option.fallback.empty() ? option.example : option.fallback);
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != text.npos;
}

// A whole file in which one option of one section has a value.
std::string file_with(const SectionSpec& section, const OptionSpec& option,
                      std::string_view value) {
    std::string out =
        section.type == "gateway" ? "" : "config gateway\noption wan eth0\nlist lan br-lan\n";
    out += "config " + std::string(section.type) + "\n";
    for (const OptionSpec& other : section.options) {
        const bool here = other.name == option.name;
        if (!here && !other.required) continue;
        const std::string text = here ? std::string(value) : value_in_sample(other);
        out += std::string(other.is_list ? "list " : "option ") + std::string(other.name) + " '" +
               text + "'\n";
    }
    return out;
}

bool mentions(const ConfigResult& result, std::string_view name) {
    const auto in = [name](const std::vector<Problem>& list) {
        for (const Problem& problem : list) {
            if (contains(problem.text, name)) return true;
        }
        return false;
    };
    return in(result.errors) || in(result.warnings);
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_option_of_the_table_is_in_the_sample_with_its_default_and_sentence) {
    const std::string text = sample_with_everything();
    const UciFile file = parse_uci(text, "sample");
    BOOST_TEST(file.problems.empty());
    BOOST_TEST_REQUIRE(file.sections.size() == schema().size());
    for (std::size_t i = 0; i < schema().size(); ++i) {
        const SectionSpec& section = schema()[i];
        const UciSection& written = file.sections[i];
        BOOST_TEST(written.type == section.type);
        BOOST_TEST(written.name == section.name);
        BOOST_TEST(contains(comment_before(text, written.line), section.sentence),
                   section.sentence);
        BOOST_TEST_REQUIRE(written.options.size() == section.options.size());
        for (std::size_t j = 0; j < section.options.size(); ++j) {
            const OptionSpec& option = section.options[j];
            const UciOption& line = written.options[j];
            BOOST_TEST_CONTEXT(section.type << '.' << option.name) {
                BOOST_TEST(line.name == option.name);
                BOOST_TEST(line.is_list == option.is_list);
                BOOST_TEST(line.value == value_in_sample(option));
                const std::string comment = comment_before(text, line.line);
                BOOST_TEST(contains(comment, option.sentence), comment);
                for (const std::string_view word : split(option.words, ' ')) {
                    BOOST_TEST(contains(comment, word), word);
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_live_in_the_sample_is_what_has_a_default) {
    const UciFile file = parse_uci(sample(), "sample");
    std::size_t sections = 0;
    for (const SectionSpec& section : schema()) {
        if (!section.sampled) continue;
        BOOST_TEST_REQUIRE(sections < file.sections.size());
        std::set<std::string_view> live;
        for (const UciOption& option : file.sections[sections].options)
            live.insert(option.name);
        for (const OptionSpec& option : section.options) {
            BOOST_TEST(live.contains(option.name) == !option.fallback.empty(), option.name);
        }
        ++sections;
    }
    BOOST_TEST(file.sections.size() == sections);
}

BOOST_AUTO_TEST_CASE(the_sample_with_wan_and_lan_is_the_same_as_those_two_alone) {
    std::string text = sample();
    for (const std::string line : {"#\toption wan 'eth0'", "#\tlist lan 'br-lan'"}) {
        const std::size_t at = text.find(line);
        BOOST_TEST_REQUIRE(at != text.npos);
        text.erase(at, 1);
    }
    const ConfigResult result = load_config(text, "sample");
    for (const Problem& error : result.errors)
        BOOST_ERROR(error.to_string());
    for (const Problem& warning : result.warnings)
        BOOST_ERROR(warning.to_string());
    const auto alone = load_config("config gateway;option wan eth0;list lan br-lan", "f");
    BOOST_TEST((result.config == alone.config));
}

BOOST_AUTO_TEST_CASE(the_sample_as_it_comes_asks_for_wan_and_lan_and_nothing_else) {
    const ConfigResult result = load_config(sample(), "sample");
    BOOST_TEST(result.errors.size() == 2U);
    BOOST_TEST(result.warnings.empty());
}

BOOST_AUTO_TEST_CASE(every_option_is_read_and_its_bad_value_is_told_what_is_allowed) {
    for (const SectionSpec& section : schema()) {
        for (const OptionSpec& option : section.options) {
            const auto result = load_config(file_with(section, option, "!?"), "f");
            BOOST_TEST_CONTEXT(section.type << '.' << option.name) {
                BOOST_TEST(mentions(result, concat('\'', option.name, "' in '", section.type,
                                                   "' is '!?': must be ", allowed_text(option))));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(every_default_and_example_of_the_table_is_a_right_value) {
    for (const SectionSpec& section : schema()) {
        for (const OptionSpec& option : section.options) {
            const auto result =
                load_config(file_with(section, option, value_in_sample(option)), "f");
            BOOST_TEST_CONTEXT(section.type << '.' << option.name) {
                BOOST_TEST(!mentions(result, "must be"));
                BOOST_TEST(!value_in_sample(option).empty());
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(every_word_of_a_choice_is_taken) {
    for (const SectionSpec& section : schema()) {
        for (const OptionSpec& option : section.options) {
            if (option.kind != Kind::choice) continue;
            for (const std::string_view word : split(option.words, ' ')) {
                const auto result = load_config(file_with(section, option, word), "f");
                BOOST_TEST(!mentions(result, "must be"),
                           section.type << '.' << option.name << ' ' << word);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(every_sentence_is_one) {
    std::set<std::string> names;
    for (const SectionSpec& section : schema()) {
        BOOST_TEST(section.sentence.ends_with('.'));
        for (const OptionSpec& option : section.options) {
            BOOST_TEST(option.sentence.ends_with('.'));
            BOOST_TEST(names.insert(concat(section.type, '.', option.name)).second);
        }
    }
}
