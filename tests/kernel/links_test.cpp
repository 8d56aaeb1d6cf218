// SPDX-License-Identifier: GPL-2.0-or-later
#include <boost/test/unit_test.hpp>

#include "gateway/kernel/links.h"
#include "gateway/kernel/neighbours.h"
#include "tests/kernel/captured.h"

namespace gatehouse::kernel::test {

namespace {

constexpr std::uint16_t kNewLink = 16;
constexpr std::uint16_t kDelLink = 17;
constexpr std::uint16_t kNewAddress = 20;
constexpr std::uint16_t kDelAddress = 21;
constexpr std::uint16_t kNewRoute = 24;
constexpr std::uint16_t kDelRoute = 25;
constexpr std::uint16_t kNewNeighbour = 28;
constexpr std::uint16_t kDelNeighbour = 29;

// ip link add wan0 type veth; ip link set wan0 up; only name, MAC address and kind are kept.
const Captured kWan(kNewLink, 0,
                    "000001000300000043100100000000000900030077616e30000000000a0001006eba7f451e62"
                    "000010001200090001007665746800000000");
// ip link set wan0 down
const Captured kWanDown(kNewLink, 0,
                        "000001000300000002100000010000000900030077616e30000000000a0001006eba7f45"
                        "1e62000010001200090001007665746800000000");
// ip link set wan0 name wan9, while up
const Captured kWanRenamed(kNewLink, 0,
                           "000001000300000043100100000000000900030077616e39000000000a0001006eba7f"
                           "451e62000010001200090001007665746800000000");
// ip link del wan9
const Captured kWanDeleted(kDelLink, 0,
                           "000001000300000002100000ffffffff0900030077616e39000000000a0001006eba7f"
                           "451e62000010001200090001007665746800000000");
// ip link set wan1 nomaster, as its bridge tells it: family 7
const Captured kPortLeft(kDelLink, 0,
                         "070001000200000043100100000000000900030077616e310000000008000a0004000000"
                         "0a0001006e432710d8d40000");
// ip link set wan1 up
const Captured kPort(kNewLink, 0,
                     "000001000200000043100100000000000900030077616e31000000000a0001006e432710d8d4"
                     "000010001200090001007665746800000000");
// ip addr add 192.0.2.2/24 dev wan0 valid_lft 600 preferred_lft 600
const Captured kAddress(kNewAddress, 0,
                        "021800000300000008000100c000020208000200c00002020900030077616e3000000000"
                        "080008000000000014000600580200005802000023fd030023fd0300");
// the same again with 900
const Captured kAddressRenewed(kNewAddress, 0,
                               "021800000300000008000100c000020208000200c00002020900030077616e3000"
                               "000000080008000000000014000600840300008403000023fd030023fd0300");
// ip addr add 198.51.100.7 peer 198.51.100.1 dev wan0
const Captured kPeerAddress(kNewAddress, 0,
                            "022080000300000008000100c633640108000200c63364070900030077616e300000"
                            "0000080008008000000014000600ffffffffffffffff24fd030024fd0300");
// ip addr del 192.0.2.2/24 dev wan0
const Captured kAddressGone(kDelAddress, 0,
                            "021800000300000008000100c000020208000200c00002020900030077616e39000000"
                            "00080008000000000014000600840300008403000023fd030023fd0300");
// ip addr add 2001:db8::2/64 dev wan0, heard while its uniqueness is being proved
const Captured kAddress6(kNewAddress, 0,
                         "0a40c000030000001400010020010db800000000000000000000000214000600ffffffff"
                         "ffffffff25fd030025fd030008000800c0000000");
// ip route add default via 192.0.2.1 metric 100 src 192.0.2.2
const Captured kDefault(kNewRoute, 0x600,
                        "02000000fe0300010000000008000f00fe000000080006006400000008000700c0000202"
                        "08000500c00002010800040003000000");
// the route to 192.0.2.0/24 that came with the address
const Captured kSubnet(kNewRoute, 0x600,
                       "02180000fe02fd010000000008000f00fe00000008000100c000020008000700c0000202"
                       "0800040003000000");
// ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev wan0 nud reachable
const Captured kNeighbour(kNewNeighbour, 0,
                          "02000000030000000200000108000100c00002090a00020002000000000900000800040"
                          "0000000001400030000000000000000000000000002000000");
// ip neigh del 192.0.2.9 dev wan0: first it fails, then it goes
const Captured kNeighbourFailed(kNewNeighbour, 0,
                                "02000000030000002000000108000100c0000209080004000000000014000300"
                                "00000000000000000000000001000000");
// ip neigh add 2001:db8::9 lladdr 02:00:00:00:00:09 dev wan0 nud stale
const Captured kNeighbour6(kNewNeighbour, 0,
                           "0a00000003000000040000011400010020010db80000000000000000000000090a0002"
                           "00020000000009000008000400000000001400030070170000000000000000000001000"
                           "000");
// a bridge learns where a port's own address is: family 7
const Captured kForwarding(kNewNeighbour, 0,
                           "0700000004000000800000000a0002000e5d72b2214b00000800090004000000080"
                           "00f00000000001400030000000000000000000000000000000000");

const Ip4 kOurs = Ip4::of(192, 0, 2, 2);

LinkTable wan_table() {
    LinkTable table;
    for (const Captured* one : {&kWan, &kAddress, &kSubnet, &kDefault}) {
        BOOST_TEST(table.apply(one->view()).changed == (one != &kSubnet));
    }
    return table;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(link_table, *boost::unit_test::precondition(LittleEndian()))

BOOST_AUTO_TEST_CASE(a_link_has_its_name_state_kind_and_addresses) {
    const LinkTable table = wan_table();
    const Link* wan = table.find("wan0");
    BOOST_REQUIRE(wan != nullptr);
    BOOST_TEST(wan->index == 3U);
    BOOST_TEST((wan->up && wan->running && !wan->loopback));
    BOOST_TEST(wan->kind == "veth");
    BOOST_TEST(wan->mac.to_string() == "6e:ba:7f:45:1e:62");
    BOOST_REQUIRE(wan->addresses.size() == 1U);
    BOOST_TEST(wan->addresses[0].prefix().to_string() == "192.0.2.2/24");
    BOOST_TEST(!wan->addresses[0].peer);
    BOOST_REQUIRE(table.default_route() != nullptr);
    BOOST_TEST(table.default_route()->metric == 100U);
    BOOST_TEST((table.default_route()->gateway == Ip4::of(192, 0, 2, 1)));
    BOOST_TEST((table.outside_address(*wan) == kOurs));
}

BOOST_AUTO_TEST_CASE(a_renewed_address_is_no_change) {
    LinkTable table = wan_table();
    const LinkTable before = table;
    BOOST_TEST(!table.apply(kAddressRenewed.view()).changed);
    BOOST_TEST(!table.apply(kWan.view()).changed);
    BOOST_TEST(!table.apply(kDefault.view()).changed);
    BOOST_TEST((table == before));
}

BOOST_AUTO_TEST_CASE(of_a_point_to_point_address_the_local_end_is_ours) {
    LinkTable table;
    (void)table.apply(kWan.view());
    BOOST_TEST(table.apply(kPeerAddress.view()).changed);
    const Link* wan = table.find("wan0");
    BOOST_REQUIRE(wan->addresses.size() == 1U);
    BOOST_TEST(wan->addresses[0].local.to_string() == "198.51.100.7");
    BOOST_TEST((wan->addresses[0].peer == Ip4::of(198, 51, 100, 1)));
    BOOST_TEST((table.outside_address(*wan) == Ip4::of(198, 51, 100, 7)));
    BOOST_TEST(table.is_own(Ip4::of(198, 51, 100, 7)));
    BOOST_TEST(!table.is_own(Ip4::of(198, 51, 100, 1)));
}

BOOST_AUTO_TEST_CASE(a_lost_address_puts_the_routes_in_doubt) {
    LinkTable table = wan_table();
    const auto change = table.apply(kAddressGone.view());
    BOOST_TEST((change.changed && change.routes_in_doubt));
    BOOST_TEST(!table.outside_address(*table.find("wan0")));
    BOOST_TEST(!table.apply(kAddressGone.view()).changed);
}

BOOST_AUTO_TEST_CASE(a_link_that_goes_down_puts_the_routes_in_doubt) {
    LinkTable table = wan_table();
    const auto change = table.apply(kWanDown.view());
    BOOST_TEST((change.changed && change.routes_in_doubt));
    BOOST_TEST(!table.find("wan0")->up);
    BOOST_TEST(table.find("wan0")->addresses.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_renamed_link_keeps_its_addresses) {
    LinkTable table = wan_table();
    BOOST_TEST(table.apply(kWanRenamed.view()).changed);
    BOOST_TEST(table.find("wan0") == nullptr);
    BOOST_REQUIRE(table.find("wan9") != nullptr);
    BOOST_TEST((table.outside_address(*table.find("wan9")) == kOurs));
}

BOOST_AUTO_TEST_CASE(a_deleted_link_is_gone_and_a_port_that_left_its_bridge_is_not) {
    LinkTable table = wan_table();
    (void)table.apply(kPort.view());
    BOOST_TEST(!table.apply(kPortLeft.view()).changed);
    BOOST_TEST(table.find("wan1") != nullptr);
    BOOST_TEST(table.apply(kWanDeleted.view()).changed);
    BOOST_TEST(table.find(3U) == nullptr);
}

BOOST_AUTO_TEST_CASE(an_unproved_ipv6_address_is_tentative) {
    LinkTable table = wan_table();
    BOOST_TEST(table.apply(kAddress6.view()).changed);
    const Link* wan = table.find("wan0");
    BOOST_REQUIRE(wan->addresses6.size() == 1U);
    BOOST_TEST(wan->addresses6[0].local.to_string() == "2001:db8::2");
    BOOST_TEST(wan->addresses6[0].tentative);
    BOOST_TEST(!wan->addresses6[0].link_scope);
}

BOOST_AUTO_TEST_CASE(a_default_route_is_deleted_as_it_was_added) {
    LinkTable table = wan_table();
    const Captured gone(kDelRoute, 0, to_hex(kDefault.bytes));
    BOOST_TEST(table.apply(gone.view()).changed);
    BOOST_TEST(table.default_route() == nullptr);
    BOOST_TEST(!table.apply(gone.view()).changed);
}

BOOST_AUTO_TEST_CASE(an_address_of_an_unknown_link_changes_nothing) {
    LinkTable table;
    BOOST_TEST(!table.apply(kAddress.view()).changed);
    BOOST_TEST((table == LinkTable()));
}

BOOST_AUTO_TEST_CASE(a_message_cut_anywhere_does_no_harm) {
    for (const Captured* one : {&kWan, &kAddress, &kPeerAddress, &kAddress6, &kDefault}) {
        for (std::size_t n = 0; n < one->bytes.size(); ++n) {
            LinkTable table = wan_table();
            (void)table.apply(one->cut(n));
            BOOST_TEST(table.links().size() == 1U);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(neighbour_table, *boost::unit_test::precondition(LittleEndian()))

BOOST_AUTO_TEST_CASE(a_neighbour_comes_and_fails) {
    NeighbourTable table;
    const auto came = table.apply(kNeighbour.view());
    BOOST_REQUIRE(came);
    BOOST_TEST((came->state == NeighbourState::reachable));
    BOOST_TEST(came->mac.to_string() == "02:00:00:00:00:09");
    BOOST_TEST((table.mac_of(Ip4::of(192, 0, 2, 9)) == came->mac));
    BOOST_TEST(!table.apply(kNeighbour.view()));
    const auto failed = table.apply(kNeighbourFailed.view());
    BOOST_REQUIRE(failed);
    BOOST_TEST((failed->state == NeighbourState::failed));
    BOOST_TEST(table.size() == 0U);
    BOOST_TEST(!table.apply(Captured(kDelNeighbour, 0, to_hex(kNeighbour.bytes)).view()));
}

BOOST_AUTO_TEST_CASE(an_ipv6_neighbour_is_known_by_its_address) {
    NeighbourTable table;
    BOOST_REQUIRE(table.apply(kNeighbour6.view()));
    const Neighbour* known = table.find(*parse_ip("2001:db8::9"), 3);
    BOOST_REQUIRE(known != nullptr);
    BOOST_TEST((known->state == NeighbourState::stale));
    BOOST_TEST(table.find(*parse_ip("2001:db8::9"), 4) == nullptr);
}

BOOST_AUTO_TEST_CASE(a_bridges_forwarding_entry_is_no_neighbour) {
    NeighbourTable table;
    BOOST_TEST(!table.apply(kForwarding.view()));
    for (std::size_t n = 0; n < kNeighbour.bytes.size(); ++n) {
        (void)table.apply(kNeighbour.cut(n));
    }
    BOOST_TEST(table.size() <= 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace gatehouse::kernel::test
