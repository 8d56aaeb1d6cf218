// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a NAT does, in the terms of RFC 4787, as somebody says it: the configuration that asked for
// it, or a judge that looked at it from inside. Reading what the judges print is pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::natlab {

// Of mapping (RFC 4787 4.1) and of filtering (RFC 4787 5). A judge of RFC 3489 can only tell that a
// mapping depends on something.
enum class Kind : std::uint8_t {
    unknown,
    endpoint_independent,
    address_dependent,
    address_and_port_dependent,
    dependent,
};

std::string_view short_name(Kind kind);   // "EI", "AD", "APD", "dep", "?"
std::string_view in_config(Kind kind);    // "endpoint-independent"
Kind kind_of(std::string_view in_words);  // the inverse of in_config; unknown for other words

struct Finding {
    Kind mapping = Kind::unknown;
    Kind filtering = Kind::unknown;
    std::optional<bool> hairpin;
    bool translated = true;            // false: there is no NAT
    Kind tcp_mapping = Kind::unknown;  // the rest is of UDP

    friend bool operator==(const Finding&, const Finding&) = default;
};

std::string short_form(const Finding& finding);  // "EI / AD / yes", "no NAT"

enum class Judge : std::uint8_t {
    probe,         // gatehouse probe --json
    stun,          // stun, of the package stun-client: RFC 3489
    natdiscovery,  // turnutils_natdiscovery, of coturn: RFC 5780
};

constexpr Judge kJudges[] = {Judge::probe, Judge::stun, Judge::natdiscovery};
std::string_view to_string(Judge judge);

// What the judge said, from all that it printed; unknown where it said nothing that we understand.
Finding read_judgement(Judge judge, std::string_view printed);

// What this judge says of a NAT that is as described, if both are right: none of them can put
// everything into words.
Finding as_seen_by(Judge judge, const Finding& truth);

}  // namespace gatehouse::natlab
