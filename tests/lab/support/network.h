// SPDX-License-Identifier: GPL-2.0-or-later
//
// Cables between hosts, and bridges inside one of them. Every interface gets a number and a MAC of
// its own; both ends are up and have carrier when a constructor returns. The interfaces live as
// long as the hosts: these objects are only handles.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/lab/support/host.h"

namespace gatehouse::lab {

using Addresses = std::vector<std::string>;  // "192.168.1.1/24", "fd00::1/64"

// A MAC nobody else in this process has: 02:00:5e:…, not a vendor's.
Mac new_mac();

struct LinkEnd {
    Host* host = nullptr;
    std::string interface;
};

// A cable (veth pair) between two hosts.
class Link {
  public:
    Link(Host& a, const std::string& a_interface, Host& b, const std::string& b_interface)
        : Link(a, a_interface, new_mac(), b, b_interface) {}
    // With a chosen MAC at the first end (a lease belongs to it, a neighbour remembers it).
    Link(Host& a, const std::string& a_interface, Mac a_mac, Host& b,
         const std::string& b_interface);

    const LinkEnd& first() const { return first_; }
    const LinkEnd& second() const { return second_; }

    // Pulls and puts back the plug at the second end: the first loses and finds its carrier.
    void unplug() const;
    void plug() const;
    // Both interfaces vanish.
    void remove() const;
    // Tells the handle that the first end has got another name.
    void renamed(std::string interface) { first_.interface = std::move(interface); }

  private:
    LinkEnd first_;
    LinkEnd second_;
};

// A bridge with addresses of its own: a house's LAN, or an internet. It learns and forwards from
// the first frame on.
class Bridge {
  public:
    Bridge(Host& host, const std::string& name, const Addresses& addresses);

    // A new port of the bridge with a cable to the other host's interface.
    Link plug(Host& other, const std::string& interface, Mac mac);
    Link plug(Host& other, const std::string& interface) {
        return plug(other, interface, new_mac());
    }

    Host& host() const { return *host_; }
    const std::string& name() const { return name_; }
    const Addresses& addresses() const { return addresses_; }

  private:
    Host* host_;
    std::string name_;
    Addresses addresses_;
};

// Commands for Host::ip(), one per line.
std::string address_lines(const std::string& interface, const Addresses& addresses);
// A default route for each family in which there are own addresses and a gateway (the first).
std::string default_route_lines(const Addresses& own, const Addresses& gateways);

bool is_v6(std::string_view address);
std::string without_length(std::string_view address);  // "192.168.1.1/24" -> "192.168.1.1"

}  // namespace gatehouse::lab
