// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/hosts.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace gatehouse::nat {

namespace {

constexpr std::size_t place_of(HostSource source) {
    return static_cast<std::size_t>(source);
}

constexpr std::uint8_t bit_of(HostSource source) {
    return static_cast<std::uint8_t>(1U << place_of(source));
}

// Takes together what the sources say.
void combine(Host& host) {
    host.mac.reset();
    // From the weakest to the strongest, so that the best source stays.
    for (const HostSource source :
         {HostSource::neighbour, HostSource::lease, HostSource::static_}) {
        if (!host.has(source)) continue;
        host.source = source;
        if (!host.mac) host.mac = host.macs[place_of(source)];
    }
    host.seen = host.has(HostSource::neighbour);
}

bool is_mere_neighbour(const Host& host) {
    return host.sources == bit_of(HostSource::neighbour);
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

bool Host::has(HostSource from) const {
    return (sources & bit_of(from)) != 0;
}

std::string_view Host::name() const {
    const CompactText& given = names[place_of(HostSource::static_)];
    return given.empty() ? names[place_of(HostSource::lease)] : given;
}

bool Hosts::publish(const IpAddress& address, HostSource source, std::optional<Mac> mac,
                    std::string_view name) {
    auto at = hosts_.find(address);
    if (at == hosts_.end()) {
        if (hosts_.size() >= kMostHosts && (source == HostSource::neighbour || !make_room())) {
            ++refused_;
            return false;
        }
        at = hosts_.try_emplace(address).first;
    }
    set(at, source, true, mac, name);
    return true;
}

void Hosts::withdraw(const IpAddress& address, HostSource source) {
    const auto at = hosts_.find(address);
    if (at != hosts_.end() && at->second.has(source)) set(at, source, false, {}, {});
}

void Hosts::withdraw_all(HostSource source) {
    std::vector<IpAddress> addresses;
    for (const auto& [address, host] : hosts_) {
        if (host.has(source)) addresses.push_back(address);
    }
    for (const IpAddress& address : addresses)
        withdraw(address, source);
}

bool Hosts::make_room() {
    if (mere_neighbours_ == 0) return false;
    const auto mere_neighbour = std::find_if(hosts_.begin(), hosts_.end(), [](const Entry& entry) {
        return is_mere_neighbour(entry.second);
    });
    withdraw(mere_neighbour->first, HostSource::neighbour);
    return true;
}

void Hosts::set(Map::iterator at, HostSource source, bool known, std::optional<Mac> mac,
                std::string_view name) {
    Host fresh = at->second;
    fresh.sources = static_cast<std::uint8_t>(known ? fresh.sources | bit_of(source)
                                                    : fresh.sources & ~bit_of(source));
    fresh.macs[place_of(source)] = mac;
    if (source != HostSource::neighbour) fresh.names[place_of(source)] = name;
    combine(fresh);
    Host& host = at->second;
    const bool was_known = host.sources != 0;
    const bool same = was_known && fresh.sources != 0 && fresh.mac == host.mac &&
                      fresh.source == host.source && fresh.seen == host.seen &&
                      fresh.name() == host.name();
    if (!same) index(*at, false);
    if (is_mere_neighbour(host)) --mere_neighbours_;
    if (is_mere_neighbour(fresh)) ++mere_neighbours_;
    host = std::move(fresh);
    if (same) return;
    const IpAddress address = at->first;
    if (host.sources == 0) {
        hosts_.erase(at);
        return tell(address, nullptr);
    }
    index(*at, true);
    tell(address, &host);
}

std::vector<const Hosts::Entry*>::const_iterator Hosts::first_of(const Mac& mac,
                                                                 const IpAddress& address) const {
    return std::lower_bound(
        by_mac_.begin(), by_mac_.end(), std::tie(mac, address),
        [](const Entry* entry, const std::tuple<const Mac&, const IpAddress&>& key) {
            return std::tie(*entry->second.mac, entry->first) < key;
        });
}

void Hosts::index(const Entry& entry, bool present) {
    if (!entry.second.mac) return;
    const auto at = first_of(*entry.second.mac, entry.first);
    if (present) {
        by_mac_.insert(at, &entry);
    } else {
        by_mac_.erase(at);
    }
}

void Hosts::tell(const IpAddress& address, const Host* host) {
    for (const auto& [id, listener] : listeners_)
        listener(address, host);
}

const Host* Hosts::find(const IpAddress& address) const {
    const auto at = hosts_.find(address);
    return at == hosts_.end() ? nullptr : &at->second;
}

std::vector<IpAddress> Hosts::addresses_of(const Mac& mac) const {
    std::vector<IpAddress> out;
    for (auto at = first_of(mac, {}); at != by_mac_.end() && (*at)->second.mac == mac; ++at)
        out.push_back((*at)->first);
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
