// SPDX-License-Identifier: GPL-2.0-or-later
//
// What of the SIP gateway a restart shall not lose.
#include <algorithm>
#include <iterator>

#include "alg/alg.h"

namespace gatehouse::sip {

void Alg::note_change(const Call& call) {
    if (changed_.empty() || changed_.back() != call.number) changed_.push_back(call.number);
}

// Of what never stood nothing is kept.
void Alg::note_changes(Instant now, Effects& out) {
    auto registrations = registrations_.take_changed();
    out.state_changed |= all_changed_;
    if (!all_changed_) {
        std::move(registrations.begin(), registrations.end(),
                  std::back_inserter(out.registrations));
        for (const CallNumber number : changed_) {
            const auto call = calls_.all().find(number);
            const bool stood = call != calls_.all().end() && call->second.established;
            if (stood) out.calls.push_back(saved(call->second, now));
        }
    }
    changed_.clear();
    all_changed_ = false;
}

void Alg::on(const Restored& event, Instant now, Effects& out) {
    all_changed_ = true;
    const auto note = [this, &out](Endpoint4 inside, Endpoint4 remote) {
        if (!is_sip_port(inside.port) && !is_sip_port(remote.port))
            out.ports.push_back(remote.port);
    };
    for (const SavedRegistration& saved : event.registrations) {
        if (!is_helped(saved.inside, saved.registrar)) continue;
        registrations_.restore(saved, now);
        note(saved.inside, saved.registrar);
    }
    for (const SavedCall& saved : event.calls) {
        if (!is_helped(saved.call.inside, saved.call.remote)) continue;
        restore(saved, now);
        note(saved.call.inside, saved.call.remote);
    }
}

// Its ports are what the kernel still has of it; where another has got one, the next description
// of the call says which it is now.
void Alg::restore(const SavedCall& saved, Instant now) {
    Call* call = calls_.restore(saved.call, saved.left, now);
    if (call == nullptr) return;
    const Ip4 outside = service_.outside_address().address;
    for (const SavedStream& one : saved.streams) {
        CallStream stream;
        stream.peer = one.peer;
        const bool own = one.media.rtp.address == call->inside.address;
        if (const auto opened = own ? media_.open(call->number, one.media, now)
                                    : Result<OpenedMedia, Reason>(fail(Reason::no_help))) {
            stream.inside = one.media.rtp;
            stream.outside = opened->rtp;
        }
        call->streams.push_back(stream);
    }
    expect_media(*call, outside, now);
}

// Without a time left where it does not stand.
SavedCall Alg::saved(const Call& call, Instant now) const {
    const bool stands = call.state == CallState::established || call.state == CallState::held;
    const Duration left = calls_.deadline(call.number).value_or(now) - now;
    SavedCall out{call, stands ? left : Duration::zero(), {}};
    out.call.streams.clear();
    for (const CallStream& stream : call.streams) {
        const auto media = media_.shape(stream.inside);
        out.streams.push_back({media.value_or(WantedMedia{}), stream.peer});
    }
    return out;
}

std::vector<SavedCall> Alg::saved_calls(Instant now) const {
    std::vector<SavedCall> out;
    for (const auto& [number, call] : calls_.all()) {
        auto one = saved(call, now);
        if (one.left > Duration::zero()) out.push_back(std::move(one));
    }
    return out;
}

}  // namespace gatehouse::sip
