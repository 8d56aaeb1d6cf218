// SPDX-License-Identifier: GPL-2.0-or-later
//
// The form of a log line, `room: fact key=value key="two words"`, and the limit that keeps a flood
// of one reason from filling the log. Nothing is written here: the core returns facts, the daemon
// prints them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/time.h"

namespace gatehouse {

// The priorities of syslog (RFC 5424 6.2.1) that are used.
enum class Level : std::uint8_t { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

std::string_view to_string(Level level);
std::optional<Level> parse_level(std::string_view text);

struct LogLine {
    using Field = std::pair<std::string_view, std::string>;

    // A value is cut after this many bytes, and ends in "..." then.
    static constexpr std::size_t kLongestValue = 256;

    Level level = Level::info;
    std::string_view room;
    std::string fact;
    std::vector<Field> fields;

    // One line without its end. What a stranger put into fact or values is made printable, and a
    // value that is empty or holds blanks, '=' or '"' is quoted.
    std::string to_string() const;
    // The same behind "<6>", which the journal and procd read as the priority.
    std::string with_priority() const;
};

// At most `burst` lines of one reason in a stretch of time, which begins with its first line.
class RateLimit {
  public:
    // Reasons that are told apart; when all are in use, new ones share one allowance.
    static constexpr std::size_t kMostReasons = 256;

    RateLimit(std::uint32_t burst, Duration per) : burst_(burst), per_(per) {}

    // Whether a line may pass: how many of its reason were suppressed before it, or nothing where
    // this one is suppressed too.
    std::optional<std::uint64_t> allow(std::string_view reason, Instant now);

    struct Suppressed {
        std::string reason;
        std::uint64_t lines = 0;
    };
    // Reasons whose stretch is over and that came to an end while suppressed, each told once, so
    // that the last lines of a flood are accounted for. The reason is empty for shared ones.
    std::vector<Suppressed> finished(Instant now);

    // All lines suppressed so far, whatever the reason.
    std::uint64_t suppressed() const { return suppressed_; }

  private:
    struct Stretch {
        Instant begin;
        std::uint32_t passed = 0;
        std::uint64_t suppressed = 0;
    };

    Stretch& stretch_of(std::string_view reason, Instant now);
    bool is_over(const Stretch& stretch, Instant now) const { return now - stretch.begin >= per_; }

    std::uint32_t burst_;
    Duration per_;
    std::map<std::string, Stretch, std::less<>> stretches_;
    std::uint64_t suppressed_ = 0;
};

}  // namespace gatehouse
