// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which NAT a host gets: what holds for everybody, and the hosts that are treated differently, by
// their address or by their hardware address, wherever it is now. ICMP identifiers are always
// mapped endpoint-independently (RFC 5508 REQ-1).
#pragma once

#include <string>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/nat/hosts.h"

namespace gatehouse::nat {

class BehaviourPolicy {
  public:
    // The hosts must live as long.
    explicit BehaviourPolicy(const Hosts& hosts) : hosts_(&hosts) {}

    void configure(const config::Nat& nat, const std::vector<config::Host>& hosts);
    config::NatBehaviour of(Ip4 host, Proto proto) const;
    // Whether it matters for any host which hardware address it has.
    bool looks_at_macs() const { return !by_mac_.empty(); }

  private:
    const config::Host* exception(Ip4 host) const;

    const Hosts* hosts_;
    config::Nat nat_;
    std::vector<config::Host> by_address_;
    std::vector<config::Host> by_mac_;
};

}  // namespace gatehouse::nat
