// SPDX-License-Identifier: GPL-2.0-or-later
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "gateway/kernel/links.h"

namespace gatehouse::kernel {

namespace {

constexpr std::size_t kLinkHeader = 16;    // ifinfomsg
constexpr std::size_t kAddressHeader = 8;  // ifaddrmsg
constexpr std::size_t kRouteHeader = 12;   // rtmsg
constexpr std::size_t kHopHeader = 8;      // rtnexthop

std::optional<Ip4> as_ip4(Bytes value) {
    if (value.size() != 4) return std::nullopt;
    ByteReader reader(value);
    return read_ip4(reader);
}

std::optional<Ip6> as_ip6(Bytes value) {
    if (value.size() != 16) return std::nullopt;
    return Ip6{ByteReader(value).array<16>()};
}

// Adds, replaces or removes the item for which same() holds. True if that changed anything.
template <class T, class Same>
bool update(std::vector<T>& items, const T& item, bool added, std::size_t limit, Same same) {
    const auto found = std::find_if(items.begin(), items.end(), same);
    if (found == items.end()) {
        if (!added || items.size() >= limit) return false;
        items.push_back(item);
        return true;
    }
    if (!added) {
        items.erase(found);
        return true;
    }
    if (*found == item) return false;
    *found = item;
    return true;
}

DefaultRoute read_route(const Attributes& attributes) {
    DefaultRoute route;
    route.metric = attributes.host32(RTA_PRIORITY).value_or(0);
    route.preferred_source = as_ip4(attributes.at(RTA_PREFSRC));
    route.link = attributes.host32(RTA_OIF).value_or(0);
    route.gateway = as_ip4(attributes.at(RTA_GATEWAY));
    const Bytes hops = attributes.at(RTA_MULTIPATH);
    if (hops.size() >= kHopHeader) {  // of several ways the first
        route.link = host32(hops, 4);
        const std::size_t length = std::min<std::size_t>(host16(hops, 0), hops.size());
        if (length > kHopHeader) {
            const Attributes hop(hops.subspan(kHopHeader, length - kHopHeader));
            route.gateway = as_ip4(hop.at(RTA_GATEWAY));
        }
    }
    return route;
}

}  // namespace

const LinkAddress4* Link::find(Ip4 address) const {
    for (const LinkAddress4& known : addresses) {
        if (known.local == address) return &known;
    }
    return nullptr;
}

const Link* LinkTable::find(std::string_view name) const {
    for (const auto& [index, link] : links_) {
        if (link.name == name) return &link;
    }
    return nullptr;
}

const Link* LinkTable::find(unsigned index) const {
    const auto found = links_.find(index);
    return found == links_.end() ? nullptr : &found->second;
}

const DefaultRoute* LinkTable::default_route() const {
    const auto least = std::min_element(
        routes_.begin(), routes_.end(),
        [](const DefaultRoute& a, const DefaultRoute& b) { return a.metric < b.metric; });
    return least == routes_.end() ? nullptr : &*least;
}

std::optional<Ip4> LinkTable::outside_address(const Link& link) const {
    const DefaultRoute* route = default_route();
    if (route != nullptr && route->link == link.index && route->preferred_source &&
        link.find(*route->preferred_source) != nullptr) {
        return route->preferred_source;
    }
    for (const LinkAddress4& address : link.addresses) {
        if (address.usable()) return address.local;
    }
    return std::nullopt;
}

bool LinkTable::is_own(const IpAddress& address) const {
    for (const auto& [index, link] : links_) {
        if (address.is_v4() && link.find(address.v4()) != nullptr) return true;
        for (const LinkAddress6& known : link.addresses6) {
            if (address.is_v6() && known.local == address.v6()) return true;
        }
    }
    return false;
}

LinkTable::Change LinkTable::apply(const MessageView& message) {
    switch (message.type) {
        case RTM_NEWLINK: return apply_link(message, true);
        case RTM_DELLINK: return apply_link(message, false);
        case RTM_NEWADDR: return apply_address(message, true);
        case RTM_DELADDR: return apply_address(message, false);
        case RTM_NEWROUTE: return apply_route(message, true);
        case RTM_DELROUTE: return apply_route(message, false);
        default: return {};
    }
}

LinkTable::Change LinkTable::apply_link(const MessageView& message, bool added) {
    // A bridge tells of its ports in messages of its own family: a port that left is no link less.
    if (message.payload.size() < kLinkHeader || message.payload[0] != AF_UNSPEC) return {};
    const unsigned index = host32(message.payload, 4);
    if (!added) {
        const bool known = links_.erase(index) > 0;
        return {known, known};
    }
    const Attributes attributes(message.behind(kLinkHeader));
    if (!attributes.ok() || attributes.has(IFLA_WIRELESS) || !attributes.has(IFLA_IFNAME)) {
        return {};  // Wi-Fi drivers send events in a message that tells only half of the link
    }
    const auto found = links_.find(index);
    if (found == links_.end() && links_.size() >= kMaxLinks) return {};
    Link link = found == links_.end() ? Link{} : found->second;
    const std::uint32_t flags = host32(message.payload, 8);
    link.index = index;
    link.name = attributes.text(IFLA_IFNAME);
    link.up = (flags & IFF_UP) != 0;
    link.running = (flags & IFF_RUNNING) != 0;
    link.loopback = (flags & IFF_LOOPBACK) != 0;
    link.point_to_point = (flags & IFF_POINTOPOINT) != 0;
    const Bytes mac = attributes.at(IFLA_ADDRESS);
    link.mac = mac.size() == 6 ? Mac{ByteReader(mac).array<6>()} : Mac{};
    link.kind = Attributes(attributes.at(IFLA_LINKINFO)).text(IFLA_INFO_KIND);
    link.master = attributes.host32(IFLA_MASTER).value_or(0);
    if (found != links_.end() && found->second == link) return {};
    const bool went_down = found != links_.end() && found->second.up && !link.up;
    links_[index] = std::move(link);
    return {true, went_down};
}

LinkTable::Change LinkTable::apply_address(const MessageView& message, bool added) {
    if (message.payload.size() < kAddressHeader) return {};
    const auto link = links_.find(host32(message.payload, 4));
    if (link == links_.end()) return {};
    if (message.payload[0] == AF_INET6) return apply_address6(link->second, message, added);
    if (message.payload[0] != AF_INET) return {};
    const Attributes attributes(message.behind(kAddressHeader));
    const auto address = as_ip4(attributes.at(IFA_ADDRESS));
    const auto local = attributes.has(IFA_LOCAL) ? as_ip4(attributes.at(IFA_LOCAL)) : address;
    if (!attributes.ok() || !local || message.payload[1] > 32) return {};
    const std::uint32_t flags = attributes.host32(IFA_FLAGS).value_or(message.payload[2]);
    LinkAddress4 value;
    value.local = *local;
    value.prefix_length = message.payload[1];
    if (address && *address != *local) value.peer = address;
    value.secondary = (flags & IFA_F_SECONDARY) != 0;
    value.deprecated = (flags & IFA_F_DEPRECATED) != 0;
    value.tentative = (flags & IFA_F_TENTATIVE) != 0;
    // The kernel tells addresses apart by local address, peer and prefix length.
    const bool changed = update(link->second.addresses, value, added, kMaxAddresses,
                                [&value](const LinkAddress4& known) {
                                    return known.local == value.local && known.peer == value.peer &&
                                           known.prefix_length == value.prefix_length;
                                });
    return {changed, changed && !added};
}

LinkTable::Change LinkTable::apply_address6(Link& link, const MessageView& message, bool added) {
    const Attributes attributes(message.behind(kAddressHeader));
    const auto address = as_ip6(attributes.at(IFA_ADDRESS));
    const auto local = attributes.has(IFA_LOCAL) ? as_ip6(attributes.at(IFA_LOCAL)) : address;
    if (!attributes.ok() || !local || message.payload[1] > 128) return {};
    const std::uint32_t flags = attributes.host32(IFA_FLAGS).value_or(message.payload[2]);
    LinkAddress6 value;
    value.local = *local;
    value.prefix_length = message.payload[1];
    value.link_scope = message.payload[3] == RT_SCOPE_LINK;
    value.temporary = (flags & IFA_F_TEMPORARY) != 0;
    value.deprecated = (flags & IFA_F_DEPRECATED) != 0;
    value.tentative = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0;
    return {update(link.addresses6, value, added, kMaxAddresses,
                   [&value](const LinkAddress6& known) { return known.local == value.local; }),
            false};
}

LinkTable::Change LinkTable::apply_route(const MessageView& message, bool added) {
    const Bytes head = message.payload;
    if (head.size() < kRouteHeader || head[0] != AF_INET || head[1] != 0) return {};
    const Attributes attributes(message.behind(kRouteHeader));
    const std::uint32_t table = attributes.host32(RTA_TABLE).value_or(head[4]);
    if (!attributes.ok() || table != RT_TABLE_MAIN || head[7] != RTN_UNICAST) return {};
    const DefaultRoute route = read_route(attributes);
    if (route.link == 0) return {};
    const auto before = routes_;
    if (added && (message.flags & NLM_F_REPLACE) != 0) {
        std::erase_if(routes_,
                      [&route](const DefaultRoute& old) { return old.metric == route.metric; });
    }
    (void)update(routes_, route, added, kMaxRoutes,
                 [&route](const DefaultRoute& known) { return known == route; });
    return {before != routes_, false};
}

}  // namespace gatehouse::kernel
