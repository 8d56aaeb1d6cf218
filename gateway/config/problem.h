// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is wrong with a configuration, said so that a person can mend it: file, line, what is there
// and what is allowed.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::config {

struct Problem {
    std::string file;
    int line = 0;  // 0 where it is about the file as a whole
    std::string text;

    std::string to_string() const;  // "gatehouse.conf:12: text", "gatehouse.conf: text"
    friend bool operator==(const Problem&, const Problem&) = default;
};

// A list of problems that stays readable: after kMost of them it only counts, and says so in one
// last line. It is never empty once something was added.
class ProblemList {
  public:
    static constexpr std::size_t kMost = 100;

    explicit ProblemList(std::string_view file) : file_(file) {}

    void add(int line, std::string text);
    // The same with say() for the text, which is only called when it will be shown.
    template <std::invocable Say>
    void add(int line, Say say) {
        add(line, list_.size() < kMost ? std::string(say()) : std::string());
    }
    void add_all(const std::vector<Problem>& others);
    bool empty() const { return list_.empty(); }
    std::size_t count() const { return list_.size() + left_off_; }
    // The problems in the order of their lines, with a last one about those left off.
    std::vector<Problem> take() &&;

  private:
    std::string file_;
    std::vector<Problem> list_;
    std::size_t left_off_ = 0;
};

// A piece of the file as it may stand in a message: quoted, printable, cut after 60 bytes.
std::string quoted(std::string_view text);

}  // namespace gatehouse::config
