// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where packets of a Generator end: in the driver of an interface, counted, with how old they were.
// Everything else that arrives there goes its ordinary way. As long as a sink is attached its
// interface takes no large TCP segments.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/base/time.h"
#include "tests/bench/support/bpf.h"
#include "tests/lab/support/host.h"

namespace gatehouse::bench {

class Sink {
  public:
    enum class Mode : std::uint32_t {
        drop,
        reflect,  // back to the sender: the session has then seen an answer
        age,      // drop, and keep the age
    };

    Sink(const lab::Host& host, const std::string& interface);

    void set_mode(Mode mode);
    std::uint64_t received() const { return memory_.read64(0); }
    void forget_ages();
    // Of all packets in mode age, the part of a thousand that was no older; at most kOldest.
    Duration age(unsigned per_mille) const;

    static constexpr std::uint32_t kBuckets = 1U << 16U;  // one for each microsecond
    static constexpr Duration kOldest{std::chrono::microseconds(kBuckets)};

  private:
    SharedMemory memory_;
    XdpProgram program_;
    lab::Fd attachment_;
};

}  // namespace gatehouse::bench
