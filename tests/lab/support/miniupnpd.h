// SPDX-License-Identifier: GPL-2.0-or-later
//
// A plain router on which miniupnpd opens ports: what stands beyond many a Gatehouse.
#pragma once

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "tests/lab/support/environment.h"
#include "tests/lab/support/house.h"

namespace gatehouse::lab {

class Miniupnpd {
  public:
    // The house must live as long. The options are lines of its configuration.
    Miniupnpd(House& house, std::string_view options)
        : house_(house), config_(new_log("miniupnpd.conf")) {
        make_plain_router(house);
        std::ofstream(config_) << "ext_ifname=wan0\nlistening_ip=br-lan\nenable_upnp=yes\n"
                                  "secure_mode=yes\nforce_igd_desc_v1=yes\n"
                                  "upnp_table_name=miniupnpd\nupnp_nat_table_name=miniupnpd\n"
                                  "upnp_forward_chain=forward\nupnp_nat_chain=prerouting\n"
                                  "upnp_nat_postrouting_chain=postrouting\n"
                               << options;
        run();
    }
    // False where it does not end. What it had is gone.
    bool reboot() {
        daemon_.signal(SIGTERM);
        const bool ended = daemon_.wait(10s).has_value();
        run();
        return ended;
    }

  private:
    void run() {
        house_.router.nft(
            "table inet miniupnpd\ndelete table inet miniupnpd\n"
            "table inet miniupnpd {\n"
            " chain forward { type filter hook forward priority 0; policy accept; }\n"
            " chain prerouting { type nat hook prerouting priority dstnat; }\n"
            " chain postrouting { type nat hook postrouting priority srcnat; }\n}\n");
        daemon_ = house_.router.start(
            {"miniupnpd", "-d", "-f", config_.string(), "-P", "/run/miniupnpd.pid"});
    }

    House& house_;
    std::filesystem::path config_;
    Process daemon_;
};

}  // namespace gatehouse::lab
