// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/explain.h"

#include <algorithm>

namespace gatehouse::nat {

namespace {

struct Rule {
    bool passes;
    std::string_view word;
    std::string_view sentence;
};

constexpr Rule kSession{true, "session", "a session runs between the two; all its packets pass"};
constexpr Rule kMapping{true, "mapping",
                        "the inside endpoint has an outside endpoint, and uses it"};
constexpr Rule kNewMapping{true, "new_mapping", "the first packet makes a mapping"};
constexpr Rule kOldMapping{true, "resting", "the first packet brings back the mapping that rests"};
constexpr Rule kSipProxy{true, "sip_proxy",
                         "the SIP gateway ends the connection and makes one of its own"};
constexpr Rule kHairpin{true, "hairpin",
                        "the outside endpoint belongs to a host of the house, which gets it"};
constexpr Rule kWithin{true, "within", "both are in the house: nothing is translated or filtered"};
constexpr Rule kRouter{true, "router", "the router itself is meant"};
constexpr Rule kInsideAddress{false, "inside_address",
                              "this address is for the house alone and must not leave it"};
constexpr Rule kIpv6{true, "ipv6", "IPv6 leaves as it is, without translation"};

constexpr Rule kForward{true, "forward", "a forward lets the remote in"};
constexpr Rule kOpen{true, "open", "the NAT type lets everybody answer on a port in use"};
constexpr Rule kPermit{true, "permit", "the host has written to this address lately"};
constexpr Rule kDmz{true, "dmz", "the host gets all that nothing else claims (config dmz)"};
constexpr Rule kFilter{false, "filter", "the host has not written to this address lately"};
constexpr Rule kFilterPort{false, "filter_port",
                           "the host has not written to this very address and port lately"};
constexpr Rule kUnmapped{false, "unmapped",
                         "no outside endpoint leads from this remote to the inside endpoint"};
constexpr Rule kNoEcho{false, "echo", "a ping from outside is for the router, never for a host"};
constexpr Rule kPinhole{true, "pinhole", "a pinhole lets the remote in"};
constexpr Rule kNoPinhole{false, "no_pinhole", "no pinhole leads to this host and port"};
constexpr Rule kEcho6{true, "echo", "pings of IPv6 pass, some at a time"};

FlowWay way(const Rule& rule, std::optional<Endpoint4> at = {}) {
    return {rule.passes, rule.word, rule.sentence, at, {}};
}

Endpoint4 v4(const Endpoint& endpoint) {
    return {endpoint.address.v4(), endpoint.port};
}

Endpoint4 shifted(Endpoint4 first, std::uint32_t index) {
    return {first.address, Port{static_cast<std::uint16_t>(first.port.number + index)}};
}

class Explainer {
  public:
    Explainer(const Flow& flow, const FlowFacts& facts, const Engine& engine,
              const config::Config& config)
        : flow_(flow),
          facts_(facts),
          engine_(engine),
          config_(config),
          ledger_(engine.ledger()),
          inside_(v4(flow.inside)),
          remote_(v4(flow.remote)) {}

    FlowExplanation explain() {
        if (flow_.inside.address.is_v6()) {
            explain_ipv6();
            return out_;
        }
        out_.behaviour = engine_.behaviour_of(inside_.address, flow_.proto);
        id_ = ledger_.find(flow_.proto, inside_, remote_);
        if (id_ != kNoMapping) out_.mapping = id_;
        out_.kind = kind();
        out_.out = way_out();
        if (out_.kind == "within" || out_.kind == "router" || out_.kind == "hairpin") {
            return out_;
        }
        out_.in = way_in();
        return out_;
    }

  private:
    bool is_sip(Port port) const {
        const auto& ports = config_.sip.ports;
        return config_.sip.is_used() && std::find(ports.begin(), ports.end(), port) != ports.end();
    }

    std::string_view kind() const {
        if (facts_.remote_is_router) return "router";
        if (facts_.remote_is_inside) return "within";
        if (ledger_.outside().has(remote_.address)) return "hairpin";
        if (flow_.proto == Proto::icmp) return "ping";
        const bool sip_remote = is_sip(remote_.port);
        if (flow_.proto == Proto::tcp) {
            return sip_remote && facts_.sip_proxy ? "sip_proxy" : "plain";
        }
        if (sip_remote || is_sip(inside_.port)) return "sip";
        return remote_.port.number == 53 ? "dns" : "plain";
    }

    FlowWay way_out() {
        if (out_.kind == "router") return way(kRouter);
        if (out_.kind == "within") return way(kWithin);
        if (out_.kind == "hairpin") return hairpin();
        if (out_.kind == "sip_proxy") return way(kSipProxy);
        if (facts_.has_session) return way(kSession, facts_.session_outside);
        const Mapping* mapping = id_ == kNoMapping ? nullptr : &ledger_.table().at(id_);
        if (mapping != nullptr && mapping->state == MappingState::live &&
            !mapping->outside.address.is_any()) {
            return way(kMapping, mapping->outside);
        }
        const auto next = ledger_.foresee(flow_.proto, inside_, remote_);
        if (!next) return {false, to_string(next.error()), {}, {}, next.error()};
        return way(mapping != nullptr ? kOldMapping : kNewMapping, *next);
    }

    // As chains from_outside and within_house have it: the maps first, then the DMZ.
    FlowWay hairpin() {
        if (!config_.nat.hairpin || flow_.proto == Proto::icmp) return way(kRouter);
        out_.forward = forward_of([this](const Forward& forward) {
            const bool open = !forward.remote || forward.owner.kind == OwnerKind::sip;
            return open && forward.covers(flow_.proto, remote_.port) &&
                   forward.outside.address == remote_.address;
        });
        if (out_.forward != nullptr) {
            const std::uint32_t index =
                std::uint32_t{remote_.port.number} - out_.forward->outside.port.number;
            return way(kHairpin, shifted(out_.forward->inside, index));
        }
        const MappingId id = ledger_.table().find_outside(flow_.proto, remote_);
        if (id != kNoMapping) {
            const Mapping& mapping = ledger_.table().at(id);
            if (mapping.state == MappingState::live && mapping.forward == 0) {
                return way(kHairpin, mapping.inside);
            }
        }
        if (engine_.dmz() && !ledger_.outside().is_reserved(flow_.proto, remote_.port)) {
            return way(kHairpin, Endpoint4{*engine_.dmz(), remote_.port});
        }
        return way(kRouter);
    }

    FlowWay way_in() {
        if (facts_.has_session && out_.kind != "sip_proxy") {
            return way(kSession, facts_.session_outside);
        }
        if (flow_.proto == Proto::icmp) return way(kNoEcho);
        out_.forward = forward_of([this](const Forward& forward) {
            return forward.proto == flow_.proto && forward.inside.address == inside_.address &&
                   inside_.port >= forward.inside.port &&
                   inside_.port.number < forward.inside.port.number + forward.count &&
                   (!forward.remote || *forward.remote == remote_.address);
        });
        if (out_.forward != nullptr) {
            const std::uint32_t index =
                std::uint32_t{inside_.port.number} - out_.forward->inside.port.number;
            return way(kForward, shifted(out_.forward->outside, index));
        }
        return filtered();
    }

    // Without session and forward: what the mapping's own filtering says. The DMZ gets what no map
    // leads elsewhere, at the port that was asked; and its host is let in everywhere.
    FlowWay filtered() const {
        const bool to_dmz = engine_.dmz() == inside_.address;
        const Mapping* mapping = id_ == kNoMapping ? nullptr : &ledger_.table().at(id_);
        if (mapping == nullptr || mapping->state != MappingState::live || mapping->forward != 0 ||
            mapping->outside.address.is_any()) {
            const Endpoint4 same{engine_.outside_address().address, inside_.port};
            const bool free = to_dmz && !same.address.is_any() &&
                              !ledger_.outside().is_reserved(flow_.proto, inside_.port) &&
                              ledger_.table().find_outside(flow_.proto, same) == kNoMapping;
            return free ? way(kDmz, same) : way(kUnmapped);
        }
        const Endpoint4 at = mapping->outside;
        switch (mapping->behaviour.filtering) {
            case FilteringBehaviour::endpoint_independent: return way(kOpen, at);
            case FilteringBehaviour::address_dependent:
                if (facts_.permitted) return way(kPermit, at);
                return way(to_dmz ? kDmz : kFilter, at);
            case FilteringBehaviour::address_and_port_dependent: break;
        }
        return way(to_dmz && at.port == inside_.port ? kDmz : kFilterPort, at);
    }

    template <class Fits>
    const Forward* forward_of(Fits&& fits) const {
        for (const auto& one : engine_.all_forwards()) {
            const Forward& forward = *one;
            const bool works = forward.enabled && !forward.outside.address.is_any();
            if (works && fits(forward)) return &forward;
        }
        return nullptr;
    }

    void explain_ipv6() {
        out_.kind = "ipv6";
        const Ip6& inside = flow_.inside.address.v6();
        const Ip6& remote = flow_.remote.address.v6();
        if (facts_.remote_is_router || facts_.remote_is_inside) {
            out_.kind = facts_.remote_is_router ? "router" : "within";
            out_.out = way(facts_.remote_is_router ? kRouter : kWithin);
            return;
        }
        if ((inside.bytes[0] & 0xfeU) == 0xfc) {  // RFC 4193
            out_.out = way(kInsideAddress);
            out_.in = way(kNoPinhole);
            return;
        }
        out_.out = way(facts_.has_session ? kSession : kIpv6);
        if (facts_.has_session) {
            out_.in = way(kSession);
            return;
        }
        // The filter has elements for every address at which the host of a pinhole is seen.
        const auto fits = [&](const auto& hole, const Ip6& from) {
            return hole.proto == flow_.proto && hole.port == flow_.inside.port &&
                   (from == Ip6{} || from == remote);
        };
        bool open = false;
        for (const PinholeElement& hole : engine_.wanted_pinholes())
            open |= hole.inside == inside && fits(hole, hole.remote);
        for (const Pinhole* const held : engine_.pinholes()) {
            const Pinhole& hole = *held;
            const bool leads = hole.inside == inside || hole.host;
            if (open && leads && fits(hole, hole.remote.value_or(Ip6{}))) out_.pinhole = hole.id;
        }
        const bool ping = flow_.proto == Proto::icmpv6;
        out_.in = way(open ? kPinhole : ping ? kEcho6 : kNoPinhole);
    }

    const Flow& flow_;
    const FlowFacts& facts_;
    const Engine& engine_;
    const config::Config& config_;
    const Ledger& ledger_;
    Endpoint4 inside_;
    Endpoint4 remote_;
    MappingId id_ = kNoMapping;
    FlowExplanation out_;
};

}  // namespace

FlowExplanation explain(const Flow& flow, const FlowFacts& facts, const Engine& engine,
                        const config::Config& config) {
    return Explainer(flow, facts, engine, config).explain();
}

}  // namespace gatehouse::nat
