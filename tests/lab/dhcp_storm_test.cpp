// SPDX-License-Identifier: GPL-2.0-or-later
//
// The power comes back: all devices of a house ask for an address within half a second.
//
//   many devices on one cable --- br-lan 192.168.0.1 [router] wan0 11.0.0.1 ---- [internet]
#include <boost/test/unit_test.hpp>
#include <iostream>

#include "tests/lab/support/dhcp.h"
#include "tests/lab/support/dhcp_storm.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/nat.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

void weather(std::size_t count) {
    static constexpr Duration kLimit = 60s;
    HouseOptions options = without_addresses();
    options.lan = {"192.168.0.1/22"};
    House house(options);
    const Router router(
        house,
        section("dhcp 'lan'", {{"interface", "br-lan"}, {"start", "10"}, {"limit", "1000"}}));
    DhcpStorm storm(house.phone, count);
    const auto time = storm.run(kLimit);
    BOOST_REQUIRE(time.has_value());
    std::cerr << count << " devices bound after " << time->count() << " ms\n";
    BOOST_TEST(storm.addresses().size() == count);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(storm)

// The limits leave room for a busy machine; what an idle one needs is printed.
BOOST_AUTO_TEST_CASE(thirty_devices_at_once_are_all_probed_and_served) {
    weather(30);
}

BOOST_AUTO_TEST_CASE(two_hundred_and_fifty_devices_at_once_are_all_served) {
    weather(250);
}

BOOST_AUTO_TEST_SUITE_END()
