// SPDX-License-Identifier: GPL-2.0-or-later
//
// The commands that ask the running daemon over its control socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/daemon/terminal.h"

namespace gatehouse::daemon {

struct Client {
    std::string socket = kDefaultSocket;
    bool json = false;
    bool watch = false;  // again each second, until somebody ends it
};

// Each prints its answer and gives the exit code.
int reload_command(const Client& client, const std::optional<std::string>& file);
int status_command(const Client& client);
// PROTO INSIDE REMOTE
int why_command(const Client& client, std::span<const std::string_view> words);
int list_command(const Client& client, std::string_view resource);
int events_command(const Client& client);
// forward add ... | forward del ID...
int forward_command(Arguments arguments);

}  // namespace gatehouse::daemon
