// SPDX-License-Identifier: GPL-2.0-or-later
//
// The command line of `gatehouse forward` as a value. What an option may hold is decided by the
// daemon; here only words are read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/daemon/terminal.h"

namespace gatehouse::daemon {

extern const char* const kForwardUsage;

struct ForwardCommand {
    std::string socket = kDefaultSocket;
    bool json = false;
    bool help = false;
    std::string body;              // of the request that adds one; empty when some are to end
    std::vector<std::string> ids;  // that are to end
};

Result<ForwardCommand> parse_forward_arguments(Arguments arguments);

}  // namespace gatehouse::daemon
