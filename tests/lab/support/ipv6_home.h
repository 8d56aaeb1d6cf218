// SPDX-License-Identifier: GPL-2.0-or-later
//
// A house that has IPv6 beside IPv4.
//
//   phone   2001:db8:1::20 --+
//   console 2001:db8:1::30 --+-- ::1 [router] 2001:db8:f::1 ---- 2001:db8:f::2 ::3 [internet]
//   pc      2001:db8:1::10 --+
#pragma once

#include "tests/lab/support/house.h"

namespace gatehouse::lab {

inline HouseOptions both_families(Internet& internet) {
    HouseOptions options;
    options.internet = &internet;
    options.lan = {"192.168.1.1/24", "2001:db8:1::1/64"};
    options.wan = {"11.0.0.1/24", "2001:db8:f::1/64"};
    options.phone = {"192.168.1.20/24", "2001:db8:1::20/64"};
    options.console = {"192.168.1.30/24", "2001:db8:1::30/64"};
    options.pc = {"192.168.1.10/24", "2001:db8:1::10/64"};
    return options;
}

// The system forwards IPv6 already, and the provider routes the prefix to the house.
class Ipv6Home {
    Internet net_{{"11.0.0.2/24", "2001:db8:f::2/64", "2001:db8:f::3/64"}};

  public:
    House house{both_families(net_)};

    Ipv6Home() {
        house.router.sysctl("net.ipv6.conf.all.forwarding", "1");
        house.internet.ip("route add 2001:db8:1::/64 via 2001:db8:f::1");
    }
};

}  // namespace gatehouse::lab
