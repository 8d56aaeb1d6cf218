// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/text.h"

#include <algorithm>
#include <array>

#include "gateway/base/bytes.h"

namespace gatehouse {

namespace {

template <class T>
void append_digits(std::string& out, T number) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

}  // namespace

void append_number(std::string& out, std::int64_t number) {
    append_digits(out, number);
}

void append_number(std::string& out, std::uint64_t number) {
    append_digits(out, number);
}

void append_text(std::string& out, std::string_view text) {
    out.append(text);
}

void append_text(std::string& out, const char* text) {
    out.append(text);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    for (;;) {
        const std::size_t at = text.find(separator);
        out.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return out;
        text.remove_prefix(at + 1);
    }
}

std::string_view trim(std::string_view text) {
    static constexpr std::string_view kBlank = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string to_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = to_lower(c);
    return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
}

std::size_t utf8_length(std::string_view text) {
    if (text.empty()) return 0;
    const auto byte = [&text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
        return i < text.size() && byte(i) >= low && byte(i) <= high;
    };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        const unsigned low = lead == 0xe0 ? 0xa0 : 0x80;
        const unsigned high = lead == 0xed ? 0x9f : 0xbf;
        return follows(1, low, high) && follows(2) ? 3 : 0;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        const unsigned low = lead == 0xf0 ? 0x90 : 0x80;
        const unsigned high = lead == 0xf4 ? 0x8f : 0xbf;
        return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const auto lead = static_cast<std::uint8_t>(text[0]);
        // U+0080 to U+009F are control characters too.
        const bool control =
            lead < 0x20 || lead == 0x7f || lead == '\\' ||
            (length == 2 && lead == 0xc2 && static_cast<std::uint8_t>(text[1]) < 0xa0);
        if (length > 0 && !control) {
            out.append(text.substr(0, length));
            text.remove_prefix(length);
        } else {
            append(out, "\\x", to_hex(as_bytes(text.substr(0, 1))));
            text.remove_prefix(1);
        }
    }
    return out;
}

namespace {

std::string_view xml_reference(char c) {
    switch (c) {
        case '&': return "&amp;";
        case '<': return "&lt;";
        case '>': return "&gt;";
        case '"': return "&quot;";
        case '\'': return "&apos;";
        case '\t': return "&#9;";
        case '\n': return "&#10;";
        case '\r': return "&#13;";
        default: return {};
    }
}

// The Char production of XML 1.0: no control characters but three, not U+FFFE, not U+FFFF.
bool fits_xml(std::string_view sequence) {
    if (sequence.size() == 1) return static_cast<std::uint8_t>(sequence[0]) >= 0x20;
    return sequence != "\xef\xbf\xbe" && sequence != "\xef\xbf\xbf";
}

}  // namespace

std::string escape_xml(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::string_view sequence = text.substr(0, length == 0 ? 1 : length);
        if (const std::string_view reference = xml_reference(text[0]); !reference.empty()) {
            out += reference;
        } else {
            out += length > 0 && fits_xml(sequence) ? sequence : kReplacement;
        }
        text.remove_prefix(sequence.size());
    }
    return out;
}

}  // namespace gatehouse
