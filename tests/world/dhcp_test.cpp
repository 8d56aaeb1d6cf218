// SPDX-License-Identifier: GPL-2.0-or-later
//
// A house full of devices for a day: they come, go, sleep, move and lose packets; the daemon is
// killed, the router reboots, reservations change. No two devices ever have one address.
#include <boost/test/unit_test.hpp>

#include <map>

#include "gateway/base/text.h"
#include "tests/world/seeds.h"
#include "tests/world/world.h"

using namespace gatehouse;
using namespace gatehouse::world;
using dhcp::MessageType;

namespace {

constexpr unsigned kDevices = 40;
constexpr Duration kStep = 5s;

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

config::Config with_dhcp() {
    config::Config config = house_config();
    config::DhcpPool pool;
    pool.interface = "br-lan";
    pool.limit = 45;
    pool.leasetime = 1h;
    config.dhcp = {pool};
    return config;
}

class Devices {
  public:
    explicit Devices(World& world) : world_(world) {
        for (unsigned i = 0; i < kDevices; ++i)
            devices_.emplace_back().number = i + 1;
        world.on_dhcp_sent = [this](const dhcp::Send& send) { hear(send); };
        world.on_arp_probe = [this](Ip4 address) { answer(address); };
    }

    void act() {
        for (Device& device : devices_) {
            if (world_.random().below(700) == 0) toggle(device);
            if (device.on) act(device);
        }
    }

    // The address that two devices have, or nothing.
    std::optional<Ip4> shared() const {
        std::map<Ip4, unsigned> holders;
        for (const Device& device : devices_) {
            if (device.holds(world_.now()) && ++holders[device.address] > 1) return device.address;
        }
        return std::nullopt;
    }
    std::size_t on() const { return count(&Device::on); }
    std::size_t bound() const {
        std::size_t n = 0;
        for (const Device& device : devices_)
            n += device.on && device.holds(world_.now()) ? 1U : 0U;
        return n;
    }
    void all_on() {
        for (Device& device : devices_)
            device.on = true;
    }
    const std::vector<Device>& all() const { return devices_; }

  private:
    std::size_t count(bool Device::*what) const {
        std::size_t n = 0;
        for (const Device& device : devices_)
            n += device.*what ? 1U : 0U;
        return n;
    }

    void toggle(Device& device) {
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

    void act(Device& device) {
        const Instant now = world_.now();
        if (device.bound && device.end <= now) device.bound = false;
        if (device.next > now || (device.bound && device.renew > now)) return;
        device.next = now + 10s;
        dhcp::Message message =
            request(device, device.bound ? MessageType::request : MessageType::discover);
        if (device.bound) message.ciaddr = device.address;
        send(message, message.ciaddr);
    }

    dhcp::Message request(const Device& device, MessageType type) {
        dhcp::Message out;
        out.xid = device.number;
        const Mac mac = device.mac();
        std::copy(mac.bytes.begin(), mac.bytes.end(), out.chaddr.begin());
        out.options.set_u8(dhcp::option::kMessageType, static_cast<std::uint8_t>(type));
        out.options.set_text(dhcp::option::kHostName, "device");
        return out;
    }

    void send(const dhcp::Message& message, Ip4 source) {
        if (world_.random().below(20) == 0) return;  // lost
        const auto packet = dhcp::write_message(message, 548);
        world_.tell(dhcp::PacketSeen{"br-lan", packet, source});
    }

    void hear(const dhcp::Send& sent) {
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

    void answer(Ip4 address) {
        for (const Device& device : devices_) {
            if (device.on && device.holds(world_.now()) && device.address == address) {
                world_.tell(dhcp::ArpSeen{"br-lan", address, device.mac()});
            }
        }
    }

    World& world_;
    std::vector<Device> devices_;
};

void disturb(World& world, Devices& devices) {
    switch (world.random().below(2000)) {
        case 0: world.kill(); break;
        case 1: world.reboot(); break;
        case 2: {
            config::Config config = with_dhcp();
            const auto number = world.random().between(1, kDevices);
            config.static_leases = {
                {{devices.all()[number - 1].mac()},
                 Ip4::of(192, 168, 1, static_cast<std::uint8_t>(world.random().between(90, 150))),
                 "chosen",
                 {},
                 {}}};
            if (world.runs()) world.reconfigure(config);
            break;
        }
        default: break;
    }
    if (!world.runs() && world.random().below(6) == 0) world.start();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dhcp_day)

BOOST_AUTO_TEST_CASE(a_day_with_restarts_gives_no_address_twice) {
    for_each_seed(8, [](std::uint64_t seed) {
        World world(seed);
        world.start(with_dhcp());
        Devices devices(world);
        for (Duration time{}; time < 24h; time += kStep) {
            disturb(world, devices);
            devices.act();
            world.pass(kStep);
            const auto twice = devices.shared();
            if (twice) BOOST_FAIL(twice->to_string() + " has two devices\n" + world.story());
        }
        // When all is quiet everybody who is there has an address, and the NAT knows who it is.
        if (!world.runs()) world.start();
        devices.all_on();
        for (int i = 0; i < 60; ++i) {
            devices.act();
            world.pass(kStep);
        }
        BOOST_TEST_CONTEXT(world.story()) {
            BOOST_TEST(devices.bound() + 2 >= devices.on());
            for (const Device& device : devices.all()) {
                if (!device.holds(world.now())) continue;
                const nat::Host* host = world.house().hosts().find(device.address);
                BOOST_REQUIRE(host != nullptr);
                BOOST_TEST((host->mac == device.mac()));
            }
        }
    });
}

BOOST_AUTO_TEST_SUITE_END()
