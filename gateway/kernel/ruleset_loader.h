// SPDX-License-Identifier: GPL-2.0-or-later
//
// Loads a ruleset in a child process (child.h).
#pragma once

#include <cstdint>
#include <string>

#include "gateway/base/result.h"

namespace gatehouse::kernel {

struct RulesetLoad {
    Status status;
    std::uint32_t process = 0;  // of the child, as commits show it; 0 where it never got that far
};

// One transaction.
RulesetLoad load_ruleset(const std::string& text);

}  // namespace gatehouse::kernel
