// SPDX-License-Identifier: GPL-2.0-or-later
#include <boost/test/unit_test.hpp>

#include "gateway/kernel/links.h"
#include "gateway/kernel/neighbours.h"
#include "tests/kernel_live/namespace.h"

namespace gatehouse::kernel::test {

namespace {

const Ip4 kWan = Ip4::of(11, 0, 0, 2);

// Reads announcements until quiet for 100 ms; true if any read changed something.
bool settle(LinkWatch& watch) {
    bool changed = false;
    for (int i = 0; i < 50 && readable(watch.fd(), 100); ++i)
        changed = watch.read() || changed;
    return changed;
}

void make_wan() {
    run("ip link add wan0 type veth peer name wan1");
    run("ip link set wan0 up && ip link set wan1 up");
    run("ip addr add 11.0.0.2/24 dev wan0 valid_lft 600 preferred_lft 600");
    run("ip route add default via 11.0.0.1 metric 100 src 11.0.0.2");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(live_links, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(the_first_table_holds_link_address_and_default_route) {
    const FreshNamespace fresh;
    make_wan();
    auto watch = LinkWatch::open();
    BOOST_REQUIRE(watch);
    const Link* wan = watch->table().find("wan0");
    BOOST_REQUIRE(wan != nullptr);
    BOOST_TEST(wan->up);
    BOOST_TEST(wan->kind == "veth");
    BOOST_TEST((wan->mac != Mac{}));
    BOOST_REQUIRE(watch->table().default_route() != nullptr);
    BOOST_TEST(watch->table().default_route()->link == wan->index);
    BOOST_TEST(watch->table().default_route()->metric == 100U);
    BOOST_TEST((watch->table().outside_address(*wan) == kWan));
    BOOST_TEST(watch->table().is_own(kWan));
    BOOST_TEST(watch->table().is_own(Ip4::of(127, 0, 0, 1)));
}

BOOST_AUTO_TEST_CASE(a_renewed_address_is_no_change_and_a_new_one_is) {
    const FreshNamespace fresh;
    make_wan();
    auto watch = LinkWatch::open();
    BOOST_REQUIRE(watch);
    (void)settle(*watch);
    run("ip addr change 11.0.0.2/24 dev wan0 valid_lft 900 preferred_lft 900");
    BOOST_TEST(readable(watch->fd(), 1000));
    BOOST_TEST(!settle(*watch));
    run("ip addr add 11.0.0.3/24 dev wan0");
    BOOST_TEST(settle(*watch));
    const Link* wan = watch->table().find("wan0");
    BOOST_REQUIRE(wan->addresses.size() == 2U);
    BOOST_TEST(wan->addresses[1].secondary);
}

BOOST_AUTO_TEST_CASE(a_deleted_address_takes_its_default_route_along) {
    const FreshNamespace fresh;
    make_wan();
    auto watch = LinkWatch::open();
    BOOST_REQUIRE(watch);
    run("ip addr del 11.0.0.2/24 dev wan0");
    BOOST_TEST(settle(*watch));
    BOOST_TEST(watch->table().default_route() == nullptr);
    BOOST_TEST(!watch->table().outside_address(*watch->table().find("wan0")));
}

BOOST_AUTO_TEST_CASE(a_link_is_followed_through_down_rename_and_death) {
    const FreshNamespace fresh;
    make_wan();
    auto watch = LinkWatch::open();
    BOOST_REQUIRE(watch);
    run("ip link set wan0 down");
    BOOST_TEST(settle(*watch));
    BOOST_TEST(!watch->table().find("wan0")->up);
    BOOST_TEST(watch->table().default_route() == nullptr);
    run("ip link set wan0 name ppp0");
    BOOST_TEST(settle(*watch));
    BOOST_TEST(watch->table().find("wan0") == nullptr);
    BOOST_REQUIRE(watch->table().find("ppp0") != nullptr);
    run("ip link del ppp0");
    BOOST_TEST(settle(*watch));
    BOOST_TEST(watch->table().find("ppp0") == nullptr);
}

BOOST_AUTO_TEST_CASE(a_port_that_leaves_its_bridge_is_still_a_link) {
    const FreshNamespace fresh;
    run("ip link add br-lan type bridge && ip link add p0 type veth peer name p1");
    run("ip link set p0 master br-lan");
    auto watch = LinkWatch::open();
    BOOST_REQUIRE(watch);
    BOOST_TEST(watch->table().find("p0")->master == watch->table().find("br-lan")->index);
    BOOST_TEST(watch->table().find("br-lan")->kind == "bridge");
    run("ip link set p0 nomaster");
    BOOST_TEST(settle(*watch));
    BOOST_REQUIRE(watch->table().find("p0") != nullptr);
    BOOST_TEST(watch->table().find("p0")->master == 0U);
}

BOOST_AUTO_TEST_CASE(what_was_lost_to_a_full_buffer_is_listed_again) {
    const FreshNamespace fresh;
    make_wan();
    auto watch = LinkWatch::open();
    BOOST_REQUIRE(watch);
    run("i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo link set wan1 mtu 1400; "
        "echo link set wan1 mtu 1500; done | ip -batch -");
    run("i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo link set wan1 alias a$i; done "
        "| ip -batch -");
    run("ip addr add 11.0.0.9/24 dev wan0");
    BOOST_TEST(settle(*watch));
    BOOST_TEST((watch->table().find("wan0")->find(Ip4::of(11, 0, 0, 9)) != nullptr));
    const auto again = watch->refresh();
    BOOST_REQUIRE(again);
    BOOST_TEST(!*again);
}

BOOST_AUTO_TEST_CASE(neighbours_are_listed_and_followed) {
    const FreshNamespace fresh;
    make_wan();
    run("ip neigh add 11.0.0.9 lladdr 02:00:00:00:00:09 dev wan0 nud reachable");
    auto watch = NeighbourWatch::open();
    BOOST_REQUIRE(watch);
    BOOST_TEST((watch->table().mac_of(Ip4::of(11, 0, 0, 9)) == parse_mac("02:00:00:00:00:09")));
    run("ip neigh add 2001:db8::9 lladdr 02:00:00:00:00:0a dev wan0 nud stale");
    run("ip neigh del 11.0.0.9 dev wan0");
    std::vector<Neighbour> changes;
    while (readable(watch->fd(), 100)) {
        watch->read([&changes](const Neighbour& one) { changes.push_back(one); });
    }
    BOOST_TEST((watch->table().mac_of(*parse_ip("2001:db8::9")) == parse_mac("02:00:00:00:00:0a")));
    BOOST_TEST(!watch->table().mac_of(Ip4::of(11, 0, 0, 9)));
    BOOST_TEST(changes.size() >= 2U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace gatehouse::kernel::test
