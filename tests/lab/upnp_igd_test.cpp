// SPDX-License-Identifier: GPL-2.0-or-later
//
// UPnP with real clients: upnpc, gssdp-discover and the Python module of miniupnpc.
//
//   phone .20 --+
//   pc    .10 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/upnp.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kSilence = 300ms;

}  // namespace

BOOST_AUTO_TEST_SUITE(igd)

BOOST_AUTO_TEST_CASE(upnpc_finds_the_gateway_and_opens_lists_and_closes_a_port) {
    House house;
    const Router router(house);
    const Ran status = house.pc.run({"upnpc", "-m", "eth0", "-s"}, 20s);
    BOOST_TEST(status.says("ExternalIPAddress = 11.0.0.1"));
    BOOST_TEST(status.says("Status : Connected"));
    BOOST_TEST(status.says("Bytes:   Sent:"));

    const UdpSocket pc = house.pc.udp("192.168.1.10:6882");
    BOOST_TEST(heard_by(pc, house.internet.udp("11.0.0.3:9"), "11.0.0.1:6881", kSilence) ==
               kNobody);
    const Ran added =
        upnpc(house.pc, {"-e", "a game", "-a", "192.168.1.10", "6882", "6881", "UDP", "3600"});
    BOOST_TEST(
        added.says("external 11.0.0.1:6881 UDP is redirected to internal "
                   "192.168.1.10:6882 (duration=3600)"));
    BOOST_TEST(heard_by(pc, house.internet.udp("11.0.0.3:9"), "11.0.0.1:6881") == "11.0.0.3:9");
    BOOST_TEST(seen_by(house.internet.udp("11.0.0.4:9"), pc) == "11.0.0.1:6881");

    const Ran list = upnpc(house.phone, {"-l"});
    BOOST_TEST(list.says("0 UDP  6881->192.168.1.10:6882  'a game' ''"));
    const Ran shown = router.cli({"forwards"});
    BOOST_TEST(shown.says("igd"));
    BOOST_TEST(shown.says("a game"));

    BOOST_TEST(upnpc(house.phone, {"-d", "6881", "UDP"}).says("606"));
    BOOST_TEST(
        upnpc(house.pc, {"-d", "6881", "UDP"}).says("UPNP_DeletePortMapping() returned : 0"));
    BOOST_TEST(heard_by(pc, house.internet.udp("11.0.0.2:9"), "11.0.0.1:6881", kSilence) ==
               kNobody);
}

BOOST_AUTO_TEST_CASE(both_trees_are_found_each_at_its_own_address) {
    House house;
    const Router router(house);
    const Ran found =
        house.pc.run({"gssdp-discover", "-i", "eth0", "-n", "4", "-t", "upnp:rootdevice"}, 20s);
    BOOST_TEST(found.says("/igd1/device.xml"));
    BOOST_TEST(found.says("/igd2/device.xml"));
}

BOOST_AUTO_TEST_CASE(the_actions_of_the_second_version_work) {
    House house;
    const Router router(house);
    const auto second = [&](const Command& words) { return upnpc(house.pc, words, kGateway2); };
    BOOST_TEST(second({"-n", "192.168.1.10", "7001", "7000", "TCP", "3600"})
                   .says("external 11.0.0.1:7000 TCP is redirected to internal 192.168.1.10:7001"));
    BOOST_TEST(second({"-L"}).says("7000->192.168.1.10:7001"));
    BOOST_TEST(second({"-N", "6000", "8000", "TCP"}).says("returned : 0"));
    BOOST_TEST(!second({"-l"}).says("7000->"));
    BOOST_TEST(second({"-S"}).says("FirewallEnabled: 1 & Inbound Pinhole Allowed: 1"));
}

BOOST_AUTO_TEST_CASE(a_port_that_another_device_has_is_a_conflict) {
    House house;
    const Router router(house);
    BOOST_TEST(upnpc(house.pc, {"-a", "192.168.1.10", "6881", "6881", "TCP"}).says("redirected"));
    BOOST_TEST(upnpc(house.phone, {"-a", "192.168.1.20", "6881", "6881", "TCP"}).says("718"));
    BOOST_TEST(upnpc(house.phone, {"-a", "192.168.1.10", "6882", "6882", "TCP"}).says("718"));
    BOOST_TEST(upnpc(house.pc, {"-a", "192.168.1.10", "445", "4445", "TCP"}).says("718"));
    // Without an end, as it was asked for, and again.
    BOOST_TEST(upnpc(house.pc, {"-a", "192.168.1.10", "6881", "6881", "TCP"}).says("(duration=0)"));
}

BOOST_AUTO_TEST_CASE(the_python_module_finds_the_gateway_and_opens_a_port) {
    House house;
    const Router router(house);
    const Ran ran =
        house.pc.run({"/usr/bin/python3", "-c",
                      "import miniupnpc\n"
                      "u = miniupnpc.UPnP(multicastif='eth0', discoverdelay=500)\n"
                      "print(u.discover(), u.selectigd())\n"
                      "print(u.externalipaddress(), u.statusinfo()[0], u.connectiontype())\n"
                      "print(u.addportmapping(6883, 'TCP', u.lanaddr, 6883, 'python', ''))\n"
                      "print(u.getspecificportmapping(6883, 'TCP'))\n"
                      "print(u.deleteportmapping(6883, 'TCP'))\n"},
                     20s);
    BOOST_TEST(ran.says("11.0.0.1 Connected IP_Routed"));
    BOOST_TEST(ran.says("('192.168.1.10', 6883, 'python', True, 0)"));
}

BOOST_AUTO_TEST_SUITE_END()
