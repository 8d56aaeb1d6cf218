// SPDX-License-Identifier: GPL-2.0-or-later
//
// Devices that have their addresses by DHCP: they come, go, sleep and lose packets.
#pragma once

#include <vector>

#include "tests/world/world.h"

namespace gatehouse::world {

struct Device {
    unsigned number = 0;
    bool on = false;
    bool bound = false;
    Ip4 address;  // remembered while off, too
    Instant end;
    Instant renew;
    Instant next;  // try

    Mac mac() const { return {{2, 0, 0, 0, 0, static_cast<std::uint8_t>(number)}}; }
    bool holds(Instant now) const { return bound && end > now; }
};

// The house with a pool from 192.168.1.100 to .144.
config::Config with_dhcp();

class Devices {
  public:
    // One in `restless` turns a device on or off.
    Devices(World& world, unsigned count, unsigned restless);

    void act();
    void all_on();

    // The address that two devices have, or nothing.
    std::optional<Ip4> shared() const;
    std::size_t on() const;
    std::size_t bound() const;  // and on
    const std::vector<Device>& all() const { return devices_; }

  private:
    void toggle(Device& device);
    void act(Device& device);
    dhcp::Message request(const Device& device, dhcp::MessageType type);
    void send(const dhcp::Message& message, Ip4 source);
    void hear(const dhcp::Send& sent);
    void answer(Ip4 address);

    World& world_;
    unsigned restless_;
    std::vector<Device> devices_;
};

}  // namespace gatehouse::world
