// SPDX-License-Identifier: GPL-2.0-or-later
//
// The calls of the house, one for each host and Call-ID, as far as their messages tell. Times
// (RFC 3261 17.1.1.2, 16.6 and RFC 4028):
//   - an INVITE that nobody answers is forgotten after kSilence;
//   - while it rings (any provisional answer) the call lives kRinging beyond each of them;
//   - an established call lives until BYE, at most the interval of its session timer, else kLongest
//     beyond the last message;
//   - what has ended is kept for kLinger: late packets, and the next attempt with credentials.
// An INVITE that several answer makes several dialogs of one Call-ID (RFC 3261 13.2.2.4), told
// apart by the tags of those who answered: the call ends with the last one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alg/media.h"
#include "alg/message.h"
#include "alg/sdp.h"
#include "gateway/base/timer_queue.h"

namespace gatehouse::sip {

enum class CallState : std::uint8_t { calling, ringing, established, held, ended };
std::string_view to_string(CallState state);

struct CallStream {
    Endpoint4 inside;
    Endpoint4 outside;
    Endpoint4 peer;      // zero while it is unknown
    Endpoint4 previous;  // inside, before the last change: late packets still go there

    friend bool operator==(const CallStream&, const CallStream&) = default;
};

struct Call {
    CallNumber number = 0;
    std::string id;
    Endpoint4 inside;
    Endpoint4 remote;
    std::string from;
    std::string to;
    CallState state = CallState::calling;
    std::optional<CallState> told;  // the last one that was told
    bool established = false;
    std::vector<std::string> answered;  // the tags of those who did and have not ended
    std::uint32_t first_cseq = 0;       // of the INVITE that began it
    std::vector<CallStream> streams;    // by the place in the description
    bool described = false;             // the peer has said where its media go
    Ip4 contact;                        // of the peer, where it could be used
    bool held_inside = false;
    bool held_outside = false;
    std::optional<Duration> session_timer;
    std::uint32_t edited = 0;         // messages
    Reason reason = Reason::no_help;  // of the last description, or that one was edited
    Help help = Help::unknown;        // of the host's end
};

class Calls {
  public:
    static constexpr Duration kSilence = 40s;
    static constexpr Duration kRinging = 300s;
    static constexpr Duration kLinger = 32s;
    static constexpr Duration kLongest = 12h;
    static constexpr std::size_t kMost = 1024;      // that the configuration may allow
    static constexpr std::size_t kMostId = 256;     // bytes of a Call-ID or tag
    static constexpr std::size_t kMostAnswers = 8;  // of one call, that are told apart

    // Half of those of a host may come from outside.
    void set_limits(std::uint32_t most, std::uint32_t most_of_host) {
        most_ = most;
        most_of_host_ = most_of_host;
    }

    struct Taken {
        Call* call = nullptr;  // nothing: it belongs to none
        bool no_room = false;  // it would begin one, and there may be no more
    };
    // Takes note of the message.
    Taken take(const Message& message, bool outward, Endpoint4 inside, Endpoint4 remote,
               Instant now);
    // A call of before a restart; nullptr where there is no room or one of its name.
    Call* restore(Call call, Duration left, Instant now);
    std::optional<Instant> deadline(CallNumber number) const { return timers_.deadline(number); }
    // Counts the call's time anew, after something of it has changed.
    void settle(Call& call, Instant now);
    // Takes out a call whose time is over.
    std::optional<Call> pop_expired(Instant now);

    std::optional<Instant> next_deadline() const { return timers_.next(); }
    const std::map<CallNumber, Call>& all() const { return calls_; }
    std::size_t size() const { return calls_.size(); }
    std::uint64_t refused() const { return refused_; }  // because there were too many

  private:
    Call* find(Ip4 host, std::string_view id);
    bool has_room(Ip4 host, bool outward) const;
    Call& begin(const Message& message, std::string_view id, Endpoint4 inside, Endpoint4 remote);
    void take_request(Call& call, const Message& message, const CSeq& cseq);
    static void note_answer(Call& call, const Message& message);
    static void end_dialog(Call& call, const Message& message);
    void take_response(Call& call, const Message& message, const CSeq& cseq);

    std::map<CallNumber, Call> calls_;
    std::map<std::pair<Ip4, std::string>, CallNumber, std::less<>> by_id_;
    std::map<Ip4, std::uint32_t> of_host_;
    TimerQueue<CallNumber> timers_;
    std::uint32_t most_ = 0, most_of_host_ = 0;
    std::uint64_t refused_ = 0;
    CallNumber next_ = 1;
};

}  // namespace gatehouse::sip
