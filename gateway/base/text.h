// SPDX-License-Identifier: GPL-2.0-or-later
//
// Small text tools: numbers read whole or not at all, splitting, trimming, escaping.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

namespace gatehouse {

// The whole text as a decimal number that fits T: no sign for unsigned types, no blanks, no '+'.
template <class T>
std::optional<T> parse_number(std::string_view text) {
    static_assert(std::is_integral_v<T>);
    T value{};
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return value;
}

// The pieces between separators; "a,,b" has three, "" has one.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);  // blanks, tabs, CR and LF at both ends
char to_lower(char c);                         // ASCII only
std::string to_lower(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);

// Out of line, because text is put together in hundreds of places.
void append_number(std::string& out, std::int64_t number);
void append_number(std::string& out, std::uint64_t number);
void append_text(std::string& out, std::string_view text);
void append_text(std::string& out, const char* text);

template <class... Parts>
void append(std::string& out, const Parts&... parts) {
    [[maybe_unused]] const auto one = [&out](const auto& part) {
        using P = std::decay_t<decltype(part)>;
        if constexpr (std::is_same_v<P, char>) {
            out.push_back(part);
        } else if constexpr (std::is_integral_v<P> && !std::is_same_v<P, bool>) {
            using Wide = std::conditional_t<std::is_signed_v<P>, std::int64_t, std::uint64_t>;
            append_number(out, static_cast<Wide>(part));
        } else if constexpr (std::is_same_v<P, const char*> || std::is_same_v<P, char*>) {
            append_text(out, static_cast<const char*>(part));
        } else {
            append_text(out, std::string_view(part));
        }
    };
    (one(parts), ...);
}

// One string of all parts: text, characters and whole numbers.
template <class... Parts>
std::string concat(const Parts&... parts) {
    std::string out;
    append(out, parts...);
    return out;
}

// The length of the UTF-8 sequence that starts a text, 0 where there is none (RFC 3629: no overlong
// forms, no surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text);

// U+FFFD, which stands where a text cannot be kept.
inline constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// Text that came from outside, safe for one line of a log or a terminal: control characters, bytes
// that are not UTF-8 and the backslash become \xNN.
std::string printable(std::string_view text);

// Text for the inside of an XML element or attribute: markup characters, tab, CR and LF as
// references. What XML 1.0 cannot hold, and each byte that is not UTF-8, becomes U+FFFD.
std::string escape_xml(std::string_view text);

}  // namespace gatehouse
