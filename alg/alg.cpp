// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/alg.h"

#include <algorithm>
#include <array>

#include "alg/alg_work.h"
#include "alg/body.h"
#include "alg/help.h"
#include "alg/uri.h"
#include "gateway/base/text.h"

namespace gatehouse::sip {

namespace {

std::uint64_t pack(Endpoint4 endpoint) {
    return (std::uint64_t{endpoint.address.value} << 16U) | endpoint.port.number;
}

Endpoint4 unpack(std::uint64_t packed) {
    return {{static_cast<std::uint32_t>(packed >> 16U)}, {static_cast<std::uint16_t>(packed)}};
}

// What the edits are, for people.
std::string summary(const Edits& edits, std::string_view whole) {
    constexpr std::size_t kMostShown = 8;
    std::string out;
    for (std::size_t i = 0; i < std::min(edits.size(), kMostShown); ++i) {
        const Edit& edit = edits.all()[i];
        append(out, i == 0 ? "" : ", ", whole.substr(edit.offset, edit.length), " -> ", edit.text);
    }
    return out;
}

// A part within another one first, and each once.
void follow_part_lengths(std::vector<PartLength> lengths, Edits& edits) {
    const auto order = [](const PartLength& a, const PartLength& b) {
        return std::pair(a.counted.size(), a.digits.data()) <
               std::pair(b.counted.size(), b.digits.data());
    };
    std::sort(lengths.begin(), lengths.end(), order);
    const auto same = [](const PartLength& a, const PartLength& b) {
        return a.digits.data() == b.digits.data();
    };
    lengths.erase(std::unique(lengths.begin(), lengths.end(), same), lengths.end());
    for (const PartLength& one : lengths) {
        const std::ptrdiff_t growth = edits.growth(one.counted);
        const auto length = static_cast<std::ptrdiff_t>(one.counted.size()) + growth;
        if (growth != 0) edits.replace(one.digits, std::to_string(length));
    }
}

// Our outside address means nothing to this peer.
bool is_inner(Ip4 outside, Ip4 peer) {
    return reach_of(outside) != Reach::public_ && reach_of(peer) == Reach::public_;
}

}  // namespace

namespace {

// The ports of a call's media; while it is only observed, the same as inside.
class CallPorts final : public MediaPorts {
  public:
    CallPorts(MediaTable& table, const Call& call, bool observes, Ip4 outside, Instant now)
        : table_(table), call_(call), observes_(observes), outside_(outside), now_(now) {}

    Ip4 outside_address() override { return outside_; }
    Result<OpenedMedia, Reason> open(const WantedMedia& wanted) override {
        if (!observes_) return table_.open(call_.number, wanted, now_);
        const Port rtcp = wanted.rtcp ? wanted.rtcp->port : wanted.rtp.port;
        return OpenedMedia{{outside_, wanted.rtp.port}, rtcp};
    }
    bool is_open(Endpoint4 rtp) override { return table_.is_open(rtp); }

  private:
    MediaTable& table_;
    const Call& call_;
    bool observes_;
    Ip4 outside_;
    Instant now_;
};

class HouseLookup final : public MediaLookup {
  public:
    HouseLookup(const nat::MappingService& service, Ip4 outside)
        : service_(service), outside_(outside) {}

    bool is_outside(Ip4 address) override { return address == outside_; }
    std::optional<Endpoint4> inside_of(Endpoint4 outside) override {
        return service_.inside_of(Proto::udp, outside);
    }

  private:
    const nat::MappingService& service_;
    Ip4 outside_;
};

}  // namespace

std::string_view to_string(Notice::Kind kind) {
    switch (kind) {
        case Notice::Kind::call_changed: return "call";
        case Notice::Kind::registered: return "registered";
        case Notice::Kind::unregistered: return "registration ended";
        case Notice::Kind::would_edit: return "would edit";
        case Notice::Kind::not_sip: return "not SIP on a SIP port";
        case Notice::Kind::altered: return "another gateway outside changes SIP messages";
    }
    return "";
}

void Effects::clear() {
    verdicts.clear();
    keep_alives.clear();
    bypasses.clear();
    ports.clear();
    registrations.clear();
    calls.clear();
    state_changed = false;
    notices.clear();
    connects.clear();
    bytes.clear();
    strangers.clear();
    look = false;
}

Alg::Alg(const config::Sip& config, nat::MappingService& service, const nat::Hosts* hosts)
    : config_(config),
      service_(service),
      hosts_(hosts),
      media_(service),
      registrations_(service, config.keep_alive) {
    set_limits();
}

void Alg::set_limits() {
    calls_.set_limits(config_.calls, config_.host_calls);
    media_.set_limits(kStreamsPerCall * config_.calls, kStreamsPerCall * config_.host_calls);
    registrations_.set_limits(config_.registrations, config_.host_registrations);
}

Alg::~Alg() = default;

void Alg::handle(const Event& event, Instant now, Effects& out) {
    const std::uint64_t version = registrations_.version();
    std::visit([&](const auto& one) { on(one, now, out); }, event);
    if (registrations_.version() != version || !changed_.empty() || all_changed_) {
        note_changes(now, out);
    }
}

std::optional<Instant> Alg::next_deadline() const {
    std::optional<Instant> next;
    for (const auto& one : {calls_.next_deadline(), registrations_.next_deadline(),
                            endpoint_timers_.next(), stream_timers_.next(), media_.next_look()}) {
        if (one && (!next || *one < *next)) next = one;
    }
    return next;
}

config::SipMode Alg::mode_of(Ip4 inside, Ip4 remote) const {
    const nat::Host* known =
        hosts_ == nullptr || config_.hosts.empty() ? nullptr : hosts_->find(inside);
    for (const config::SipHost& one : config_.hosts) {
        const bool by_mac = one.mac && known != nullptr && known->mac == one.mac;
        if (by_mac || one.address == inside) return one.mode;
    }
    for (const config::SipProvider& one : config_.providers) {
        if (one.network.contains(remote)) return one.mode;
    }
    return config_.mode;
}

void Alg::on(const Reconfigured& event, Instant now, Effects&) {
    if (event.config == config_) return;
    config_ = event.config;
    set_limits();
    registrations_.set_keep_alive(config_.keep_alive, now);
    for (const auto& [number, call] : calls_.all()) {
        if (!is_helped(call.inside, call.remote)) media_.release(number, now);
    }
    registrations_.release_if(
        [this](Endpoint4 inside, Endpoint4 remote) { return !is_helped(inside, remote); }, now);
    all_changed_ = true;
}

void Alg::on(const TimerFired&, Instant now, Effects& out) {
    while (const auto call = calls_.pop_expired(now)) {
        media_.release(call->number, now);
        if (call->state == CallState::ended) continue;
        if (call->established) out.calls.push_back({*call, Duration::zero(), {}});
        out.notices.push_back({Notice::Kind::call_changed, "forgotten", call->id, call->from,
                               call->to, call->inside, call->remote});
    }
    registrations_.expire(now);
    while (const auto due = registrations_.pop_keep_alive(now))
        out.keep_alives.push_back(*due);
    while (const auto packed = endpoint_timers_.pop_expired(now))
        forget(unpack(*packed));
    expire_streams(now, out);
    if (media_.next_look().value_or(kNever) > now) return;
    media_.begin_look(now);
    out.look = true;
}

void Alg::on(const MediaSeen& event, Instant now, Effects& out) {
    media_.look(event.sessions, event.all, now, out.strangers);
}

void Alg::on(const Datagram& event, Instant now, Effects& out) {
    std::optional<std::string> payload;
    if (event.outward) registrations_.note_traffic(event.inside, event.remote, now);
    const bool off = mode_of(event.inside.address, event.remote.address) == config::SipMode::off;
    const Reason reason = off ? Reason::no_help : rewrite(event, now, out, payload);
    ++counts_[static_cast<std::size_t>(reason)];
    if (!off) trace_.note(event, Proto::udp, reason, payload, now);
    out.verdicts.push_back({event.token, std::move(payload)});
    doubt(event, reason, out);
    if (reason == Reason::http) {
        out.notices.push_back({Notice::Kind::not_sip,
                               std::string(to_string(reason)),
                               {},
                               {},
                               {},
                               event.inside,
                               event.remote});
    }
}

// A flow whose first datagram is a whole request of SIP.
void Alg::note_port(const Datagram& event, const Message& message, Effects& out) const {
    if (is_sip_port(event.remote.port) || is_sip_port(event.inside.port)) return;
    constexpr std::array kNeeded{HeaderId::via, HeaderId::from, HeaderId::to, HeaderId::call_id,
                                 HeaderId::cseq};
    const bool whole = std::all_of(kNeeded.begin(), kNeeded.end(), [&message](HeaderId id) {
        return message.find(id).has_value();
    });
    if (whole && !is_refused_port(event.remote.port)) out.ports.push_back(event.remote.port);
}

bool Alg::is_sip_port(Port port) const {
    return std::find(config_.ports.begin(), config_.ports.end(), port) != config_.ports.end();
}

// What phones send between their messages says nothing for or against.
void Alg::doubt(const Datagram& event, Reason reason, Effects& out) {
    if (reason == Reason::keep_alive || reason == Reason::stun) return;
    const Bypass flow{event.inside, event.remote};
    const bool other =
        reason == Reason::not_sip || reason == Reason::encrypted || reason == Reason::http;
    if (!other) {
        doubtful_.erase(flow);
        return;
    }
    // Counting anew costs those that are there a little time.
    if (doubtful_.size() >= kMostDoubtful && !doubtful_.contains(flow)) doubtful_.clear();
    if (++doubtful_[flow] < kPatience) return;
    doubtful_.erase(flow);
    out.bypasses.push_back(flow);
}

Help Alg::help_of(Endpoint4 inside) const {
    const auto found = endpoints_.find(inside);
    return found == endpoints_.end() ? Help::unknown : found->second.help;
}

Alg::Known* Alg::know(Endpoint4 inside, Instant now) {
    auto found = endpoints_.find(inside);
    if (found == endpoints_.end()) {
        if (!make_room(inside.address)) return nullptr;
        ++of_host_[inside.address];
        found = endpoints_.emplace(inside, Known{}).first;
    }
    endpoint_timers_.set(pack(inside), now + kEndpointLife);
    return &found->second;
}

// A host that changes its port again and again loses what it was before, not its next call.
bool Alg::make_room(Ip4 host) {
    const auto of_host = of_host_.find(host);
    const bool full = endpoints_.size() >= kMostEndpoints ||
                      (of_host != of_host_.end() && of_host->second >= kMostEndpointsOfHost);
    if (!full) return true;
    std::optional<Endpoint4> oldest;
    Instant least = kNever;
    for (auto at = endpoints_.lower_bound({host, Port{0}});
         at != endpoints_.end() && at->first.address == host; ++at) {
        const Instant deadline = endpoint_timers_.deadline(pack(at->first)).value_or(kNever);
        if (oldest && deadline >= least) continue;
        oldest = at->first;
        least = deadline;
    }
    if (!oldest) return false;
    endpoint_timers_.cancel(pack(*oldest));
    forget(*oldest);
    return true;
}

void Alg::forget(Endpoint4 inside) {
    endpoints_.erase(inside);
    const auto of_host = of_host_.find(inside.address);
    if (--of_host->second == 0) of_host_.erase(of_host);
}

bool Alg::is_forwarded(const Flow& flow) const {
    const Port port = flow.outside.port;
    const nat::Forward* forward = service_.find_forward(flow.proto, port, flow.remote.address);
    if (forward == nullptr) forward = service_.find_forward(flow.proto, port, std::nullopt);
    return forward != nullptr && forward->owner.kind != nat::OwnerKind::sip;
}

// An answer repeats the Via of its request (RFC 3261 8.2.6.2). Where the only one names somebody
// else outside, a gateway of the modem or the provider has changed the request and not the answer.
void Alg::look_for_another(const Message& message, const Flow& flow, Known& known, Effects& out) {
    if (message.is_request() || known.altered || known.help == Help::self_traversed) return;
    const auto hops = split_list(message.find(HeaderId::via).value_or(""));
    const auto count = std::count_if(message.headers.begin(), message.headers.end(),
                                     [](const Header& one) { return one.id == HeaderId::via; });
    if (!hops || hops->size() != 1 || count != 1) return;
    const auto via = parse_via(hops->front());
    const auto name = via ? usual_name(via->at.host, via->at.port, kSipPort) : std::nullopt;
    const bool ours =
        !name || name->address == flow.inside.address || name->address == flow.outside.address;
    if (ours || reach_of(name->address) != Reach::public_) return;
    known.altered = true;
    out.notices.push_back({Notice::Kind::altered,
                           concat("Via ", name->address.to_string()),
                           {},
                           {},
                           {},
                           flow.inside,
                           flow.remote});
}

Reason Alg::rewrite(const Datagram& event, Instant now, Effects& out,
                    std::optional<std::string>& payload) {
    const auto message = parse_message(event.payload);
    if (!message) return message.error();
    if (event.outward && message->is_request()) note_port(event, *message, out);
    const auto outside = service_.outside_of(Proto::udp, event.inside, event.remote);
    if (!outside) return Reason::no_mapping;
    Known* known = know(event.inside, now);
    if (known == nullptr) return Reason::limit;
    const Reason reason =
        rewrite(event, *message, {event.inside, *outside, event.remote}, *known, now, out, payload);
    if (!payload || payload->size() <= kMostDatagram) return reason;
    payload.reset();
    return Reason::too_long;
}

Reason Alg::rewrite(const Datagram& event, const Message& message, const Flow& flow, Known& known,
                    Instant now, Effects& out, std::optional<std::string>& payload) {
    Work work{event, message, flow, known, Edits(event.payload)};
    work.observes = !is_helped(flow.inside, flow.remote);
    if (is_forwarded(work.flow)) {
        known.help = Help::forwarded;
        return Reason::forwarded;
    }
    if (event.outward) {
        known.help = judge(message, work.flow, known.help);
    } else {
        look_for_another(message, flow, known, out);
    }
    if (is_inner(flow.outside.address, flow.remote.address)) {
        // What it registers is kept open all the same: the other NAT forgets as soon as any.
        follow_registration(work, now, out);
        return Reason::inner_nat;
    }
    // RFC 4474: the signature covers Contact and body.
    if (message.find(HeaderId::identity_info)) return Reason::signed_body;
    const auto stopped = rewrite_headers(work);
    if (stopped && *stopped == Reason::malformed_address) return *stopped;
    follow_registration(work, now, out);
    follow_call(work, now, out);
    const Reason of_bodies = rewrite_bodies(work, now);
    if (work.edits.empty()) {
        if (of_bodies != Reason::no_help && of_bodies != Reason::edited) return of_bodies;
        return stopped.value_or(Reason::no_help);
    }
    std::string edited = work.edits.apply();
    if (work.call != nullptr) ++work.call->edited;
    if (work.observes) {
        out.notices.push_back({Notice::Kind::would_edit,
                               summary(work.edits, event.payload),
                               {},
                               {},
                               {},
                               event.inside,
                               event.remote});
        return Reason::observed;
    }
    payload = std::move(edited);
    return Reason::edited;
}

// Nothing where the headers were translated or needed nothing.
std::optional<Reason> Alg::rewrite_headers(Work& work) {
    const Help help = work.known.help;
    if (help == Help::self_traversed || help == Help::forwarded) return Reason::self_traversed;
    if (!work.datagram.outward) {
        InwardBook book(service_, work.flow, work.known.spellings);
        return sip::rewrite_headers(work.message, book, true, work.edits);
    }
    OutwardBook book(service_, work.flow, work.known.spellings);
    const auto refused = sip::rewrite_headers(work.message, book, false, work.edits);
    if (refused) return refused;
    return book.foreign() ? std::optional(Reason::foreign_address) : std::nullopt;
}

Reason Alg::rewrite_bodies(Work& work, Instant now) {
    const Bodies bodies = find_descriptions(work.message);
    const std::size_t before = work.edits.size();
    Reason out = bodies.sealed ? Reason::signed_body : Reason::no_help;
    std::vector<PartLength> lengths;
    for (const BodyPart& part : bodies.descriptions) {
        const Reason reason = rewrite_body(work, part.text, now);
        if (out != Reason::edited) out = reason;
        lengths.insert(lengths.end(), part.lengths.begin(), part.lengths.end());
    }
    follow_part_lengths(std::move(lengths), work.edits);
    if (!follow_length(work)) {
        work.edits.cut_back(before);
        out = Reason::content_length;
    }
    if (work.call != nullptr && !bodies.descriptions.empty() &&
        work.call->reason != Reason::edited) {
        work.call->reason = out;
    }
    return out;
}

Reason Alg::rewrite_body(Work& work, std::string_view text, Instant now) {
    const auto sdp = parse_sdp(text);
    if (!sdp) return Reason::malformed_body;
    const Flow& flow = work.flow;
    if (work.call == nullptr) return work.no_room ? Reason::limit : Reason::no_call;
    Reason reason = Reason::no_help;
    if (work.datagram.outward) {
        CallPorts ports(media_, *work.call, work.observes, flow.outside.address, now);
        reason = rewrite_outward(*sdp, flow.inside.address, ports, work.edits);
    } else {
        HouseLookup lookup(service_, flow.outside.address);
        reason = rewrite_inward(*sdp, flow.inside.address, lookup, work.edits);
    }
    note_streams(work, *sdp, now);
    return reason;
}

// False where the length is written in a way that the way back could not restore.
bool Alg::follow_length(Work& work) {
    const std::string_view digits = work.message.content_length;
    const std::ptrdiff_t growth =
        work.message.body.empty() ? 0 : work.edits.growth(work.message.body);
    if (growth == 0 || digits.empty()) return true;
    if (digits.size() > 1 && digits.front() == '0') return false;
    const auto length = static_cast<std::ptrdiff_t>(work.message.body.size()) + growth;
    work.edits.replace(digits, std::to_string(length));
    return true;
}

}  // namespace gatehouse::sip
