// SPDX-License-Identifier: GPL-2.0-or-later
//
// The DHCP server as a part of the daemon.
#include <algorithm>

#include "gateway/daemon/daemon.h"

namespace gatehouse::daemon {

void Daemon::open_dhcp() {
    dhcp_.emplace(
        dhcp::Shell::World{*loop_, *writer_, house_.dhcp()}, start_config_.gateway.state,
        [this](const dhcp::Event& event) { handle(event); },
        [this](const LogLine& line) { log_.write(line); });
}

void Daemon::handle(const dhcp::Event& event) {
    Effects effects;
    house_.handle(event, loop_->now(), effects);
    perform(effects);
}

// The interfaces of the configuration that are there and have an Ethernet address.
void Daemon::serve_dhcp_links() {
    std::vector<dhcp::ServedLink> links;
    for (const config::DhcpPool& pool : house_.config().dhcp) {
        const kernel::Link* link = links_->table().find(pool.interface);
        if (link == nullptr || !link->up || link->mac == Mac{}) continue;
        links.push_back({link->name, link->index, link->mac});
    }
    dhcp_->serve(links);
    dhcp_->set_files(house_.config().dhcp_files);
    dhcp_->perform({});
}

}  // namespace gatehouse::daemon
