// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/world/devices.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>

namespace gatehouse::world {

using dhcp::MessageType;

config::Config with_dhcp() {
    config::Config config = house_config();
    config::DhcpPool pool;
    pool.interface = "br-lan";
    pool.limit = 45;
    pool.leasetime = 1h;
    config.dhcp = {pool};
    return config;
}

Devices::Devices(World& world, unsigned count, unsigned restless)
    : world_(world), restless_(restless) {
    for (unsigned i = 0; i < count; ++i)
        devices_.emplace_back().number = i + 1;
    world.on_dhcp_sent = [this](const dhcp::Send& send) { hear(send); };
    world.on_arp_probe = [this](Ip4 address) { answer(address); };
}

void Devices::act() {
    for (Device& device : devices_) {
        if (world_.random().below(restless_) == 0) toggle(device);
        if (device.on) act(device);
    }
}

void Devices::all_on() {
    for (Device& device : devices_)
        device.on = true;
}

std::optional<Ip4> Devices::shared() const {
    std::map<Ip4, unsigned> holders;
    for (const Device& device : devices_) {
        if (device.holds(world_.now()) && ++holders[device.address] > 1) return device.address;
    }
    return std::nullopt;
}

std::size_t Devices::on() const {
    return static_cast<std::size_t>(std::count_if(devices_.begin(), devices_.end(),
                                                  [](const Device& device) { return device.on; }));
}

std::size_t Devices::bound() const {
    return static_cast<std::size_t>(std::count_if(
        devices_.begin(), devices_.end(),
        [this](const Device& device) { return device.on && device.holds(world_.now()); }));
}

void Devices::toggle(Device& device) {
    if (device.on && world_.random().below(4) == 0 && device.holds(world_.now())) {
        dhcp::Message message = request(device, MessageType::release);
        message.ciaddr = device.address;
        device.bound = false;
        send(message, device.address);
    }
    device.on = !device.on;
    device.next = world_.now();
    // One that wakes up asks for what it had.
    if (device.on && device.holds(world_.now())) device.renew = world_.now();
}

void Devices::act(Device& device) {
    const Instant now = world_.now();
    if (device.bound && device.end <= now) device.bound = false;
    if (device.next > now || (device.bound && device.renew > now)) return;
    device.next = now + 10s;
    dhcp::Message message =
        request(device, device.bound ? MessageType::request : MessageType::discover);
    if (device.bound) message.ciaddr = device.address;
    send(message, message.ciaddr);
}

dhcp::Message Devices::request(const Device& device, MessageType type) {
    dhcp::Message out;
    out.xid = device.number;
    const Mac mac = device.mac();
    std::copy(mac.bytes.begin(), mac.bytes.end(), out.chaddr.begin());
    out.options.set_u8(dhcp::option::kMessageType, static_cast<std::uint8_t>(type));
    out.options.set_text(dhcp::option::kHostName, "device");
    return out;
}

void Devices::send(const dhcp::Message& message, Ip4 source) {
    if (world_.random().below(20) == 0) return;  // lost
    const auto packet = dhcp::write_message(message, 548);
    world_.tell(dhcp::PacketSeen{"br-lan", packet, source});
}

void Devices::hear(const dhcp::Send& sent) {
    const auto message = dhcp::parse_message(sent.payload);
    BOOST_REQUIRE(message.ok());
    Device& device = devices_.at(message->xid - 1);
    if (!device.on || world_.random().below(20) == 0) return;
    const Instant now = world_.now();
    switch (message->type().value()) {
        case MessageType::offer: {
            if (device.bound) return;
            dhcp::Message select = request(device, MessageType::request);
            select.options.set_u32(dhcp::option::kServerId, sent.source.value);
            select.options.set_u32(dhcp::option::kRequestedAddress, message->yiaddr.value);
            return send(select, {});
        }
        case MessageType::ack: {
            const auto time = message->options.u32(dhcp::option::kLeaseTime);
            device.bound = true;
            device.address = message->yiaddr;
            // Counted from the question, which was a little earlier.
            device.end = now + std::chrono::seconds(time.value()) - 1s;
            device.renew = now + std::chrono::seconds(time.value() / 2);
            return;
        }
        case MessageType::nak: device.bound = false; return;
        default: return;
    }
}

void Devices::answer(Ip4 address) {
    for (const Device& device : devices_) {
        if (device.on && device.holds(world_.now()) && device.address == address) {
            world_.tell(dhcp::ArpSeen{"br-lan", address, device.mac()});
        }
    }
}

}  // namespace gatehouse::world
