// SPDX-License-Identifier: GPL-2.0-or-later
//
// Looking whether an address is in use before it is offered, for many devices side by side.
#include "dhcp/server.h"

namespace gatehouse::dhcp {

bool Server::needs_probe(const Exchange& x, Ip4 address) const {
    if (!x.network.config.probe || probing_.size() >= kMostProbes) return false;
    const Lease* lease = leases_.find(address);
    if (lease == nullptr) return true;
    // A conflict that may be offered is with the device itself.
    if (lease->state == LeaseState::conflict) return false;
    if (!lease->is_of(x.client.id)) return true;
    return lease->has_ended() && x.now - lease->expires > kTrustedAbsence;
}

void Server::probe(Exchange& x, Ip4 address, unsigned conflicts) {
    promise(x, address);
    probing_.insert_or_assign(address, Probing{x.network.link.interface, std::string(x.interface),
                                               x.client.id, x.message, 0, conflicts});
    probe_again(address, x.now, x.out);
}

void Server::probe_again(Ip4 address, Instant now, Effects& out) {
    const auto found = probing_.find(address);
    if (found == probing_.end()) return;
    Probing& probing = found->second;
    if (probing.sent == kProbes) return finish_probe(address, now, out);
    ++probing.sent;
    out.probes.push_back({probing.interface, address});
    out.notices.push_back(
        {Notice::Kind::probed, MessageType::discover, Drop::count_, {}, address, {}});
    probe_times_.set(address, now + kProbeWait);
}

std::optional<Client> Server::client_of_probe(const Probing& probing,
                                              const Network& network) const {
    auto client = client_of(probing.message, network.config.client_ids, reservations_);
    if (!client) return std::nullopt;
    client->id = probing.client;
    client->reservation = reservations_.find(*client);
    return client;
}

// Nobody answered, or the device itself did.
void Server::finish_probe(Ip4 address, Instant now, Effects& out) {
    const auto found = probing_.find(address);
    if (found == probing_.end()) return;
    const Probing probing = std::move(found->second);
    probing_.erase(found);
    probe_times_.cancel(address);
    Network* network = network_on(probing.interface);
    if (network == nullptr) return forget(address);
    auto client = client_of_probe(probing, *network);
    const Lease* lease = leases_.find(address);
    if (!client || lease == nullptr || !lease->is_of(client->id)) return;
    Exchange x{probing.message, *network, probing.came_in, std::move(*client), now, out};
    // The configuration may have changed meanwhile.
    if (!may_have(x, address)) return forget(address);
    offer(x, address);
}

void Server::on(const ArpSeen& event, Instant now, Effects& out) {
    const auto found = probing_.find(event.address);
    if (found == probing_.end() || found->second.interface != event.interface) return;
    if (found->second.message.mac() == event.mac) return finish_probe(event.address, now, out);
    const Probing probing = std::move(found->second);
    probing_.erase(found);
    probe_times_.cancel(event.address);
    Lease conflict{event.address,    LeaseState::conflict, false, event.mac, {}, {},
                   now + kQuarantine};
    out.changes.push_back({Change::Kind::conflict, conflict});
    displaced_.erase(event.address);
    store(std::move(conflict));
    Network* network = network_on(probing.interface);
    if (network == nullptr) return;
    auto client = client_of_probe(probing, *network);
    if (!client) return;
    Exchange x{probing.message, *network, probing.came_in, std::move(*client), now, out};
    if (probing.conflicts + 1 < kMostConflicts) return on_discover(x, probing.conflicts + 1);
    drop(x, Drop::pool_empty);
}

}  // namespace gatehouse::dhcp
