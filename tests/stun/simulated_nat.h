// SPDX-License-Identifier: GPL-2.0-or-later
//
// One host, one gateway of any behaviour, one STUN server, in virtual time. The server is the real
// one; the gateway is a few lines that can be checked by eye.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "gateway/base/random.h"
#include "gateway/stun/probe.h"
#include "gateway/stun/server.h"

namespace gatehouse::stun {

struct NatModel {
    Behaviour mapping = Behaviour::endpoint_independent;
    Behaviour filtering = Behaviour::address_and_port_dependent;
    bool translates = true;
    bool udp_blocked = false;
    bool tcp_blocked = false;
    bool preserves_port = false;
    bool hairpin = true;
    bool fragments = true;
    // Whom any port of the host has sent to may reach all its ports.
    bool permits_by_host = false;
    // As a plain Linux masquerade: a packet that nobody asked for occupies its way, and a later
    // session of that way gets another port. Mapping and filtering are then what follows.
    bool sessions = false;
    Duration lifetime = 300s;
    double loss = 0;
};

class NatBox {
  public:
    explicit NatBox(const NatModel& model) : model_(model) {}

    // The outside endpoint of a packet that leaves.
    Endpoint to_outside(Transport transport, const Endpoint& inside, const Endpoint& remote,
                        Instant now);
    // Whom a packet from outside reaches.
    std::optional<Endpoint> from_outside(Transport transport, const Endpoint& outside,
                                         const Endpoint& remote, Instant now);
    bool owns(const IpAddress& address) const {
        return model_.translates && address == IpAddress(kOutside);
    }

  private:
    static constexpr Ip4 kOutside = Ip4::of(11, 0, 0, 1);
    using Key = std::tuple<Transport, Endpoint, std::optional<IpAddress>, std::optional<Port>>;
    struct Mapping {
        Endpoint outside;
        std::set<Endpoint> permits;
        Instant used;
    };

    Endpoint choose(Transport transport, const Endpoint& inside, const Endpoint& remote);
    bool permitted(const Mapping& mapping, const Endpoint& remote) const;

    NatModel model_;
    std::map<Key, Mapping> mappings_;
    std::set<Endpoint> host_permits_;
    std::set<std::tuple<Transport, Endpoint, Endpoint>> occupied_;
    std::uint16_t next_port_ = 20000;
};

// Runs a probe to its end.
struct Simulation {
    NatModel model;
    ServerConfig server;
    std::uint64_t seed = 1;
    bool lifetime = false;
    Patience patience;
    bool server_ignores_changes = false;

    Report run();

    Duration took{};
    std::size_t sent = 0;
    std::size_t sockets_left_open = 0;
};

}  // namespace gatehouse::stun
