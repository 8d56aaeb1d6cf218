// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is in the kernel against what is in memory. At start memory follows the kernel: every source
// element is somebody's claim to an outside endpoint. Afterwards, and whenever the kernel may have
// changed behind our back, the kernel follows memory, by the smallest difference. Permits are the
// kernel's own and are left alone.
#pragma once

#include <span>
#include <vector>

#include "gateway/nat/effects.h"
#include "gateway/nat/ledger.h"

namespace gatehouse::nat {

// The source elements in the order in which they are believed: first those whose outside endpoint
// leads back to them by inbound or hairpin, then by set and key. The order in which the kernel
// lists its elements does not matter.
std::vector<Element> order_claims(std::span<const Element> seen);

// Takes over the mappings that do not contradict the policy, the forwards or an earlier claim.
// Gives the outside addresses of claims that are not ours any more.
std::vector<Ip4> adopt_claims(std::span<const Element> seen, Ledger& ledger, Instant now);

// Removes what is seen and not wanted, then adds what is wanted and not seen.
void write_difference(std::vector<Element> wanted, std::span<const Element> seen,
                      EditWriter& writer);

}  // namespace gatehouse::nat
