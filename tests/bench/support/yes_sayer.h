// SPDX-License-Identifier: GPL-2.0-or-later
//
// The least that a program can do where the table of a NAT is a map of the kernel: it writes one
// element for each direction and says yes to the packet. There is nothing to choose, remember,
// limit or filter. What that costs is the floor for whoever chooses mappings outside the kernel.
#pragma once

#include <string_view>

namespace gatehouse::bench {

// The benchmarks started with this word say yes until they are ended.
constexpr std::string_view kSayYes = "--say-yes";
constexpr std::string_view kAskingTable = "asking";
constexpr std::string_view kAskingChain = "ask";
constexpr std::string_view kSourceMap = "source";
constexpr std::string_view kInboundMap = "inbound";

int say_yes();

}  // namespace gatehouse::bench
