// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/calls.h"

#include <algorithm>

#include "alg/uri.h"
#include "gateway/base/text.h"

namespace gatehouse::sip {

namespace {

constexpr std::size_t kMostParty = 128;  // bytes of a From or To that is shown

// The URI of a From or To, for people.
std::string party(const Message& message, HeaderId id) {
    const auto address = parse_name_address(message.find(id).value_or(""));
    if (!address) return {};
    return std::string(address->uri.substr(0, kMostParty));
}

// Of a From or To; empty for none.
std::string_view tag_of(const Message& message, HeaderId id) {
    const auto address = parse_name_address(message.find(id).value_or(""));
    return address ? find_param(address->params, "tag").value_or("") : "";
}

bool has_tag(const Message& message, HeaderId id) {
    return !tag_of(message, id).empty();
}

// An INVITE begins a call. Where it was not seen, whatever belongs to a call that stands does, too,
// if it says where media goes.
bool begins_call(const Message& message, const CSeq& cseq) {
    const bool answer = message.status > 100 && message.status < 300;
    if (cseq.method == "INVITE") return message.is_request() || answer;
    const bool within = cseq.method == "UPDATE" || cseq.method == "PRACK" || cseq.method == "ACK";
    return within && !message.body.empty() && has_tag(message, HeaderId::to) &&
           (message.is_request() || answer);
}

std::optional<Duration> session_timer(const Message& message) {
    const auto value = message.find(HeaderId::session_expires);
    if (!value) return std::nullopt;
    const auto seconds = parse_number<std::uint32_t>(trim(value->substr(0, value->find(';'))));
    if (!seconds || *seconds == 0) return std::nullopt;
    return std::chrono::seconds(*seconds);
}

}  // namespace

std::string_view to_string(CallState state) {
    switch (state) {
        case CallState::calling: return "calling";
        case CallState::ringing: return "ringing";
        case CallState::established: return "established";
        case CallState::held: return "held";
        case CallState::ended: return "ended";
    }
    return "";
}

Call* Calls::find(Ip4 host, std::string_view id) {
    const auto found = by_id_.find(std::pair<Ip4, std::string>(host, id));
    return found == by_id_.end() ? nullptr : &calls_.at(found->second);
}

bool Calls::has_room(Ip4 host, bool outward) const {
    const auto of_host = of_host_.find(host);
    const std::uint32_t has = of_host == of_host_.end() ? 0 : of_host->second;
    return calls_.size() < most_ && has < (outward ? most_of_host_ : most_of_host_ / 2);
}

Call& Calls::begin(const Message& message, std::string_view id, Endpoint4 inside,
                   Endpoint4 remote) {
    Call call;
    call.number = next_++;
    call.id = id;
    call.from = party(message, HeaderId::from);
    call.to = party(message, HeaderId::to);
    call.inside = inside;
    call.remote = remote;
    // In the midst of a dialog: it was there before we were.
    const bool invites = message.is_request() && !has_tag(message, HeaderId::to);
    const auto cseq = parse_cseq(message.find(HeaderId::cseq).value_or(""));
    call.established = !invites && (message.is_request() || !cseq || cseq->method != "INVITE");
    if (call.established) call.state = CallState::established;
    by_id_.emplace(std::pair(inside.address, call.id), call.number);
    ++of_host_[inside.address];
    return calls_.emplace(call.number, std::move(call)).first->second;
}

Call* Calls::restore(Call call, Duration left, Instant now) {
    if (find(call.inside.address, call.id) != nullptr || !has_room(call.inside.address, true)) {
        return nullptr;
    }
    call.number = next_++;
    call.told = call.state;
    by_id_.emplace(std::pair(call.inside.address, call.id), call.number);
    ++of_host_[call.inside.address];
    timers_.set(call.number, now + left);
    return &calls_.emplace(call.number, std::move(call)).first->second;
}

Calls::Taken Calls::take(const Message& message, bool outward, Endpoint4 inside, Endpoint4 remote,
                         Instant now) {
    const auto id = message.find(HeaderId::call_id);
    const auto cseq = parse_cseq(message.find(HeaderId::cseq).value_or(""));
    if (!id || id->empty() || id->size() > kMostId || !cseq) return {};
    Call* call = find(inside.address, *id);
    if (call == nullptr) {
        if (!begins_call(message, *cseq)) return {};
        if (!has_room(inside.address, outward)) {
            ++refused_;
            return {nullptr, true};
        }
        call = &begin(message, *id, inside, remote);
        call->first_cseq = cseq->number;
    }
    call->inside = inside;
    call->remote = remote;
    message.is_request() ? take_request(*call, message, *cseq)
                         : take_response(*call, message, *cseq);
    if (const auto timer = session_timer(message)) call->session_timer = timer;
    settle(*call, now);
    return {call, false};
}

void Calls::note_answer(Call& call, const Message& message) {
    const std::string_view tag = tag_of(message, HeaderId::to);
    auto& tags = call.answered;
    if (std::find(tags.begin(), tags.end(), tag) != tags.end()) return;
    // Where not all can be told apart, the first end is that of the call.
    if (tag.empty() || tag.size() > kMostId || tags.size() == kMostAnswers) {
        tags.clear();
    } else if (!tags.empty() || !call.established) {
        tags.emplace_back(tag);
    }
}

// Of a call whose answers were not seen whatever ends is the call.
void Calls::end_dialog(Call& call, const Message& message) {
    auto& tags = call.answered;
    const std::string_view from = tag_of(message, HeaderId::from);
    const std::string_view to = tag_of(message, HeaderId::to);
    std::erase_if(tags, [&](const std::string& tag) { return tag == from || tag == to; });
    if (tags.empty()) call.state = CallState::ended;
}

void Calls::take_request(Call& call, const Message& message, const CSeq& cseq) {
    if (message.method == "BYE") {
        end_dialog(call, message);
    } else if (message.method == "INVITE" && call.state == CallState::ended && !call.established) {
        // With credentials this time, or to where a redirection led.
        call.state = CallState::calling;
        call.first_cseq = cseq.number;
    }
}

void Calls::take_response(Call& call, const Message& message, const CSeq& cseq) {
    if (cseq.method == "BYE") end_dialog(call, message);
    if (cseq.method != "INVITE" || call.state == CallState::ended) return;
    if (message.status < 200) {
        if (call.state == CallState::calling && message.status > 100) {
            call.state = CallState::ringing;
        }
    } else if (message.status < 300) {
        note_answer(call, message);
        call.established = true;
        call.state = CallState::established;
    } else if (!call.established && cseq.number == call.first_cseq) {
        call.state = CallState::ended;
    }
}

void Calls::settle(Call& call, Instant now) {
    if (call.state == CallState::established || call.state == CallState::held) {
        const bool held = call.held_inside || call.held_outside;
        call.state = held ? CallState::held : CallState::established;
    }
    Duration left = kLongest;
    switch (call.state) {
        case CallState::calling: left = kSilence; break;
        case CallState::ringing: left = kRinging; break;
        case CallState::established:
        case CallState::held:
            // The refresh may come a little late.
            if (call.session_timer) left = std::min(kLongest, *call.session_timer + kLinger);
            break;
        case CallState::ended: left = kLinger; break;
    }
    // What has ended does not live on by being answered again and again.
    const bool ending = call.state == CallState::ended && timers_.deadline(call.number) &&
                        *timers_.deadline(call.number) <= now + kLinger;
    if (!ending) timers_.set(call.number, now + left);
}

std::optional<Call> Calls::pop_expired(Instant now) {
    const auto number = timers_.pop_expired(now);
    if (!number) return std::nullopt;
    const auto found = calls_.find(*number);
    Call call = std::move(found->second);
    calls_.erase(found);
    by_id_.erase(std::pair(call.inside.address, call.id));
    const auto of_host = of_host_.find(call.inside.address);
    if (--of_host->second == 0) of_host_.erase(of_host);
    return call;
}

}  // namespace gatehouse::sip
