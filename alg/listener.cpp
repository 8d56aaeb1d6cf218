// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/listener.h"

#include <algorithm>

namespace gatehouse::sip {

bool Listener::speaks(const MediaSession& session, bool named) const {
    if (!session.heard) return false;
    if (!session.counts) return true;
    const auto before =
        std::lower_bound(seen_.begin(), seen_.end(), session.remote,
                         [](const Seen& one, Endpoint4 remote) { return one.remote < remote; });
    if (before == seen_.end() || before->remote != session.remote) {
        return named ? all_named_ : all_strangers_;
    }
    const Duration moved = session.ends - before->ends;
    return moved >= kMoved || moved <= -kMoved;
}

void Listener::look(std::span<const MediaSession> sessions, Latch& latch) {
    Listener next;
    std::size_t named_ones = 0;
    std::size_t strangers = 0;
    for (const MediaSession& one : sessions) {
        const bool named = latch.is_named(one.remote.address);
        if (speaks(one, named)) latch.hear(one.remote.address);
        if (++(named ? named_ones : strangers) <= kMostRemembered) {
            next.seen_.push_back({one.remote, one.ends});
        }
    }
    next.all_named_ = named_ones <= kMostRemembered;
    next.all_strangers_ = strangers <= kMostRemembered;
    std::sort(next.seen_.begin(), next.seen_.end(),
              [](const Seen& a, const Seen& b) { return a.remote < b.remote; });
    *this = std::move(next);
}

}  // namespace gatehouse::sip
