// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a fuzz target insists on: a broken promise ends the program, which is what fuzzers look for.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace gatehouse {

inline void require(bool holds, const char* what = "a promise is broken") {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

}  // namespace gatehouse
