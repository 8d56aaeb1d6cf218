// SPDX-License-Identifier: GPL-2.0-or-later
//
// Addresses in headers: SIP URIs (RFC 3261 19.1), lists of name-addr and addr-spec, and Via hops.
// All are views into the message. Bounds: kMostListed members of one header.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace gatehouse::sip {

constexpr std::size_t kMostListed = 32;

// A host and perhaps a port. `both` reaches from the first byte of the host to the last of the two.
struct HostPort {
    std::string_view both;
    std::string_view host;  // an IPv6 address with its brackets
    std::string_view port;  // its digits; empty where there is none
};

struct Uri {
    bool secure = false;    // sips
    std::string_view user;  // with a password; empty where there is none
    HostPort at;
    std::string_view rest;  // parameters and headers
};

// A sip or sips URI; nothing for other schemes and what is no URI.
std::optional<Uri> parse_uri(std::string_view text);

// A member of a Contact, Route, Refer-To and the like.
struct NameAddress {
    std::string_view uri;     // any scheme, or "*"
    std::string_view params;  // behind it, beginning with ';', or empty
};
std::optional<NameAddress> parse_name_address(std::string_view text);

// A Via hop. Blanks and folds stand anywhere between its pieces.
struct Via {
    std::string_view transport;
    HostPort at;
    std::string_view params;
};
std::optional<Via> parse_via(std::string_view text);

// The members between commas that stand neither in quotes nor in angle brackets; nothing where
// those do not close, or where there are more than kMostListed.
std::optional<std::vector<std::string_view>> split_list(std::string_view value);

// The value of a parameter in ";a=1;b", empty for one without; nothing where it is absent.
std::optional<std::string_view> find_param(std::string_view params, std::string_view name);

}  // namespace gatehouse::sip
