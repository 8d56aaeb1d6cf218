// SPDX-License-Identifier: GPL-2.0-or-later
//
// The SIP gateway as a part of the house.
#include <algorithm>
#include <utility>

#include "gateway/daemon/house.h"
#include "gateway/daemon/parts.h"

namespace gatehouse::daemon {

void House::handle(std::uint32_t token, const sip::UdpPacket& packet, Instant now, Effects& out) {
    if (!kHasSip || !sip_) {
        out.sip.verdicts.push_back({token, std::nullopt});
        return;
    }
    // The end that has a mapping is the one inside.
    const bool inward =
        !engine_->outside_of(Proto::udp, packet.source, packet.destination) &&
        engine_->outside_of(Proto::udp, packet.destination, packet.source).has_value();
    sip::Datagram event{token, !inward, packet.source, packet.destination, packet.payload};
    if (inward) std::swap(event.inside, event.remote);
    tell_sip(event, now, out);
    set_timer(out);
}

void House::handle(const sip::Event& event, Instant now, Effects& out) {
    tell_sip(event, now, out);
    set_timer(out);
}

void House::tell_sip(const sip::Event& event, Instant now, Effects& out) {
    if (!kHasSip || !sip_) return;
    const std::size_t first = out.sip.notices.size();
    sip_->handle(event, now, out.sip);
    const std::size_t of_nat = out.nat.notices.size();
    engine_->flush(out.nat);
    log_notices(now, out, of_nat);
    log_sip_notices(now, out, first);
    if (!out.sip.ports.empty()) learn_sip_ports(now, out);
}

std::vector<Port> House::sip_ports() const {
    std::vector<Port> out;
    if (!kHasSip || !config_.sip.is_used()) return out;
    out = config_.sip.ports;
    for (const auto& [port, used] : learned_sip_ports_) {
        if (std::find(out.begin(), out.end(), port) == out.end()) out.push_back(port);
    }
    return out;
}

// The ruleset is loaded before the message goes on, so its answer is seen.
void House::learn_sip_ports(Instant now, Effects& out) {
    for (const Port port : std::exchange(out.sip.ports, {})) {
        auto& known = learned_sip_ports_;
        const auto same = std::find_if(known.begin(), known.end(),
                                       [port](const auto& one) { return one.first == port; });
        if (same != known.end()) {
            same->second = now;
            continue;
        }
        const auto oldest =
            std::min_element(known.begin(), known.end(),
                             [](const auto& a, const auto& b) { return a.second < b.second; });
        const bool full = known.size() >= kMostLearnedPorts;
        if (full && oldest->second + kLearnedPortLife > now) continue;
        if (!new_sip_ports_.allow("port", now)) continue;
        if (full) known.erase(oldest);
        known.emplace_back(port, now);
        out.steps.emplace_back(LogLine{Level::info,
                                       "sip",
                                       "a server on another port",
                                       {{"port", std::to_string(port.number)}}});
        want_ruleset(now, out);
    }
}

void House::tell_call(const sip::Notice& notice, Effects& out) {
    using Kind = sip::Notice::Kind;
    const std::string inside = notice.inside.to_string();
    const std::string remote = notice.remote.to_string();
    switch (notice.kind) {
        case Kind::call_changed:
            return tell("call_changed",
                        {{"call_id", notice.call_id},
                         {"from", notice.from},
                         {"to", notice.to},
                         {"state", notice.text}},
                        out);
        case Kind::registered:
        case Kind::unregistered:
            return tell(notice.kind == Kind::registered ? "phone_registered" : "phone_unregistered",
                        {{"inside", inside}, {"remote", remote}}, out);
        case Kind::not_sip:
            return tell("refused",
                        {{"by", "sip"},
                         {"reason", "not_sip"},
                         {"what", notice.text},
                         {"inside", inside},
                         {"remote", remote}},
                        out);
        case Kind::would_edit:
        case Kind::altered: return;
    }
}

void House::log_sip_notices(Instant now, Effects& out, std::size_t first) {
    using Kind = sip::Notice::Kind;
    for (std::size_t i = first; i < out.sip.notices.size(); ++i) {
        const sip::Notice& notice = out.sip.notices[i];
        const auto passed = sip_lines_.allow(sip::to_string(notice.kind), now);
        if (!passed) {
            metrics_.add(Metric::log_lines_suppressed);
            continue;
        }
        tell_call(notice, out);
        LogLine line{Level::info, "sip", std::string(sip::to_string(notice.kind)), {}};
        if (notice.kind == Kind::not_sip || notice.kind == Kind::altered) {
            line.level = Level::warning;
        }
        if (!notice.text.empty()) line.fields.emplace_back("what", notice.text);
        if (!notice.call_id.empty()) {
            line.fields.emplace_back("call", notice.call_id);
            line.fields.emplace_back("from", notice.from);
            line.fields.emplace_back("to", notice.to);
        }
        line.fields.emplace_back("inside", notice.inside.to_string());
        line.fields.emplace_back("remote", notice.remote.to_string());
        if (*passed > 0) line.fields.emplace_back("suppressed", std::to_string(*passed));
        out.steps.emplace_back(std::move(line));
    }
}

}  // namespace gatehouse::daemon
