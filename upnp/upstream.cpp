// SPDX-License-Identifier: GPL-2.0-or-later
//
// The gateway outside: finding it step by step, and watching whether it is still the one that was
// found.
#include "upnp/upstream.h"

#include <algorithm>
#include <utility>

#include "gateway/base/text.h"

namespace gatehouse::upnp {

namespace {

constexpr Duration kNoGateway = 5s;       // until a missing one is looked for again
constexpr Duration kSearchWait = 1500ms;  // for answers to a search, which may take a second
constexpr Duration kFetchWait = 15s;      // longer than a Fetch takes
constexpr Duration kCheckWait = 1s;
constexpr unsigned kStepTries = 3;
constexpr std::uint32_t kProbeLife = 120;

bool is_due(const std::optional<Instant>& at, Instant now) {
    return at && *at <= now;
}

}  // namespace

std::string_view to_string(UpstreamState state) {
    switch (state) {
        case UpstreamState::unneeded: return "unneeded";
        case UpstreamState::off: return "off";
        case UpstreamState::searching: return "searching";
        case UpstreamState::absent: return "absent";
        case UpstreamState::private_: return "private";
        case UpstreamState::works: return "works";
    }
    return "";
}

std::string_view to_string(UpstreamLanguage language) {
    switch (language) {
        case UpstreamLanguage::pcp: return "pcp";
        case UpstreamLanguage::natpmp: return "natpmp";
        case UpstreamLanguage::igd: return "igd";
    }
    return "";
}

void Upstream::say(Level level, std::string fact, std::string reason, Effects& out) const {
    LogLine line{level, "upnp", std::move(fact), {{"gateway", gateway_.to_string()}}};
    if (language_) line.fields.emplace_back("language", std::string(to_string(*language_)));
    if (is_open()) line.fields.emplace_back("address", address_.to_string());
    if (!reason.empty()) line.fields.emplace_back("reason", std::move(reason));
    out.log.push_back(std::move(line));
}

bool Upstream::set_link(UpstreamLink link, bool wanted, Instant now, Effects& out) {
    const Reach reach = reach_of(link.own);
    const bool shared = reach == Reach::private_ || reach == Reach::cgnat;
    const bool needed = shared && wanted;
    const UpstreamState idle = shared ? UpstreamState::off : UpstreamState::unneeded;
    if (link == link_ && needed == is_needed()) {
        if (!needed) state_ = idle;
        return false;
    }
    if (link == link_ && !needed) end_all(now, out);
    forget_places();
    if (!needed) places_.clear();
    link_ = std::move(link);
    out.upstream_link = needed ? link_ : UpstreamLink{};
    step_ = Step::idle;
    step_at_.reset();
    check_at_.reset();
    checking_ = false;
    epoch_at_.reset();
    language_.reset();
    description_.reset();
    connection_.reset();
    only_permanent_ = false;
    memory_ = Memory::good;
    gateway_ = {};
    reason_.clear();
    pause_ = kFirstSearch;
    state_ = needed ? UpstreamState::searching : idle;
    if (needed) begin(now, out);
    return needed;
}

void Upstream::begin(Instant now, Effects& out) {
    fetches_.clear();
    check_at_.reset();
    checking_ = false;
    step_ = Step::gateway;
    step_at_ = now + kNoGateway;
    out.ask_gateway = true;
}

void Upstream::handle(const GatewaySeen& event, Instant now, Effects& out) {
    if (step_ != Step::gateway) return;
    if (event.gateway.is_any() || event.gateway == link_.own) {
        state_ = UpstreamState::absent;
        reason_ = "there is no gateway outside";
        return;
    }
    gateway_ = event.gateway;
    reason_.clear();
    go_to(Step::pcp, now, out);
}

void Upstream::go_to(Step step, Instant now, Effects& out) {
    step_ = step;
    tries_ = 1;
    send_step(out);
    const bool fetches = step == Step::description || step == Step::address;
    step_at_ = now + (fetches ? kFetchWait : step == Step::search ? kSearchWait : kFirstWait);
}

void Upstream::send_step(Effects& out) {
    upstream::MapAsk probe;
    probe.port = kProbePort;
    probe.lifetime = kProbeLife;
    probe.nonce = nonce_of({probe.proto, probe.port});
    probe.exact = false;
    switch (step_) {
        case Step::pcp:
            out.upstream_sends.push_back({mapper(), upstream::write_pcp_map(link_.own, probe)});
            break;
        case Step::natpmp:
            out.upstream_sends.push_back({mapper(), upstream::write_natpmp_address()});
            break;
        case Step::search: send_search(out); break;
        case Step::description:
            fetch({Asked::What::description, {}}, description_->description,
                  upstream::write_get(description_->description), out);
            break;
        case Step::address: ask_address(out); break;
        default: break;
    }
}

void Upstream::send_search(Effects& out) {
    for (const Ip4 to : {gateway_, kSsdpGroup}) {
        const Endpoint4 where{to, kSsdpPort};
        out.upstream_sends.push_back({where, upstream::write_search(where)});
    }
}

void Upstream::ask_address(Effects& out) {
    fetch({Asked::What::address, {}}, connection_->control,
          upstream::write_post(connection_->control, connection_->service, "GetExternalIPAddress",
                               {}),
          out);
}

void Upstream::fetch(Asked asked, const upstream::Url& url, std::string message, Effects& out) {
    ++last_fetch_;
    fetches_[last_fetch_] = asked;
    out.fetches.push_back({last_fetch_, link_.interface, url.server, std::move(message)});
}

void Upstream::next_step(std::string reason, Instant now, Effects& out) {
    if (!reason.empty()) reason_ = std::move(reason);
    if (step_ == Step::pcp) return go_to(Step::natpmp, now, out);
    if (step_ == Step::natpmp) return go_to(Step::search, now, out);
    give_up(now, out);
}

void Upstream::give_up(Instant now, Effects& out) {
    if (reason_.empty()) reason_ = "it answers neither PCP nor NAT-PMP nor UPnP";
    language_.reset();
    if (std::exchange(state_, UpstreamState::absent) != UpstreamState::absent) {
        say(Level::notice, "no gateway upstream that opens ports", reason_, out);
    }
    step_ = Step::idle;
    step_at_ = now + pause_;
    pause_ = std::min(pause_ * 2, kLastSearch);
}

void Upstream::found(UpstreamLanguage language, Ip4 address, Instant now, Effects& out) {
    if (language_ != language) forget_places();
    const bool news = !is_open() || language_ != language || address_ != address;
    language_ = language;
    take_address(address);
    step_ = Step::idle;
    step_at_.reset();
    pause_ = kFirstSearch;
    tries_ = 0;
    check_at_ = now + kCheck;
    if (news) say(Level::notice, "gateway upstream opens ports", reason_, out);
    for (const auto& [key, entry] : places_) {
        if (entry.phase == Phase::waiting) timers_.set(key, now);
    }
}

void Upstream::lose(Instant now, Effects& out) {
    if (!is_open()) return;
    say(Level::warning, "gateway upstream is silent", {}, out);
    state_ = UpstreamState::searching;
    for (auto& [key, entry] : places_) {
        if (entry.phase == Phase::asking) entry.phase = Phase::waiting;
    }
    asking_ = 0;
    begin(now, out);
}

void Upstream::start_anew(Instant now, Effects& out) {
    say(Level::notice, "gateway upstream has restarted", {}, out);
    forget_places();
    state_ = UpstreamState::searching;
    begin(now, out);
}

// Its clock may be slower than ours by an eighth (RFC 6886 3.6), or by a sixteenth (RFC 6887 8.5).
bool Upstream::has_restarted(const upstream::MapAnswer& answer, Instant now) {
    constexpr std::int64_t kSlack = 2;
    const bool known = epoch_at_.has_value();
    const std::int64_t passed = known ? whole_seconds(now - *epoch_at_) : 0;
    const std::int64_t least =
        std::int64_t{epoch_} + passed - passed / (answer.pcp ? 16 : 8) - kSlack;
    epoch_ = answer.epoch;
    epoch_at_ = now;
    return known && std::int64_t{epoch_} < least;
}

void Upstream::handle(const UpstreamDatagram& event, Instant now, Effects& out) {
    if (!is_needed() || gateway_.is_any() || event.from.address != gateway_) return;
    if (event.from.port != kMappingPort) {
        const auto answer = upstream::parse_found(event.bytes, gateway_);
        if (answer) answered_search(*answer, now, out);
        return;
    }
    const auto answer = upstream::parse_map_answer(as_bytes(event.bytes));
    if (!answer) return;
    if (step_ == Step::pcp || step_ == Step::natpmp) {
        if (has_restarted(*answer, now)) forget_places();
        return answered_step(*answer, now, out);
    }
    if (is_hopeful(*answer)) return begin(now, out);
    if (is_open() && language_ != UpstreamLanguage::igd) heard(*answer, now, out);
}

// Unasked it tells all that something is not as it was: it is there, or has found its own way out,
// by now.
bool Upstream::is_hopeful(const upstream::MapAnswer& answer) const {
    const bool told = step_ == Step::idle && !checking_ && answer.result == 0 &&
                      answer.kind != upstream::MapAnswer::Kind::map;
    if (state_ == UpstreamState::private_) return told && answer.pcp;
    return told && state_ == UpstreamState::absent;
}

void Upstream::heard(const upstream::MapAnswer& answer, Instant now, Effects& out) {
    using Kind = upstream::MapAnswer::Kind;
    // It announces itself to all in both languages. Of the other one only the address counts.
    if (answer.pcp == (language_ == UpstreamLanguage::pcp)) {
        if (has_restarted(answer, now)) return start_anew(now, out);
        if (answer.kind == Kind::map) return answered_map(answer, now, out);
        if (std::exchange(checking_, false)) check_at_ = now + kCheck;
        if (!answer.pcp && answer.result != 0) return lose(now, out);
    }
    // PCP has no question for the address, but who speaks both answers that of NAT-PMP.
    if (answer.kind == Kind::address && answer.result == 0) set_address(answer.address, out);
}

void Upstream::answered_step(const upstream::MapAnswer& answer, Instant now, Effects& out) {
    using Kind = upstream::MapAnswer::Kind;
    const Place probe{Proto::udp, kProbePort};
    constexpr unsigned kNoSuchVersion = 1;  // RFC 6886 3.5
    if (step_ == Step::pcp && !answer.pcp && answer.result == kNoSuchVersion) {
        return next_step({}, now, out);
    }
    if (answer.pcp != (step_ == Step::pcp)) return;
    if (answer.pcp && (answer.kind != Kind::map || answer.nonce != nonce_of(probe))) return;
    if (!answer.pcp && answer.kind != Kind::address) return;
    if (answer.result != 0 || answer.address.is_any()) {
        reason_ = concat("it refuses, result ", answer.result);
        return is_patient() ? void() : next_step({}, now, out);
    }
    if (answer.pcp) {
        upstream::MapAsk end{probe.first, probe.second, 0, answer.nonce, false};
        out.upstream_sends.push_back({mapper(), upstream::write_pcp_map(link_.own, end)});
    }
    found(answer.pcp ? UpstreamLanguage::pcp : UpstreamLanguage::natpmp, answer.address, now, out);
}

void Upstream::answered_search(const upstream::Found& answer, Instant now, Effects& out) {
    const bool other = description_ && *description_ != answer;
    if (step_ == Step::search) {
        if (other) {
            forget_places();
            memory_ = Memory::good;
        }
        description_ = answer;
        skipped_ = 0;
        return go_to(Step::description, now, out);
    }
    if (!checking_ || language_ != UpstreamLanguage::igd) return;
    if (other) {
        description_ = answer;
        return start_anew(now, out);
    }
    // Of the two that answer two searches the second one is not needed.
    const bool asked = std::any_of(fetches_.begin(), fetches_.end(), [](const auto& one) {
        return one.second.what == Asked::What::address;
    });
    if (asked) return;
    ask_address(out);
    look_at_place(now, out);
}

void Upstream::handle(const FetchDone& event, Instant now, Effects& out) {
    const auto found = fetches_.find(event.id);
    if (found == fetches_.end()) return;
    const Asked asked = found->second;
    fetches_.erase(found);
    const auto document = upstream::parse_document(event.answer);
    switch (asked.what) {
        case Asked::What::description: {
            if (step_ != Step::description) return;
            connection_ =
                document && document->status == 200
                    ? upstream::find_connection(document->body, description_->description, skipped_)
                    : std::nullopt;
            if (!connection_) {
                return next_step(
                    skipped_ > 0 ? "it has no outside address" : "its description offers no ports",
                    now, out);
            }
            return go_to(Step::address, now, out);
        }
        case Asked::What::address: return answered_address(document, now, out);
        case Asked::What::map: return answered_soap(asked.place, document, now, out);
        case Asked::What::entry: return answered_entry(asked.place, document, now, out);
        case Asked::What::unmap: return;
    }
}

void Upstream::answered_address(const std::optional<upstream::Document>& answer, Instant now,
                                Effects& out) {
    std::optional<Ip4> address;
    if (answer && answer->status == 200) {
        const auto call = parse_soap(answer->body);
        const std::string* text = call ? call->find("NewExternalIPAddress") : nullptr;
        if (text != nullptr) address = parse_ip4(*text);
    }
    if (address && address->is_any()) address.reset();
    if (step_ == Step::address) {
        // A modem describes the kind of connection that it does not use, too.
        if (!address) {
            ++skipped_;
            return go_to(Step::description, now, out);
        }
        return this->found(UpstreamLanguage::igd, *address, now, out);
    }
    if (!checking_) return;
    if (!address) return lose(now, out);
    checking_ = false;
    check_at_ = now + kCheck;
    set_address(*address, out);
}

void Upstream::take_address(Ip4 address) {
    const bool is_public = reach_of(address) == Reach::public_;
    address_ = address;
    state_ = is_public ? UpstreamState::works : UpstreamState::private_;
    reason_ = is_public ? "" : "it is behind another router itself";
}

void Upstream::set_address(Ip4 address, Effects& out) {
    if (address == address_ || address.is_any() || !is_open()) return;
    take_address(address);
    say(Level::notice, "gateway upstream has another address", {}, out);
}

void Upstream::tick_step(Instant now, Effects& out) {
    if (step_ == Step::idle || step_ == Step::gateway) return begin(now, out);
    const bool fetches = step_ == Step::description || step_ == Step::address;
    const unsigned most = is_patient() ? kStepTries + 2 : kStepTries;
    if (fetches || tries_ >= most) return next_step({}, now, out);
    step_at_ = now + (step_ == Step::search ? kSearchWait : kFirstWait * (1U << tries_));
    ++tries_;
    send_step(out);
}

void Upstream::check(Instant now, Effects& out) {
    if (!checking_) tries_ = 0;
    if (++tries_ > kTries) return lose(now, out);
    checking_ = true;
    check_at_ = now + kCheckWait * tries_;
    switch (*language_) {
        case UpstreamLanguage::pcp:
            out.upstream_sends.push_back({mapper(), upstream::write_pcp_announce(link_.own)});
            [[fallthrough]];
        case UpstreamLanguage::natpmp:
            out.upstream_sends.push_back({mapper(), upstream::write_natpmp_address()});
            break;
        case UpstreamLanguage::igd: send_search(out); break;
    }
}

void Upstream::tick(Instant now, Effects& out) {
    if (is_due(step_at_, now)) tick_step(now, out);
    if (is_open() && is_due(check_at_, now)) check(now, out);
    while (const auto key = timers_.pop_expired(now))
        tick_place(*key, now, out);
}

std::optional<Instant> Upstream::next_deadline() const {
    std::optional<Instant> next = timers_.next();
    for (const auto& at : {step_at_, check_at_}) {
        if (at && (!next || *at < *next)) next = at;
    }
    return next;
}

Upstream::Facts Upstream::facts(Instant now) const {
    Facts out{state_, language_, gateway_, is_open() ? address_ : Ip4{}, 0, 0, reason_};
    for (const auto& [key, entry] : places_) {
        if (entry.phase == Phase::ending) continue;
        ++out.wanted;
        if (entry.held_until > now) ++out.held;
    }
    return out;
}

}  // namespace gatehouse::upnp
