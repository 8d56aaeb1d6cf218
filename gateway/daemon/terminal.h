// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the commands say to the person at the terminal, and how they end.
#pragma once

#include <cstdio>
#include <span>
#include <string_view>

namespace gatehouse::daemon {

using Arguments = std::span<const std::string_view>;

// How a command ends.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrong = 2;

inline constexpr const char* kDefaultSocket = "/run/gatehouse.sock";

void print(std::FILE* file, std::string_view text);

// "gatehouse: TEXT" on standard error; gives the code.
int complain(std::string_view text, int code);

}  // namespace gatehouse::daemon
