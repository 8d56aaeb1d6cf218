// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/config/problem.h"

#include <algorithm>
#include <utility>

#include "gateway/base/text.h"

namespace gatehouse::config {

namespace {

constexpr std::size_t kMostQuoted = 60;

}  // namespace

std::string Problem::to_string() const {
    if (line == 0) return concat(file, ": ", text);
    return concat(file, ':', line, ": ", text);
}

void ProblemList::add(int line, std::string text) {
    if (list_.size() == kMost) {
        ++left_off_;
        return;
    }
    const auto after = std::find_if(list_.begin(), list_.end(),
                                    [line](const Problem& p) { return p.line > line; });
    list_.insert(after, {file_, line, std::move(text)});
}

void ProblemList::add_all(const std::vector<Problem>& others) {
    for (const Problem& other : others)
        add(other.line, other.text);
}

std::vector<Problem> ProblemList::take() && {
    if (left_off_ > 0) list_.push_back({file_, 0, concat("and ", left_off_, " more like these")});
    return std::move(list_);
}

std::string quoted(std::string_view text) {
    if (text.size() <= kMostQuoted) return concat('\'', printable(text), '\'');
    return concat('\'', printable(text.substr(0, kMostQuoted)), "...'");
}

}  // namespace gatehouse::config
