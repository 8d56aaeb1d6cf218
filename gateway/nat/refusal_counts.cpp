// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/refusal_counts.h"

namespace gatehouse::nat {

bool RefusalCounts::add(Ip4 host, Instant now) {
    if (hosts_.empty() || since_ + 1s <= now) {
        hosts_.clear();
        since_ = now;
    }
    if (hosts_.size() == kMostHosts && !hosts_.contains(host)) return false;
    return ++hosts_[host] == kMost;
}

}  // namespace gatehouse::nat
