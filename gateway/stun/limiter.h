// SPDX-License-Identifier: GPL-2.0-or-later
//
// How much a STUN server says, to whom. The source of a datagram may be forged, so answers are
// counted for each network (IPv4 /24, IPv6 /56) and for all together. An answer that is much
// larger than its question is counted a second time, in a smaller allowance: beyond that one,
// what leaves is at most 1.6 times what came.
//
// The table has a fixed size and networks share its places under a secret hash. So there is
// nothing to evict and no memory to exhaust; two networks that meet share one allowance.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gateway/base/hash.h"
#include "gateway/base/ip.h"
#include "gateway/base/time.h"

namespace gatehouse::stun {

// A token bucket kept as one moment: when it will be full again.
class Bucket {
  public:
    struct Rate {
        std::uint32_t per_second = 1;
        std::uint32_t burst = 1;
    };

    // Takes one token; false when there is none.
    bool take(const Rate& rate, Instant now);

  private:
    Instant full_at_{};
};

struct Allowances {
    Bucket::Rate per_network{50, 200};
    Bucket::Rate per_network_large{20, 100};
    Bucket::Rate all{2000, 2000};
    Bucket::Rate all_large{500, 1000};
};

class Limiter {
  public:
    static constexpr std::size_t kPlaces = 1024;

    Limiter(const Allowances& allowances, const HashKey& secret);

    bool may_answer(const IpAddress& source, Instant now);
    // Asked after may_answer(), for an answer above the fair ratio.
    bool may_answer_large(const IpAddress& source, Instant now);

  private:
    struct Place {
        Bucket answers;
        Bucket large;
    };

    Place& place_of(const IpAddress& source);

    Allowances allowances_;
    KeyedHash hash_;
    std::vector<Place> places_;
    Place all_;
};

}  // namespace gatehouse::stun
