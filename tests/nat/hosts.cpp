// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/hosts.h"

#include <boost/test/unit_test.hpp>

#include "tests/nat/support/house.h"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

const Mac kPhone = *parse_mac("00:11:22:33:44:55");
const Mac kOther = *parse_mac("00:11:22:33:44:66");
const IpAddress kAddress = Ip4::of(192, 168, 1, 2);

}  // namespace

BOOST_AUTO_TEST_SUITE(hosts)

BOOST_AUTO_TEST_CASE(the_best_source_gives_the_name_and_the_wire_the_hardware_address) {
    Hosts hosts;
    hosts.publish(kAddress, HostSource::lease, kPhone, "phone");
    hosts.publish(kAddress, HostSource::neighbour, kOther);
    BOOST_REQUIRE(hosts.find(kAddress) != nullptr);
    BOOST_TEST(hosts.find(kAddress)->name() == "phone");
    BOOST_CHECK(hosts.find(kAddress)->mac == kOther);
    BOOST_CHECK(hosts.find(kAddress)->source == HostSource::lease);
    hosts.publish(kAddress, HostSource::static_, {}, "kitchen phone");
    BOOST_TEST(hosts.find(kAddress)->name() == "kitchen phone");
    hosts.withdraw(kAddress, HostSource::neighbour);
    BOOST_CHECK(hosts.find(kAddress)->mac == kPhone);
    hosts.withdraw(kAddress, HostSource::lease);
    hosts.withdraw_all(HostSource::static_);
    BOOST_TEST(hosts.find(kAddress) == nullptr);
    BOOST_TEST(hosts.size() == 0U);
}

BOOST_AUTO_TEST_CASE(all_addresses_of_a_hardware_address_are_known) {
    Hosts hosts;
    const IpAddress six = *parse_ip6("2001:db8::1");
    hosts.publish(six, HostSource::neighbour, kPhone);
    hosts.publish(kAddress, HostSource::neighbour, kPhone);
    BOOST_TEST(hosts.addresses_of(kPhone).size() == 2U);
    hosts.publish(six, HostSource::neighbour, kOther);
    BOOST_CHECK((hosts.addresses_of(kPhone) == std::vector<IpAddress>{kAddress}));
    BOOST_TEST(hosts.addresses_of(*parse_mac("02:00:00:00:00:01")).empty());
}

BOOST_AUTO_TEST_CASE(listeners_hear_of_changes_only) {
    Hosts hosts;
    int heard = 0;
    bool gone = false;
    const auto id = hosts.subscribe([&](const IpAddress&, const Host* host) {
        ++heard;
        gone = host == nullptr;
    });
    hosts.publish(kAddress, HostSource::neighbour, {});
    hosts.publish(kAddress, HostSource::neighbour, {});
    BOOST_TEST(heard == 1);
    hosts.publish(kAddress, HostSource::neighbour, kPhone);
    hosts.withdraw(kAddress, HostSource::lease);
    BOOST_TEST(heard == 2);
    hosts.withdraw(kAddress, HostSource::neighbour);
    BOOST_TEST(heard == 3);
    BOOST_TEST(gone);
    hosts.unsubscribe(id);
    hosts.publish(kAddress, HostSource::neighbour, kPhone);
    BOOST_TEST(heard == 3);
}

BOOST_AUTO_TEST_CASE(a_full_book_takes_a_lease_for_a_mere_neighbour) {
    Hosts hosts;
    for (std::uint32_t n = 0; n < Hosts::kMostHosts; ++n) {
        hosts.publish(Ip4{0x0a000000U + n}, HostSource::neighbour, kPhone);
    }
    BOOST_TEST(!hosts.publish(kAddress, HostSource::neighbour, kPhone));
    BOOST_TEST(hosts.publish(kAddress, HostSource::lease, kPhone));
    BOOST_TEST(hosts.size() == Hosts::kMostHosts);
    for (std::uint32_t n = 1; n < Hosts::kMostHosts; ++n) {
        BOOST_REQUIRE(hosts.publish(Ip4{0x0b000000U + n}, HostSource::lease, kPhone));
    }
    BOOST_TEST(!hosts.publish(Ip4{0x0c000000U}, HostSource::lease, kPhone));
    BOOST_TEST(hosts.size() == Hosts::kMostHosts);
    BOOST_TEST(hosts.addresses_of(kPhone).size() == Hosts::kMostHosts);
    BOOST_TEST(hosts.refused() == 2U);
}

BOOST_AUTO_TEST_CASE(a_pinhole_follows_its_host_to_other_addresses_and_ends_in_time) {
    House house;
    const Ip6 first = *parse_ip6("2001:db8::1");
    const Ip6 temporary = *parse_ip6("2001:db8::aaaa");
    house.hosts.publish(first, HostSource::neighbour, kPhone);
    PinholeRequest request;
    request.inside = first;
    request.host = kPhone;
    request.port = Port{443};
    request.lifetime = 100s;
    request.owner = {OwnerKind::igd, "phone"};
    const auto made = house.engine->open_pinhole(request, house.now);
    house.flush();
    BOOST_REQUIRE(made);
    BOOST_TEST(house.pinholes.size() == 1U);
    house.hosts.publish(temporary, HostSource::neighbour, kPhone);
    house.event(HostChanged{temporary});
    BOOST_TEST(house.pinholes.size() == 2U);
    // Asked for again from the other address it is the same pinhole.
    request.inside = temporary;
    const auto again = house.engine->open_pinhole(request, house.now);
    BOOST_TEST(again->id == made->id);
    BOOST_CHECK(house.engine->renew_pinhole(made->id, {OwnerKind::igd, "x"}, 1s, house.now)
                    .error()
                    .reason == Refusal::not_owner);
    house.flush_table();
    house.event(TableLost{});
    BOOST_TEST(house.pinholes.size() == 2U);
    house.pass(101s);
    BOOST_TEST(house.pinholes.empty());
    BOOST_TEST(house.engine->pinholes().empty());
}

BOOST_AUTO_TEST_CASE(a_pinhole_learns_its_host_from_the_neighbours_and_does_not_serve_another) {
    House house;
    const Ip6 first = *parse_ip6("2001:db8::1");
    const Ip6 temporary = *parse_ip6("2001:db8::aaaa");
    PinholeRequest request;
    request.inside = first;
    request.port = Port{443};
    request.remote = *parse_ip6("2001:db8:9::1");
    request.lifetime = 100s;
    const auto made = house.engine->open_pinhole(request, house.now);
    BOOST_TEST(!made->host.has_value());
    const auto see = [&](const Ip6& address, const Mac& mac) {
        house.hosts.publish(address, HostSource::neighbour, mac);
        house.event(HostChanged{address});
    };
    see(first, kPhone);
    BOOST_CHECK((house.engine->pinholes().front()->host == kPhone));
    see(temporary, kPhone);
    BOOST_TEST(house.pinholes.size() == 2U);
    see(first, kOther);
    BOOST_REQUIRE(house.pinholes.size() == 1U);
    BOOST_CHECK((house.pinholes.begin()->inside == temporary));
    BOOST_CHECK((house.pinholes.begin()->remote == *request.remote));
    see(temporary, kOther);
    BOOST_TEST(house.pinholes.empty());
    // The other host asks for the same at its address and gets one of its own.
    const auto second = house.engine->open_pinhole(request, house.now);
    house.flush();
    BOOST_REQUIRE(second.ok());
    BOOST_TEST(second->id != made->id);
    BOOST_TEST(house.pinholes.size() == 2U);
}

BOOST_AUTO_TEST_CASE(pinholes_wait_until_the_kernel_is_known) {
    House house(default_config(), 131072, false);
    PinholeRequest request;
    request.inside = *parse_ip6("2001:db8::1");
    request.port = Port{443};
    request.lifetime = 100s;
    BOOST_REQUIRE(house.engine->open_pinhole(request, house.now));
    house.flush();
    BOOST_TEST(house.pinholes.empty());
    const PinholeElement old{*parse_ip6("2001:db8::2"), Proto::tcp, Port{80}, {}};
    house.pinholes = {old};
    house.event(AdoptElements{{}, {&old, 1}});
    BOOST_REQUIRE(house.pinholes.size() == 1U);
    BOOST_CHECK((house.pinholes.begin()->inside == request.inside));
}

BOOST_AUTO_TEST_CASE(a_pinhole_of_the_configuration_is_there_while_it_is_configured) {
    const Ip6 one = *parse_ip6("2001:db8::1"), two = *parse_ip6("2001:db8::2"),
              three = *parse_ip6("2001:db8::3");
    config::Config config = default_config();
    config.pinholes = {{"web", config::ForwardProto::tcp, {{443}, {443}}, kPhone, {}, {}},
                       {"game", config::ForwardProto::both, {{80}, {81}}, {}, three, one}};
    House house(config);
    const auto see = [&](const Ip6& address, const Mac& mac) {
        house.hosts.publish(address, HostSource::neighbour, mac);
        house.event(HostChanged{address});
    };
    const std::set<PinholeElement> always{{three, Proto::tcp, Port{80}, one},
                                          {three, Proto::tcp, Port{81}, one},
                                          {three, Proto::udp, Port{80}, one},
                                          {three, Proto::udp, Port{81}, one}};
    BOOST_CHECK((house.pinholes == always));
    // By its hardware address a device is known where it is seen.
    see(one, kPhone);
    see(two, kPhone);
    std::set<PinholeElement> both = always;
    both.insert({one, Proto::tcp, Port{443}, {}});
    both.insert({two, Proto::tcp, Port{443}, {}});
    BOOST_CHECK((house.pinholes == both));
    see(one, kOther);
    both.erase({one, Proto::tcp, Port{443}, {}});
    BOOST_CHECK((house.pinholes == both));
    // Nobody asked for it, so nobody can end it, and it takes nobody's place.
    BOOST_TEST(house.engine->pinholes().empty());
    config.pinholes.erase(config.pinholes.begin());
    house.event(Reconfigured{config});
    BOOST_CHECK((house.pinholes == always));
    // At an address that it is said to have, until another one is seen there.
    config.pinholes = {{"web", config::ForwardProto::udp, {{443}, {443}}, kPhone, three, {}}};
    house.event(Reconfigured{config});
    const PinholeElement there{three, Proto::udp, Port{443}, {}};
    BOOST_TEST(house.pinholes.contains(there));
    see(three, kOther);
    BOOST_TEST(!house.pinholes.contains(there));
    BOOST_TEST(house.pinholes.size() == 1U);
    BOOST_TEST(house.broken_batches == 0U);
}

BOOST_AUTO_TEST_CASE(what_came_through_a_pinhole_is_a_sum_over_its_addresses_and_over_lost_tables) {
    House house;
    const Ip6 first = *parse_ip6("2001:db8::1");
    const Ip6 second = *parse_ip6("2001:db8::2");
    for (const Ip6& address : {first, second})
        house.hosts.publish(address, HostSource::neighbour, kPhone);
    PinholeRequest request;
    request.inside = first;
    request.proto = Proto::tcp;
    request.port = Port{443};
    request.lifetime = 1000s;
    request.owner = {OwnerKind::igd, "phone"};
    const PinholeId id = house.engine->open_pinhole(request, house.now)->id;
    house.flush();
    const std::vector<PinholeElement> elements = house.engine->elements_of(id);
    BOOST_REQUIRE(elements.size() == 2U);
    BOOST_TEST(house.engine->elements_of(id + 1).empty());
    const auto packets = [&] { return house.engine->find_pinhole(id)->packets; };
    const auto says = [&](std::uint64_t at_first, std::uint64_t at_second) {
        const std::vector<PinholeCount> counts{{elements[0], at_first}, {elements[1], at_second}};
        house.event(PinholeCounted{id, counts});
    };
    // A kernel that does not count says nothing; one that has no such element says nothing of it.
    BOOST_TEST(!packets().has_value());
    house.event(PinholeCounted{id, {}});
    BOOST_TEST((packets() == 0U));
    says(3, 4);
    BOOST_TEST((packets() == 7U));
    says(3, 4);
    BOOST_TEST((packets() == 7U));
    says(5, 4);
    BOOST_TEST((packets() == 9U));
    // A lost table begins to count anew, what was there before stays in the sum.
    house.flush_table();
    house.event(TableLost{});
    BOOST_TEST(house.pinholes.size() == 2U);
    says(6, 1);
    BOOST_TEST((packets() == 16U));
    // One of another host, with the same port, has nothing of it; nor has one that is closed.
    request.inside = *parse_ip6("2001:db8::9");
    request.owner = {OwnerKind::igd, "pc"};
    const PinholeId other = house.engine->open_pinhole(request, house.now)->id;
    says(8, 1);
    BOOST_TEST((packets() == 18U));
    BOOST_TEST(!house.engine->find_pinhole(other)->packets.has_value());
    house.event(PinholeCounted{9999, {}});
}

BOOST_AUTO_TEST_CASE(pinholes_that_the_kernel_did_not_take_are_written_again) {
    House house;
    PinholeRequest request;
    request.inside = *parse_ip6("2001:db8::1");
    request.port = Port{443};
    request.lifetime = 100s;
    BOOST_REQUIRE(house.engine->open_pinhole(request, house.now));
    house.flush();
    house.pinholes.clear();
    house.event(PinholesFailed{});
    BOOST_TEST(house.pinholes.size() == 1U);
    house.pinholes.clear();
    house.event(PinholesFailed{});
    BOOST_TEST(house.pinholes.empty());
    house.pass(Engine::kRepairGap);
    BOOST_TEST(house.pinholes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(pinholes_are_bounded_and_checked) {
    House house;
    PinholeRequest request;
    request.inside = *parse_ip6("2001:db8::1");
    request.port = Port{443};
    request.lifetime = 100s;
    request.proto = Proto::icmpv6;
    BOOST_CHECK(house.engine->open_pinhole(request, house.now).error().reason == Refusal::protocol);
    request.proto = Proto::tcp;
    request.port = {};
    BOOST_CHECK(house.engine->open_pinhole(request, house.now).error().reason ==
                Refusal::bad_request);
    for (std::uint16_t n = 0; n < house.config.nat.host_pinholes; ++n) {
        request.port = Port{static_cast<std::uint16_t>(2000 + n)};
        BOOST_REQUIRE(house.engine->open_pinhole(request, house.now));
    }
    request.port = Port{9};
    BOOST_CHECK(house.engine->open_pinhole(request, house.now).error().reason ==
                Refusal::owner_quota);
    request.inside = *parse_ip6("2001:db8::2");
    BOOST_TEST(house.engine->open_pinhole(request, house.now).ok());
    BOOST_TEST(house.engine->counts().pinholes == house.config.nat.host_pinholes + 1);
    BOOST_TEST(house.engine->counts().refused_pinholes == 1U);
    config::Config fewer = house.config;
    fewer.nat.pinholes = 100;
    house.event(Reconfigured{fewer});
    request.port = Port{10};
    BOOST_CHECK(house.engine->open_pinhole(request, house.now).error().reason ==
                Refusal::owner_quota);
}

BOOST_AUTO_TEST_SUITE_END()
