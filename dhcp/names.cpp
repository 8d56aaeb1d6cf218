// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/names.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"

namespace gatehouse::dhcp {

namespace {

constexpr std::size_t kLongestLabel = 63;

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_separator(char c) {
    return c == ' ' || c == '_' || c == '-' || c == '/' || c == '+';
}

}  // namespace

std::string clean_name(std::string_view text) {
    text = text.substr(0, text.find('\0'));
    text = text.substr(0, text.find('.'));
    std::string out;
    for (const char c : text) {
        if (out.size() == kLongestLabel) break;
        if (is_letter_or_digit(c)) {
            out.push_back(c);
        } else if (is_separator(c) && !out.empty() && out.back() != '-') {
            out.push_back('-');
        }
    }
    while (!out.empty() && out.back() == '-')
        out.pop_back();
    return out;
}

bool is_trusted_name(std::string_view name) {
    static constexpr std::array<std::string_view, 8> kTrusted{
        "localhost", "wpad", "isatap", "router", "gateway", "gatehouse", "broadcasthost", "dns"};
    return std::any_of(kTrusted.begin(), kTrusted.end(), [name](std::string_view trusted) {
        return equal_ignoring_case(name, trusted);
    });
}

bool parse_fqdn(Bytes option, Fqdn& out) {
    ByteReader in(option);
    out.flags = in.u8();
    in.skip(2);  // two response codes that nobody uses (RFC 4702 2.2)
    if ((out.flags & kFqdnCanonical) == 0) {
        out.name = std::string(as_text(in.rest()));
        return in.ok();
    }
    if (in.at_end()) return in.ok();
    const std::uint8_t length = in.u8();
    if (length > kLongestLabel) return false;
    out.name = std::string(as_text(in.take(length)));
    return in.ok();
}

std::vector<std::uint8_t> write_labels(std::string_view domain) {
    ByteWriter out(255);
    for (const std::string_view label : split(domain, '.')) {
        if (label.empty() || label.size() > kLongestLabel) return {};
        out.u8(static_cast<std::uint8_t>(label.size()));
        out.text(label);
    }
    out.u8(0);
    return out.take();
}

std::vector<std::uint8_t> write_fqdn(const Fqdn& asked, std::string_view whole_name) {
    ByteWriter out(255);
    // We enter names wherever the device does not object; a device that wants to do it itself may
    // (S is as asked then).
    unsigned flags = asked.flags & kFqdnCanonical;
    if ((asked.flags & kFqdnNoUpdates) != 0) {
        flags |= kFqdnNoUpdates;
    } else {
        flags |= asked.flags & kFqdnServerUpdates;
    }
    out.u8(static_cast<std::uint8_t>(flags));
    out.u8(255);
    out.u8(255);
    if ((asked.flags & kFqdnCanonical) != 0) {
        out.bytes(write_labels(whole_name));
    } else {
        out.text(whole_name);
    }
    return out.take();
}

}  // namespace gatehouse::dhcp
