// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which outside endpoint a device gets, and who may use it: the nine combinations of mapping and
// filtering (RFC 4787 4 and 5, RFC 5382 4 and 5, RFC 5508 3), per protocol and per device.
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+
#include <boost/test/unit_test.hpp>
#include <set>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr std::string_view kEndpoint = "endpoint-independent";
constexpr std::string_view kAddress = "address-dependent";
constexpr std::string_view kAddressAndPort = "address-and-port-dependent";
constexpr std::string_view kBehaviours[] = {kEndpoint, kAddress, kAddressAndPort};

// How long a packet is waited for that must not come.
constexpr Duration kSilence = 300ms;

std::string custom(std::string_view mapping, std::string_view filtering) {
    return section("nat 'nat'",
                   {{"type", "custom"}, {"mapping", mapping}, {"filtering", filtering}});
}

// What one inside socket looks like to the same address, to its other port, and to another address.
struct Faces {
    std::string first, other_port, other_address, again;
};

void check_faces(const Faces& faces, std::string_view mapping) {
    BOOST_TEST(faces.first != kNobody);
    BOOST_TEST(faces.other_port != kNobody);
    BOOST_TEST(faces.other_address != kNobody);
    BOOST_TEST(faces.again == faces.first);
    BOOST_TEST((faces.other_port == faces.first) == (mapping != kAddressAndPort));
    BOOST_TEST((faces.other_address == faces.first) == (mapping == kEndpoint));
    if (mapping != kEndpoint) BOOST_TEST(faces.other_address != faces.other_port);
}

Faces udp_faces(const House& house) {
    const UdpSocket a = house.internet.udp("11.0.0.2:7001");
    const UdpSocket a2 = house.internet.udp("11.0.0.2:7002");
    const UdpSocket b = house.internet.udp("11.0.0.3:7001");
    const UdpSocket phone = house.phone.udp("0.0.0.0:5555");
    return {seen_by(a, phone), seen_by(a2, phone), seen_by(b, phone), seen_by(a, phone)};
}

Faces tcp_faces(const House& house) {
    const TcpListener a = house.internet.listen("11.0.0.2:7001");
    const TcpListener a2 = house.internet.listen("11.0.0.2:7002");
    const TcpListener b = house.internet.listen("11.0.0.3:7001");
    const At local = "192.168.1.20:5555";
    const TcpPair first = tcp_pair(house.phone, a, local);
    const TcpPair other_port = tcp_pair(house.phone, a2, local);
    const TcpPair other_address = tcp_pair(house.phone, b, local);
    return {first.seen(), other_port.seen(), other_address.seen(), first.seen()};
}

void check_udp_filtering(const House& house, std::string_view filtering) {
    const UdpSocket a = house.internet.udp("11.0.0.2:7003");
    const UdpSocket a2 = house.internet.udp("11.0.0.2:7004");
    const UdpSocket b = house.internet.udp("11.0.0.3:7003");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    const std::string outside = seen_by(a, phone);
    BOOST_REQUIRE(outside != kNobody);
    BOOST_TEST(heard_by(phone, a, outside) == "11.0.0.2:7003");
    const std::string_view other_port = filtering == kAddressAndPort ? kNobody : "11.0.0.2:7004";
    BOOST_TEST(heard_by(phone, a2, outside, kSilence) == other_port);
    const std::string_view other_address = filtering == kEndpoint ? "11.0.0.3:7003" : kNobody;
    BOOST_TEST(heard_by(phone, b, outside, kSilence) == other_address);
    BOOST_TEST(heard_by(phone, a, outside) == "11.0.0.2:7003");
}

void check_tcp_filtering(const House& house, std::string_view filtering) {
    const TcpListener a = house.internet.listen("11.0.0.2:7003");
    const TcpPair game = tcp_pair(house.phone, a, At("192.168.1.20:6000"));
    BOOST_REQUIRE(game.seen() != kNobody);
    const TcpListener phone = house.phone.listen("192.168.1.20:6000");
    const auto reaches = [&](std::string_view from) {
        return house.internet.connect(game.seen(), 400ms, At(from)).is_alive();
    };
    BOOST_TEST(reaches("11.0.0.2:7004") == (filtering != kAddressAndPort));
    BOOST_TEST(reaches("11.0.0.3:7003") == (filtering == kEndpoint));
    BOOST_TEST(game.client.is_alive());
}

void check_combination(std::string_view mapping, std::string_view filtering) {
    House house;
    const Router router(house, custom(mapping, filtering));
    BOOST_TEST_CONTEXT("UDP mapping") check_faces(udp_faces(house), mapping);
    BOOST_TEST_CONTEXT("TCP mapping") check_faces(tcp_faces(house), mapping);
    BOOST_TEST_CONTEXT("UDP filtering") check_udp_filtering(house, filtering);
    BOOST_TEST_CONTEXT("TCP filtering") check_tcp_filtering(house, filtering);
}

void check_combinations(std::string_view mapping) {
    for (const std::string_view filtering : kBehaviours) {
        BOOST_TEST_CONTEXT(mapping << " mapping, " << filtering << " filtering")
        check_combination(mapping, filtering);
    }
}

// The identifiers of echo requests that left with this destination.
std::set<std::uint16_t> identifiers(const Capture& outside, std::string_view destination) {
    std::set<std::uint16_t> out;
    for (const Packet& p : outside.packets()) {
        if (p.is_icmp() && p.icmp_type == 8 && p.is_to(destination)) out.insert(p.icmp_identifier);
    }
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(behaviours)

BOOST_AUTO_TEST_CASE(an_endpoint_independent_mapping_filters_as_configured) {
    check_combinations(kEndpoint);
}

BOOST_AUTO_TEST_CASE(an_address_dependent_mapping_filters_as_configured) {
    check_combinations(kAddress);
}

BOOST_AUTO_TEST_CASE(an_address_and_port_dependent_mapping_filters_as_configured) {
    check_combinations(kAddressAndPort);
}

BOOST_AUTO_TEST_CASE(a_cone_type_keeps_the_identifier_of_a_ping_whomever_it_goes_to) {
    House house;
    const Router router(house);
    const Capture outside = house.router.capture("wan0");
    const IcmpSocket phone = house.phone.icmp();
    for (const std::string_view target : {"11.0.0.2", "11.0.0.3", "11.0.0.4"}) {
        phone.send_echo(target, 4711, 1);
        BOOST_TEST(phone.receive_reply(4711, 1).has_value());
        BOOST_TEST((identifiers(outside, target) == std::set<std::uint16_t>{4711}));
    }
}

BOOST_AUTO_TEST_CASE(udp_and_tcp_may_be_of_different_types) {
    House house;
    const Router router(
        house, section("nat 'nat'", {{"udp_type", "full-cone"}, {"tcp_type", "symmetric"}}));
    check_faces(udp_faces(house), kEndpoint);
    check_faces(tcp_faces(house), kAddressAndPort);
    check_udp_filtering(house, kEndpoint);
    check_tcp_filtering(house, kAddressAndPort);
}

BOOST_AUTO_TEST_CASE(an_open_udp_port_does_not_open_the_tcp_port_of_that_number) {
    House house;
    const Router router(house, nat_type("full-cone"));
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6001");
    BOOST_TEST(seen_by(server, phone) == "11.0.0.1:6001");
    const TcpListener web = house.phone.listen("192.168.1.20:6001");
    BOOST_TEST(!house.internet.connect("11.0.0.1:6001", 400ms).is_alive());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(devices)

BOOST_AUTO_TEST_CASE(a_device_is_of_its_own_type_by_its_address) {
    House house;
    const Router router(
        house, nat_type("port-restricted-cone") +
                   section("host 'tv'", {{"address", "192.168.1.20"}, {"nat", "full-cone"}}) +
                   section("host 'guest'", {{"address", "192.168.1.30"}, {"nat", "symmetric"}}));
    check_udp_filtering(house, kEndpoint);  // of the phone
    check_faces(udp_faces(house), kEndpoint);
    const UdpSocket a = house.internet.udp("11.0.0.2:7001");
    const UdpSocket b = house.internet.udp("11.0.0.3:7001");
    const UdpSocket guest = house.console.udp("0.0.0.0:5555");
    BOOST_TEST(seen_by(a, guest) != seen_by(b, guest));
    const UdpSocket pc = house.pc.udp("0.0.0.0:5001");
    const std::string outside = seen_by(a, pc);
    BOOST_TEST(outside == seen_by(b, pc));
    BOOST_TEST(heard_by(pc, house.internet.udp("11.0.0.2:7009"), outside, kSilence) == kNobody);
}

BOOST_AUTO_TEST_CASE(a_device_is_of_its_own_type_by_its_mac_whatever_its_address) {
    House house;
    const std::string mac = house.phone.mac("eth0")->to_string();
    const Router router(
        house, nat_type("symmetric") + section("host 'tv'", {{"mac", mac}, {"nat", "full-cone"}}));
    check_faces(udp_faces(house), kEndpoint);
    check_udp_filtering(house, kEndpoint);
    house.phone.ip(
        "address del 192.168.1.20/24 dev eth0\naddress add 192.168.1.77/24 dev eth0\n"
        "route replace default via 192.168.1.1");
    check_faces(udp_faces(house), kEndpoint);
    check_udp_filtering(house, kEndpoint);
}

BOOST_AUTO_TEST_CASE(a_reload_changes_the_type_for_what_begins_later) {
    House house;
    Router router(house, nat_type("full-cone"));
    check_udp_filtering(house, kEndpoint);
    router.configure(nat_type("symmetric"));
    BOOST_TEST(router.reload().ok());
    check_faces(udp_faces(house), kAddressAndPort);
    router.configure(nat_type("restricted-cone"));
    BOOST_TEST(router.reload().ok());
    const UdpSocket a = house.internet.udp("11.0.0.2:7001");
    const UdpSocket b = house.internet.udp("11.0.0.3:7001");
    const UdpSocket pc = house.pc.udp("0.0.0.0:5001");
    const std::string outside = seen_by(a, pc);
    BOOST_TEST(outside == seen_by(house.internet.udp("11.0.0.4:7001"), pc));
    BOOST_TEST(heard_by(pc, b, outside, kSilence) == kNobody);
}

BOOST_AUTO_TEST_SUITE_END()
