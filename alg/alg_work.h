// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the sources of the class share.
#pragma once

#include "alg/alg.h"
#include "alg/edits.h"

namespace gatehouse::sip {

// What is known of the message while it is looked at.
struct Alg::Work {
    const Datagram& datagram;
    const Message& message;
    Flow flow;
    Known& known;
    Edits edits;
    Call* call = nullptr;
    bool observes = false;
    bool no_room = false;  // for the call that it would begin
};

}  // namespace gatehouse::sip
