// SPDX-License-Identifier: GPL-2.0-or-later
//
// More devices than addresses, real ones and others.
#include <boost/test/unit_test.hpp>

#include "tests/dhcp/support/lan.h"
#include "tests/dhcp/support/print.h"

using namespace gatehouse;
using namespace gatehouse::dhcp;
using namespace gatehouse::test;

namespace {

config::DhcpPool pool_of(std::uint32_t limit) {
    config::DhcpPool pool = lan_pool();
    pool.limit = limit;
    return pool;
}

void release(Lan& lan, unsigned device, Ip4 address) {
    Message message = request_of(device, MessageType::release);
    message.ciaddr = address;
    lan.ask(message, address);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(floods)

BOOST_AUTO_TEST_CASE(a_flood_of_strangers_does_not_cost_known_devices_their_addresses) {
    Lan lan;
    std::vector<Ip4> known;
    for (unsigned device = 1; device <= 15; ++device)
        known.push_back(lan.bind(device));
    lan.pass(6h);
    for (unsigned device = 1; device <= 5; ++device)
        lan.renew(device, known[device - 1]);
    lan.pass(7h);
    for (unsigned stranger = 1000; stranger < 2000; ++stranger)
        lan.discover(stranger);
    for (unsigned device = 1; device <= 15; ++device)
        BOOST_CHECK(lan.bind(device) == known[device - 1]);
    lan.pass(60s);
    BOOST_CHECK(lan.bind(5000) != Ip4{});
}

BOOST_AUTO_TEST_CASE(strangers_get_short_leases_when_hardly_an_address_is_free) {
    Lan lan;
    unsigned device = 1;
    while (lan.server.networks()[0].pool.free() >= 15)
        lan.bind(device++);
    const auto offer = lan.discover(device);
    BOOST_TEST(offer->options.u32(option::kLeaseTime).value() == 600U);
    BOOST_TEST(type_of(lan.select(device, offer->yiaddr)) == "ack");
    const auto renewed = lan.renew(device, offer->yiaddr);
    BOOST_TEST(renewed->options.u32(option::kLeaseTime).value() == 43200U);
}

BOOST_AUTO_TEST_CASE(offers_that_nobody_takes_make_room_for_a_device_that_is_there) {
    Lan lan(pool_of(10));
    for (unsigned stranger = 1000; stranger < 1010; ++stranger)
        BOOST_TEST(type_of(lan.discover(stranger)) == "offer");
    lan.pass(1s);
    BOOST_TEST(type_of(lan.discover(1)) == "nothing");
    BOOST_CHECK(lan.dropped() == Drop::pool_empty);
    lan.pass(1s);
    const Ip4 address = lan.bind(1);
    BOOST_CHECK(address != Ip4{});
    for (unsigned stranger = 2000; stranger < 2100; ++stranger) {
        lan.discover(stranger);
        lan.pass(100ms);
    }
    BOOST_TEST(lan.state(address) == LeaseState::bound);
}

BOOST_AUTO_TEST_CASE(
    who_was_offered_the_address_of_an_absent_device_and_does_not_take_it_leaves_it) {
    Lan lan(pool_of(4));
    std::vector<Ip4> known;
    for (unsigned device = 1; device <= 4; ++device)
        known.push_back(lan.bind(device));
    for (unsigned device = 1; device <= 4; ++device)
        release(lan, device, known[device - 1]);
    for (unsigned stranger = 1000; stranger < 1100; ++stranger) {
        lan.discover(stranger);
        lan.pass(500ms);
    }
    lan.pass(kOfferTime);
    for (unsigned device = 1; device <= 4; ++device) {
        BOOST_TEST(lan.state(known[device - 1]) == LeaseState::released);
        BOOST_CHECK(lan.bind(device) == known[device - 1]);
    }
}

BOOST_AUTO_TEST_CASE(who_takes_the_address_of_an_absent_device_keeps_it) {
    Lan lan(pool_of(2));
    const Ip4 first = lan.bind(1);
    lan.bind(2);
    release(lan, 1, first);
    BOOST_CHECK(lan.bind(3) == first);
    lan.pass(kOfferTime);
    BOOST_TEST(lan.server.leases().find(first)->mac.to_string() == "02:00:00:00:00:03");
    BOOST_CHECK(lan.bind(1) == Ip4{});
}

BOOST_AUTO_TEST_SUITE_END()
