// SPDX-License-Identifier: GPL-2.0-or-later
//
// How often each host was refused in the current second: who asks on and on is to be refused by the
// kernel, for each look at a packet is one that another host waits for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "gateway/base/hash.h"
#include "gateway/base/time.h"

namespace gatehouse::nat {

class RefusalCounts {
  public:
    static constexpr std::uint32_t kMost = 100;      // of a host in a second
    static constexpr std::size_t kMostHosts = 1024;  // that are counted

    explicit RefusalCounts(const HashKey& key) : hosts_(0, KeyedHash(key)) {}

    // Counts one. True once in a second, with the last that a host may have.
    bool add(Ip4 host, Instant now);

  private:
    Instant since_ = Instant::min();
    std::unordered_map<Ip4, std::uint32_t, KeyedHash> hosts_;
};

}  // namespace gatehouse::nat
