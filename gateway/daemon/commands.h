// SPDX-License-Identifier: GPL-2.0-or-later
//
// The command line: one word says what to do, the rest belongs to that word.
#pragma once

namespace gatehouse::daemon {

// Exit codes: 0 done, 1 failed, 2 wrong usage or wrong configuration.
int run_command_line(int count, char** arguments);

}  // namespace gatehouse::daemon
