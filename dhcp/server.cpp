// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/server.h"

#include <algorithm>

namespace gatehouse::dhcp {

std::string_view to_string(Drop reason) {
    switch (reason) {
        case Drop::malformed: return "malformed";
        case Drop::not_for_servers: return "not_for_servers";
        case Drop::no_network: return "no_network";
        case Drop::no_identity: return "no_identity";
        case Drop::other_server: return "other_server";
        case Drop::spoofed: return "spoofed";
        case Drop::unknown_client: return "unknown_client";
        case Drop::not_owner: return "not_owner";
        case Drop::pool_empty: return "pool_empty";
        case Drop::table_full: return "table_full";
        case Drop::declined_share: return "declined_share";
        case Drop::count_: break;
    }
    return "";
}

std::string_view to_string(Change::Kind kind) {
    switch (kind) {
        case Change::Kind::bound: return "bound";
        case Change::Kind::renewed: return "renewed";
        case Change::Kind::released: return "released";
        case Change::Kind::expired: return "expired";
        case Change::Kind::conflict: return "conflict";
        case Change::Kind::forgotten: return "forgotten";
    }
    return "";
}

void Effects::clear() {
    changes.clear();
    sends.clear();
    probes.clear();
    notices.clear();
}

Server::Server(const HashKey& key)
    : key_(key),
      reservations_(key),
      leases_(key),
      displaced_(0, KeyedHash(key)),
      probing_(0, KeyedHash(key)),
      probe_times_(KeyedHash(key)) {}

void Server::handle(const Event& event, Instant now, Effects& out) {
    std::visit([&](const auto& e) { on(e, now, out); }, event);
}

std::optional<Instant> Server::next_deadline() const {
    const auto lease = leases_.next_deadline();
    const auto probe = probe_times_.next();
    if (!lease || !probe) return lease ? lease : probe;
    return std::min(*lease, *probe);
}

void Server::on(const Configured& event, Instant, Effects&) {
    configuration_ = event;
    reservations_.set(event.static_leases);
    rebuild_networks();
}

void Server::on(const LinksSeen& event, Instant, Effects&) {
    if (event.links == links_) return;
    links_ = event.links;
    rebuild_networks();
}

void Server::on(const NameServersSeen& event, Instant, Effects&) {
    if (event.servers == name_servers_) return;
    name_servers_ = event.servers;
    for (Network& network : networks_)
        network.options = network_options(network.config, network.link, name_servers_);
}

// What is stored counts unless something newer is known.
void Server::on(const Restored& event, Instant now, Effects&) {
    for (const Lease& stored : event.leases) {
        if (leases_.full()) return;
        if (stored.address == kNoHost || leases_.find(stored.address) != nullptr) continue;
        Lease lease = stored;
        lease.confirmed = true;
        if (lease.state == LeaseState::bound && lease.expires <= now) {
            lease.state = LeaseState::expired;
        }
        store(std::move(lease));
    }
}

void Server::rebuild_networks() {
    networks_.clear();
    for (const config::DhcpPool& config : configuration_.pools) {
        const auto link = std::find_if(links_.begin(), links_.end(), [&config](const Link& l) {
            return l.interface == config.interface;
        });
        if (link == links_.end()) continue;
        const auto barred = [&](Ip4 address) {
            return std::find(link->own.begin(), link->own.end(), address) != link->own.end() ||
                   reservations_.holder_of(address) != nullptr;
        };
        networks_.push_back({config, *link, Pool(link->address, config.start, config.limit, barred),
                             network_options(config, *link, name_servers_)});
    }
    for (const auto& [address, lease] : leases_.all())
        mark(lease, true);
}

Network* Server::network_on(std::string_view interface) {
    const auto found = std::find_if(networks_.begin(), networks_.end(), [&](const Network& n) {
        return n.link.interface == interface;
    });
    return found == networks_.end() ? nullptr : &*found;
}

Network* Server::network_of(Ip4 address) {
    const auto found = std::find_if(networks_.begin(), networks_.end(),
                                    [&](const Network& n) { return n.contains(address); });
    return found == networks_.end() ? nullptr : &*found;
}

// A relay says for which network it asks (RFC 3527, RFC 3011), else it is the one of its address.
Network* Server::network_for(const Message& message, std::string_view interface) {
    static constexpr std::uint8_t kLinkSelection = 5;
    if (message.giaddr.is_any()) return network_on(interface);
    ByteReader agent(message.options.bytes(option::kRelayAgent));
    while (!agent.at_end()) {
        const std::uint8_t code = agent.u8();
        const Bytes data = agent.take(agent.u8());
        if (agent.ok() && code == kLinkSelection && data.size() == 4) {
            return network_of(Ip4{ByteReader(data).u32()});
        }
    }
    if (const auto subnet = message.options.ip4(option::kSubnetSelection)) {
        return network_of(*subnet);
    }
    return network_of(message.giaddr);
}

void Server::mark(const Lease& lease, bool present) {
    Network* network = network_of(lease.address);
    if (network == nullptr || !network->pool.contains(lease.address)) return;
    if (present) {
        network->pool.take(lease.address);
        if (lease.has_ended()) network->pool.note_ended(lease.address, lease.expires);
        if (lease.is_untaken()) network->pool.note_offer(lease.address, lease.expires);
    } else {
        network->pool.give_back(lease.address);
        network->pool.forget_ended(lease.address, lease.expires);
        network->pool.forget_offer(lease.address, lease.expires);
    }
}

void Server::store(Lease lease) {
    if (const Lease* before = leases_.find(lease.address)) mark(*before, false);
    mark(leases_.put(std::move(lease)), true);
}

void Server::forget(Ip4 address) {
    const Lease* lease = leases_.find(address);
    if (lease == nullptr) return;
    mark(*lease, false);
    leases_.erase(address);
    auto before = displaced_.extract(address);
    if (before) store(std::move(before.mapped()));
}

void Server::lapse(Ip4 address, Instant now, Effects& out) {
    Lease lease = *leases_.find(address);
    const bool was_bound = lease.state == LeaseState::bound;
    if (!was_bound && (lease.state == LeaseState::conflict || !lease.confirmed)) {
        if (lease.state == LeaseState::conflict) {
            out.changes.push_back({Change::Kind::forgotten, lease});
        }
        return forget(address);
    }
    lease.state = LeaseState::expired;
    lease.expires = now;
    if (was_bound) out.changes.push_back({Change::Kind::expired, lease});
    store(std::move(lease));
}

void Server::on(const TimerFired&, Instant now, Effects& out) {
    while (const auto address = probe_times_.pop_expired(now))
        probe_again(*address, now, out);
    while (const auto address = leases_.first_expired(now))
        lapse(*address, now, out);
}

// Some devices say who they are in some of their messages only: then the one that has the address
// under the same hardware address is meant.
void Server::recognise(Client& client, const Message& message) const {
    if (message.options.has(option::kClientId) || client.mac == Mac{}) return;
    const Ip4 address = message.options.ip4(option::kRequestedAddress).value_or(message.ciaddr);
    const Lease* lease = leases_.find(address);
    const bool same =
        lease != nullptr && lease->state != LeaseState::conflict && lease->mac == client.mac;
    if (!same) return;
    client.id = lease->client;
    client.reservation = reservations_.find(client);
}

void Server::on(const PacketSeen& event, Instant now, Effects& out) {
    const auto dropped = [&](Drop reason) {
        out.notices.push_back({Notice::Kind::dropped, MessageType::discover, reason, {}, {}, {}});
    };
    const auto message = parse_message(event.packet);
    if (!message) return dropped(Drop::malformed);
    if (message->op != kRequestOp) return dropped(Drop::not_for_servers);
    const auto type = message->type();
    if (!type) return dropped(Drop::malformed);
    Network* network = network_for(*message, event.interface);
    if (network == nullptr) return dropped(Drop::no_network);
    auto client = client_of(*message, network->config.client_ids, reservations_);
    if (!client) return dropped(Drop::no_identity);
    recognise(*client, *message);
    Exchange x{*message, *network, event.interface, std::move(*client), now, out};
    out.notices.push_back({Notice::Kind::received, *type, Drop::count_, network->link.interface,
                           message->ciaddr, x.client.mac});
    // Who speaks for an address speaks from it; a relay speaks for others.
    const bool spoofed = message->giaddr.is_any() && !message->ciaddr.is_any() &&
                         *type != MessageType::discover && event.source != message->ciaddr &&
                         (!event.source.is_any() || *type == MessageType::release);
    if (spoofed) return drop(x, Drop::spoofed);
    answer(x);
}

}  // namespace gatehouse::dhcp
