// SPDX-License-Identifier: GPL-2.0-or-later
//
// The one table of everything that may stand in the configuration file: each section, each option,
// its kind, default, limits and the sentence that explains it. Reading, defaults, messages, the
// sample file and the manual come from it, so that none of them can say something else.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::config {

enum class Kind : std::uint8_t {
    boolean,
    choice,      // one of the words in `words`
    number,      // between low and high
    duration,    // between low and high seconds
    lease_time,  // a duration, or infinite
    port,
    port_range,
    address,   // of one host
    address6,  // of one host, IPv6
    network,   // an address, or a prefix such as 192.168.1.0/24
    target,    // an address with a port, a range of ports, or none
    endpoint,  // address:port
    mac,
    interface,
    path,  // at most high bytes
    user,
    host_name,
    domain,
    word,         // a file or an address of the web, at most high bytes
    hex,          // bytes, between low and high of them
    dhcp_route,   // network,router
    dhcp_option,  // number,type,value[,value...]
};

struct OptionSpec {
    std::string_view name;
    Kind kind;
    std::string_view fallback;  // the default, as one would write it; empty where there is none
    std::string_view sentence;
    std::string_view example{};  // where there is no default
    std::string_view words{};    // of a choice, with blanks between
    std::int64_t low = 0;
    std::int64_t high = 0;
    bool is_list = false;
    bool required = false;
};

enum class Times : std::uint8_t {
    once,   // at most one such section; a bad value is an error
    many,   // any number; a bad value is an error
    entry,  // any number; a bad one is skipped with a warning
};

struct SectionSpec {
    std::string_view type;
    std::string_view name;  // as in the sample; empty for an anonymous section
    Times times;
    bool sampled;  // whether the sample has it live; the others stand there as comments
    std::string_view sentence;
    std::span<const OptionSpec> options;
};

// Every section, in the order of the manual.
std::span<const SectionSpec> schema();

const SectionSpec* find_section(std::string_view type);
const OptionSpec* find_option(const SectionSpec& section, std::string_view name);

// What may be written, for messages and the manual: "one of tcp, udp, both".
std::string allowed_text(const OptionSpec& option);

// What to say about a word that is not in the table, with the nearest one that is.
std::string unknown_section_text(std::string_view type);
std::string unknown_option_text(const SectionSpec& section, std::string_view name);

}  // namespace gatehouse::config
