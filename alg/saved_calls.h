// SPDX-License-Identifier: GPL-2.0-or-later
//
// The calls that stand, as a text that survives a restart, one line for each:
//     HOST REMOTE STATE UNTIL TIMER CALL-ID FROM TO TAGS STREAM...
// UNTIL is in seconds of the clock of whoever keeps it, TIMER the interval of the session timer in
// seconds or 0, TAGS those of who answered, between commas. A stream is
// INSIDE/OUTSIDE-PORT/RTCP/PAIRS/PEER, in the order of the description; "-" stands for what there
// is not. Of several lines about the same Call-ID of a host the last one counts, so that changes
// can be written behind what there is; the STATE "ended" takes the call out. What is not
// understood, or over, is left out.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alg/calls.h"
#include "alg/rewrite.h"

namespace gatehouse::sip {

struct SavedStream {
    WantedMedia media;  // with its port outside; zero: the description had nothing there
    Endpoint4 peer;     // zero while it is unknown
};

struct SavedCall {
    Call call;        // without streams
    Duration left{};  // zero: it has ended
    std::vector<SavedStream> streams;
};

// clock: what it shows now; it must not jump.
std::string write_saved_calls(const std::vector<SavedCall>& all, std::chrono::seconds clock);
std::vector<SavedCall> read_saved_calls(std::string_view text, std::chrono::seconds clock);

}  // namespace gatehouse::sip
