// SPDX-License-Identifier: GPL-2.0-or-later
//
// The one authoriser in front of every verb of IGD, NAT-PMP and PCP. Rules it keeps:
//   - only devices on a network of the house may ask;
//   - in secure mode a device opens ports to itself only, and in any mode only to a device of the
//     house: not to the router, a broadcast or a multicast address;
//   - what was opened is closed by who asked for it or by whom it leads to, what belongs to a PCP
//     nonce by that nonce alone, and what the user configured by nobody;
//   - the user's permissions are asked in their order, the first that matches decides; behind them
//     stand the ports below 1024 and those that worms look for (closed), and all others (open).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"
#include "gateway/nat/hosts.h"
#include "upnp/events.h"

namespace gatehouse::upnp {

// IGD, NAT-PMP and PCP: not what the user configured, nor the ports of calls.
bool is_asked(nat::OwnerKind kind);

// Why somebody may not; the label of its counter.
enum class Denial : std::uint8_t {
    off_link,      // not from a network of the house
    other_host,    // for a device that is not the one that asks
    no_host,       // the target is not a device of the house
    inside_port,   // a permission closes this inside port
    outside_port,  // or this outside port
    nonce,         // the mapping belongs to another PCP client
    third_party,   // PCP's option for other hosts
    browser,       // a web page asks, or one behind another name
    callback,      // events to somebody who did not ask for them
    count_,
};
std::string_view to_string(Denial denial);

struct Wish {
    IpAddress client;
    IpAddress inside;
    Port inside_port;
    std::optional<Port> outside;  // nothing: any
};

class Authority {
  public:
    // The hosts must live as long.
    explicit Authority(const nat::Hosts& hosts) : hosts_(hosts) {}

    void configure(const config::Upnp& config) { config_ = config; }
    void set_lans(std::vector<Lan> lans) { lans_ = std::move(lans); }
    const std::vector<Lan>& lans() const { return lans_; }

    bool is_on_link(std::string_view lan, const IpAddress& address) const;
    // Also with a link-local address of IPv6, which says nothing of a network: for questions that
    // open nothing.
    bool is_near(std::string_view lan, const IpAddress& address) const;
    // The network of a host of the house; nothing where it is none.
    const Lan* lan_of(const IpAddress& host) const;
    // Nothing: it may.
    std::optional<Denial> judge(const Wish& wish) const;
    // Whether the client may end what was given. The nonce is that of PCP.
    std::optional<Denial> judge_end(Ip4 client, const nat::Forward& forward,
                                    std::string_view nonce) const;
    // Whether what was given earlier would be given still. The hardware address is the one that
    // the device had, where the neighbour table does not know better.
    bool still_allows(const nat::Forward& forward, std::optional<Mac> mac) const;
    bool still_allows(const nat::Pinhole& pinhole) const {
        return !port_denied(pinhole.inside, pinhole.port, pinhole.port, pinhole.host);
    }
    // Whether both addresses are of one device.
    bool same_host(const IpAddress& a, const IpAddress& b) const;
    // Whether this device may be given a port.
    bool may_map(const IpAddress& client, std::optional<Port> outside, Port inside) const {
        return !port_denied(client, outside, inside, {});
    }

  private:
    std::optional<Denial> port_denied(const IpAddress& client, std::optional<Port> outside,
                                      Port inside, std::optional<Mac> mac) const;

    const nat::Hosts& hosts_;
    config::Upnp config_;
    std::vector<Lan> lans_;
};

}  // namespace gatehouse::upnp
