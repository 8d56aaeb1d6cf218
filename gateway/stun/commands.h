// SPDX-License-Identifier: GPL-2.0-or-later
//
// `gatehouse stun-server` and `gatehouse probe`: they run in the foreground and need no daemon. The
// arguments are those behind the word. Exit codes: 0 done, 1 failed, 2 wrong usage.
#pragma once

#include "gateway/stun/arguments.h"

namespace gatehouse::stun {

// Serves until SIGTERM or SIGINT. When every socket is open, one line on standard error begins with
// "stun: ready".
int stun_server_command(Arguments arguments);

// Prints the report. It fails where the server answered neither over UDP nor over TCP; the report
// is printed even then.
int probe_command(Arguments arguments);

}  // namespace gatehouse::stun
