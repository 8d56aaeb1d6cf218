// SPDX-License-Identifier: GPL-2.0-or-later
//
// The one place that forks a program into namespaces. Between fork and exec the child makes system
// calls only, because other threads of the test (captures) may have held locks at that moment.
#pragma once

#include "tests/lab/support/program.h"

namespace gatehouse::lab {

struct Streams {
    int in = -1;  // -1: /dev/null
    int out = -1;
    int err = -1;
};

// The child, as leader of its own session, after exec has succeeded. Throws a LabError that names
// the step which failed otherwise.
pid_t spawn(const Place& place, const Command& command, const Streams& streams,
            const Environment& environment);

// "phone: " and the like come before; this is the program with its arguments.
std::string in_words(const Command& command);

}  // namespace gatehouse::lab
