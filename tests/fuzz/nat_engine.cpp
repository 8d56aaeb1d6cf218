// SPDX-License-Identifier: GPL-2.0-or-later
//
// The NAT engine in a naive kernel, with the input as the source of every choice: packets,
// forwards, reloads, failed commits, lost tables and restarts in any order. Whatever the order, the
// invariants of tests/nat/support/random_house hold.
#include <cstdio>
#include <cstdlib>

#include "gateway/base/bytes.h"
#include "tests/nat/support/random_house.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gatehouse;
    constexpr int kMostSteps = 12;
    ByteReader in(Bytes(data, size));
    test::RandomHouse world([&in](std::uint32_t n) { return in.u8() % n; });
    for (int step = 0; step < kMostSteps && in.remaining() > 0; ++step) {
        const std::string problem = world.step();
        if (problem.empty()) continue;
        std::fprintf(stderr, "step %d: %s\n", step, problem.c_str());
        std::abort();
    }
    return 0;
}
