// SPDX-License-Identifier: GPL-2.0-or-later
//
// The UCI syntax of OpenWrt's configuration files, read the way libuci reads it:
//
//   config TYPE [NAME]      opens a section; a NAME that was there before continues that section
//   option NAME VALUE       sets a value; the last one wins, an empty one takes the option away
//   list NAME VALUE         adds a value; an option of that name becomes the first of the list
//   package NAME            accepted and ignored: a file is one package
//
// Commands may be cut down to their first letter and stand side by side with ';'. A word is any
// mix of bare text, 'single quotes' (all literal) and "double quotes"; a backslash outside single
// quotes takes the next character as it is, and joins lines before a line end. Quotes may span
// lines. '#' outside quotes begins a comment. Differences: NUL bytes are refused, a byte order
// mark is skipped, and two sections of different types may share a name (libuci refuses the file),
// which is reported as a problem of its own kind, a warning.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/problem.h"

namespace gatehouse::config {

constexpr std::size_t kMaxFile = std::size_t{4} << 20U;   // bytes of a file
constexpr std::size_t kMaxLine = std::size_t{64} << 10U;  // bytes of a line with its continuations
constexpr std::size_t kMaxWord = std::size_t{8} << 10U;  // bytes of a name or value, quotes removed
constexpr std::size_t kMaxSections = 100'000;

// One value. A list is several of them with the same name, side by side.
struct UciOption {
    std::string name;
    bool is_list = false;
    std::string value;
    int line = 0;

    // Equal when they say the same, wherever they stand.
    friend bool operator==(const UciOption& a, const UciOption& b) {
        return a.name == b.name && a.is_list == b.is_list && a.value == b.value;
    }
};

struct UciSection {
    std::string type;
    std::string name;  // empty for an anonymous section
    int line = 0;      // where it was opened first
    std::vector<UciOption> options;

    friend bool operator==(const UciSection& a, const UciSection& b) {
        return a.type == b.type && a.name == b.name && a.options == b.options;
    }
};

struct UciFile {
    std::vector<UciSection> sections;
    std::vector<Problem> problems;  // what could not be read; the rest was
    std::vector<Problem> warnings;  // what another reader of UCI would refuse

    friend bool operator==(const UciFile& a, const UciFile& b) { return a.sections == b.sections; }
};

// Reads a whole file. filename is only used in messages.
UciFile parse_uci(std::string_view text, std::string_view filename);

// The text that parse_uci reads back as an equal file, for every file that parse_uci returned
// (as long as the text stays within kMaxFile).
std::string write_uci(const UciFile& file);

}  // namespace gatehouse::config
