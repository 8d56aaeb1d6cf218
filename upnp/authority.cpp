// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/authority.h"

#include <algorithm>
#include <array>

namespace gatehouse::upnp {

namespace {

// Administration, file sharing and databases: what "Eternal Silence" and its kin look for.
constexpr std::array<std::uint16_t, 13> kWanted{1433, 1900, 2323, 2375, 3306, 3389, 5351,
                                                5432, 5555, 5900, 5985, 6379, 7547};

bool closed_by_default(Port port) {
    return port.number < 1024 ||
           std::find(kWanted.begin(), kWanted.end(), port.number) != kWanted.end();
}

}  // namespace

std::string_view to_string(Denial denial) {
    switch (denial) {
        case Denial::off_link: return "off_link";
        case Denial::other_host: return "other_host";
        case Denial::no_host: return "no_host";
        case Denial::inside_port: return "inside_port";
        case Denial::outside_port: return "outside_port";
        case Denial::nonce: return "nonce";
        case Denial::third_party: return "third_party";
        case Denial::browser: return "browser";
        case Denial::callback: return "callback";
        case Denial::count_: break;
    }
    return "";
}

bool Authority::is_on_link(std::string_view lan, Ip4 address) const {
    return std::any_of(lans_.begin(), lans_.end(), [&](const Lan& one) {
        return one.name == lan &&
               std::any_of(one.addresses.begin(), one.addresses.end(), [&](const Prefix4& prefix) {
                   return prefix.contains(address) && prefix.address != address;
               });
    });
}

bool Authority::is_host_of_house(Ip4 address) const {
    bool inside = false;
    for (const Lan& lan : lans_) {
        for (const Prefix4& prefix : lan.addresses) {
            if (prefix.address == address) return false;
            if (!prefix.contains(address)) continue;
            const bool whole_net = prefix.length < 31 &&
                                   (address == prefix.network() || address == prefix.broadcast());
            if (whole_net) return false;
            inside = true;
        }
    }
    return inside;
}

bool Authority::same_host(const IpAddress& a, const IpAddress& b) const {
    if (a == b) return true;
    const nat::Host* one = hosts_.find(a);
    const nat::Host* other = hosts_.find(b);
    return one != nullptr && other != nullptr && one->mac && one->mac == other->mac;
}

std::optional<Denial> Authority::port_denied(const IpAddress& client, std::optional<Port> outside,
                                             Port inside) const {
    const nat::Host* host = hosts_.find(client);
    for (const config::Permission& rule : config_.permissions) {
        if (rule.mac && (host == nullptr || host->mac != rule.mac)) continue;
        if (rule.network && !(client.is_v4() && rule.network->contains(client.v4()))) continue;
        if (!rule.inside.contains(inside)) continue;
        // Who takes any port gets one that is not closed by default.
        if (outside && !rule.outside.contains(*outside)) continue;
        if (rule.action == config::PermissionAction::allow) return std::nullopt;
        return rule.outside.size() < 65535 ? Denial::outside_port : Denial::inside_port;
    }
    if (closed_by_default(inside)) return Denial::inside_port;
    if (outside && closed_by_default(*outside)) return Denial::outside_port;
    return std::nullopt;
}

std::optional<Denial> Authority::judge(const Wish& wish) const {
    const bool on_link =
        wish.client.is_v6() || std::any_of(lans_.begin(), lans_.end(), [&](const Lan& lan) {
            return is_on_link(lan.name, wish.client.v4());
        });
    if (!on_link) return Denial::off_link;
    if (wish.inside.is_v4() && !is_host_of_house(wish.inside.v4())) return Denial::no_host;
    const bool itself =
        wish.inside.is_v4() ? wish.inside == wish.client : same_host(wish.client, wish.inside);
    if (config_.secure && !itself) return Denial::other_host;
    return port_denied(wish.inside, wish.outside, wish.inside_port);
}

}  // namespace gatehouse::upnp
