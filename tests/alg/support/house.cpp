// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/alg/support/house.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"

namespace gatehouse::sip::test {

std::string crlf(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') out += '\r';
        out += c;
    }
    return out;
}

bool has(std::string_view text, std::string_view piece) {
    return text.find(piece) != std::string_view::npos;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
        text.replace(at, from.size(), to);
        at += to.size();
    }
    return text;
}

std::string with_body(std::string_view headers, std::string_view body, std::string_view type) {
    const std::string text = crlf(body);
    return crlf(
               concat(headers, "Content-Type: ", type, "\nContent-Length: ", text.size(), "\n\n")) +
           text;
}

std::string sdp(std::string_view address, unsigned port, std::string_view more) {
    return concat("v=0\no=phone 1 1 IN IP4 ", address, "\ns=-\nc=IN IP4 ", address,
                  "\nt=0 0\nm=audio ", port, " RTP/AVP 8 0\na=rtpmap:8 PCMA/8000\n", more);
}

std::string invite(std::string_view body, std::string_view call_id) {
    return with_body(concat("INVITE sip:bob@example.net SIP/2.0\n"
                            "Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK-1;rport\n"
                            "Max-Forwards: 70\n"
                            "From: <sip:alice@example.net>;tag=1\n"
                            "To: <sip:bob@example.net>\n"
                            "Call-ID: ",
                            call_id,
                            "\nCSeq: 1 INVITE\n"
                            "Contact: <sip:alice@192.168.1.20:5060>\n"),
                     body);
}

SipHouse::SipHouse(const config::Sip& config, const config::Config& nat)
    : house(nat), alg(config, *house.engine, &house.hosts) {}

void SipHouse::tell(const Event& event) {
    effects.clear();
    alg.handle(event, house.now, effects);
    house.flush();
    written += write_saved_calls(effects.calls, wall());
}

std::string SipHouse::handle(bool outward, Endpoint4 inside, Endpoint4 remote,
                             std::string_view text) {
    std::array<std::uint64_t, static_cast<std::size_t>(Reason::count_)> before{};
    for (std::size_t i = 0; i < before.size(); ++i)
        before[i] = alg.count(static_cast<Reason>(i));
    tell(Datagram{7, outward, inside, remote, text});
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (alg.count(static_cast<Reason>(i)) > before[i]) reason_ = static_cast<Reason>(i);
    }
    for (const Notice& notice : effects.notices)
        story.push_back(concat(to_string(notice.kind), " ", notice.text));
    const Verdict& verdict = effects.verdicts.at(0);
    return verdict.payload.value_or(std::string(text));
}

std::string SipHouse::out(Endpoint4 inside, std::string_view text, Endpoint4 remote) {
    house.send(inside, remote);
    return handle(true, inside, remote, text);
}

std::string SipHouse::in(Endpoint4 inside, std::string_view text, Endpoint4 remote) {
    return handle(false, inside, remote, text);
}

void SipHouse::pass(Duration time) {
    const Instant end = house.now + time;
    while (alg.next_deadline() && *alg.next_deadline() <= end) {
        house.pass(*alg.next_deadline() - house.now);
        fire();
    }
    house.pass(end - house.now);
}

void SipHouse::fire() {
    tell(TimerFired{});
    for (const KeepAlive& one : effects.keep_alives)
        kept_alive.push_back(concat(one.inside.to_string(), " ", one.remote.to_string()));
    if (effects.look) look();
}

void SipHouse::look() {
    std::vector<MediaSession> seen;
    for (const auto& [key, record] : house.sessions) {
        const auto& [proto, inside, remote] = key;
        if (proto != Proto::udp || !alg.is_looked_at(inside)) continue;
        MediaSession one;
        one.inside = inside;
        one.remote = remote;
        one.from_outside = one.heard = record.from_outside;
        one.ends = record.expires;
        seen.push_back(one);
    }
    tell(MediaSeen{seen});
    for (const MediaSession& one : effects.strangers)
        house.sessions.erase({Proto::udp, one.inside, one.remote});
    ++looks;
}

void SipHouse::jump(Duration time) {
    const Instant end = house.now + time;
    while (alg.next_deadline() && *alg.next_deadline() <= end) {
        house.now = std::max(house.now, *alg.next_deadline());
        fire();
    }
    house.now = end;
    house.event(nat::TimerFired{});
}

Endpoint4 SipHouse::outside(Endpoint4 inside, Endpoint4 remote) const {
    return house.engine->outside_of(Proto::udp, inside, remote).value_or(Endpoint4{});
}

bool SipHouse::is_open(Endpoint4 outside, Endpoint4 remote) {
    return house.receive(outside, remote).has_value();
}

}  // namespace gatehouse::sip::test
