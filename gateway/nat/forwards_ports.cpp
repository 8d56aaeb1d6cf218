// SPDX-License-Identifier: GPL-2.0-or-later
//
// The second half of the forwards: their ports in the ledger and their doors in the kernel.
#include <algorithm>

#include "gateway/nat/forwards.h"

namespace gatehouse::nat {

namespace {

Port at_index(Port first, std::uint32_t index) {
    return Port{static_cast<std::uint16_t>(first.number + index)};
}

Endpoint4 at_index(Endpoint4 first, std::uint32_t index) {
    return {first.address, at_index(first.port, index)};
}

const Owner& configured() {
    static const Owner kOwner{OwnerKind::static_, "configuration"};
    return kOwner;
}

std::vector<ForwardRequest> requests_of(const config::Forward& forward) {
    std::vector<ForwardRequest> out;
    for (const Proto proto : config::protos_of(forward.proto)) {
        ForwardRequest request;
        request.proto = proto;
        request.outside = forward.outside.first;
        request.must_have_port = true;
        request.count = forward.outside.size();
        request.inside = {forward.inside, forward.inside_ports.first};
        request.remote = forward.remote;
        request.owner = configured();
        request.description = forward.name;
        out.push_back(std::move(request));
    }
    return out;
}

bool asks_for(const ForwardRequest& request, const Forward& forward) {
    return request.proto == forward.proto && request.outside == forward.outside.port &&
           request.count == forward.count && request.inside == forward.inside &&
           request.remote == forward.remote && request.description == forward.description;
}

}  // namespace

void Forwards::configure(const config::Config& config, Instant now) {
    host_quota_ = config.upnp.host_quota;
    quota_ = config.upnp.quota;
    std::vector<ForwardRequest> requests;
    for (const config::Forward& forward : config.forwards) {
        for (ForwardRequest& request : requests_of(forward))
            requests.push_back(std::move(request));
    }
    std::vector<ForwardId> unwanted;
    for (const auto& one : forwards_) {
        const Forward& forward = *one;
        if (forward.owner != configured()) continue;
        const auto wanted =
            std::find_if(requests.begin(), requests.end(),
                         [&](const ForwardRequest& request) { return asks_for(request, forward); });
        if (wanted == requests.end()) {
            unwanted.push_back(forward.id);
        } else {
            requests.erase(wanted);
        }
    }
    for (const ForwardId id : unwanted)
        erase(id, Ends::forward_released, now);
    waiting_.clear();
    for (const ForwardRequest& one : requests) {
        const auto made = request(one, now);
        if (made) continue;
        ledger_.refuse(made.error().reason, one.proto, one.inside, {{}, *one.outside});
        waiting_.push_back(one);
    }
}

void Forwards::try_waiting(Instant now) {
    std::erase_if(waiting_, [&](const ForwardRequest& one) { return request(one, now).ok(); });
}

void Forwards::activate(const Forward& forward, Instant now) {
    for (std::uint32_t i = 0; i < forward.count; ++i)
        activate_port(forward, i, now);
}

void Forwards::activate_port(const Forward& forward, std::uint32_t index, Instant now) {
    const Endpoint4 outside = at_index(forward.outside, index);
    const Endpoint4 inside = at_index(forward.inside, index);
    const MappingId there = ledger_.table().find_outside(forward.proto, outside);
    if (there != kNoMapping) {
        const Mapping& mapping = ledger_.at(there);
        const bool shared = mapping.forward != 0;
        const bool own = forward.enabled && mapping.state == MappingState::live &&
                         mapping.inside == inside && mapping.remote == Endpoint4{};
        if (shared || own) {
            if (!shared) ledger_.give_to_forward(there, forward.id);
            write_doors(forward, index, true);
            return;
        }
        if (mapping.inside.address != inside.address) ++ledger_.counters().displaced;
        ledger_.drop(there);
    }
    const bool live = forward.enabled && win_traffic(forward, inside, now);
    ledger_.hold(forward.id, forward.proto, outside, inside, live, now);
    write_doors(forward, index, true);
}

bool Forwards::win_traffic(const Forward& forward, Endpoint4 inside, Instant now) {
    const Proto proto = forward.proto;
    const MappingId other = ledger_.table().find({proto, inside, {}});
    if (other != kNoMapping) {
        const Mapping& mapping = ledger_.at(other);
        if (mapping.state == MappingState::quarantined) {
            ledger_.disown(other);
        } else if (mapping.forward != 0) {
            return false;
        } else {
            ledger_.retire(other, now);
        }
    }
    const NatBehaviour behaviour = ledger_.policy().of(inside.address, proto);
    if (behaviour.mapping == MappingBehaviour::endpoint_independent) return true;
    // One mapping for each remote: all of them give way.
    ledger_.table().for_each([&](MappingId id) {
        const Mapping& mapping = ledger_.at(id);
        const bool its = mapping.state == MappingState::live && mapping.proto == proto &&
                         mapping.inside == inside && mapping.forward == 0;
        if (its) ledger_.retire(id, now);
    });
    return true;
}

void Forwards::deactivate(const Forward& forward, Instant now, bool moving) {
    for (std::uint32_t i = 0; i < forward.count; ++i)
        deactivate_port(forward, i, now, moving);
}

void Forwards::deactivate_port(const Forward& forward, std::uint32_t index, Instant now,
                               bool moving) {
    write_doors(forward, index, false);
    const Endpoint4 outside = at_index(forward.outside, index);
    const MappingId id = ledger_.table().find_outside(forward.proto, outside);
    if (id == kNoMapping || ledger_.at(id).forward != forward.id) return;
    if (moving) {
        ledger_.drop(id);
        return;
    }
    const Endpoint4 inside = at_index(forward.inside, index);
    if (const Forward* heir = sibling(forward, index)) {
        ledger_.at(id).forward = heir->id;
    } else if (oldest_to(forward.proto, inside) == nullptr && ledger_.give_to_traffic(id)) {
        return;
    } else if (ledger_.at(id).sessions > 0) {
        ledger_.retire(id, now);
    } else {
        ledger_.end(id, now);
    }
    win_back(forward.proto, inside, now);
}

// Another forward that holds the same outside port for another remote.
const Forward* Forwards::sibling(const Forward& forward, std::uint32_t index) const {
    if (!forward.remote) return nullptr;
    const Port outside = at_index(forward.outside.port, index);
    return oldest(forward.proto, at_index(forward.inside, index), [&](const Forward& other) {
        return other.id != forward.id && other.covers(forward.proto, outside);
    });
}

const Forward* Forwards::oldest_to(Proto proto, Endpoint4 inside) const {
    return oldest(proto, inside, [](const Forward& forward) { return forward.enabled; });
}

// The oldest forward to this inside endpoint gets its traffic, where no other one has it.
void Forwards::win_back(Proto proto, Endpoint4 inside, Instant now) {
    const Forward* oldest = oldest_to(proto, inside);
    if (oldest == nullptr) return;
    const std::uint32_t index = std::uint32_t{inside.port.number} - oldest->inside.port.number;
    const MappingId id = ledger_.table().find_outside(proto, at_index(oldest->outside, index));
    if (id == kNoMapping) return;
    const Mapping& held = ledger_.at(id);
    if (held.forward != oldest->id || held.state != MappingState::retired) return;
    if (win_traffic(*oldest, inside, now)) ledger_.promote(id);
}

void Forwards::write_doors(const Forward& forward, std::uint32_t index, bool present) {
    std::vector<Element> doors;
    add_doors(forward, index, doors);
    for (const Element& door : doors) {
        present ? ledger_.use(door) : ledger_.unuse(door);
    }
}

void Forwards::add_doors(const Forward& forward, std::uint32_t index, std::vector<Element>& out) {
    const Endpoint4 outside = at_index(forward.outside, index);
    const Endpoint4 inside = at_index(forward.inside, index);
    if (!forward.enabled || outside.address.is_any()) return;
    if (forward.remote) {
        const Endpoint4 remote{*forward.remote, {}};
        out.push_back({KernelSet::inbound_remote, forward.proto, outside, remote, inside});
        out.push_back({KernelSet::open_remote, forward.proto, inside, remote, {}});
        // A call within the house may go by what the phone is called outside.
        if (forward.owner.kind == OwnerKind::sip) {
            out.push_back({KernelSet::hairpin, forward.proto, outside, {}, inside});
        }
    } else {
        out.push_back({KernelSet::inbound, forward.proto, outside, {}, inside});
        out.push_back({KernelSet::open, forward.proto, inside, {}, {}});
    }
}

void Forwards::move(Instant now) {
    for (const auto& forward : forwards_)
        deactivate(*forward, now, true);
    for (const auto& forward : forwards_) {
        forward->outside.address = ledger_.outside().primary();
        activate(*forward, now);
        tell(ServiceNotice::Kind::forward_changed, *forward);
    }
}

void Forwards::wanted(std::vector<Element>& out) const {
    for (const auto& forward : forwards_) {
        for (std::uint32_t i = 0; i < forward->count; ++i)
            add_doors(*forward, i, out);
    }
}

}  // namespace gatehouse::nat
