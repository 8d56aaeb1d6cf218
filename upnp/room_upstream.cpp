// SPDX-License-Identifier: GPL-2.0-or-later
//
// The room between the devices of the house and the gateway outside. A device hears of success when
// both routers let its port through; where the other one refuses, the port here is given back.
// While nobody out there can be asked, a device gets what this router has to give, with its own
// address.
#include <algorithm>
#include <utility>

#include "upnp/room.h"

namespace gatehouse::upnp {

namespace {

constexpr unsigned kMostRounds = 8;  // ports that are tried for one request

}  // namespace

Ip4 Room::told_address() const {
    return upstream_.address().value_or(service_.outside_address().address);
}

void Room::on(const GatewaySeen& event, Instant now, Effects& out) {
    upstream_.handle(event, now, out);
}

void Room::on(const UpstreamDatagram& event, Instant now, Effects& out) {
    upstream_.handle(event, now, out);
}

void Room::on(const FetchDone& event, Instant now, Effects& out) {
    upstream_.handle(event, now, out);
}

void Room::follow_link(Instant now, Effects& out) {
    UpstreamLink link{config_.gateway.wan, service_.outside_address().address};
    const bool wanted = config_.upnp.upstream == config::UpstreamMode::automatic;
    if (upstream_.set_link(std::move(link), wanted, now, out)) touched_ = service_.forwards();
}

void Room::follow_forwards(Instant now) {
    for (const nat::Forward& forward : std::exchange(touched_, {}))
        follow_forward(forward, now);
}

void Room::follow_forward(const nat::Forward& forward, Instant now) {
    // The ports of calls are in the messages already, with the address of this router.
    if (forward.owner.kind == nat::OwnerKind::sip) return;
    for (std::uint32_t i = 0; i < forward.count; ++i) {
        const Port port{static_cast<std::uint16_t>(forward.outside.port.number + i)};
        // What covers the port now: this forward, or another one with another remote.
        Instant until{};
        const auto look = [&](const nat::Forward& one) {
            if (one.enabled && one.covers(forward.proto, port))
                until = std::max(until, one.expires);
        };
        const nat::Forward* there = service_.find_forward(forward.id);
        if (there != nullptr) look(*there);
        if (until <= now && forward.remote) {
            // It leads to the same inside endpoint.
            const Port last{static_cast<std::uint16_t>(forward.inside.port.number + i)};
            for (const auto* one :
                 service_.forwards_to(forward.proto, forward.inside.address, {{0}, last}))
                look(*one);
        }
        if (until > now) {
            upstream_.want({forward.proto, port}, until, now);
        } else {
            upstream_.drop({forward.proto, port}, now);
        }
    }
}

bool Room::is_taken(const Upstream::Place& place) const {
    const bool tried_enough = going_on_ != nullptr && going_on_->rounds >= kMostRounds;
    return tried_enough || upstream_.was_refused(place, handled_at_);
}

bool Room::must_wait(nat::ForwardId made, Instant now) {
    follow_forwards(now);
    const nat::Forward* forward = claims_.find(made);
    if (forward == nullptr || !forward->enabled || !upstream_.address()) return false;
    using enum Upstream::Standing;
    const Upstream::Standing standing =
        upstream_.standing({forward->proto, forward->outside.port}, now);
    return standing == asking || standing == refused;
}

// Clients ask again while they hear nothing.
bool Room::is_waiting(const Datagram& event) const {
    return std::any_of(waiting_.begin(), waiting_.end(), [&event](const Waiting& one) {
        const auto* datagram = std::get_if<Datagram>(&one.request);
        return datagram != nullptr && datagram->from == event.from &&
               datagram->bytes == event.bytes;
    });
}

bool Room::wait_for_upstream(Waiting&& wanted, nat::ForwardId made, Instant now) {
    if (!must_wait(made, now) || waiting_.size() >= kMostWaiting) return false;
    wanted.deadline = going_on_ != nullptr ? going_on_->deadline : now + kUpstreamPatience;
    wanted.rounds = going_on_ != nullptr ? going_on_->rounds + 1 : 0;
    wanted.forward = made;
    const nat::Forward* forward = claims_.find(made);
    wanted.place = {forward->proto, forward->outside.port};
    waiting_.push_back(std::move(wanted));
    return true;
}

void Room::go_on_waiting(Instant now, Effects& out) {
    if (waiting_.empty() || going_on_ != nullptr) return;
    if (std::any_of(waiting_.begin(), waiting_.end(),
                    [now](const Waiting& one) { return one.deadline <= now; })) {
        upstream_.lose(now, out);
    }
    // What goes on may have to wait for another port.
    for (Waiting& one : std::exchange(waiting_, {})) {
        const bool asking =
            upstream_.address() && upstream_.standing(one.place, now) == Upstream::Standing::asking;
        if (asking) {
            waiting_.push_back(std::move(one));
        } else {
            go_on(std::move(one), now, out);
        }
    }
}

void Room::go_on(Waiting&& waiting, Instant now, Effects& out) {
    if (upstream_.standing(waiting.place, now) == Upstream::Standing::refused) {
        const nat::Forward* forward = claims_.find(waiting.forward);
        if (forward != nullptr) {
            const nat::Owner owner = forward->owner;
            (void)service_.release(waiting.forward, owner, now);
            follow_forwards(now);
        }
    }
    going_on_ = &waiting;
    if (const auto* datagram = std::get_if<Datagram>(&waiting.request)) {
        ask(*datagram, now, out);
    } else {
        HttpAnswer answer = serve_now(std::get<HttpRequest>(waiting.request), now, out);
        if (answer.later == 0) out.http_answers.push_back({waiting.later, std::move(answer)});
    }
    going_on_ = nullptr;
}

}  // namespace gatehouse::upnp
