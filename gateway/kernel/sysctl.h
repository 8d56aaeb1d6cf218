// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kernel settings under /proc/sys. Those below net/ are of the network namespace we run in. Names
// are as in the file system: "net/netfilter/nf_conntrack_max".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace gatehouse::kernel {

// The value without the line feed at its end.
Result<std::string> read_sysctl(std::string_view name);
Result<std::uint64_t> read_sysctl_number(std::string_view name);
// Writes only if the value differs, so that a read-only /proc with the right value will do.
Status write_sysctl(std::string_view name, std::string_view value);
Status write_sysctl(std::string_view name, std::uint64_t value);

}  // namespace gatehouse::kernel
