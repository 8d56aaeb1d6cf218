// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/outside.h"

#include <algorithm>
#include <cassert>

namespace gatehouse::nat {

namespace {

constexpr std::array kProtos{Proto::tcp, Proto::udp, Proto::icmp};

std::size_t place_of(Proto proto) {
    return proto == Proto::tcp ? 0 : proto == Proto::udp ? 1 : 2;
}

}  // namespace

void Outside::configure(PortRange ports) {
    if (ports == ports_) return;
    ports_ = ports;
    allow_all();
}

void Outside::reserve(std::vector<ReservedPort> reserved) {
    reserved_ = std::move(reserved);
    allow_all();
}

void Outside::allow_all() {
    for (Entry& entry : entries_) {
        for (const Proto proto : kProtos) {
            if (auto& pool = entry.pools[place_of(proto)]) allow(*pool, proto);
        }
    }
}

void Outside::allow(PortPool& pool, Proto proto) const {
    // ICMP identifiers are no ports: all of them are free.
    if (proto == Proto::icmp) {
        pool.allow({Port{0}, Port{65535}}, {});
        return;
    }
    std::vector<PortRange> reserved;
    for (const ReservedPort& one : reserved_) {
        if (one.proto == proto) reserved.push_back(one.ports);
    }
    pool.allow(ports_, reserved);
}

std::vector<Ip4> Outside::set_addresses(const std::vector<Ip4>& addresses) {
    std::vector<Ip4> wanted;
    for (const Ip4 address : addresses) {
        const bool known = std::find(wanted.begin(), wanted.end(), address) != wanted.end();
        if (!address.is_any() && !known) wanted.push_back(address);
    }
    if (wanted.empty()) wanted.push_back(Ip4{});
    // The primary address stays the primary one while it exists.
    const auto stays = std::find(wanted.begin(), wanted.end(), primary());
    if (stays != wanted.end()) std::rotate(wanted.begin(), stays, stays + 1);

    std::vector<Ip4> gone;
    std::vector<Entry> old = std::move(entries_);
    entries_.clear();
    for (const Ip4 address : wanted) {
        const auto known = std::find_if(old.begin(), old.end(),
                                        [&](const Entry& e) { return e.address == address; });
        if (known != old.end()) {
            entries_.push_back(std::move(*known));
            old.erase(known);
        } else {
            entries_.push_back(Entry{address, {}});
        }
    }
    for (const Entry& entry : old)
        gone.push_back(entry.address);
    return gone;
}

const Outside::Entry* Outside::find(Ip4 address) const {
    for (const Entry& entry : entries_) {
        if (entry.address == address) return &entry;
    }
    return nullptr;
}

Ip4 Outside::address_for(Ip4 host) const {
    if (entries_.size() == 1) return primary();
    const auto best =
        std::max_element(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) {
            return hash_.words(host.value, a.address.value) <
                   hash_.words(host.value, b.address.value);
        });
    return best->address;
}

PortPool& Outside::pool(Ip4 address, Proto proto) {
    const Entry* found = find(address);
    assert(found != nullptr && has_pool(proto));
    auto& pool = entries_[static_cast<std::size_t>(found - entries_.data())].pools[place_of(proto)];
    if (!pool) {
        pool = std::make_unique<PortPool>();
        allow(*pool, proto);
    }
    return *pool;
}

PortPool Outside::copy_of_pool(Ip4 address, Proto proto) const {
    const Entry* found = find(address);
    assert(found != nullptr && has_pool(proto));
    if (const auto& pool = found->pools[place_of(proto)]) return *pool;
    PortPool fresh;
    allow(fresh, proto);
    return fresh;
}

bool Outside::is_reserved(Proto proto, Port port) const {
    return std::any_of(reserved_.begin(), reserved_.end(), [&](const ReservedPort& one) {
        return one.proto == proto && one.ports.contains(port);
    });
}

}  // namespace gatehouse::nat
