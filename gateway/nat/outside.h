// SPDX-License-Identifier: GPL-2.0-or-later
//
// The outside addresses and their port pools. Rules it keeps:
//   - all mappings of a host leave from one address (paired pooling, RFC 4787 REQ-2), and a change
//     of the addresses moves as few hosts as can be (rendezvous hashing);
//   - forwards are on the primary address, which stays while it exists;
//   - without any address the primary one is 0.0.0.0: forwards keep their ports on it meanwhile.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "gateway/base/hash.h"
#include "gateway/nat/events.h"
#include "gateway/nat/port_pool.h"

namespace gatehouse::nat {

class Outside {
  public:
    explicit Outside(const HashKey& key) : hash_(key) {}

    void configure(PortRange ports);
    void reserve(std::vector<ReservedPort> reserved);
    // Pools of addresses that have gone are forgotten, with all that was taken from them. Gives
    // the addresses that have gone; 0.0.0.0 is among them when the first real one came.
    std::vector<Ip4> set_addresses(const std::vector<Ip4>& addresses);

    Ip4 primary() const { return entries_.front().address; }
    bool has_address() const { return !primary().is_any(); }
    bool has(Ip4 address) const { return find(address) != nullptr; }
    Ip4 address_for(Ip4 host) const;
    // Of an address that is there; tcp, udp or icmp.
    PortPool& pool(Ip4 address, Proto proto);
    PortPool copy_of_pool(Ip4 address, Proto proto) const;
    bool is_reserved(Proto proto, Port port) const;
    PortRange ports() const { return ports_; }

    static bool has_pool(Proto proto) {
        return proto == Proto::tcp || proto == Proto::udp || proto == Proto::icmp;
    }

  private:
    struct Entry {
        Ip4 address;
        std::array<std::unique_ptr<PortPool>, 3> pools;  // tcp udp icmp, made when needed
    };

    const Entry* find(Ip4 address) const;
    void allow(PortPool& pool, Proto proto) const;
    void allow_all();

    KeyedHash hash_;
    PortRange ports_{Port{1024}, Port{65535}};
    std::vector<ReservedPort> reserved_;
    std::vector<Entry> entries_ = std::vector<Entry>(1);  // never empty, the primary one first
};

}  // namespace gatehouse::nat
