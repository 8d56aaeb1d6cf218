// SPDX-License-Identifier: GPL-2.0-or-later
//
// A link with devices on it and a server: 192.168.1.1/24 on br-lan, pool .100 to .249. Devices are
// numbered; the clock stands still unless a test moves it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dhcp/journal.h"
#include "dhcp/server.h"

namespace gatehouse::test {

inline constexpr Ip4 kLanRouter = Ip4::of(192, 168, 1, 1);

Mac device_mac(unsigned number);
config::DhcpPool lan_pool();
dhcp::Link lan_link();

// A request of a device, with nothing in it but who sends it.
dhcp::Message request_of(unsigned device, dhcp::MessageType type);

class Lan {
  public:
    // Without probing unless asked for, so that an offer comes at once.
    explicit Lan(config::DhcpPool pool = lan_pool(), std::vector<config::StaticLease> leases = {});

    void configure(config::DhcpPool pool, std::vector<config::StaticLease> leases = {});
    // What the server sends as the answer to a packet; effects() has the rest.
    std::optional<dhcp::Message> ask(const dhcp::Message& message, Ip4 source = {},
                                     std::string_view interface = "br-lan");
    void tell(const dhcp::Event& event);
    // Lets time pass, with all timers in between.
    void pass(Duration time);

    std::optional<dhcp::Message> discover(unsigned device);
    // Selecting.
    std::optional<dhcp::Message> select(unsigned device, Ip4 address);
    std::optional<dhcp::Message> renew(unsigned device, Ip4 address);
    std::optional<dhcp::Message> reboot(unsigned device, Ip4 address);
    // The whole exchange; the address, or 0.0.0.0 where one of its steps fails.
    Ip4 bind(unsigned device);

    dhcp::LeaseState state(Ip4 address) const { return server.leases().find(address)->state; }
    // Of the latest packet; count_ where it was answered.
    dhcp::Drop dropped() const;
    // The journal of everything so far, read again.
    std::vector<dhcp::Lease> journalled() const;

    dhcp::Server server;
    dhcp::Effects effects;  // of the latest call
    Instant now{1000s};
    std::vector<std::uint8_t> journal;

  private:
    void note_changes();
};

// The type of an answer as a word; "nothing" where there is none.
std::string type_of(const std::optional<dhcp::Message>& message);

}  // namespace gatehouse::test
