// SPDX-License-Identifier: GPL-2.0-or-later
//
// The wanted ports, each on its way to a mapping of the gateway outside.
#include <algorithm>
#include <utility>

#include "gateway/base/text.h"
#include "upnp/upstream.h"

namespace gatehouse::upnp {

namespace {

constexpr Duration kTurn = 10ms;   // until a place that has to wait for others tries again
constexpr Duration kEndWait = 1s;  // for the answer to a farewell
constexpr std::size_t kMostRefused = 1024;

// RFC 6887 7.4, RFC 6886 3.5: the gateway has no outside address, or speaks another version.
bool is_down(const upstream::MapAnswer& answer) {
    if (!answer.pcp) return answer.result == 1 || answer.result == 3;
    return answer.result == static_cast<unsigned>(pcp::Result::network_failure) ||
           answer.result == static_cast<unsigned>(pcp::Result::unsupp_version) ||
           answer.result == static_cast<unsigned>(pcp::Result::address_mismatch);
}

constexpr std::uint16_t kInvalidArgs = 402;
constexpr std::uint16_t kOnlyPermanent = 725;
constexpr std::uint16_t kNoSuchEntry = 714;

}  // namespace

pcp::Nonce Upstream::nonce_of(const Place& place) const {
    ByteWriter out(16);
    out.u64(siphash_words(identity_, key_of(place), 1));
    out.u64(siphash_words(identity_, key_of(place), 2));
    pcp::Nonce nonce;
    std::copy_n(out.view().begin(), nonce.size(), nonce.begin());
    return nonce;
}

void Upstream::want(const Place& place, Instant until, Instant now) {
    if (!is_needed()) return;
    const std::uint32_t key = key_of(place);
    const auto there = places_.find(key);
    if (there == places_.end() && places_.size() >= kMostPlaces) return;
    Entry& entry = there == places_.end() ? places_[key] : there->second;
    entry.until = until;
    if (entry.phase == Phase::ending) entry.phase = Phase::waiting;
    if (entry.phase == Phase::waiting) timers_.set(key, now);
}

void Upstream::drop(const Place& place, Instant now) {
    const std::uint32_t key = key_of(place);
    const auto there = places_.find(key);
    if (there == places_.end()) return;
    Entry& entry = there->second;
    const bool asking = entry.phase == Phase::asking;
    const bool may_be_there = asking || entry.held_until > now;
    if (asking && asking_ > 0) --asking_;
    timers_.cancel(key);
    if (!may_be_there) {
        places_.erase(there);
        return;
    }
    entry = Entry{};
    entry.phase = Phase::ending;
    // Not before what is under way has arrived.
    timers_.set(key, asking ? now + kEndWait : now);
}

void Upstream::forget_places() {
    asking_ = 0;
    timers_.clear();
    for (auto at = places_.begin(); at != places_.end();) {
        if (at->second.phase == Phase::ending) {
            at = places_.erase(at);
            continue;
        }
        at->second.phase = Phase::waiting;
        at->second.held_until = {};
        ++at;
    }
}

void Upstream::end_all(Instant now, Effects& out) {
    if (!is_open()) return;
    for (const auto& [key, entry] : places_) {
        if (entry.held_until > now) send_map(place_of(key), 0, out);
    }
}

Upstream::Standing Upstream::standing(const Place& place, Instant now) const {
    const auto there = places_.find(key_of(place));
    if (there == places_.end()) return Standing::none;
    if (there->second.held_until > now) return Standing::held;
    return there->second.phase == Phase::refused ? Standing::refused : Standing::asking;
}

bool Upstream::was_refused(const Place& place, Instant now) const {
    const auto found = refused_.find(key_of(place));
    return is_open() && found != refused_.end() && found->second > now;
}

std::uint32_t Upstream::lease_for(const Entry& entry, Instant now) const {
    const Duration left = entry.until == kNever ? Duration(kLongestLease) : entry.until - now;
    return static_cast<std::uint32_t>(
        whole_seconds(std::clamp<Duration>(left, kShortestLease, kLongestLease)));
}

void Upstream::tick_place(std::uint32_t key, Instant now, Effects& out) {
    const auto there = places_.find(key);
    if (there == places_.end()) return;
    Entry& entry = there->second;
    if (entry.phase == Phase::ending) {
        const bool said = entry.tries > 0 && language_ == UpstreamLanguage::igd;
        if (!is_open() || said || entry.tries++ >= 2) {
            places_.erase(there);
            return;
        }
        send_map(place_of(key), 0, out);
        timers_.set(key, now + kEndWait);
        return;
    }
    if (entry.phase == Phase::asking) {
        if (entry.tries >= kTries) return lose(now, out);
        timers_.set(key, now + kFirstWait * (1U << entry.tries++));
        return send_map(place_of(key), lease_for(entry, now), out);
    }
    // While nobody is there to be asked, finding somebody begins it again.
    if (!is_open()) {
        entry.phase = Phase::waiting;
        return;
    }
    if (asking_ >= kMostAtOnce) return timers_.set(key, now + kTurn);
    ask(key, entry, now, out);
}

void Upstream::ask(std::uint32_t key, Entry& entry, Instant now, Effects& out) {
    entry.phase = Phase::asking;
    entry.tries = 1;
    ++asking_;
    send_map(place_of(key), lease_for(entry, now), out);
    // A Fetch always comes to an end.
    if (language_ != UpstreamLanguage::igd) timers_.set(key, now + kFirstWait);
}

void Upstream::send_map(const Place& place, std::uint32_t lifetime, Effects& out) {
    const upstream::MapAsk ask{place.first, place.second, lifetime, nonce_of(place), true};
    if (language_ == UpstreamLanguage::pcp) {
        out.upstream_sends.push_back({mapper(), upstream::write_pcp_map(link_.own, ask)});
        return;
    }
    if (language_ == UpstreamLanguage::natpmp) {
        out.upstream_sends.push_back({mapper(), upstream::write_natpmp_map(ask)});
        return;
    }
    const std::string port = std::to_string(place.second.number);
    SoapValues arguments{{"NewRemoteHost", ""},
                         {"NewExternalPort", port},
                         {"NewProtocol", place.first == Proto::tcp ? "TCP" : "UDP"}};
    const bool ends = lifetime == 0;
    if (!ends) {
        arguments.insert(arguments.end(),
                         {{"NewInternalPort", port},
                          {"NewInternalClient", link_.own.to_string()},
                          {"NewEnabled", "1"},
                          {"NewPortMappingDescription", "Gatehouse"},
                          {"NewLeaseDuration", std::to_string(only_permanent_ ? 0 : lifetime)}});
    }
    fetch({ends ? Asked::What::unmap : Asked::What::map, place}, connection_->control,
          upstream::write_post(connection_->control, connection_->service,
                               ends ? "DeletePortMapping" : "AddPortMapping", arguments),
          out);
}

void Upstream::answered_map(const upstream::MapAnswer& answer, Instant now, Effects& out) {
    const Place place{answer.proto, answer.inside};
    const std::uint32_t key = key_of(place);
    const auto there = places_.find(key);
    if (there == places_.end() || (answer.pcp && answer.nonce != nonce_of(place))) return;
    Entry& entry = there->second;
    if (entry.phase == Phase::ending && answer.lifetime == 0) {
        timers_.cancel(key);
        places_.erase(there);
        return;
    }
    if (entry.phase != Phase::asking) return;
    if (is_down(answer)) return lose(now, out);
    --asking_;
    if (answer.result != 0) {
        return refused(key, entry, concat("result ", answer.result), now, out);
    }
    if (answer.outside != place.second || answer.lifetime == 0) {
        send_map(place, 0, out);
        return refused(key, entry, "the port is taken there", now, out);
    }
    granted(key, entry, answer.lifetime, now);
    if (answer.pcp) set_address(answer.address, out);
}

void Upstream::answered_soap(const Place& place, const std::optional<upstream::Document>& answer,
                             Instant now, Effects& out) {
    const std::uint32_t key = key_of(place);
    const auto there = places_.find(key);
    if (there == places_.end() || there->second.phase != Phase::asking) return;
    Entry& entry = there->second;
    if (!answer) return lose(now, out);
    --asking_;
    if (answer->status == 200) return granted(key, entry, lease_for(entry, now), now);
    const auto code = upstream::parse_soap_error(answer->body).value_or(0);
    if ((code == kOnlyPermanent || code == kInvalidArgs) && !only_permanent_) {
        only_permanent_ = true;
        return ask(key, entry, now, out);
    }
    refused(key, entry, concat("error ", code), now, out);
}

void Upstream::look_at_place(Instant now, Effects& out) {
    if (memory_ == Memory::unknown) return;
    const auto is_held = [now](const auto& one) {
        return one.second.phase == Phase::held && one.second.held_until > now;
    };
    auto next = std::find_if(places_.upper_bound(looked_at_), places_.end(), is_held);
    if (next == places_.end()) next = std::find_if(places_.begin(), places_.end(), is_held);
    if (next == places_.end()) return;
    looked_at_ = next->first;
    const Place place = place_of(looked_at_);
    fetch({Asked::What::entry, place}, connection_->control,
          upstream::write_post(connection_->control, connection_->service,
                               "GetSpecificPortMappingEntry",
                               {{"NewRemoteHost", ""},
                                {"NewExternalPort", std::to_string(place.second.number)},
                                {"NewProtocol", place.first == Proto::tcp ? "TCP" : "UDP"}}),
          out);
}

void Upstream::answered_entry(const Place& place, const std::optional<upstream::Document>& answer,
                              Instant now, Effects& out) {
    const auto asked = places_.find(key_of(place));
    const bool is_held = asked != places_.end() && asked->second.phase == Phase::held;
    if (!answer || !is_open() || !is_held) return;
    if (answer->status == 200) {
        memory_ = Memory::good;
        return;
    }
    if (upstream::parse_soap_error(answer->body) != kNoSuchEntry) return;
    if (memory_ != Memory::good) {
        memory_ = Memory::unknown;
        return;
    }
    memory_ = Memory::doubted;
    say(Level::notice, "gateway upstream has forgotten ports", {}, out);
    // Until it says no, what it had promised counts.
    for (auto& [key, entry] : places_) {
        if (entry.phase != Phase::held) continue;
        entry.phase = Phase::waiting;
        timers_.set(key, now);
    }
}

void Upstream::granted(std::uint32_t key, Entry& entry, std::uint32_t lifetime, Instant now) {
    const Duration lease = std::min(std::chrono::seconds(lifetime), kLongestLease);
    entry.phase = Phase::held;
    entry.held_until = now + lease;
    refused_.erase(key);
    timers_.set(key, now + lease / 2);
}

void Upstream::refused(std::uint32_t key, Entry& entry, std::string_view why, Instant now,
                       Effects& out) {
    entry.phase = Phase::refused;
    entry.held_until = {};
    timers_.set(key, now + kRefused);
    std::erase_if(refused_, [now](const auto& one) { return one.second <= now; });
    if (refused_.size() < kMostRefused) refused_[key] = now + kRefused;
    if (std::exchange(entry.complained, true)) return;
    const Place place = place_of(key);
    say(Level::info, "gateway upstream refuses a port",
        concat(gatehouse::to_string(place.first), ' ', place.second.number, ": ", why), out);
}

}  // namespace gatehouse::upnp
