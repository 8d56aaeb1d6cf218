// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/claims.h"

#include <algorithm>
#include <utility>

#include "gateway/base/text.h"

namespace gatehouse::upnp {

namespace {

constexpr PortRange kAllPorts{{0}, {65535}};

ClaimRefused denied(Denial denial) {
    ClaimRefused out;
    out.denial = denial;
    return out;
}

ClaimRefused refused(const nat::Refused& why) {
    ClaimRefused out;
    out.refused = why;
    return out;
}

ClaimRefused refused(nat::Refusal reason) {
    ClaimRefused out;
    out.refused.reason = reason;
    return out;
}

}  // namespace

Claims::Claims(nat::MappingService& service, const nat::Hosts& hosts, const Authority& authority)
    : service_(service),
      hosts_(hosts),
      authority_(authority),
      subscription_(service.subscribe([this](const nat::ServiceNotice& notice) { note(notice); })) {
    for (const nat::Forward& forward : service_.forwards())
        note({nat::ServiceNotice::Kind::forward_added, {}, forward});
}

Claims::~Claims() {
    service_.unsubscribe(subscription_);
}

nat::Owner Claims::owner_of(const MapWish& wish) {
    std::string id = wish.client.to_string();
    if (!wish.nonce.empty()) append(id, ' ', wish.nonce);
    return {wish.kind, id};
}

void Claims::take_over(const MapWish& wish, const nat::Owner& owner, Instant now) {
    if (!wish.outside) return;
    const nat::Forward* there = find(wish.proto, *wish.outside, wish.remote);
    if (there == nullptr || there->owner == owner || there->inside != wish.inside) return;
    const bool yields =
        there->owner.kind == nat::OwnerKind::igd || there->owner.kind == nat::OwnerKind::natpmp;
    if (!yields || there->inside.address != wish.client) return;
    end(*there, now);
}

// Programs that speak PCP and UPnP at once ask for one port by both, and would get two.
const nat::Forward* Claims::share(const MapWish& wish, Instant now) {
    if (wish.kind == nat::OwnerKind::pcp || !wish.outside || !wish.enabled) return nullptr;
    const nat::Forward* there = find(wish.proto, *wish.outside, wish.remote);
    const bool own = there != nullptr && there->owner.kind == nat::OwnerKind::pcp &&
                     there->inside == wish.inside &&
                     there->owner.id.view().starts_with(concat(wish.client.to_string(), ' '));
    if (!own) return nullptr;
    const Duration lifetime = std::min<Duration>(wish.lifetime, kShared);
    if (there->expires < now + lifetime) {
        const nat::Owner owner = there->owner;
        (void)service_.renew(there->id, owner, lifetime, now);
    }
    return there;
}

void Claims::end(const nat::Forward& forward, Instant now) {
    const nat::Owner owner = forward.owner;
    (void)service_.release(forward.id, owner, now);
}

void Claims::end(const std::vector<nat::ForwardId>& ids, Instant now) {
    for (const nat::ForwardId id : ids) {
        if (const nat::Forward* forward = find(id)) end(*forward, now);
    }
}

Result<nat::Forward, ClaimRefused> Claims::map(const MapWish& wish, Instant now) {
    const auto denial =
        authority_.judge({wish.client, wish.inside.address, wish.inside.port, wish.outside});
    // Where another outside port will do, a closed one is only a wish that is not granted.
    const bool other_port_will_do = denial == Denial::outside_port && !wish.must_have_port;
    if (denial && !other_port_will_do) return fail(denied(*denial));
    if (const nat::Forward* shared = denial ? nullptr : share(wish, now)) return *shared;
    nat::ForwardRequest request;
    request.proto = wish.proto;
    if (!other_port_will_do) request.outside = wish.outside;
    request.must_have_port = wish.must_have_port;
    request.inside = wish.inside;
    request.remote = wish.remote;
    request.lifetime = wish.lifetime;
    request.owner = owner_of(wish);
    request.description = wish.description;
    request.enabled = wish.enabled;
    take_over(wish, request.owner, now);
    if (const auto why = change_filter(wish, request.owner, now)) return fail(*why);
    const auto made = this->request(std::move(request), now);
    if (!made) return fail(refused(made.error()));
    // The allocator chose a port; that one may be closed, too.
    if (!authority_.may_map(wish.inside.address, made->outside.port, wish.inside.port)) {
        end(*made, now);
        return fail(denied(Denial::outside_port));
    }
    Claim* claim = claim_of(made->id);
    claim->seen = now;
    claim->unlimited = wish.unlimited;
    const nat::Host* host = hosts_.find(wish.inside.address);
    if (host != nullptr) claim->mac = host->mac;
    if (!next_look_) next_look_ = now + kLook;
    return *made;
}

// Where a port is taken that the allocator would give, its neighbours are tried.
Result<nat::Forward, nat::Refused> Claims::request(nat::ForwardRequest request, Instant now) {
    constexpr unsigned kTries = 16;
    constexpr std::uint16_t kFirst = 1024;
    for (unsigned i = 0; i < kTries; ++i) {
        const bool taken = request.outside && is_taken(request.proto, *request.outside);
        if (taken && request.must_have_port) break;
        if (!taken) {
            auto made = service_.request(request, now);
            if (!made || !is_taken(request.proto, made->outside.port)) return made;
            (void)service_.release(made->id, request.owner, now);
            request.outside = made->outside.port;
        }
        const auto next = static_cast<std::uint16_t>(request.outside->number + 1);
        request.outside = Port{std::max(next, kFirst)};
    }
    nat::Refused why;
    why.reason = request.must_have_port ? nat::Refusal::port_taken : nat::Refusal::pool_empty;
    why.holder = nat::Refused::Holder::router;
    return fail(std::move(why));
}

// A PCP client that asks with another filter keeps its mapping.
std::optional<ClaimRefused> Claims::change_filter(const MapWish& wish, const nat::Owner& owner,
                                                  Instant now) {
    if (wish.nonce.empty() || wish.is_peer) return std::nullopt;
    const nat::Forward* own = find_own(wish.kind, wish.nonce, wish.proto, wish.inside);
    if (own == nullptr || own->remote == wish.remote) return std::nullopt;
    const auto admitted = service_.admit(own->id, owner, wish.remote, now);
    if (admitted) return std::nullopt;
    return refused(admitted.error());
}

std::size_t Claims::place_of(nat::ForwardId id) const {
    const auto place = std::lower_bound(
        claims_.begin(), claims_.end(), id,
        [](const Claim& claim, nat::ForwardId wanted) { return claim.id < wanted; });
    return static_cast<std::size_t>(place - claims_.begin());
}

Claims::Claim* Claims::claim_of(nat::ForwardId id) {
    const std::size_t place = place_of(id);
    const bool there = place < claims_.size() && claims_[place].id == id && claims_[place].asked;
    return there ? &claims_[place] : nullptr;
}

Result<void, ClaimRefused> Claims::unmap(Ip4 client, nat::ForwardId id, Instant now,
                                         std::string_view nonce) {
    const nat::Forward* forward = service_.find_forward(id);
    if (forward == nullptr) return fail(refused(nat::Refusal::not_found));
    if (const auto denial = authority_.judge_end(client, *forward, nonce)) {
        return fail(denied(*denial));
    }
    const nat::Owner owner = forward->owner;
    const auto released = service_.release(id, owner, now);
    if (!released) return fail(refused(released.error()));
    return {};
}

const nat::Forward* Claims::find(Proto proto, Port outside, std::optional<Ip4> remote) const {
    const nat::Forward* found = service_.find_forward(proto, outside, remote);
    if (found == nullptr || found->owner.kind == nat::OwnerKind::sip) return nullptr;
    return found->remote == remote ? found : nullptr;
}

std::vector<const nat::Forward*> Claims::leading_to(nat::OwnerKind kind, Proto proto,
                                                    Endpoint4 inside) const {
    auto out = service_.forwards_to(proto, inside.address, {inside.port, inside.port});
    std::erase_if(out, [kind](const nat::Forward* one) { return one->owner.kind != kind; });
    return out;
}

const nat::Forward* Claims::find_own(nat::OwnerKind kind, std::string_view nonce, Proto proto,
                                     Endpoint4 inside) const {
    const auto all = leading_to(kind, proto, inside);
    const auto found = std::find_if(all.begin(), all.end(), [nonce](const nat::Forward* one) {
        return one->owner.id.view().ends_with(nonce);
    });
    return found == all.end() ? nullptr : *found;
}

void Claims::note(const nat::ServiceNotice& notice) {
    using Kind = nat::ServiceNotice::Kind;
    if (notice.kind == Kind::outside_changed) return;
    const nat::Forward& forward = notice.forward;
    if (forward.owner.kind == nat::OwnerKind::sip) return;
    ++generation_;
    switch (notice.kind) {
        case Kind::forward_added: {
            Claim claim;
            claim.id = forward.id;
            claim.asked = is_asked(forward.owner.kind);
            claims_.insert(claims_.begin() + static_cast<std::ptrdiff_t>(place_of(claim.id)),
                           claim);
            [[fallthrough]];
        }
        case Kind::forward_changed:
            if (is_asked(forward.owner.kind)) changed_.push_back(forward.id);
            break;
        case Kind::forward_failed: break;
        default: forget(forward); break;
    }
}

void Claims::forget(const nat::Forward& last) {
    const std::size_t place = place_of(last.id);
    if (place == claims_.size() || claims_[place].id != last.id) return;
    if (claims_[place].asked) removed_.push_back(last);
    claims_.erase(claims_.begin() + static_cast<std::ptrdiff_t>(place));
}

bool Claims::is_present(const nat::Forward& forward, const Claim& claim) const {
    const nat::Host* host = hosts_.find(forward.inside.address);
    return host != nullptr && host->seen && (!claim.mac || !host->mac || claim.mac == host->mac);
}

Result<nat::Pinhole, nat::Refused> Claims::open_pinhole(const nat::PinholeRequest& request,
                                                        Instant now) {
    auto opened = service_.open_pinhole(request, now);
    if (opened) changed_pinholes_.push_back(opened->id);
    return opened;
}

Result<nat::Pinhole, nat::Refused> Claims::renew_pinhole(nat::PinholeId id, const nat::Owner& owner,
                                                         Duration lifetime, Instant now) {
    auto renewed = service_.renew_pinhole(id, owner, lifetime, now);
    if (renewed) changed_pinholes_.push_back(id);
    return renewed;
}

Result<void, nat::Refused> Claims::close_pinhole(nat::PinholeId id, const nat::Owner& owner,
                                                 Instant now) {
    auto closed = service_.close_pinhole(id, owner, now);
    if (closed) changed_pinholes_.push_back(id);
    return closed;
}

void Claims::host_changed(const IpAddress& address, Instant now) {
    if (!address.is_v4()) return;
    const nat::Host* host = hosts_.find(address);
    if (host == nullptr || !host->mac) return;
    std::vector<nat::ForwardId> lost;
    for (const Proto proto : {Proto::tcp, Proto::udp}) {
        for (const nat::Forward* one : service_.forwards_to(proto, address.v4(), kAllPorts)) {
            Claim* claim = claim_of(one->id);
            if (claim == nullptr) continue;
            if (!claim->mac) {
                claim->mac = host->mac;
                changed_.push_back(one->id);
            } else if (claim->mac != host->mac) {
                lost.push_back(one->id);
            }
        }
    }
    end(lost, now);
}

void Claims::in_use(const std::vector<nat::ForwardId>& ids, Instant now, Effects& out) {
    for (const nat::ForwardId id : ids) {
        if (Claim* claim = claim_of(id)) claim->busy = true;
    }
    std::vector<nat::ForwardId> renewed;
    std::vector<nat::ForwardId> gone;
    std::vector<Ip4> idle;
    for (Claim& claim : claims_) {
        if (!claim.asked) continue;
        const nat::Forward& forward = *find(claim.id);
        const Ip4 host = forward.inside.address;
        const bool busy = std::exchange(claim.busy, false);
        if (busy || is_present(forward, claim)) claim.seen = now;
        if (busy && claim.unlimited) renewed.push_back(claim.id);
        if (now - claim.seen >= kPatience) {
            gone.push_back(claim.id);
        } else if (!busy && std::find(idle.begin(), idle.end(), host) == idle.end()) {
            idle.push_back(host);
        }
    }
    for (const Ip4 host : idle) {
        const Lan* lan = authority_.lan_of(host);
        if (lan != nullptr) out.probes.push_back({lan->name, host});
    }
    for (const nat::ForwardId id : renewed)
        (void)service_.renew(id, find(id)->owner, kUnlimited, now);
    end(gone, now);
}

void Claims::judge_again(Instant now) {
    std::vector<nat::ForwardId> lost;
    for (const Claim& claim : claims_) {
        const bool may = !claim.asked || authority_.still_allows(*find(claim.id), claim.mac);
        if (!may) lost.push_back(claim.id);
    }
    end(lost, now);
    for (const nat::Pinhole* pinhole : service_.pinholes()) {
        if (authority_.still_allows(*pinhole)) continue;
        const nat::Owner owner = pinhole->owner;
        (void)close_pinhole(pinhole->id, owner, now);
    }
}

void Claims::tick(Instant now, Effects& out) {
    if (!next_look_ || *next_look_ > now) return;
    next_look_.reset();
    const auto asked = [](const Claim& claim) { return claim.asked; };
    if (std::none_of(claims_.begin(), claims_.end(), asked)) return;
    next_look_ = now + kLook;
    out.ask_in_use = true;
}

std::optional<Instant> Claims::next_deadline() const {
    return next_look_;
}

}  // namespace gatehouse::upnp
