// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/config/values.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "gateway/base/text.h"

namespace gatehouse::config {

namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

struct Unit {
    char letter;
    std::int64_t seconds;
};

constexpr std::array kUnits{Unit{'w', 604800}, Unit{'d', 86400}, Unit{'h', 3600}, Unit{'m', 60},
                            Unit{'s', 1}};
constexpr std::int64_t kYear = std::int64_t{366} * 86400;

}  // namespace

std::optional<bool> parse_boolean(std::string_view text) {
    static constexpr std::array<std::string_view, 5> kYes{"1", "on", "true", "yes", "enabled"};
    static constexpr std::array<std::string_view, 5> kNo{"0", "off", "false", "no", "disabled"};
    if (std::find(kYes.begin(), kYes.end(), text) != kYes.end()) return true;
    if (std::find(kNo.begin(), kNo.end(), text) != kNo.end()) return false;
    return std::nullopt;
}

std::optional<Duration> parse_duration(std::string_view text) {
    std::int64_t factor = 1;
    for (const auto& [letter, seconds] : kUnits) {
        if (text.empty() || text.back() != letter) continue;
        factor = seconds;
        text.remove_suffix(1);
        break;
    }
    const auto number = parse_number<std::uint32_t>(text);
    if (!number || *number > kYear / factor) return std::nullopt;
    return std::chrono::seconds(*number * factor);
}

std::string duration_text(Duration duration) {
    if (duration == Duration::max()) return "infinite";
    const std::int64_t seconds = whole_seconds(duration);
    for (const auto& [letter, unit] : kUnits) {
        if (letter != 'w' && seconds % unit == 0 && seconds >= unit) {
            return concat(seconds / unit, letter);
        }
    }
    return concat(seconds, 's');
}

bool is_interface(std::string_view text) {
    static constexpr std::size_t kLongest = 15;  // IFNAMSIZ without the final NUL
    if (text.empty() || text.size() > kLongest || text == "." || text == "..") return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-' || c == '+' ||
               c == '@';
    });
}

bool is_user(std::string_view text) {
    static constexpr std::size_t kLongest = 32;
    if (text.empty() || text.size() > kLongest || is_digit(text[0]) || text[0] == '-') return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_' || c == '-';
    });
}

bool is_path(std::string_view text, std::size_t max) {
    if (text.size() < 2 || text.size() > max || text[0] != '/') return false;
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
    });
    const auto steps = split(text, '/');
    return plain && std::none_of(steps.begin(), steps.end(),
                                 [](std::string_view step) { return step == "." || step == ".."; });
}

bool is_host_name(std::string_view text) {
    static constexpr std::size_t kLongest = 63;
    if (text.empty() || text.size() > kLongest) return false;
    if (text.front() == '-' || text.back() == '-') return false;
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

bool is_domain(std::string_view text) {
    static constexpr std::size_t kLongest = 253;
    const auto labels = split(text, '.');
    return text.size() <= kLongest && std::all_of(labels.begin(), labels.end(), is_host_name);
}

bool is_host_address(Ip4 address) {
    const std::uint32_t first = address.value >> 24U;
    return first != 0 && first != 127 && first < 224;
}

bool is_host_address(const Ip6& address) {
    const std::uint8_t first = address.bytes[0];
    const bool link_local = first == 0xfe && (address.bytes[1] & 0xc0U) == 0x80;
    return first != 0 && first != 0xff && !link_local;
}

std::optional<Target> parse_target(std::string_view text) {
    const std::size_t colon = text.find(':');
    const auto address = parse_ip4(text.substr(0, colon));
    if (!address) return std::nullopt;
    if (colon == std::string_view::npos) return Target{*address, std::nullopt};
    const auto ports = parse_port_range(text.substr(colon + 1));
    if (!ports) return std::nullopt;
    return Target{*address, ports};
}

namespace {

// Single edits (insert, remove, replace, swap of neighbours) between two short words.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
            row[j] = std::min({row[j - 1] + 1, last[j] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

}  // namespace

std::string_view closest(std::string_view word, const std::vector<std::string_view>& candidates) {
    static constexpr std::size_t kLongest = 64;
    if (word.size() > kLongest) return {};
    const std::string plain = to_lower(word);
    std::size_t best = std::max<std::size_t>(2, word.size() / 3) + 1;
    std::string_view found;
    for (const std::string_view candidate : candidates) {
        const std::size_t longer = std::max(word.size(), candidate.size());
        if (longer - std::min(word.size(), candidate.size()) >= best) continue;
        const std::size_t edits = distance(plain, candidate);
        // Replacing a word altogether is not a typing error.
        if (edits < best && edits < candidate.size() && edits < word.size()) {
            best = edits;
            found = candidate;
        }
    }
    return found;
}

}  // namespace gatehouse::config
