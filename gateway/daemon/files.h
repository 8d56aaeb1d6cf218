// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files as whole texts, with errors that name the file.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace gatehouse::daemon {

inline constexpr std::size_t kLongestFile = 4UL << 20U;

Result<std::string> read_file(const std::string& path);
// The number that is all of the file; 0 where there is none.
std::uint64_t read_number(const std::string& path);
// Which boot of the machine this is; empty where it does not say.
std::string boot_id();
// Into a file that exists, in one write: what /proc/sys asks for.
Status write_file(const std::string& path, std::string_view text);
// The folder and those above it, as far as they are missing.
Status make_folders(const std::string& path, mode_t mode);

}  // namespace gatehouse::daemon
