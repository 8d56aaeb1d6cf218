// SPDX-License-Identifier: GPL-2.0-or-later
//
// A list of the control API as a table for a terminal. Nothing is cut; numbers and times stand at
// the right of their column; what does not apply is "-".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/control/json_value.h"

namespace gatehouse::control {

struct Column {
    enum class Kind : std::uint8_t { text, number, seconds, bytes };

    std::string_view field;
    std::string_view heading;
    Kind kind = Kind::text;
};

// The columns of a list by its name in the API ("mappings"); none for other names.
std::span<const Column> columns_of(std::string_view resource);

// The heading and a line for each object of the array.
std::string show_table(std::span<const Column> columns, const JsonValue& rows);

// "45s", "4m05s", "2h04m", "3d02h".
std::string short_duration(std::int64_t seconds);

// "999", "1.4k", "23M": bytes by powers of 1000.
std::string short_bytes(std::int64_t bytes);

}  // namespace gatehouse::control
