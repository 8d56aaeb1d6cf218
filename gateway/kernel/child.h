// SPDX-License-Identifier: GPL-2.0-or-later
//
// Work in a child process that ends afterwards. For libnftables: what it keeps stays out of the
// daemon's memory, and a text that makes it fail cannot take the gateway along.
#pragma once

#include <functional>
#include <string>

#include "gateway/base/result.h"

namespace gatehouse::kernel {

// What the work gave back as text, at most 64 KiB of it. Waits no longer than ten seconds.
Result<std::string> in_child(const std::function<std::string()>& work);

}  // namespace gatehouse::kernel
