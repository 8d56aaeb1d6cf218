// SPDX-License-Identifier: GPL-2.0-or-later
//
// The router's interfaces, their addresses and the IPv4 default routes, as rtnetlink tells them.
// LinkTable is pure: it is fed with messages, dumped or announced, and says whether a value
// changed. A DHCP renewal announces the same address again with new lifetimes: no change. On a
// point-to-point link the kernel's IFA_LOCAL is ours and IFA_ADDRESS is the peer's. An interface
// is found by name, because a new dial-in gives it a new index.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/result.h"
#include "gateway/kernel/netlink.h"

namespace gatehouse::kernel {

struct LinkAddress4 {
    Ip4 local;
    std::uint8_t prefix_length = 0;
    std::optional<Ip4> peer;  // the other end of a point-to-point link
    bool secondary = false;
    bool deprecated = false;
    bool tentative = false;

    Prefix4 prefix() const { return {peer.value_or(local), prefix_length}; }
    // Fit to be the address by which the world knows us.
    bool usable() const { return !secondary && !deprecated && !tentative; }
    friend bool operator==(const LinkAddress4&, const LinkAddress4&) = default;
};

struct LinkAddress6 {
    Ip6 local;
    std::uint8_t prefix_length = 0;
    bool link_scope = false;  // fe80::/10 and the like
    bool temporary = false;
    bool deprecated = false;
    bool tentative = false;  // not yet proved unique, or proved not to be

    friend bool operator==(const LinkAddress6&, const LinkAddress6&) = default;
};

struct Link {
    unsigned index = 0;
    std::string name;
    bool up = false;       // somebody wants it up
    bool running = false;  // and there is a carrier
    bool loopback = false;
    bool point_to_point = false;
    Mac mac;              // zeros if it has none of six bytes
    std::string kind;     // "bridge", "veth", "vlan", "ppp"; empty for hardware
    unsigned master = 0;  // index of the bridge or bond it belongs to
    std::vector<LinkAddress4> addresses;
    std::vector<LinkAddress6> addresses6;

    const LinkAddress4* find(Ip4 address) const;
    friend bool operator==(const Link&, const Link&) = default;
};

// An IPv4 default route of the main table.
struct DefaultRoute {
    unsigned link = 0;
    std::uint32_t metric = 0;
    std::optional<Ip4> gateway;
    std::optional<Ip4> preferred_source;

    friend bool operator==(const DefaultRoute&, const DefaultRoute&) = default;
};

class LinkTable {
  public:
    struct Change {
        bool changed = false;
        // The kernel drops routes along with an address or a link without saying so.
        bool routes_in_doubt = false;
    };

    // One RTM_{NEW,DEL}{LINK,ADDR,ROUTE} message; anything else changes nothing.
    Change apply(const MessageView& message);
    void forget_routes() { routes_.clear(); }

    const Link* find(std::string_view name) const;
    const Link* find(unsigned index) const;
    const std::map<unsigned, Link>& links() const { return links_; }
    // The default route in use: the one with the least metric.
    const DefaultRoute* default_route() const;
    // By which IPv4 address the world knows us behind this link: what the default route prefers,
    // else the first address that is neither secondary nor deprecated nor tentative.
    std::optional<Ip4> outside_address(const Link& link) const;
    // Whether the address is one of the router's own, on any link.
    bool is_own(const IpAddress& address) const;

    friend bool operator==(const LinkTable&, const LinkTable&) = default;

  private:
    static constexpr std::size_t kMaxLinks = 4096;
    static constexpr std::size_t kMaxAddresses = 1024;  // of one family on one link
    static constexpr std::size_t kMaxRoutes = 256;

    Change apply_link(const MessageView& message, bool added);
    Change apply_address(const MessageView& message, bool added);
    Change apply_address6(Link& link, const MessageView& message, bool added);
    Change apply_route(const MessageView& message, bool added);

    std::map<unsigned, Link> links_;
    std::vector<DefaultRoute> routes_;
};

// Keeps a LinkTable true.
class LinkWatch {
  public:
    static Result<LinkWatch> open();

    int fd() const { return events_.fd(); }
    const LinkTable& table() const { return table_; }
    // Reads announcements, after a loss the whole table again. True if a value changed.
    bool read();
    // Asks the kernel for everything again. True if a value changed.
    Result<bool> refresh();

  private:
    LinkWatch(NetlinkSocket events, NetlinkSocket asking)
        : events_(std::move(events)), asking_(std::move(asking)) {}

    Status dump(LinkTable& table, std::uint16_t type, std::uint8_t family);
    Result<LinkTable> dump_all();

    NetlinkSocket events_;
    NetlinkSocket asking_;
    LinkTable table_;
    bool incomplete_ = false;  // a dump failed: try again with the next announcement
};

}  // namespace gatehouse::kernel
