// SPDX-License-Identifier: GPL-2.0-or-later
//
// RawConfig: the file held against the schema. Every section and option in it is one that exists,
// with its text and its line; no value has been looked at yet. SectionReader turns the texts of one
// section into typed values, fills in defaults and reports what does not fit.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/time.h"
#include "gateway/config/problem.h"
#include "gateway/config/schema.h"
#include "gateway/config/uci_text.h"
#include "gateway/config/values.h"

namespace gatehouse::config {

struct RawValue {
    const OptionSpec* spec = nullptr;
    std::string text;  // never empty, except in a list
    int line = 0;
};

struct RawSection {
    const SectionSpec* spec = nullptr;
    std::string name;
    int line = 0;  // 0 for a section that is not in the file
    std::vector<RawValue> values;
};

struct RawConfig {
    std::vector<RawSection> sections;

    // The section of a type that exists once; an empty one of line 0 where the file has none.
    RawSection only(std::string_view type) const;
};

// Unknown sections and options, second sections of a type that exists once, and lists where one
// value is due are errors.
RawConfig to_raw(const UciFile& file, ProblemList& errors);

// A value and the line it came from.
template <class T>
struct Placed {
    T value;
    int line;
};

class SectionReader {
  public:
    SectionReader(const RawSection& raw, ProblemList& errors, ProblemList& warnings)
        : raw_(raw), errors_(errors), warnings_(warnings) {}

    // Each gives the value of an option: what is written, else its default. Where that is wrong or
    // required and missing, the problem is reported, ok() becomes false and the type's own default
    // value is returned. A name that is not in the schema with that kind is a broken invariant.
    bool boolean(std::string_view name);
    std::uint32_t number(std::string_view name);
    Duration duration(std::string_view name);
    Port port(std::string_view name);
    PortRange ports(std::string_view name);
    std::optional<Ip4> address(std::string_view name);
    std::optional<Ip6> address6(std::string_view name);
    std::optional<Mac> mac(std::string_view name);
    std::optional<Prefix4> network(std::string_view name);
    Target target(std::string_view name);
    Endpoint endpoint(std::string_view name);
    // Interfaces, paths, users, host names, domains, words and hex.
    std::string text(std::string_view name);
    // E has to_string; all lists what is allowed.
    template <class E>
    std::optional<E> choice_if(std::string_view name, std::span<const E> all);
    template <class E>
    E choice(std::string_view name, std::span<const E> all) {
        return choice_if(name, all).value_or(E{});
    }

    // Lists: a bad or repeated entry, and every one beyond most, is skipped with a warning.
    std::vector<Placed<std::string>> texts(std::string_view name, std::size_t most);
    std::vector<Placed<Ip4>> addresses(std::string_view name, std::size_t most);
    std::vector<Placed<Port>> port_list(std::string_view name, std::size_t most);
    std::vector<Placed<Mac>> macs(std::string_view name, std::size_t most);

    bool has(std::string_view name) const { return find(name) != nullptr; }
    // Where an option is written, else where its section begins.
    int line_of(std::string_view name) const;
    int line() const { return raw_.line; }
    const std::string& name() const { return raw_.name; }
    bool ok() const { return ok_; }
    // Refuses the section: an error, or for an entry a warning that it is skipped.
    void refuse(int line, std::string text);
    void warn(int line, std::string text) { warnings_.add(line, std::move(text)); }

  private:
    const RawValue* find(std::string_view name) const;
    const OptionSpec& spec(std::string_view name) const;
    void refuse_value(const OptionSpec& option, const RawValue* at, std::string_view value);
    // The text of an option; nothing where it is not written and has no default.
    template <class Parse>
    auto one(std::string_view name, Parse parse) -> decltype(parse(std::string_view()));
    template <class T, class Parse>
    std::vector<Placed<T>> many(std::string_view name, std::size_t most, Parse parse);

    const RawSection& raw_;
    ProblemList& errors_;
    ProblemList& warnings_;
    bool ok_ = true;
};

template <class Parse>
auto SectionReader::one(std::string_view name, Parse parse) -> decltype(parse(std::string_view())) {
    const OptionSpec& option = spec(name);
    const RawValue* written = find(name);
    const std::string_view value = written ? std::string_view(written->text) : option.fallback;
    if (!value.empty()) {
        auto parsed = parse(value);
        if (!parsed) refuse_value(option, written, value);
        return parsed;
    }
    if (option.required) refuse_value(option, nullptr, {});
    return std::nullopt;
}

template <class E>
std::optional<E> SectionReader::choice_if(std::string_view name, std::span<const E> all) {
    return one(name, [all](std::string_view text) -> std::optional<E> {
        for (const E value : all) {
            if (to_string(value) == text) return value;
        }
        return std::nullopt;
    });
}

}  // namespace gatehouse::config
