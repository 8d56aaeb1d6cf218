// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/forwards.h"

#include <algorithm>
#include <cassert>
#include <tuple>

namespace gatehouse::nat {

namespace {

constexpr std::uint32_t kMostPorts = 16384;  // of all forwards

bool is_asked(const Owner& owner) {
    return owner.kind == OwnerKind::igd || owner.kind == OwnerKind::natpmp ||
           owner.kind == OwnerKind::pcp;
}

Port at_index(Port first, std::uint32_t index) {
    return Port{static_cast<std::uint16_t>(first.number + index)};
}

Endpoint4 at_index(Endpoint4 first, std::uint32_t index) {
    return {first.address, at_index(first.port, index)};
}

bool are_pair(const Forward& first, const Forward& second) {
    return first.outside.port.number % 2 == 0 && second.outside == at_index(first.outside, 1);
}

Refused because(Refusal reason) {
    Refused refused;
    refused.reason = reason;
    return refused;
}

Refused taken_by(const Forward& forward) {
    return {Refusal::port_taken, Refused::Holder::forward, forward.inside, forward.owner.kind,
            std::string(forward.description)};
}

}  // namespace

void ForwardOrder::insert(Forward& forward) {
    all_.insert(all_.end() - static_cast<std::ptrdiff_t>(from(forward).size()), &forward);
}

void ForwardOrder::erase(const Forward& forward) {
    all_.erase(all_.end() - static_cast<std::ptrdiff_t>(from(forward).size()));
}

std::span<Forward* const> ForwardOrder::from(const Forward& key) const {
    const auto place =
        std::lower_bound(all_.begin(), all_.end(), &key,
                         [this](const Forward* a, const Forward* b) { return before_(*a, *b); });
    return {place, all_.end()};
}

Forwards::Forwards(Ledger& ledger, Listener listener)
    : ledger_(ledger),
      listener_(std::move(listener)),
      by_inside_([](const Forward& a, const Forward& b) {
          return std::tie(a.proto, a.inside, a.id) < std::tie(b.proto, b.inside, b.id);
      }),
      by_end_([](const Forward& a, const Forward& b) {
          return std::tie(a.expires, a.id) < std::tie(b.expires, b.id);
      }) {}

std::size_t Forwards::place_of(ForwardId id) const {
    const auto place =
        std::lower_bound(forwards_.begin(), forwards_.end(), id,
                         [](const auto& one, ForwardId wanted) { return one->id < wanted; });
    return static_cast<std::size_t>(place - forwards_.begin());
}

Forward* Forwards::held(ForwardId id) const {
    const std::size_t place = place_of(id);
    const bool there = place < forwards_.size() && forwards_[place]->id == id;
    return there ? forwards_[place].get() : nullptr;
}

const Forward* Forwards::find(ForwardId id) const {
    return held(id);
}

Result<Forward*, Refused> Forwards::owned(ForwardId id, const Owner& owner) const {
    Forward* forward = held(id);
    if (forward == nullptr) return gatehouse::fail(because(Refusal::not_found));
    if (forward->owner != owner) return gatehouse::fail(because(Refusal::not_owner));
    return forward;
}

const Forward* Forwards::find(Proto proto, Port outside, std::optional<Ip4> remote) const {
    const MappingId id =
        ledger_.table().find_outside(proto, {ledger_.outside().primary(), outside});
    if (id == kNoMapping) return nullptr;
    const Mapping& mapping = ledger_.table().at(id);
    const Forward* holder = find(mapping.forward);
    if (holder == nullptr || holder->remote == remote) return holder;
    // Only restricted forwards share a port.
    if (!holder->remote || !remote) return nullptr;
    return oldest(proto, mapping.inside, [&](const Forward& other) {
        return other.covers(proto, outside) && other.remote == remote;
    });
}

std::optional<Refused> Forwards::invalid(const ForwardRequest& request) const {
    if (request.proto != Proto::tcp && request.proto != Proto::udp) {
        return because(Refusal::protocol);
    }
    if (request.count > kMostForwardPorts) return because(Refusal::too_many_ports);
    const bool bad =
        request.count == 0 || request.inside.port.number == 0 || request.inside.address.is_any() ||
        request.inside.port.number + request.count > 65536 ||
        (request.outside &&
         (request.outside->number == 0 || request.outside->number + request.count > 65536)) ||
        (request.must_have_port && !request.outside) ||
        (request.lifetime && *request.lifetime <= Duration::zero()) ||
        (request.remote && request.remote->is_any());
    if (bad) return because(Refusal::bad_request);
    return std::nullopt;
}

std::optional<Refused> Forwards::over_quota(const ForwardRequest& request) {
    const bool full = forwards_.size() >= kMostForwards || ports_ + request.count > kMostPorts;
    if (full) {
        ++refused_;
        return because(Refusal::owner_quota);
    }
    if (!is_asked(request.owner)) return std::nullopt;
    const auto host = asked_by_host_.find(request.inside.address);
    const std::uint32_t asked = host == asked_by_host_.end() ? 0 : host->second;
    if (asked >= host_quota_ || asked_ >= quota_) {
        ++refused_asked_;
        return because(Refusal::owner_quota);
    }
    return std::nullopt;
}

std::optional<Refused> Forwards::in_the_way(const ForwardRequest& request, std::uint32_t index,
                                            Port outside) const {
    const bool fixed = is_fixed(request.owner);
    if (!fixed && ledger_.outside().is_reserved(request.proto, outside)) {
        return Refused{Refusal::port_reserved, Refused::Holder::router, {}, {}, {}};
    }
    const MappingId id =
        ledger_.table().find_outside(request.proto, {ledger_.outside().primary(), outside});
    if (id == kNoMapping) return std::nullopt;
    const Mapping& mapping = ledger_.table().at(id);
    if (mapping.forward == 0) {
        const bool own = mapping.inside.address == request.inside.address;
        const bool rests =
            mapping.state == MappingState::quarantined || mapping.state == MappingState::resting;
        if (own || rests || fixed) return std::nullopt;
        return Refused{Refusal::port_taken, Refused::Holder::traffic, mapping.inside, {}, {}};
    }
    const Forward* holder = find(mapping.forward);
    assert(holder != nullptr);
    const bool shares = holder->remote && request.remote &&
                        mapping.inside == at_index(request.inside, index) &&
                        find(request.proto, outside, request.remote) == nullptr;
    if (shares) return std::nullopt;
    return taken_by(*holder);
}

std::optional<Refused> Forwards::in_the_way(const ForwardRequest& request, Port outside) const {
    for (std::uint32_t index = 0; index < request.count; ++index) {
        if (auto refused = in_the_way(request, index, at_index(outside, index))) return refused;
    }
    return std::nullopt;
}

std::span<Forward* const> Forwards::beginning_at(Proto proto, Ip4 host, PortRange ports) const {
    Forward key;
    key.proto = proto;
    key.inside = {host, ports.first};
    const auto rest = by_inside_.from(key);
    std::size_t count = 0;
    while (count < rest.size() && rest[count]->proto == proto &&
           rest[count]->inside <= Endpoint4{host, ports.last}) {
        ++count;
    }
    return rest.first(count);
}

// The forward that this request renews.
Forward* Forwards::same(const ForwardRequest& request) const {
    if (request.must_have_port) {
        const Forward* found = find(request.proto, *request.outside, request.remote);
        const bool renews = found != nullptr && found->owner == request.owner &&
                            found->outside.port == *request.outside &&
                            found->remote == request.remote;
        return renews ? held(found->id) : nullptr;
    }
    const Endpoint4 inside = request.inside;
    for (Forward* forward :
         beginning_at(request.proto, inside.address, {inside.port, inside.port})) {
        if (forward->owner == request.owner && forward->remote == request.remote) return forward;
    }
    return nullptr;
}

// Whatever its remote is.
Forward* Forwards::of_owner(const ForwardRequest& request) const {
    const Endpoint4 inside = request.inside;
    for (Forward* forward :
         beginning_at(request.proto, inside.address, {inside.port, inside.port})) {
        if (forward->owner == request.owner && forward->count == 1) return forward;
    }
    return nullptr;
}

Result<Forward, Refused> Forwards::update(Forward& forward, const ForwardRequest& request,
                                          Instant now) {
    const bool other_shape = forward.inside != request.inside || forward.count != request.count ||
                             forward.enabled != request.enabled;
    if (other_shape) {
        ForwardRequest wider = request;
        wider.must_have_port = true;
        wider.outside = forward.outside.port;
        // Only what this forward does not hold itself can be in the way.
        for (std::uint32_t i = forward.count; i < request.count; ++i) {
            auto refused = in_the_way(wider, i, at_index(forward.outside.port, i));
            if (refused) return gatehouse::fail(std::move(*refused));
        }
        for (std::uint32_t i = 0; request.inside != forward.inside && i < forward.count; ++i) {
            if (sibling(forward, i)) return gatehouse::fail(taken_by(forward));
        }
        deactivate(forward, now, false);
        count(forward, -1);
        by_inside_.erase(forward);
        forward.inside = request.inside;
        forward.count = request.count;
        forward.enabled = request.enabled;
        by_inside_.insert(forward);
        count(forward, 1);
        activate(forward, now);
    }
    forward.description = request.description.substr(0, kMostDescription);
    set_end(forward, request.lifetime, now);
    tell(ServiceNotice::Kind::forward_changed, forward);
    return forward;
}

void Forwards::set_end(Forward& forward, std::optional<Duration> lifetime, Instant now) {
    by_end_.erase(forward);
    forward.expires = lifetime ? now + *lifetime : kNever;
    by_end_.insert(forward);
}

std::optional<Port> Forwards::search(const ForwardRequest& request, Port wanted) const {
    const Ip4 primary = ledger_.outside().primary();
    PortPool& pool = ledger_.outside().pool(primary, request.proto);
    const std::uint64_t random = ledger_.random_for(request.proto, request.inside, {});
    if (request.count == 1) {
        const auto port = pool.pick(wanted, config::PortChoice::preserve, random);
        if (port) pool.release(*port);
        return port;
    }
    // The first run of free ports from a place on that nobody outside can guess.
    std::uint32_t run = 0;
    const auto start = static_cast<std::uint32_t>(random % 65536);
    for (std::uint32_t step = 0; step < 65536 + request.count; ++step) {
        const auto number = static_cast<std::uint16_t>(start + step);
        if (number == 0) run = 0;
        run = pool.is_allowed(Port{number}) && !pool.is_owned(Port{number}) ? run + 1 : 0;
        if (run == request.count) {
            return Port{static_cast<std::uint16_t>(number - request.count + 1)};
        }
    }
    return std::nullopt;
}

Result<Port, Refused> Forwards::choose(const ForwardRequest& request) const {
    const Port wanted = request.outside ? *request.outside : request.inside.port;
    const bool fits = wanted.number + request.count <= 65536;
    // A port that nobody asked for comes from the range only.
    const Ip4 primary = ledger_.outside().primary();
    const bool allowed = request.outside.has_value() ||
                         ledger_.outside().pool(primary, request.proto).is_allowed(wanted);
    auto refused =
        fits ? in_the_way(request, wanted) : std::optional(because(Refusal::bad_request));
    if (!refused && (allowed || request.must_have_port)) return wanted;
    if (request.must_have_port) return gatehouse::fail(std::move(*refused));
    if (const auto port = search(request, wanted)) return *port;
    return gatehouse::fail(because(Refusal::pool_empty));
}

Forward& Forwards::insert(const ForwardRequest& request, Port outside, Instant now) {
    auto made = std::make_unique<Forward>();
    Forward& forward = *made;
    do {
        forward.id = next_id_++;
    } while (forward.id == 0 || held(forward.id) != nullptr);
    forward.proto = request.proto;
    forward.outside = {ledger_.outside().primary(), outside};
    forward.count = request.count;
    forward.inside = request.inside;
    forward.remote = request.remote;
    forward.owner = request.owner;
    forward.description = request.description.substr(0, kMostDescription);
    forward.enabled = request.enabled;
    forward.created = now;
    forward.expires = request.lifetime ? now + *request.lifetime : kNever;
    forwards_.insert(forwards_.begin() + static_cast<std::ptrdiff_t>(place_of(forward.id)),
                     std::move(made));
    by_inside_.insert(forward);
    by_end_.insert(forward);
    count(forward, 1);
    activate(forward, now);
    tell(ServiceNotice::Kind::forward_added, forward);
    return forward;
}

Result<Forward, Refused> Forwards::request(const ForwardRequest& request, Instant now) {
    ledger_.release_rested(now);
    if (auto refused = invalid(request)) return gatehouse::fail(std::move(*refused));
    if (Forward* forward = same(request)) return update(*forward, request, now);
    if (auto refused = over_quota(request)) return gatehouse::fail(std::move(*refused));
    const auto port = choose(request);
    if (!port) return port.failure();
    return insert(request, *port, now);
}

// Whether the outside port is free, or that of this inside endpoint already.
bool Forwards::suits(const ForwardRequest& request, Port outside) const {
    const Ip4 primary = ledger_.outside().primary();
    if (!ledger_.outside().pool(primary, request.proto).is_allowed(outside)) return false;
    const MappingId id = ledger_.table().find_outside(request.proto, {primary, outside});
    if (id == kNoMapping) return true;
    const Mapping& mapping = ledger_.table().at(id);
    return mapping.forward == 0 && mapping.inside == request.inside;
}

// The even port of a pair. Media that runs already keeps its port, where that is an even one.
std::optional<Port> Forwards::choose_pair(const ForwardRequest& one,
                                          const ForwardRequest& other) const {
    const Ip4 primary = ledger_.outside().primary();
    std::vector<Port> wanted;
    if (one.outside) wanted.push_back(*one.outside);
    const MappingId runs = ledger_.table().find({one.proto, one.inside, {}});
    if (runs != kNoMapping && ledger_.table().at(runs).outside.address == primary) {
        wanted.push_back(ledger_.table().at(runs).outside.port);
    }
    wanted.push_back(Port{static_cast<std::uint16_t>(one.inside.port.number & 0xfffeU)});
    for (const Port port : wanted) {
        if (port.number % 2 == 0 && suits(one, port) && suits(other, at_index(port, 1))) {
            return port;
        }
    }
    PortPool& pool = ledger_.outside().pool(primary, Proto::udp);
    const auto even =
        pool.pick_pair(one.inside.port, ledger_.random_for(Proto::udp, one.inside, {}));
    if (!even) return std::nullopt;
    pool.release(*even);
    pool.release(at_index(*even, 1));
    return even;
}

Result<ForwardPair, Refused> Forwards::request_pair(const PairRequest& request, Instant now) {
    ledger_.release_rested(now);
    ForwardRequest one;
    one.proto = Proto::udp;
    one.inside = request.first;
    one.remote = request.remote;
    one.lifetime = request.lifetime;
    one.owner = request.owner;
    one.description = request.description;
    ForwardRequest other = one;
    other.inside = request.second;
    if (auto refused = invalid(one)) return gatehouse::fail(std::move(*refused));
    if (auto refused = invalid(other)) return gatehouse::fail(std::move(*refused));
    if (request.first == request.second) return gatehouse::fail(because(Refusal::bad_request));
    Forward* first = of_owner(one);
    Forward* second = of_owner(other);
    if (first != nullptr && second != nullptr && are_pair(*first, *second)) {
        for (Forward* half : {first, second}) {
            const auto admitted = admit(half->id, request.owner, request.remote);
            if (!admitted) return admitted.failure();
        }
        const auto renewed = update(*first, one, now);
        const auto also = update(*second, other, now);
        return ForwardPair{*renewed, *also};
    }
    if (auto refused = over_quota(one)) return gatehouse::fail(std::move(*refused));
    // Half a pair is of no use: what is there of an old one goes.
    for (const Forward* half : {first, second}) {
        if (half != nullptr) erase(half->id, Ends::forward_released, now);
    }
    one.outside = request.outside;
    const auto even = choose_pair(one, other);
    if (!even) return gatehouse::fail(because(Refusal::pool_empty));
    const Forward made = insert(one, *even, now);
    return ForwardPair{made, insert(other, at_index(*even, 1), now)};
}

Result<Forward, Refused> Forwards::renew(ForwardId id, const Owner& owner,
                                         std::optional<Duration> lifetime, Instant now) {
    const auto forward = owned(id, owner);
    if (!forward) return forward.failure();
    if (lifetime && *lifetime <= Duration::zero()) {
        return gatehouse::fail(because(Refusal::bad_request));
    }
    set_end(**forward, lifetime, now);
    tell(ServiceNotice::Kind::forward_changed, **forward);
    return **forward;
}

Result<Forward, Refused> Forwards::admit(ForwardId id, const Owner& owner,
                                         std::optional<Ip4> remote) {
    const auto found = owned(id, owner);
    if (!found) return found.failure();
    Forward& forward = **found;
    if (remote == forward.remote) return forward;
    if (remote && remote->is_any()) return gatehouse::fail(because(Refusal::bad_request));
    for (std::uint32_t i = 0; i < forward.count; ++i) {
        const Forward* other = sibling(forward, i);
        if (other != nullptr && remote)
            other = find(forward.proto, at_index(forward.outside.port, i), remote);
        if (other != nullptr) return gatehouse::fail(taken_by(*other));
    }
    for (std::uint32_t i = 0; i < forward.count; ++i)
        write_doors(forward, i, false);
    forward.remote = remote;
    for (std::uint32_t i = 0; i < forward.count; ++i)
        write_doors(forward, i, true);
    tell(ServiceNotice::Kind::forward_changed, forward);
    return forward;
}

Result<void, Refused> Forwards::release(ForwardId id, const Owner& owner, Instant now) {
    const auto forward = owned(id, owner);
    if (!forward) return forward.failure();
    erase(id, Ends::forward_released, now);
    try_waiting(now);
    return {};
}

std::optional<Instant> Forwards::next_deadline() const {
    const Forward* first = by_end_.first();
    return first == nullptr || first->expires == kNever ? std::nullopt
                                                        : std::optional(first->expires);
}

void Forwards::expire(Instant now) {
    while (by_end_.first() != nullptr && by_end_.first()->expires <= now)
        erase(by_end_.first()->id, Ends::forward_expired, now);
}

void Forwards::note_failure(ForwardId id) {
    if (const Forward* forward = held(id)) tell(ServiceNotice::Kind::forward_failed, *forward);
}

void Forwards::erase(ForwardId id, Ends why, Instant now) {
    const std::size_t place = place_of(id);
    const std::unique_ptr<Forward> forward = std::move(forwards_[place]);
    by_inside_.erase(*forward);
    by_end_.erase(*forward);
    forwards_.erase(forwards_.begin() + static_cast<std::ptrdiff_t>(place));
    count(*forward, -1);
    deactivate(*forward, now, false);
    tell(why, *forward);
}

void Forwards::count(const Forward& forward, int step) {
    const auto change = static_cast<std::uint32_t>(step);
    ports_ += change * forward.count;
    if (!is_asked(forward.owner)) return;
    asked_ += change;
    std::uint32_t& host = asked_by_host_[forward.inside.address];
    host += change;
    if (host == 0) asked_by_host_.erase(forward.inside.address);
}

void Forwards::tell(ServiceNotice::Kind kind, const Forward& forward) {
    Notice notice;
    switch (kind) {
        case ServiceNotice::Kind::forward_added: notice.kind = Notice::Kind::forward_added; break;
        case ServiceNotice::Kind::forward_expired:
            notice.kind = Notice::Kind::forward_expired;
            break;
        case ServiceNotice::Kind::forward_released:
            notice.kind = Notice::Kind::forward_released;
            break;
        case ServiceNotice::Kind::forward_failed: notice.kind = Notice::Kind::forward_failed; break;
        default: notice.kind = Notice::Kind::forward_changed; break;
    }
    notice.proto = forward.proto;
    notice.owner = forward.owner.kind;
    notice.id = forward.id;
    notice.inside = forward.inside;
    notice.outside = forward.outside;
    if (forward.remote) notice.remote.address = *forward.remote;
    ledger_.writer().effects().notices.push_back(notice);
    listener_(kind, forward);
}

}  // namespace gatehouse::nat
