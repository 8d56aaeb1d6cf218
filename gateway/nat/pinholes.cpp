// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/pinholes.h"

#include <algorithm>

namespace gatehouse::nat {

namespace {

Refused because(Refusal reason) {
    Refused refused;
    refused.reason = reason;
    return refused;
}

void make_set(std::vector<PinholeElement>& elements) {
    std::sort(elements.begin(), elements.end());
    elements.erase(std::unique(elements.begin(), elements.end()), elements.end());
}

bool has_ports(Proto proto) {
    return proto == Proto::tcp || proto == Proto::udp || proto == Proto::udplite ||
           proto == Proto::sctp;
}

// The hardware address is the better evidence; two hosts never share one.
bool same_host(const Pinhole& pinhole, const std::optional<Mac>& host, const Ip6& inside) {
    if (pinhole.host && host) return *pinhole.host == *host;
    return pinhole.inside == inside;
}

void note(Notice::Kind kind, const Pinhole& pinhole, Effects& out) {
    Notice notice;
    notice.kind = kind;
    notice.proto = pinhole.proto;
    notice.owner = pinhole.owner.kind;
    notice.id = pinhole.id;
    notice.inside.port = pinhole.port;
    notice.pinhole = pinhole.inside;
    out.notices.push_back(notice);
}

}  // namespace

void Pinholes::configure(const std::vector<config::Pinhole>& fixed, Effects& out) {
    fixed_ = fixed;
    write(out);
}

Result<Pinhole, Refused> Pinholes::open(const PinholeRequest& request, Instant now, Effects& out) {
    if (!has_ports(request.proto)) return fail(because(Refusal::protocol));
    if (request.port.number == 0 || request.lifetime <= Duration::zero() ||
        request.inside == Ip6{}) {
        return fail(because(Refusal::bad_request));
    }
    std::optional<Mac> host = request.host;
    if (const Host* known = hosts_->find(request.inside); !host && known != nullptr) {
        host = known->mac;
    }
    std::uint32_t of_host = 0;
    for (auto& [id, pinhole] : pinholes_) {
        if (!same_host(pinhole, host, request.inside)) continue;
        ++of_host;
        const bool renews = pinhole.owner == request.owner && pinhole.proto == request.proto &&
                            pinhole.port == request.port && pinhole.remote == request.remote;
        if (!renews) continue;
        pinhole.inside = request.inside;
        if (host) pinhole.host = host;
        pinhole.description = request.description.substr(0, kMostDescription);
        pinhole.expires = now + request.lifetime;
        timers_.set(id, pinhole.expires);
        write(out);
        return pinhole;
    }
    if (pinholes_.size() >= most_ || of_host >= most_of_host_) {
        ++refused_;
        return fail(because(Refusal::owner_quota));
    }
    Pinhole made{new_id(request.id),
                 request.inside,
                 host,
                 request.proto,
                 request.port,
                 request.remote,
                 request.owner,
                 request.description.substr(0, kMostDescription),
                 now + request.lifetime};
    pinholes_.emplace(made.id, made);
    timers_.set(made.id, made.expires);
    write(out);
    note(Notice::Kind::pinhole_added, made, out);
    return made;
}

PinholeId Pinholes::new_id(PinholeId wanted) {
    const bool fits = wanted > 0 && wanted <= kLastPinholeId && !pinholes_.contains(wanted);
    if (fits) return wanted;
    PinholeId id = 0;
    do {
        id = next_id_;
        next_id_ = next_id_ % kLastPinholeId + 1;
    } while (pinholes_.contains(id));
    return id;
}

Result<Pinhole, Refused> Pinholes::renew(PinholeId id, const Owner& owner, Duration lifetime,
                                         Instant now) {
    const auto found = pinholes_.find(id);
    if (found == pinholes_.end()) return fail(because(Refusal::not_found));
    if (found->second.owner != owner) return fail(because(Refusal::not_owner));
    if (lifetime <= Duration::zero()) return fail(because(Refusal::bad_request));
    found->second.expires = now + lifetime;
    timers_.set(id, found->second.expires);
    return found->second;
}

Result<void, Refused> Pinholes::close(PinholeId id, const Owner& owner, Effects& out) {
    const auto found = pinholes_.find(id);
    if (found == pinholes_.end()) return fail(because(Refusal::not_found));
    if (found->second.owner != owner) return fail(because(Refusal::not_owner));
    timers_.cancel(id);
    erase(id, out);
    return {};
}

void Pinholes::expire(Instant now, Effects& out) {
    while (const auto id = timers_.pop_expired(now))
        erase(*id, out);
}

void Pinholes::erase(PinholeId id, Effects& out) {
    const auto found = pinholes_.find(id);
    note(Notice::Kind::pinhole_ended, found->second, out);
    pinholes_.erase(found);
    write(out);
}

void Pinholes::follow(const IpAddress& address, Effects& out) {
    if (!address.is_v6() || (pinholes_.empty() && fixed_.empty())) return;
    const Host* there = hosts_->find(address);
    if (there != nullptr && there->mac) {
        for (auto& [id, pinhole] : pinholes_) {
            if (!pinhole.host && pinhole.inside == address.v6()) pinhole.host = there->mac;
        }
    }
    write(out);
}

std::vector<PinholeElement> Pinholes::wanted() const {
    std::vector<PinholeElement> out;
    for (const auto& [id, pinhole] : pinholes_)
        add_elements(pinhole, out);
    for (const config::Pinhole& fixed : fixed_)
        add_elements(fixed, out);
    make_set(out);
    return out;
}

void Pinholes::add_elements(const Pinhole& pinhole, std::vector<PinholeElement>& out) const {
    const PinholeElement one{pinhole.inside, pinhole.proto, pinhole.port,
                             pinhole.remote.value_or(Ip6{})};
    if (!passed_on(pinhole.inside, pinhole.host)) out.push_back(one);
    if (pinhole.host) add_elements(*pinhole.host, one, out);
}

void Pinholes::add_elements(const config::Pinhole& fixed, std::vector<PinholeElement>& out) const {
    for (const Proto proto : config::protos_of(fixed.proto)) {
        for (std::uint32_t i = 0; i < fixed.ports.size(); ++i) {
            const auto number = static_cast<std::uint16_t>(fixed.ports.first.number + i);
            const PinholeElement one{fixed.inside.value_or(Ip6{}), proto, Port{number},
                                     fixed.remote.value_or(Ip6{})};
            if (fixed.inside && !passed_on(*fixed.inside, fixed.mac)) out.push_back(one);
            if (fixed.mac) add_elements(*fixed.mac, one, out);
        }
    }
}

void Pinholes::add_elements(const Mac& host, PinholeElement one,
                            std::vector<PinholeElement>& out) const {
    for (const IpAddress& address : hosts_->addresses_of(host)) {
        if (!address.is_v6()) continue;
        one.inside = address.v6();
        out.push_back(one);
    }
}

std::vector<PinholeElement> Pinholes::elements_of(PinholeId id) const {
    std::vector<PinholeElement> out;
    const auto found = pinholes_.find(id);
    if (found == pinholes_.end()) return out;
    add_elements(found->second, out);
    make_set(out);
    out.resize(std::min(out.size(), kMostOfOne));
    return out;
}

bool Pinholes::has_element(const Pinhole& pinhole, const PinholeElement& element) const {
    if (pinhole.proto != element.proto || pinhole.port != element.port ||
        pinhole.remote.value_or(Ip6{}) != element.remote) {
        return false;
    }
    std::vector<PinholeElement> elements;
    add_elements(pinhole, elements);
    return std::find(elements.begin(), elements.end(), element) != elements.end();
}

// Two pinholes may share an element, and then what it counts.
void Pinholes::count(PinholeId id, std::span<const PinholeCount> counts) {
    const auto asked = pinholes_.find(id);
    if (asked == pinholes_.end()) return;
    asked->second.packets = asked->second.packets.value_or(0);
    for (const PinholeCount& one : counts) {
        std::uint64_t& before = counted_[one.element];
        const std::uint64_t more = one.packets < before ? one.packets : one.packets - before;
        before = one.packets;
        for (auto& [other, pinhole] : pinholes_) {
            if (has_element(pinhole, one.element)) {
                pinhole.packets = pinhole.packets.value_or(0) + more;
            }
        }
    }
}

bool Pinholes::passed_on(const Ip6& inside, const std::optional<Mac>& host) const {
    if (!host) return false;
    const Host* there = hosts_->find(inside);
    return there != nullptr && there->mac && *there->mac != *host;
}

void Pinholes::write(Effects& out) {
    if (compared_) compare(written_, out);
}

void Pinholes::compare(std::span<const PinholeElement> seen, Effects& out) {
    std::vector<PinholeElement> before(seen.begin(), seen.end());
    std::sort(before.begin(), before.end());
    std::vector<PinholeElement> now = wanted();
    const auto edit = [&](const std::vector<PinholeElement>& all,
                          const std::vector<PinholeElement>& others, bool add) {
        for (const PinholeElement& element : all) {
            if (std::binary_search(others.begin(), others.end(), element)) continue;
            out.pinholes.push_back({add, element});
            counted_.erase(element);
        }
    };
    edit(before, now, false);
    edit(now, before, true);
    written_ = std::move(now);
    compared_ = true;
}

}  // namespace gatehouse::nat
