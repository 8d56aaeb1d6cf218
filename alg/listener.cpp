// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/listener.h"

#include <algorithm>
#include <utility>

namespace gatehouse::sip {

bool Listener::speaks(const MediaSession& session, bool named) const {
    if (!session.heard) return false;
    if (!session.counts) return true;
    const std::vector<Seen>& seen = before_.seen;
    const auto before =
        std::lower_bound(seen.begin(), seen.end(), session.remote,
                         [](const Seen& one, Endpoint4 remote) { return one.remote < remote; });
    if (before == seen.end() || before->remote != session.remote) {
        return (named ? before_.named : before_.strangers) <= kMostRemembered;
    }
    const Duration moved = session.ends - before->ends;
    return moved >= kMoved || moved <= -kMoved;
}

void Listener::see(const MediaSession& session, Latch& latch) {
    const bool named = latch.is_named(session.remote.address);
    if (speaks(session, named)) latch.hear(session.remote.address);
    if (++(named ? now_.named : now_.strangers) > kMostRemembered) return;
    now_.seen.push_back({session.remote, session.ends});
}

void Listener::end_look() {
    std::sort(now_.seen.begin(), now_.seen.end(),
              [](const Seen& a, const Seen& b) { return a.remote < b.remote; });
    before_ = std::exchange(now_, {});
}

}  // namespace gatehouse::sip
