// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reading JSON (RFC 8259): what the command line needs to show the answers of the daemon. Bounded
// in depth; numbers are whole; strings come out as UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

namespace gatehouse::control {

struct JsonMember;

struct JsonValue {
    enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

    Kind kind = Kind::null;
    bool boolean = false;
    std::int64_t number = 0;
    std::string string;
    std::vector<JsonValue> items;
    std::vector<JsonMember> members;  // in the order of the text

    // The member of that name, or a null value.
    const JsonValue& operator[](std::string_view name) const;
    // What a table shows: text as it is, numbers and words, "-" for null, lists joined by blanks.
    std::string to_text() const;
};

struct JsonMember {
    std::string name;
    JsonValue value;
};

// The one value of the text, or what is wrong with it and where.
Result<JsonValue> parse_json(std::string_view text);

}  // namespace gatehouse::control
