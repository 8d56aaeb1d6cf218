// SPDX-License-Identifier: GPL-2.0-or-later
//
// A house full of devices for a day: they come, go, sleep, move and lose packets; the daemon is
// killed, the router reboots, reservations change. No two devices ever have one address.
#include <boost/test/unit_test.hpp>

#include "tests/world/devices.h"
#include "tests/world/seeds.h"
#include "tests/world/world.h"

using namespace gatehouse;
using namespace gatehouse::world;

namespace {

constexpr unsigned kDevices = 40;
constexpr unsigned kRestless = 700;
constexpr Duration kStep = 5s;

void disturb(World& world, Devices& devices) {
    switch (world.random().below(2000)) {
        case 0: world.kill(); break;
        case 1: world.reboot(); break;
        case 2: {
            config::Config config = with_dhcp();
            const Device& device = devices.all()[world.random().index(kDevices)];
            config.static_leases = {
                {{device.mac()},
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
        Devices devices(world, kDevices, kRestless);
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
