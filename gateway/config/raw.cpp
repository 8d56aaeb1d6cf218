// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/config/raw.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <map>

#include "gateway/base/text.h"
#include "gateway/config/dhcp_values.h"

namespace gatehouse::config {

namespace {

// The words of a list that was written as one option: "option lan 'br-lan br-guest'".
void add_words(const OptionSpec& spec, const UciOption& option, RawSection& out) {
    for (const std::string_view piece : split(option.value, ' ')) {
        const std::string_view word = trim(piece);
        if (!word.empty()) out.values.push_back({&spec, std::string(word), option.line});
    }
}

void add_option(const UciOption& option, RawSection& out, ProblemList& errors) {
    const OptionSpec* spec = find_option(*out.spec, option.name);
    if (!spec) {
        errors.add(option.line, [&] { return unknown_option_text(*out.spec, option.name); });
        return;
    }
    if (spec->is_list && !option.is_list) {
        add_words(*spec, option, out);
        return;
    }
    const bool again = !out.values.empty() && out.values.back().spec == spec;
    if (again && !spec->is_list) {
        errors.add(option.line, concat('\'', spec->name, "' in '", out.spec->type,
                                       "' takes one value: write it once, with option"));
        return;
    }
    if (spec->is_list || !option.value.empty()) {
        out.values.push_back({spec, option.value, option.line});
    }
}

}  // namespace

RawSection RawConfig::only(std::string_view type) const {
    const auto found =
        std::find_if(sections.begin(), sections.end(),
                     [type](const RawSection& section) { return section.spec->type == type; });
    if (found != sections.end()) return *found;
    return {find_section(type), {}, 0, {}};
}

RawConfig to_raw(const UciFile& file, ProblemList& errors) {
    RawConfig out;
    std::map<const SectionSpec*, int> first_lines;
    for (const UciSection& section : file.sections) {
        const SectionSpec* spec = find_section(section.type);
        if (!spec) {
            errors.add(section.line, [&] { return unknown_section_text(section.type); });
            continue;
        }
        const auto [first, fresh] = first_lines.emplace(spec, section.line);
        if (!fresh && spec->times == Times::once) {
            errors.add(section.line, concat("a second section '", spec->type,
                                            "': there can be only one, and the first is at line ",
                                            first->second));
            continue;
        }
        RawSection raw{spec, section.name, section.line, {}};
        for (const UciOption& option : section.options)
            add_option(option, raw, errors);
        out.sections.push_back(std::move(raw));
    }
    return out;
}

const RawValue* SectionReader::find(std::string_view name) const {
    for (const RawValue& value : raw_.values) {
        if (value.spec->name == name) return &value;
    }
    return nullptr;
}

const OptionSpec& SectionReader::spec(std::string_view name) const {
    const OptionSpec* option = find_option(*raw_.spec, name);
    assert(option != nullptr);
    return *option;
}

int SectionReader::line_of(std::string_view name) const {
    const RawValue* written = find(name);
    return written ? written->line : raw_.line;
}

void SectionReader::refuse(int line, std::string text) {
    ok_ = false;
    if (raw_.spec->times == Times::entry) {
        warnings_.add(line, concat(text, "; this ", raw_.spec->type, " is skipped"));
    } else {
        errors_.add(line, std::move(text));
    }
}

// at is where the wrong value stands; without it the option is missing.
void SectionReader::refuse_value(const OptionSpec& option, const RawValue* at,
                                 std::string_view value) {
    if (!at) {
        refuse(raw_.line, concat('\'', raw_.spec->type, "' needs '", option.name,
                                 "', for example: ", option.is_list ? "list " : "option ",
                                 option.name, " '", option.example, '\''));
        return;
    }
    std::string text = concat('\'', option.name, "' in '", raw_.spec->type, "' is ", quoted(value),
                              ": must be ", allowed_text(option));
    if (option.kind == Kind::choice) {
        const std::string_view near = closest(value, split(option.words, ' '));
        if (!near.empty()) append(text, "; did you mean '", near, "'?");
    }
    refuse(at->line, std::move(text));
}

bool SectionReader::boolean(std::string_view name) {
    return one(name, parse_boolean).value_or(false);
}

std::uint32_t SectionReader::number(std::string_view name) {
    const OptionSpec& option = spec(name);
    const auto parse = [&option](std::string_view text) -> std::optional<std::uint32_t> {
        const auto value = parse_number<std::uint32_t>(text);
        if (!value || *value < option.low || *value > option.high) return std::nullopt;
        return value;
    };
    return one(name, parse).value_or(0);
}

Duration SectionReader::duration(std::string_view name) {
    const OptionSpec& option = spec(name);
    const auto parse = [&option](std::string_view text) -> std::optional<Duration> {
        if (option.kind == Kind::lease_time && text == "infinite") return Duration::max();
        const auto value = parse_duration(text);
        if (!value || *value < std::chrono::seconds(option.low) ||
            *value > std::chrono::seconds(option.high)) {
            return std::nullopt;
        }
        return value;
    };
    return one(name, parse).value_or(Duration::zero());
}

Port SectionReader::port(std::string_view name) {
    return one(name, parse_port).value_or(Port{});
}

PortRange SectionReader::ports(std::string_view name) {
    return one(name, parse_port_range).value_or(PortRange{});
}

namespace {

std::optional<Ip4> parse_host_address(std::string_view text) {
    const auto address = parse_ip4(text);
    return address && is_host_address(*address) ? address : std::nullopt;
}

std::optional<Ip6> parse_host_address6(std::string_view text) {
    const auto address = parse_ip6(text);
    return address && is_host_address(*address) ? address : std::nullopt;
}

std::optional<Target> parse_host_target(std::string_view text) {
    const auto target = parse_target(text);
    return target && is_host_address(target->address) ? target : std::nullopt;
}

bool is_hex(const OptionSpec& option, std::string_view text) {
    bool ok = true;
    const auto size = static_cast<std::int64_t>(from_hex(text, ok).size());
    return ok && size >= option.low && size <= option.high;
}

// A group address is not that of one device; all zeros is that of none.
std::optional<Mac> parse_device_mac(std::string_view text) {
    const auto mac = parse_mac(text);
    if (!mac || (mac->bytes[0] & 1U) != 0 || *mac == Mac{}) return std::nullopt;
    return mac;
}

bool fits(const OptionSpec& option, std::string_view text) {
    switch (option.kind) {
        case Kind::interface: return is_interface(text);
        case Kind::path: return is_path(text, static_cast<std::size_t>(option.high));
        case Kind::user: return is_user(text);
        case Kind::host_name: return is_host_name(text);
        case Kind::domain: return is_domain(text);
        case Kind::word: return is_word(text, static_cast<std::size_t>(option.high));
        case Kind::hex: return is_hex(option, text);
        case Kind::dhcp_route: return parse_dhcp_route(text).has_value();
        case Kind::dhcp_option: return parse_dhcp_option(text).has_value();
        default: return false;
    }
}

}  // namespace

std::optional<Ip4> SectionReader::address(std::string_view name) {
    return one(name, parse_host_address);
}

std::optional<Ip6> SectionReader::address6(std::string_view name) {
    return one(name, parse_host_address6);
}

std::optional<Mac> SectionReader::mac(std::string_view name) {
    return one(name, parse_device_mac);
}

std::optional<Prefix4> SectionReader::network(std::string_view name) {
    return one(name, [](std::string_view text) -> std::optional<Prefix4> {
        if (const auto prefix = parse_prefix4(text)) return prefix;
        const auto address = parse_ip4(text);
        return address ? std::optional(Prefix4{*address, 32}) : std::nullopt;
    });
}

Target SectionReader::target(std::string_view name) {
    return one(name, parse_host_target).value_or(Target{});
}

Endpoint SectionReader::endpoint(std::string_view name) {
    return one(name, parse_endpoint).value_or(Endpoint{});
}

std::string SectionReader::text(std::string_view name) {
    const OptionSpec& option = spec(name);
    const auto parse = [&option](std::string_view text) -> std::optional<std::string> {
        if (!fits(option, text)) return std::nullopt;
        return std::string(text);
    };
    return one(name, parse).value_or(std::string());
}

template <class T, class Parse>
std::vector<Placed<T>> SectionReader::many(std::string_view name, std::size_t most, Parse parse) {
    const OptionSpec& option = spec(name);
    std::vector<Placed<T>> out;
    const auto skip = [&](const RawValue& value, std::string_view why) {
        warn(value.line, concat('\'', name, "' in '", raw_.spec->type, "' is ", quoted(value.text),
                                ": ", why, "; this entry is skipped"));
    };
    for (const RawValue& value : raw_.values) {
        if (value.spec != &option) continue;
        const auto parsed = parse(value.text);
        if (!parsed) {
            skip(value, concat("must be ", allowed_text(option)));
        } else if (std::any_of(out.begin(), out.end(),
                               [&](const Placed<T>& other) { return other.value == *parsed; })) {
            skip(value, "it is listed twice");
        } else if (out.size() == most) {
            skip(value, concat("there can be at most ", most));
        } else {
            out.push_back({*parsed, value.line});
        }
    }
    if (out.empty() && option.required) refuse_value(option, nullptr, {});
    if (out.empty() && !option.fallback.empty()) {
        if (auto parsed = parse(option.fallback)) out.push_back({*parsed, raw_.line});
    }
    return out;
}

std::vector<Placed<std::string>> SectionReader::texts(std::string_view name, std::size_t most) {
    const OptionSpec& option = spec(name);
    const auto parse = [&option](std::string_view text) -> std::optional<std::string> {
        if (!fits(option, text)) return std::nullopt;
        return std::string(text);
    };
    return many<std::string>(name, most, parse);
}

std::vector<Placed<Ip4>> SectionReader::addresses(std::string_view name, std::size_t most) {
    return many<Ip4>(name, most, parse_host_address);
}

std::vector<Placed<Port>> SectionReader::port_list(std::string_view name, std::size_t most) {
    return many<Port>(name, most, parse_port);
}

std::vector<Placed<Mac>> SectionReader::macs(std::string_view name, std::size_t most) {
    return many<Mac>(name, most, parse_device_mac);
}

}  // namespace gatehouse::config
