// SPDX-License-Identifier: GPL-2.0-or-later
//
// The engine as the rooms see it, and as the control interface lists it.
#include "gateway/base/parts.h"
#include "gateway/nat/engine.h"

namespace gatehouse::nat {

template <class Call>
auto Engine::serve(Call&& call) {
    EditWriter& writer = ledger_.writer();
    const std::size_t notices = outbox_.notices.size();
    writer.begin(outbox_);
    auto result = call();
    const BatchId batch = writer.end();
    if (batch != 0) {
        for (std::size_t i = notices; i < outbox_.notices.size(); ++i) {
            const Notice& notice = outbox_.notices[i];
            if (notice.kind == Notice::Kind::forward_added) made_in_[batch].push_back(notice.id);
        }
    }
    return result;
}

template <class Answer>
Answer Engine::counted(Answer answer) {
    if (!answer) ++ledger_.counters().refused[static_cast<std::size_t>(answer.error().reason)];
    return answer;
}

Result<Forward, Refused> Engine::request(const ForwardRequest& request, Instant now) {
    return counted(serve([&] { return forwards_.request(request, now); }));
}

Result<ForwardPair, Refused> Engine::request_pair(const PairRequest& request, Instant now) {
    return counted(serve([&] { return forwards_.request_pair(request, now); }));
}

Result<Forward, Refused> Engine::renew(ForwardId id, const Owner& owner,
                                       std::optional<Duration> lifetime, Instant now) {
    return counted(serve([&] { return forwards_.renew(id, owner, lifetime, now); }));
}

Result<Forward, Refused> Engine::admit(ForwardId id, const Owner& owner, std::optional<Ip4> remote,
                                       Instant) {
    return serve([&] { return forwards_.admit(id, owner, remote); });
}

Result<void, Refused> Engine::release(ForwardId id, const Owner& owner, Instant now) {
    return serve([&] { return forwards_.release(id, owner, now); });
}

std::vector<Forward> Engine::forwards() const {
    std::vector<Forward> out;
    out.reserve(forwards_.all().size());
    for (const auto& forward : forwards_.all())
        out.push_back(*forward);
    return out;
}

const Forward* Engine::find_forward(ForwardId id) const {
    return forwards_.find(id);
}

const Forward* Engine::find_forward(Proto proto, Port outside, std::optional<Ip4> remote) const {
    return forwards_.find(proto, outside, remote);
}

OutsideAddress Engine::outside_address() const {
    const Ip4 address = ledger_.outside().primary();
    return {address, reach_of(address)};
}

std::optional<Endpoint4> Engine::outside_of(Proto proto, Endpoint4 inside, Endpoint4 remote) const {
    const MappingId id = ledger_.find(proto, inside, remote);
    if (id == kNoMapping) return std::nullopt;
    const Mapping& mapping = ledger_.table().at(id);
    if (mapping.state != MappingState::live || mapping.outside.address.is_any()) {
        return std::nullopt;
    }
    return mapping.outside;
}

std::optional<Endpoint4> Engine::inside_of(Proto proto, Endpoint4 outside) const {
    const MappingId id = ledger_.table().find_outside(proto, outside);
    if (id == kNoMapping) return std::nullopt;
    const Mapping& mapping = ledger_.table().at(id);
    const bool in_use =
        mapping.state == MappingState::live || mapping.state == MappingState::retired;
    if (!in_use) return std::nullopt;
    return mapping.inside;
}

Result<Pinhole, Refused> Engine::open_pinhole(const PinholeRequest& request, Instant now) {
    if (!kHasIpv6) return fail(Refused{});
    return counted(pinholes_.open(request, now, outbox_));
}

Result<Pinhole, Refused> Engine::renew_pinhole(PinholeId id, const Owner& owner, Duration lifetime,
                                               Instant now) {
    return counted(pinholes_.renew(id, owner, lifetime, now));
}

Result<void, Refused> Engine::close_pinhole(PinholeId id, const Owner& owner, Instant) {
    return pinholes_.close(id, owner, outbox_);
}

std::vector<const Pinhole*> Engine::pinholes() const {
    std::vector<const Pinhole*> out;
    out.reserve(pinholes_.all().size());
    for (const auto& [id, pinhole] : pinholes_.all())
        out.push_back(&pinhole);
    return out;
}

const Pinhole* Engine::find_pinhole(PinholeId id) const {
    const auto found = pinholes_.all().find(id);
    return found == pinholes_.all().end() ? nullptr : &found->second;
}

std::uint32_t Engine::subscribe(ServiceListener listener) {
    const std::uint32_t id = next_subscription_++;
    listeners_.emplace(id, std::move(listener));
    return id;
}

void Engine::unsubscribe(std::uint32_t subscription) {
    listeners_.erase(subscription);
}

std::optional<MappingView> Engine::view_of(const Mapping& mapping, Instant now) const {
    if (mapping.state != MappingState::live && mapping.state != MappingState::retired) {
        return std::nullopt;
    }
    MappingView view;
    view.proto = mapping.proto;
    view.inside = mapping.inside;
    view.outside = mapping.outside;
    view.remote = mapping.remote;
    view.state = mapping.state;
    view.forward = mapping.forward != 0 ? forwards_.find(mapping.forward) : nullptr;
    view.sessions = mapping.sessions;
    view.age = now - mapping.created;
    view.expires_in = mapping.expires > now ? mapping.expires - now : Duration::zero();
    return view;
}

void Engine::visit_mappings(Instant now,
                            const std::function<void(const MappingView&)>& visit) const {
    ledger_.table().for_each([&](MappingId id) {
        if (const auto view = view_of(ledger_.table().at(id), now)) visit(*view);
    });
}

MappingId Engine::visit_some_mappings(
    Instant now, MappingId from,
    const std::function<void(MappingId, const MappingView&)>& visit) const {
    return ledger_.table().visit_some(from, kSlice, [&](MappingId id) {
        if (const auto view = view_of(ledger_.table().at(id), now)) visit(id, *view);
    });
}

std::optional<MappingView> Engine::find_mapping(MappingId id, Instant now) const {
    if (!ledger_.table().contains(id)) return std::nullopt;
    return view_of(ledger_.table().at(id), now);
}

EngineCounts Engine::counts() const {
    return {ledger_.table().size(),    ledger_.resting(),  forwards_.all().size(),
            pinholes_.all().size(),    forwards_.asked(),  forwards_.refused(),
            forwards_.refused_asked(), pinholes_.refused()};
}

}  // namespace gatehouse::nat
