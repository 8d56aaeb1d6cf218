// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who speaks to a stream, by two looks at the sessions of the kernel. A packet sets the time at
// which a session will end anew, silence leaves it; how long a session lives says nothing, for that
// is another number when somebody has changed or taken away what sets it. So who speaks is whose
// session will end at another time than it would have at the look before, or did not exist then.
// Of strangers, and of those who were named, a bounded number is remembered from look to look; of
// more nothing is believed.
#pragma once

#include <cstdint>
#include <vector>

#include "alg/latch.h"

namespace gatehouse::sip {

// A session of the kernel with an end at a stream.
struct MediaSession {
    Endpoint4 inside;
    Endpoint4 remote;
    Endpoint4 source;  // of its first packet; with the destination its name in the kernel
    Endpoint4 destination;
    bool from_outside = false;  // began there
    bool heard = false;         // the remote end has sent something
    bool counts = true;         // the kernel counts its time; else it is always busy
    Instant ends;               // as it was when it was read, in whole seconds from then on
};

class Listener {
  public:
    static constexpr std::size_t kMostRemembered = 256;  // strangers, and as many named ones
    static constexpr Duration kMoved = 1500ms;           // the kernel tells whole seconds

    // One of the sessions of the stream at this look; who has spoken is told to the latch.
    void see(const MediaSession& session, Latch& latch);
    // There are no others.
    void end_look();
    // There is nothing to be compared with any more.
    void forget() { *this = Listener(); }

  private:
    struct Seen {
        Endpoint4 remote;
        Instant ends;
    };
    struct Look {
        std::vector<Seen> seen;  // by remote, when it has ended
        std::size_t named = 0;   // with those that were left out
        std::size_t strangers = 0;
    };
    bool speaks(const MediaSession& session, bool named) const;

    Look before_;
    Look now_;
};

}  // namespace gatehouse::sip
