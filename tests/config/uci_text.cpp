// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/config/uci_text.h"

#include <boost/test/unit_test.hpp>
#include <random>
#include <string>

namespace {

using namespace gatehouse::config;

// The sections and values in one line: "nat/main hairpin=1 lan+a lan+b; sip/".
std::string shape(const UciFile& file) {
    std::string out;
    for (const UciSection& section : file.sections) {
        out += (out.empty() ? "" : "; ") + section.type + "/" + section.name;
        for (const UciOption& option : section.options) {
            out += " " + option.name + (option.is_list ? "+" : "=") + option.value;
        }
    }
    return out;
}

std::string read(const std::string& text) {
    const UciFile file = parse_uci(text, "f");
    for (const Problem& problem : file.problems)
        BOOST_ERROR(problem.to_string());
    return shape(file);
}

std::string first_problem(const std::string& text) {
    const UciFile file = parse_uci(text, "f");
    return file.problems.empty() ? "" : file.problems.front().to_string();
}

void check_round_trip(const UciFile& file) {
    const std::string text = write_uci(file);
    const UciFile again = parse_uci(text, "f");
    BOOST_TEST(again.problems.empty());
    BOOST_TEST((again == file), text);
}

}  // namespace

BOOST_AUTO_TEST_CASE(words_are_bare_or_quoted_or_a_mix) {
    BOOST_TEST(read("config a b\noption c d") == "a/b c=d");
    BOOST_TEST(read("config 'a' \"b\"\noption 'c' \"d\"") == "a/b c=d");
    BOOST_TEST(read("config a\noption c 'x y'\"z \"w") == "a/ c=x yz w");
    BOOST_TEST(read("config a\noption c 'it'\\''s'") == "a/ c=it's");
    BOOST_TEST(read("config a\noption c '\"' \n option d \"'\"") == "a/ c=\" d='");
}

BOOST_AUTO_TEST_CASE(a_backslash_takes_the_next_character_except_in_single_quotes) {
    BOOST_TEST(read("config a\noption c x\\ y\\#\\;\\\\") == "a/ c=x y#;\\");
    BOOST_TEST(read("config a\noption c \"x\\\"y\\n\"") == "a/ c=x\"yn");
    BOOST_TEST(read("config a\noption c 'x\\y\\'") == "a/ c=x\\y\\");
}

BOOST_AUTO_TEST_CASE(a_backslash_before_a_line_end_joins_lines) {
    BOOST_TEST(read("config a\noption c x\\\ny\n") == "a/ c=xy");
    BOOST_TEST(read("config a\noption c \"x\\\r\ny\"") == "a/ c=xy");
    BOOST_TEST(read("config a\noption c x\\") == "a/ c=x");
}

BOOST_AUTO_TEST_CASE(quotes_span_lines) {
    BOOST_TEST(read("config a\noption c 'x\ny'\noption d \"\n\"") == "a/ c=x\ny d=\n");
    const UciFile file = parse_uci("config a\noption c 'x\n\ny'\noption d e", "f");
    BOOST_TEST(file.sections.at(0).options.at(1).line == 5);
}

BOOST_AUTO_TEST_CASE(a_hash_outside_quotes_begins_a_comment) {
    BOOST_TEST(read("# one\nconfig a # two\n\t# three\noption c d#e\noption f '#'") ==
               "a/ c=d f=#");
    BOOST_TEST(read("config a #; option c d") == "a/");
}

BOOST_AUTO_TEST_CASE(a_semicolon_separates_commands) {
    BOOST_TEST(read("config a b;option c d; list e f;;;list e g;") == "a/b c=d e+f e+g");
    BOOST_TEST(read("config a;option c 'd;e'") == "a/ c=d;e");
}

BOOST_AUTO_TEST_CASE(commands_may_be_one_letter) {
    BOOST_TEST(read("p x\nc a b\no c d\nl e f") == "a/b c=d e+f");
}

BOOST_AUTO_TEST_CASE(lines_may_end_like_those_of_windows) {
    BOOST_TEST(read("config a 'b'\r\n\toption c d\r\n\tlist e 'f'\r\n") == "a/b c=d e+f");
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_is_skipped) {
    BOOST_TEST(read("\xef\xbb\xbf"
                    "config a") == "a/");
}

BOOST_AUTO_TEST_CASE(the_last_option_wins_and_an_empty_one_takes_it_away) {
    BOOST_TEST(read("config a\noption c 1\noption d 2\noption c 3") == "a/ c=3 d=2");
    BOOST_TEST(read("config a\noption c 1\noption c ''") == "a/");
    BOOST_TEST(read("config a\noption c 1\noption c") == "a/");
}

BOOST_AUTO_TEST_CASE(lists_add_up_and_take_in_an_option_of_their_name) {
    BOOST_TEST(read("config a\nlist c 1\noption d x\nlist c 2") == "a/ c+1 c+2 d=x");
    BOOST_TEST(read("config a\noption c 1\nlist c 2") == "a/ c+1 c+2");
    BOOST_TEST(read("config a\nlist c 1\nlist c 2\noption c 3") == "a/ c=3");
    BOOST_TEST(read("config a\nlist c ''\nlist c 2") == "a/ c+ c+2");
}

BOOST_AUTO_TEST_CASE(anonymous_sections_stay_apart_and_named_ones_merge) {
    BOOST_TEST(read("config a\noption c 1\nconfig a\noption c 2") == "a/ c=1; a/ c=2");
    BOOST_TEST(read("config a x\noption c 1\nconfig b\nconfig a x\noption c 2\noption d 3") ==
               "a/x c=2 d=3; b/");
    BOOST_TEST(read("config a ''\nconfig a ''") == "a/; a/");
}

BOOST_AUTO_TEST_CASE(two_types_with_one_name_are_two_sections_and_a_warning) {
    const UciFile file = parse_uci("config a x\noption c 1\nconfig b x\noption c 2", "f");
    BOOST_TEST(shape(file) == "a/x c=1; b/x c=2");
    BOOST_TEST_REQUIRE(file.warnings.size() == 1U);
    BOOST_TEST(file.warnings[0].line == 3);
}

BOOST_AUTO_TEST_CASE(package_lines_change_nothing) {
    BOOST_TEST(read("package gate-house\nconfig a\npackage 'x'\noption c d") == "a/ c=d");
}

BOOST_AUTO_TEST_CASE(a_nul_byte_is_refused_with_its_line) {
    BOOST_TEST(first_problem(std::string("config a\noption c 'x\0y'", 22)) ==
               "f:2: a NUL byte: this is not a text file");
}

BOOST_AUTO_TEST_CASE(an_open_quote_is_reported_where_it_opens) {
    BOOST_TEST(first_problem("config a\noption c \"x\n\ny") ==
               "f:2: the quote \" that opens here is never closed");
    BOOST_TEST(first_problem("config a\noption c \"x\\") ==
               "f:2: the quote \" that opens here is never closed");
}

BOOST_AUTO_TEST_CASE(a_word_may_be_as_long_as_the_limit_and_no_longer) {
    const std::string most(kMaxWord, 'x');
    BOOST_TEST(read("config a\noption c " + most) == "a/ c=" + most);
    BOOST_TEST(first_problem("config a\noption c '" + most + "x'") ==
               "f:2: a name or value is longer than 8192 bytes");
}

BOOST_AUTO_TEST_CASE(a_line_has_a_limit) {
    std::string line = "config a";
    while (line.size() <= kMaxLine)
        line += "; option c 'some value'";
    BOOST_TEST(first_problem("\n" + line + "; option c d\nconfig b") ==
               "f:2: the line is longer than 65536 bytes");
}

BOOST_AUTO_TEST_CASE(a_file_has_a_limit) {
    std::string text = "config a\n";
    text.resize(kMaxFile, '#');
    BOOST_TEST(read(text) == "a/");
    BOOST_TEST(first_problem(text + "#") == "f: the file is longer than 4 MiB");
}

BOOST_AUTO_TEST_CASE(sections_have_a_limit) {
    std::string text;
    for (std::size_t i = 0; i < kMaxSections; ++i)
        text += "config a\n";
    const UciFile most = parse_uci(text + "option c d", "f");
    BOOST_TEST(most.problems.empty());
    BOOST_TEST(most.sections.back().options.size() == 1U);
    const UciFile more = parse_uci(text + "config a\noption c d", "f");
    BOOST_TEST(more.sections.size() == kMaxSections);
    BOOST_TEST(more.sections.back().options.empty());
    BOOST_TEST_REQUIRE(more.problems.size() == 1U);
    BOOST_TEST(more.problems[0].to_string() == "f:100001: more than 100000 sections");
}

BOOST_AUTO_TEST_CASE(a_flood_of_problems_is_counted_and_not_listed) {
    std::string text;
    for (int i = 0; i < 1000; ++i)
        text += "nonsense\n";
    const UciFile file = parse_uci(text, "f");
    BOOST_TEST_REQUIRE(file.problems.size() == ProblemList::kMost + 1);
    BOOST_TEST(file.problems.back().to_string() == "f: and 900 more like these");
}

BOOST_AUTO_TEST_CASE(ten_thousand_named_sections_merge) {
    std::string text;
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 10'000; ++i) {
            const std::string number = std::to_string(i);
            text += "config a n" + number + "\noption c" + std::to_string(round) + " d\n";
        }
    }
    const UciFile file = parse_uci(text, "f");
    BOOST_TEST(file.problems.empty());
    BOOST_TEST(file.sections.size() == 10'000U);
    BOOST_TEST(file.sections[9'999].options.size() == 2U);
    check_round_trip(file);
}

BOOST_AUTO_TEST_CASE(a_file_of_a_megabyte_with_one_section_reads_back) {
    std::string text = "config a\n";
    for (int i = 0; text.size() < (1U << 20U); ++i) {
        const std::string number = std::to_string(i);
        text += "\toption o" + number + " 'it'\\''s " + number + "'\n\tlist l " + number + "\n";
    }
    check_round_trip(parse_uci(text, "f"));
}

BOOST_AUTO_TEST_CASE(an_option_that_replaces_long_lists_again_and_again_is_no_trouble) {
    std::string text = "config a\n";
    for (int i = 0; i < 100'000; ++i)
        text += "l x 1\no x 2\n";
    BOOST_TEST(read(text) == "a/ x=2");
}

BOOST_AUTO_TEST_CASE(types_that_need_quotes_read_back) {
    check_round_trip(parse_uci("config \"it's;#\" b\noption c 'x\r\ny'", "f"));
}

namespace {

class Random {
  public:
    explicit Random(unsigned seed) : engine_(seed) {}
    std::size_t below(std::size_t n) { return engine_() % n; }
    std::string word(std::string_view letters, std::size_t least, std::size_t most) {
        std::string out(least + below(most - least + 1), ' ');
        for (char& c : out)
            c = letters[below(letters.size())];
        return out;
    }

  private:
    std::mt19937 engine_;
};

// A file in the form that parse_uci returns: names of options and sections are used once, the
// values of a list stand side by side, only a list has empty values.
UciFile random_file(Random& random) {
    static constexpr std::string_view kNames = "abcXYZ019_";
    static constexpr std::string_view kValues = "a'\"\\ \t\r\n#;$\xc3\xbc\x01-.";
    UciFile file;
    for (std::size_t i = 0, n = random.below(6); i < n; ++i) {
        UciSection section;
        section.type = random.word("ab-.'\"\\#;~", 1, 6);
        if (random.below(2) == 0) section.name = std::to_string(i) + random.word(kNames, 0, 4);
        for (std::size_t j = 0, m = random.below(6); j < m; ++j) {
            const std::string name = std::to_string(j) + random.word(kNames, 0, 4);
            const bool is_list = random.below(2) == 0;
            for (std::size_t k = is_list ? random.below(3) + 1 : 1; k > 0; --k) {
                const std::string value = random.word(kValues, is_list ? 0 : 1, 12);
                section.options.push_back({name, is_list, value, 0});
            }
        }
        file.sections.push_back(section);
    }
    return file;
}

}  // namespace

BOOST_AUTO_TEST_CASE(random_files_read_back_as_they_were_written) {
    for (unsigned seed = 1; seed <= 3000; ++seed) {
        BOOST_TEST_CONTEXT("seed " << seed) {
            Random random(seed);
            check_round_trip(random_file(random));
        }
    }
}

BOOST_AUTO_TEST_CASE(random_text_is_read_without_harm_and_what_is_read_reads_back) {
    for (unsigned seed = 1; seed <= 3000; ++seed) {
        BOOST_TEST_CONTEXT("seed " << seed) {
            Random random(seed);
            std::string text;
            for (std::size_t i = random.below(60); i > 0; --i) {
                static constexpr std::string_view kPieces[] = {
                    "config ", "option ", "list ", "package ", "a", "b",  " ",  "\n",  "\n",
                    "'",       "\"",      "\\",    ";",        "#", "\r", "\t", "c d", "o e f\n"};
                text += kPieces[random.below(std::size(kPieces))];
            }
            check_round_trip(parse_uci(text, "f"));
        }
    }
}
