// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/authority.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"

namespace gatehouse::upnp {

namespace {

// Administration, file sharing and databases: what "Eternal Silence" and its kin look for.
constexpr std::array<std::uint16_t, 13> kWanted{1433, 1900, 2323, 2375, 3306, 3389, 5351,
                                                5432, 5555, 5900, 5985, 6379, 7547};

bool closed_by_default(Port port) {
    return port.number < 1024 ||
           std::find(kWanted.begin(), kWanted.end(), port.number) != kWanted.end();
}

// The addresses that mean no single host.
bool is_whole_network(const Prefix4& prefix, Ip4 address) {
    return prefix.length < 31 && (address == prefix.network() || address == prefix.broadcast());
}

// The one of all routers (RFC 4291 2.6.1).
bool is_whole_network(const Prefix6& prefix, const Ip6& address) {
    const auto behind = [&](std::size_t i) { return i * 8 >= prefix.length; };
    for (std::size_t i = 0; i < address.bytes.size(); ++i) {
        if (behind(i) && address.bytes[i] != 0) return false;
    }
    return prefix.length < 127;
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

bool is_asked(nat::OwnerKind kind) {
    return kind == nat::OwnerKind::igd || kind == nat::OwnerKind::natpmp ||
           kind == nat::OwnerKind::pcp;
}

bool Authority::is_on_link(std::string_view lan, const IpAddress& address) const {
    const Lan* found = lan_of(address);
    return found != nullptr && found->name == lan;
}

bool Authority::is_near(std::string_view lan, const IpAddress& address) const {
    const Ip6& v6 = address.v6();
    if (address.is_v4() || v6.bytes[0] != 0xfe || (v6.bytes[1] & 0xc0U) != 0x80) {
        return is_on_link(lan, address);
    }
    return std::any_of(lans_.begin(), lans_.end(),
                       [lan](const Lan& one) { return one.name == lan; });
}

const Lan* Authority::lan_of(const IpAddress& host) const {
    const Lan* out = nullptr;
    for (const Lan& lan : lans_) {
        const auto looks_at = [&](const auto& prefixes, const auto& address) {
            for (const auto& prefix : prefixes) {
                if (prefix.address == address) return false;
                if (!prefix.contains(address)) continue;
                if (is_whole_network(prefix, address)) return false;
                out = &lan;
            }
            return true;
        };
        const bool fits =
            host.is_v4() ? looks_at(lan.addresses, host.v4()) : looks_at(lan.addresses6, host.v6());
        if (!fits) return nullptr;
    }
    return out;
}

bool Authority::same_host(const IpAddress& a, const IpAddress& b) const {
    if (a == b) return true;
    const nat::Host* one = hosts_.find(a);
    const nat::Host* other = hosts_.find(b);
    return one != nullptr && other != nullptr && one->mac && one->mac == other->mac;
}

std::optional<Denial> Authority::port_denied(const IpAddress& client, std::optional<Port> outside,
                                             Port inside, std::optional<Mac> mac) const {
    const nat::Host* host = hosts_.find(client);
    if (host != nullptr && host->mac) mac = host->mac;
    for (const config::Permission& rule : config_.permissions) {
        if (rule.mac && mac != rule.mac) continue;
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
    if (lan_of(wish.client) == nullptr) return Denial::off_link;
    if (lan_of(wish.inside) == nullptr) return Denial::no_host;
    // An IPv6 host has several addresses, and asks from any of them.
    const bool itself =
        wish.inside.is_v4() ? wish.inside == wish.client : same_host(wish.client, wish.inside);
    if (config_.secure && !itself) return Denial::other_host;
    return port_denied(wish.inside, wish.outside, wish.inside_port, {});
}

std::optional<Denial> Authority::judge_end(Ip4 client, const nat::Forward& forward,
                                           std::string_view nonce) const {
    if (!is_asked(forward.owner.kind)) return Denial::other_host;
    const std::string name = client.to_string();
    if (forward.owner.kind == nat::OwnerKind::pcp) {
        const std::string_view owner = forward.owner.id;
        if (owner == concat(name, ' ', nonce)) return std::nullopt;
        return owner.starts_with(concat(name, ' ')) ? Denial::nonce : Denial::other_host;
    }
    const bool may = forward.inside.address == client || forward.owner.id == name;
    return may ? std::nullopt : std::optional(Denial::other_host);
}

bool Authority::still_allows(const nat::Forward& forward, std::optional<Mac> mac) const {
    const std::string_view owner = forward.owner.id;
    const std::string target = forward.inside.address.to_string();
    const bool itself = owner.substr(0, owner.find(' ')) == target;
    if (config_.secure && !itself) return false;
    return !port_denied(forward.inside.address, forward.outside.port, forward.inside.port, mac);
}

}  // namespace gatehouse::upnp
