// SPDX-License-Identifier: GPL-2.0-or-later
//
// The standard topology (tests/lab/README.md draws it): a router between an inside bridge with a
// phone, a console and a pc, and an internet whose host owns several addresses. Variations: other
// addresses, devices without one (they will ask by DHCP), IPv6 beside IPv4, several houses on one
// internet, a house behind another house.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "tests/lab/support/host.h"
#include "tests/lab/support/network.h"

namespace gatehouse::lab {

// One host with several addresses on a bridge; houses and further hosts plug into the bridge.
class Internet {
  public:
    explicit Internet(const Addresses& addresses = {"11.0.0.2/24", "11.0.0.3/24", "11.0.0.4/24"});

    Host host;
    Bridge bridge;

    // One more machine on the internet, on interface eth0, reached without a router.
    Host& add_host(const std::string& name, const Addresses& addresses);

  private:
    std::list<Host> others_;
};

struct HouseOptions {
    std::string name;  // goes before the names of its hosts: "left-phone"
    Addresses lan = {"192.168.1.1/24"};
    Addresses wan = {"11.0.0.1/24"};
    Addresses phone = {"192.168.1.20/24"};  // none: eth0 is up, without addresses and routes
    Addresses console = {"192.168.1.30/24"};
    Addresses pc = {"192.168.1.10/24"};
    Internet* internet = nullptr;   // shared with others; none: the house gets its own
    class House* behind = nullptr;  // its WAN is a port of that house's LAN
};

// A second house for tests of two: WAN 11.0.0.5, the same inside as every house.
HouseOptions neighbour(Internet& internet);
// WAN 192.168.1.50 on the outer house's LAN, inside 192.168.2.0/24.
HouseOptions inner_house(House& outer);

class House {
    // Before the public members, which refer to it.
    std::unique_ptr<Internet> own_internet_;
    HouseOptions options_;

  public:
    House() : House(HouseOptions{}) {}
    explicit House(HouseOptions options);

    Internet& net;   // the internet, its own or the shared one
    Host& internet;  // its host
    Host router;     // br-lan inside, wan0 outside; does not forward until somebody says so
    Bridge lan;
    Host phone;
    Host console;
    Host pc;

    // A further inside device on interface eth0.
    Host& add_host(const std::string& name, const Addresses& addresses);

    const HouseOptions& options() const { return options_; }
    const std::string& wan_interface() const { return wan_->first().interface; }
    std::string wan_address() const;  // the first, without length; "" for none

    // What happens to home routers. All return when the router's kernel shows it.
    void change_wan_address(const std::string& address);  // in place of all others of its family
    void add_wan_address(const std::string& address);
    void wan_down();  // administratively; addresses stay, routes go
    void wan_up();
    void unplug_wan();  // carrier lost
    void plug_wan();
    void rename_wan(const std::string& interface);
    void wan_vanishes();       // like a modem pulled from USB
    void wan_comes_back();     // same name, MAC and addresses
    void wan_default_route();  // as the provider would set it

  private:
    Bridge& uplink() const;
    void plug_device(Host& device, const Addresses& addresses);
    std::string named(const std::string& role) const;

    std::list<Host> others_;
    Mac wan_mac_;
    std::unique_ptr<Link> wan_;
};

// The house without Gatehouse, as the kernel alone can do it: forwarding and nft masquerade.
void make_plain_router(const House& house);
// And the kernel's helpers at work that such routers have: SIP, FTP and IRC.
void add_kernel_helpers(const House& house);

}  // namespace gatehouse::lab
