// SPDX-License-Identifier: GPL-2.0-or-later
//
// The power comes back: all devices of a house ask for an address within half a second. Each is a
// few lines here, with the patience that RFC 2131 section 4.1 gives it (4 seconds, then 8, ...).
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <vector>

#include "gateway/base/random.h"
#include "tests/lab/support/dhcp_messages.h"
#include "tests/lab/support/host.h"
#include "tests/lab/support/raw_sockets.h"

namespace gatehouse::lab {

class DhcpStorm {
  public:
    // The devices are on the cable of interface eth0 of the host.
    DhcpStorm(const Host& host, std::size_t count);

    // The time until the last device was bound; nothing when that took longer than the limit.
    std::optional<std::chrono::milliseconds> run(Duration limit);
    const std::set<Ip4>& addresses() const { return bound_; }

  private:
    using Clock = std::chrono::steady_clock;

    struct Device {
        Mac mac;
        Clock::time_point next;
        Duration patience = std::chrono::seconds(4);
        bool bound = false;
    };

    void send_due();
    void send(std::size_t number, DhcpQuestion question);
    void hear(const DhcpReply& reply);

    PacketSocket socket_;
    SeededRandom random_;
    Clock::time_point begin_;
    std::vector<Device> devices_;
    std::set<Ip4> bound_;
};

}  // namespace gatehouse::lab
