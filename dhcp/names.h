// SPDX-License-Identifier: GPL-2.0-or-later
//
// What devices call themselves, made fit for others to read: a name is one label of letters, digits
// and inner hyphens (RFC 1123 section 2.1), and never one that belongs to somebody else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"

namespace gatehouse::dhcp {

// The first label of what a device sent: "Bob's iPhone" becomes "Bobs-iPhone". Empty where nothing
// is left.
std::string clean_name(std::string_view text);

// Names that programs look up and trust: no device may have them.
bool is_trusted_name(std::string_view name);

// The client's fully qualified name (RFC 4702), of which we take the host's part.
struct Fqdn {
    std::uint8_t flags = 0;
    std::string name;  // the first label as sent; may be empty
};
constexpr std::uint8_t kFqdnServerUpdates = 1;  // S
constexpr std::uint8_t kFqdnOverride = 2;       // O
constexpr std::uint8_t kFqdnCanonical = 4;      // E: labels with lengths
constexpr std::uint8_t kFqdnNoUpdates = 8;      // N

// False for an option that is too short or whose labels reach beyond it.
bool parse_fqdn(Bytes option, Fqdn& out);
// The answer: what the server does, and the whole name.
std::vector<std::uint8_t> write_fqdn(const Fqdn& asked, std::string_view whole_name);

// Labels with lengths, without compression (RFC 1035 3.1); nothing for a name that has no such
// form.
std::vector<std::uint8_t> write_labels(std::string_view domain);

}  // namespace gatehouse::dhcp
