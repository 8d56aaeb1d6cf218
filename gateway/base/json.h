// SPDX-License-Identifier: GPL-2.0-or-later
//
// Writing JSON (RFC 8259) in one pass, without blanks or line breaks, so that one value is also one
// line. Commas come by themselves. Text may hold any bytes: the result is always valid UTF-8. A
// value where a key belongs, or an end without its begin, is a mistake of the program and asserted.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "gateway/base/text.h"

namespace gatehouse {

// A JSON string with its quotes. Each byte that is not UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

class JsonWriter {
  public:
    static constexpr std::size_t kDeepest = 32;

    // Appends to out, which must outlive the writer.
    explicit JsonWriter(std::string& out) : out_(out) {}

    void begin_object() { begin('{'); }
    void end_object() { end('{', '}'); }
    void begin_array() { begin('['); }
    void end_array() { end('[', ']'); }
    void key(std::string_view name);
    void null() { literal("null"); }

    // Text, whole numbers, booleans, and optional ones of these (null where there is none).
    template <class T>
    void value(const T& content) {
        if constexpr (std::is_same_v<T, bool>) {
            literal(content ? "true" : "false");
        } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, char>) {
            using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
            number(static_cast<Wide>(content));
        } else {
            string(std::string_view(content));
        }
    }
    template <class T>
    void value(const std::optional<T>& maybe) {
        if (maybe) return value(*maybe);
        null();
    }

    template <class T>
    void field(std::string_view name, const T& content) {
        key(name);
        value(content);
    }

    // One whole value has been written.
    bool complete() const { return open_.empty() && wrote_; }

  private:
    void before_value();
    void begin(char bracket);
    void end(char bracket, char closing);
    void literal(std::string_view text);
    void number(std::int64_t content);
    void number(std::uint64_t content);
    void string(std::string_view text);

    std::string& out_;
    std::vector<char> open_;  // the brackets around this place
    bool wrote_ = false;      // something stands before, here or one level up
    bool after_key_ = false;
};

}  // namespace gatehouse
