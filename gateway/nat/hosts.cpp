// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/hosts.h"

#include <algorithm>

namespace gatehouse::nat {

namespace {

constexpr std::size_t place_of(HostSource source) {
    return static_cast<std::size_t>(source);
}

}  // namespace

std::string_view to_string(HostSource source) {
    switch (source) {
        case HostSource::static_: return "static";
        case HostSource::lease: return "lease";
        case HostSource::neighbour: return "neighbour";
    }
    return "";
}

bool Hosts::publish(const IpAddress& address, HostSource source, std::optional<Mac> mac,
                    const std::string& name) {
    auto entry = entries_.find(address);
    if (entry == entries_.end()) {
        if (entries_.size() >= kMostHosts && (source == HostSource::neighbour || !make_room())) {
            return false;
        }
        entry = entries_.try_emplace(address).first;
        entry->second.host.address = address;
    }
    entry->second.facts[place_of(source)] = std::make_unique<Fact>(Fact{mac, name});
    settle(entry);
    return true;
}

void Hosts::withdraw(const IpAddress& address, HostSource source) {
    const auto entry = entries_.find(address);
    if (entry == entries_.end() || !entry->second.facts[place_of(source)]) return;
    entry->second.facts[place_of(source)].reset();
    settle(entry);
}

void Hosts::withdraw_all(HostSource source) {
    std::vector<IpAddress> addresses;
    for (const auto& [address, entry] : entries_) {
        if (entry.facts[place_of(source)]) addresses.push_back(address);
    }
    for (const IpAddress& address : addresses)
        withdraw(address, source);
}

bool Hosts::make_room() {
    const auto mere_neighbour = std::find_if(
        entries_.begin(), entries_.end(),
        [](const auto& entry) { return entry.second.host.source == HostSource::neighbour; });
    if (mere_neighbour == entries_.end()) return false;
    withdraw(mere_neighbour->first, HostSource::neighbour);
    return true;
}

void Hosts::settle(Entries::iterator entry) {
    const auto& facts = entry->second.facts;
    Host host;
    host.address = entry->first;
    bool known = false;
    // From the weakest to the strongest source, so that the best name and source stay.
    for (const HostSource source :
         {HostSource::neighbour, HostSource::lease, HostSource::static_}) {
        const auto& fact = facts[place_of(source)];
        if (!fact) continue;
        known = true;
        host.source = source;
        host.seen = host.seen || source == HostSource::neighbour;
        if (!fact->name.empty()) host.name = fact->name;
        if (!host.mac) host.mac = fact->mac;
    }
    if (!known) {
        const IpAddress address = entry->first;
        index(entry->second.host, false);
        entries_.erase(entry);
        tell(address, nullptr);
        return;
    }
    if (entry->second.known && host == entry->second.host) return;
    entry->second.known = true;
    index(entry->second.host, false);
    entry->second.host = host;
    index(host, true);
    tell(host.address, &entry->second.host);
}

void Hosts::index(const Host& host, bool present) {
    if (!host.mac) return;
    if (present) {
        by_mac_.emplace(*host.mac, host.address);
    } else {
        by_mac_.erase({*host.mac, host.address});
    }
}

void Hosts::tell(const IpAddress& address, const Host* host) {
    for (const auto& [id, listener] : listeners_)
        listener(address, host);
}

const Host* Hosts::find(const IpAddress& address) const {
    const auto entry = entries_.find(address);
    return entry == entries_.end() ? nullptr : &entry->second.host;
}

std::vector<IpAddress> Hosts::addresses_of(const Mac& mac) const {
    std::vector<IpAddress> out;
    for (auto at = by_mac_.lower_bound({mac, IpAddress()}); at != by_mac_.end(); ++at) {
        if (at->first != mac) break;
        out.push_back(at->second);
    }
    return out;
}

std::vector<Host> Hosts::all() const {
    std::vector<Host> out;
    out.reserve(entries_.size());
    for (const auto& [address, entry] : entries_)
        out.push_back(entry.host);
    return out;
}

std::uint32_t Hosts::subscribe(HostListener listener) {
    const std::uint32_t id = next_subscription_++;
    listeners_.emplace(id, std::move(listener));
    return id;
}

void Hosts::unsubscribe(std::uint32_t subscription) {
    listeners_.erase(subscription);
}

}  // namespace gatehouse::nat
