// SPDX-License-Identifier: GPL-2.0-or-later
//
// From the text of a configuration file to a Config, in one step that has no side effects: read
// the syntax, hold it against the schema, read every value, check one against the other. All
// problems are found in one go, each with its line and what would be right.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/config/problem.h"

namespace gatehouse::config {

struct ConfigResult {
    std::optional<Config> config;   // set exactly when there are no errors
    std::vector<Problem> errors;    // the file cannot be used
    std::vector<Problem> warnings;  // the file can be used, but something in it is skipped or odd
};

// filename is only used in messages.
ConfigResult load_config(std::string_view text, std::string_view filename);

}  // namespace gatehouse::config
