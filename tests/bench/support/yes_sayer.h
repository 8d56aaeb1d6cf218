// SPDX-License-Identifier: GPL-2.0-or-later
//
// The least that a program can do with the first packet of each flow: it says yes. What it costs is
// the floor for whoever chooses mappings outside the kernel.
#pragma once

#include <string_view>

namespace gatehouse::bench {

// The benchmarks started with this word say yes until they are ended.
constexpr std::string_view kSayYes = "--say-yes";
constexpr std::string_view kAskingTable = "asking";
constexpr std::string_view kAskingChain = "ask";

int say_yes();

}  // namespace gatehouse::bench
