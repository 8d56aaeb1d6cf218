// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/stun/simulated_nat.h"

#include <boost/test/unit_test.hpp>

namespace gatehouse::stun {
namespace {

constexpr Duration kDelay = 10ms;  // one way
constexpr Ip4 kHost = Ip4::of(192, 168, 1, 10);
constexpr int kMostSteps = 100000;

// The network between a probe and a server.
class Network {
  public:
    explicit Network(Simulation& simulation)
        : simulation_(simulation),
          random_(simulation.seed),
          nat_(simulation.model),
          server_(simulation.server, HashKey{1, 2}),
          probe_(config(simulation), random_) {}

    Report run();

  private:
    struct Socket {
        Transport transport;
        Endpoint local;
    };
    struct Delivery {
        SocketId socket;
        Endpoint from;
        std::vector<std::uint8_t> bytes;
    };
    using Happening = std::variant<Opened, SocketFailed, Delivery>;

    static ProbeConfig config(const Simulation& simulation) {
        ProbeConfig out;
        out.server = simulation.server.endpoint({});
        out.patience = simulation.patience;
        out.lifetime = simulation.lifetime;
        return out;
    }
    void give(const ProbeEvent& event);
    void perform(const OpenSocket& open);
    void perform(const CloseSocket& close) { sockets_.erase(close.socket); }
    void perform(const SendMessage& send);
    void to_server(const Socket& socket, const SendMessage& send);
    void into_house(Transport transport, const Endpoint& from, const Endpoint& to, Bytes bytes);
    void later(Happening happening) { queue_.emplace(now_ + 2 * kDelay, std::move(happening)); }
    bool lost(const Socket& socket) {
        return socket.transport == Transport::udp &&
               random_.below(1000) < static_cast<std::uint64_t>(simulation_.model.loss * 1000);
    }

    Simulation& simulation_;
    SeededRandom random_;
    NatBox nat_;
    Server server_;
    Probe probe_;
    Instant now_ = Instant{} + 1h;
    std::map<SocketId, Socket> sockets_;
    std::multimap<Instant, Happening> queue_;
    std::uint16_t next_port_ = 40000;
};

Report Network::run() {
    const Instant begun = now_;
    give(Start{});
    int steps = 0;
    while (!probe_.finished() && ++steps < kMostSteps) {
        if (queue_.empty() || probe_.deadline() < queue_.begin()->first) {
            BOOST_REQUIRE(probe_.deadline() != kNever);
            now_ = std::max(now_, probe_.deadline());
            give(TimePassed{});
            continue;
        }
        now_ = queue_.begin()->first;
        const Happening happening = std::move(queue_.begin()->second);
        queue_.erase(queue_.begin());
        if (const auto* opened = std::get_if<Opened>(&happening)) {
            give(*opened);
        } else if (const auto* failed = std::get_if<SocketFailed>(&happening)) {
            give(*failed);
        } else {
            const auto& delivery = std::get<Delivery>(happening);
            if (sockets_.count(delivery.socket) == 0) continue;
            give(Received{delivery.socket, delivery.from, delivery.bytes});
        }
    }
    BOOST_REQUIRE(probe_.finished());
    simulation_.took = now_ - begun;
    simulation_.sockets_left_open = sockets_.size();
    return probe_.report();
}

void Network::give(const ProbeEvent& event) {
    for (const Effect& effect : probe_.handle(event, now_)) {
        std::visit([this](const auto& one) { perform(one); }, effect);
    }
}

void Network::perform(const OpenSocket& open) {
    const Port port = open.local_port.number != 0 ? open.local_port : Port{next_port_++};
    const Endpoint local{kHost, port};
    sockets_[open.socket] = {open.transport, local};
    if (open.transport == Transport::tcp && simulation_.model.tcp_blocked) {
        later(SocketFailed{open.socket});
    } else {
        later(Opened{open.socket, local});
    }
}

void Network::perform(const SendMessage& send) {
    ++simulation_.sent;
    const Socket socket = sockets_.at(send.socket);
    const NatModel& model = simulation_.model;
    if (socket.transport == Transport::udp && model.udp_blocked) return;
    if (send.bytes.size() > 1472 && !model.fragments) return;
    if (lost(socket)) return;
    const Endpoint outside = nat_.to_outside(socket.transport, socket.local, send.to, now_);
    if (nat_.owns(send.to.address)) {
        if (model.hairpin) into_house(socket.transport, outside, send.to, send.bytes);
        return;
    }
    to_server(Socket{socket.transport, outside}, send);
}

void Network::to_server(const Socket& socket, const SendMessage& send) {
    for (const Side side : kSides) {
        if (server_.config().endpoint(side) != send.to) continue;
        const auto reply =
            server_.handle({send.bytes, socket.local, side, socket.transport}, now_ + kDelay);
        if (!reply || lost(socket)) return;
        const Side from = simulation_.server_ignores_changes ? side : reply->from;
        into_house(socket.transport, server_.config().endpoint(from), reply->to, reply->bytes);
        return;
    }
}

void Network::into_house(Transport transport, const Endpoint& from, const Endpoint& to,
                         Bytes bytes) {
    const auto inside = nat_.from_outside(transport, to, from, now_ + 2 * kDelay);
    if (!inside) return;
    for (const auto& [id, socket] : sockets_) {
        if (socket.transport != transport || socket.local != *inside) continue;
        later(Delivery{id, from, {bytes.begin(), bytes.end()}});
        if (transport == Transport::udp) return;
    }
}

}  // namespace

Endpoint NatBox::to_outside(Transport transport, const Endpoint& inside, const Endpoint& remote,
                            Instant now) {
    Key key{transport, inside, std::nullopt, std::nullopt};
    if (model_.mapping != Behaviour::endpoint_independent || model_.sessions) {
        std::get<2>(key) = remote.address;
    }
    if (model_.mapping == Behaviour::address_and_port_dependent || model_.sessions) {
        std::get<3>(key) = remote.port;
    }
    auto found = mappings_.find(key);
    if (found != mappings_.end() && found->second.used + model_.lifetime <= now) {
        mappings_.erase(found);
        found = mappings_.end();
    }
    if (found == mappings_.end()) {
        found =
            mappings_.try_emplace(key, Mapping{choose(transport, inside, remote), {}, now}).first;
    }
    found->second.permits.insert(remote);
    found->second.used = now;
    host_permits_.insert(remote);
    return found->second.outside;
}

Endpoint NatBox::choose(Transport transport, const Endpoint& inside, const Endpoint& remote) {
    if (!model_.translates) return inside;
    const Endpoint same{kOutside, inside.port};
    const bool free = occupied_.count({transport, same, remote}) == 0;
    if ((model_.preserves_port || model_.sessions) && free) return same;
    return {kOutside, Port{next_port_++}};
}

bool NatBox::permitted(const Mapping& mapping, const Endpoint& remote) const {
    const std::set<Endpoint>& permits = model_.permits_by_host ? host_permits_ : mapping.permits;
    if (model_.filtering == Behaviour::endpoint_independent) return true;
    if (model_.filtering == Behaviour::address_and_port_dependent)
        return permits.count(remote) != 0;
    for (const Endpoint& permit : permits) {
        if (permit.address == remote.address) return true;
    }
    return false;
}

std::optional<Endpoint> NatBox::from_outside(Transport transport, const Endpoint& outside,
                                             const Endpoint& remote, Instant now) {
    for (auto& [key, mapping] : mappings_) {
        if (std::get<0>(key) != transport || mapping.outside != outside) continue;
        if (mapping.used + model_.lifetime <= now || !permitted(mapping, remote)) continue;
        mapping.used = now;
        return std::get<1>(key);
    }
    if (model_.sessions) occupied_.insert({transport, outside, remote});
    return std::nullopt;
}

Report Simulation::run() {
    return Network(*this).run();
}

}  // namespace gatehouse::stun
