// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/log.h"

#include <array>

#include "gateway/base/text.h"

namespace gatehouse {

namespace {

struct LevelName {
    Level level;
    std::string_view name;
};

constexpr std::array kLevelNames{
    LevelName{Level::error, "error"},   LevelName{Level::warning, "warning"},
    LevelName{Level::notice, "notice"}, LevelName{Level::info, "info"},
    LevelName{Level::debug, "debug"},
};

// The reason under which those beyond kMostReasons are counted; no caller's reason is empty.
constexpr std::string_view kShared;

// The text up to a limit, not cut within a UTF-8 sequence.
std::string_view shortened(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) return text;
    std::size_t end = limit;
    for (std::size_t back = 0; back < 3 && end > 0; ++back) {
        if ((static_cast<std::uint8_t>(text[end]) & 0xc0U) != 0x80) break;
        --end;
    }
    return text.substr(0, end);
}

void append_value(std::string& out, std::string_view value) {
    const std::string_view kept = shortened(value, LogLine::kLongestValue);
    std::string text = printable(kept);
    if (kept.size() < value.size()) text += "...";
    if (!text.empty() && text.find_first_of(" =\"") == std::string::npos) {
        out += text;
        return;
    }
    out.push_back('"');
    for (const char c : text) {
        if (c == '"') {
            out += "\\x22";
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

}  // namespace

std::string_view to_string(Level level) {
    for (const auto& [known, name] : kLevelNames) {
        if (known == level) return name;
    }
    return "info";
}

std::optional<Level> parse_level(std::string_view text) {
    for (const auto& [level, name] : kLevelNames) {
        if (name == text) return level;
    }
    return std::nullopt;
}

std::string LogLine::to_string() const {
    std::string out = concat(room, ": ", printable(fact));
    for (const auto& [key, value] : fields) {
        append(out, ' ', key, '=');
        append_value(out, value);
    }
    return out;
}

std::string LogLine::with_priority() const {
    return concat('<', static_cast<unsigned>(level), '>', to_string());
}

std::optional<std::uint64_t> RateLimit::allow(std::string_view reason, Instant now) {
    Stretch& stretch = stretch_of(reason, now);
    if (is_over(stretch, now)) {
        stretch.begin = now;
        stretch.passed = 0;
    }
    if (stretch.passed >= burst_) {
        ++stretch.suppressed;
        ++suppressed_;
        return std::nullopt;
    }
    ++stretch.passed;
    return std::exchange(stretch.suppressed, 0);
}

RateLimit::Stretch& RateLimit::stretch_of(std::string_view reason, Instant now) {
    if (const auto found = stretches_.find(reason); found != stretches_.end()) {
        return found->second;
    }
    if (stretches_.size() + 1 >= kMostReasons) {
        std::erase_if(stretches_, [&](const auto& entry) {
            return entry.second.suppressed == 0 && is_over(entry.second, now);
        });
    }
    const bool full = stretches_.size() + 1 >= kMostReasons;
    return stretches_.try_emplace(std::string(full ? kShared : reason), Stretch{now}).first->second;
}

std::vector<RateLimit::Suppressed> RateLimit::finished(Instant now) {
    std::vector<Suppressed> out;
    for (auto entry = stretches_.begin(); entry != stretches_.end();) {
        if (!is_over(entry->second, now)) {
            ++entry;
            continue;
        }
        if (entry->second.suppressed > 0) {
            out.push_back({entry->first, entry->second.suppressed});
        }
        entry = stretches_.erase(entry);
    }
    return out;
}

}  // namespace gatehouse
