// SPDX-License-Identifier: GPL-2.0-or-later
//
// The daemon starts as root and goes on as an ordinary user with the capabilities that it needs,
// no way to new ones, and a list of system calls. Where the machine does not offer one of these,
// the gateway still runs, and says so.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/result.h"

namespace gatehouse::daemon {

// Name and state of each safeguard, as `gatehouse status` shows it: {"user", "gatehouse"},
// {"seccomp", "on"}, or the reason why not.
using Safeguards = std::vector<std::pair<std::string, std::string>>;

struct Account {
    unsigned uid = 0;
    unsigned gid = 0;
};

// The user of that name in the text of /etc/passwd.
std::optional<Account> account_in(std::string_view table, std::string_view user);

// The user of that name, or why the daemon stays root.
Result<Account> find_account(const std::string& user);

// Paths below which the daemon reads and writes, beside those that every one needs.
struct Places {
    std::vector<std::string> read;
    std::vector<std::string> write;
};

// Gives up all that is not needed. Everything that only root may open must be open by now. Files
// are written in these places, where the system keeps state, and as sysctls of the network; they
// are read there and where libraries, name servers and the kernel's tables are.
Safeguards drop_privileges(const std::string& user, Places places);

// The same for the process that writes the files: it needs no capability at all.
void confine_writer(const std::string& user, Places places);

// The folder of a file; "" for no file.
std::string folder_of(const std::string& file);

}  // namespace gatehouse::daemon
