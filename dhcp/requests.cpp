// SPDX-License-Identifier: GPL-2.0-or-later
//
// What each message of a device means (RFC 2131 section 4.3).
#include <algorithm>

#include "dhcp/server.h"

namespace gatehouse::dhcp {

void Server::drop(Exchange& x, Drop reason) {
    x.out.notices.push_back({Notice::Kind::dropped,
                             x.message.type().value(),
                             reason,
                             x.network.link.interface,
                             {},
                             x.client.mac});
}

void Server::answer(Exchange& x) {
    switch (x.message.type().value()) {
        case MessageType::discover: return on_discover(x, 0);
        case MessageType::request: return on_request(x);
        case MessageType::decline: return on_decline(x);
        case MessageType::release: return on_release(x);
        case MessageType::inform: return on_inform(x);
        case MessageType::offer:
        case MessageType::ack:
        case MessageType::nak: break;
    }
    drop(x, Drop::not_for_servers);
}

void Server::on_discover(Exchange& x, unsigned conflicts) {
    const Lease* mine = leases_.find_client(x.client.id, x.network.link.address);
    if (mine != nullptr && mine->state == LeaseState::offered) {
        const auto running = probing_.find(mine->address);
        if (running != probing_.end()) {
            // It asks again: the answer belongs to the newest question.
            running->second.message = x.message;
            return;
        }
    }
    const auto address = choose(x);
    if (!address) return drop(x, Drop::pool_empty);
    if (leases_.find(*address) == nullptr && leases_.full()) return drop(x, Drop::table_full);
    if (needs_probe(x, *address)) return probe(x, *address, conflicts);
    offer(x, *address);
}

void Server::offer(Exchange& x, Ip4 address) {
    if (x.network.config.rapid_commit && x.message.options.has(option::kRapidCommit)) {
        return acknowledge(x, address);
    }
    const Lease* before = leases_.find(address);
    const bool has_it =
        before != nullptr && before->is_of(x.client.id) && before->state == LeaseState::bound;
    if (!has_it) promise(x, address);
    Message message = reply(x, MessageType::offer);
    message.yiaddr = address;
    add_lease_options(x, message);
    add_asked_options(x, message);
    send(x, std::move(message));
}

// Keeps the address for the device for a moment. What is known of another device that had it comes
// back when this one does not take it.
void Server::promise(Exchange& x, Ip4 address) {
    const Lease* before = leases_.find(address);
    const bool same = before != nullptr && before->is_of(x.client.id);
    if (before != nullptr && !same && before->has_ended()) displaced_.emplace(address, *before);
    store({address, LeaseState::offered, same && before->confirmed, x.client.mac, x.client.id,
           same ? before->name : CompactText(), x.now + kOfferTime});
}

// Another server on the link is not an error, but somebody should know.
bool Server::serves_other(Exchange& x, Ip4 server) {
    const bool ours = std::any_of(networks_.begin(), networks_.end(),
                                  [server](const Network& n) { return n.is_own(server); });
    if (!ours) {
        x.out.notices.push_back({Notice::Kind::other_server,
                                 MessageType::request,
                                 Drop::count_,
                                 x.network.link.interface,
                                 server,
                                 {}});
    }
    return !ours;
}

void Server::on_request(Exchange& x) {
    const auto server = x.message.options.ip4(option::kServerId);
    const auto requested = x.message.options.ip4(option::kRequestedAddress);
    const bool has_address = !x.message.ciaddr.is_any();
    if (!requested && !has_address) return drop(x, Drop::malformed);
    const Ip4 address = requested.value_or(x.message.ciaddr);
    // RFC 2131 4.3.2: selecting names the server; a reboot names the address it had; renewing and
    // rebinding speak from the address.
    const bool selecting = server.has_value() && requested.has_value();
    if (server && serves_other(x, *server)) {
        const Lease* mine = leases_.find_client(x.client.id, x.network.link.address);
        if (mine != nullptr && mine->state == LeaseState::offered) {
            const Ip4 offered = mine->address;
            probing_.erase(offered);
            probe_times_.cancel(offered);
            if (mine->confirmed) {
                lapse(offered, x.now, x.out);
            } else {
                forget(offered);
            }
        }
        return drop(x, Drop::other_server);
    }
    switch (judge(x, address, selecting)) {
        case Verdict::yes: break;
        case Verdict::no: return refuse(x);
        case Verdict::silent: return drop(x, Drop::unknown_client);
    }
    if (leases_.find(address) == nullptr && leases_.full()) return drop(x, Drop::table_full);
    acknowledge(x, address);
}

void Server::acknowledge(Exchange& x, Ip4 address) {
    Message message = reply(x, MessageType::ack);
    message.yiaddr = address;
    if (x.message.type() == MessageType::request) message.ciaddr = x.message.ciaddr;
    // How long depends on whether the device is known, so it comes before the device becomes so.
    add_lease_options(x, message);
    bind(x, address);
    if (x.message.type() == MessageType::discover) message.options.set(option::kRapidCommit, {});
    add_asked_options(x, message);
    send(x, std::move(message));
}

void Server::bind(Exchange& x, Ip4 address) {
    probing_.erase(address);
    probe_times_.cancel(address);
    displaced_.erase(address);
    const auto time = lease_time(x);
    const Lease* before = leases_.find(address);
    const bool renewed =
        before != nullptr && before->is_of(x.client.id) && before->state == LeaseState::bound;
    const Lease* other = leases_.find_client(x.client.id, x.network.link.address);
    if (other != nullptr && other->address != address && other->state == LeaseState::bound) {
        Lease left = *other;  // a device has one address in a network
        left.state = LeaseState::released;
        left.expires = x.now;
        x.out.changes.push_back({Change::Kind::released, left});
        store(std::move(left));
    }
    Lease lease{address,
                LeaseState::bound,
                true,
                x.client.mac,
                x.client.id,
                name_for(x),
                time ? x.now + *time : kNever};
    x.out.changes.push_back({renewed ? Change::Kind::renewed : Change::Kind::bound, lease});
    store(std::move(lease));
}

void Server::refuse(Exchange& x) {
    Message message = reply(x, MessageType::nak);
    message.options.set_text(option::kText, "this address is not yours here");
    send(x, std::move(message));
}

void Server::on_decline(Exchange& x) {
    const auto server = x.message.options.ip4(option::kServerId);
    const auto address = x.message.options.ip4(option::kRequestedAddress);
    if (!server || !address) return drop(x, Drop::malformed);
    if (serves_other(x, *server)) return drop(x, Drop::other_server);
    const Lease* lease = leases_.find(*address);
    const bool owns = lease != nullptr && lease->is_of(x.client.id) && !lease->has_ended();
    if (!owns) return drop(x, Drop::not_owner);
    // One device must not talk the whole pool away.
    static constexpr std::size_t kShare = 5;
    if (leases_.count(LeaseState::conflict) >= x.network.pool.size() / kShare + 1) {
        return drop(x, Drop::declined_share);
    }
    Lease conflict{*address, LeaseState::conflict, false, {}, {}, {}, x.now + kQuarantine};
    x.out.changes.push_back({Change::Kind::conflict, conflict});
    store(std::move(conflict));
}

void Server::on_release(Exchange& x) {
    const auto server = x.message.options.ip4(option::kServerId);
    if (server && serves_other(x, *server)) return drop(x, Drop::other_server);
    const Lease* lease = leases_.find(x.message.ciaddr);
    const bool owns =
        lease != nullptr && lease->is_of(x.client.id) && lease->state == LeaseState::bound;
    if (!owns) return drop(x, Drop::not_owner);
    Lease released = *lease;
    released.state = LeaseState::released;
    released.expires = x.now;
    x.out.changes.push_back({Change::Kind::released, released});
    store(std::move(released));
}

void Server::on_inform(Exchange& x) {
    if (x.message.ciaddr.is_any()) return drop(x, Drop::malformed);
    if (!x.network.contains(x.message.ciaddr)) return drop(x, Drop::no_network);
    Message message = reply(x, MessageType::ack);
    message.ciaddr = x.message.ciaddr;
    add_asked_options(x, message);
    send(x, std::move(message));
}

}  // namespace gatehouse::dhcp
