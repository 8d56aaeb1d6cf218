// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/behaviour.h"

namespace gatehouse::nat {

void BehaviourPolicy::configure(const config::Nat& nat, const std::vector<config::Host>& hosts) {
    nat_ = nat;
    by_address_.clear();
    by_mac_.clear();
    for (const config::Host& host : hosts) {
        (host.mac ? by_mac_ : by_address_).push_back(host);
    }
}

const config::Host* BehaviourPolicy::exception(Ip4 host) const {
    for (const config::Host& one : by_address_) {
        if (one.address == host) return &one;
    }
    if (by_mac_.empty()) return nullptr;
    const Host* known = hosts_->find(host);
    if (known == nullptr || !known->mac) return nullptr;
    for (const config::Host& one : by_mac_) {
        if (one.mac == known->mac) return &one;
    }
    return nullptr;
}

config::NatBehaviour BehaviourPolicy::of(Ip4 host, Proto proto) const {
    const config::Host* other = exception(host);
    config::NatBehaviour behaviour =
        other != nullptr ? config::behaviour_of(other->nat) : nat_.behaviour_for(proto);
    if (proto == Proto::icmp) {
        behaviour.mapping = config::MappingBehaviour::endpoint_independent;
    }
    return behaviour;
}

}  // namespace gatehouse::nat
