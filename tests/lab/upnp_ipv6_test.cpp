// SPDX-License-Identifier: GPL-2.0-or-later
//
// Devices that open the IPv6 filter for themselves: by PCP over IPv6, and by UPnP with upnpc.
//
//   phone   2001:db8:1::20 --+
//   console 2001:db8:1::30 --+-- ::1 [router] 2001:db8:f::1 ---- 2001:db8:f::2 ::3 [internet]
//   pc      2001:db8:1::10 --+
#include <boost/test/unit_test.hpp>

#include "gateway/base/bytes.h"
#include "gateway/base/text.h"
#include "tests/lab/support/ipv6_home.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/upnp.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

bool reaches(const House& house, const TcpListener& server, Duration limit = 1s) {
    return house.internet.connect(At(server.local()), limit).is_alive();
}

// MAP of TCP 8080 of the pc, over IPv6; the result and what it was given for how long.
std::string map_8080(const UdpSocket& client, std::string_view lifetime,
                     std::string_view router = "[2001:db8:1::1]:5351") {
    const std::string hex =
        concat("02010000", lifetime, "20010db8000100000000000000000010",
               "0102030405060708090a0b0c060000001f901f9000000000000000000000000000000000");
    bool ok = false;
    const auto bytes = from_hex(hex, ok);
    std::string answer = "silence";
    (void)eventually(
        [&] {
            const auto heard = client.ask(At(router), as_text(bytes), 1s);
            if (heard) answer = to_hex(as_bytes(heard->data)).substr(0, 16);
            return heard.has_value();
        },
        10s);
    return answer;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ipv6)

BOOST_AUTO_TEST_CASE(pcp_opens_and_closes_the_way_to_the_device_that_asks) {
    Ipv6Home home;
    House& house = home.house;
    const Router router(house);
    const TcpListener server = house.pc.listen("[2001:db8:1::10]:8080");
    const TcpListener other = house.phone.listen("[2001:db8:1::20]:8080");
    BOOST_TEST(!reaches(home.house, server));
    const UdpSocket client = house.pc.udp("[2001:db8:1::10]:0");
    BOOST_TEST(map_8080(client, "00000e10") == "0281000000000e10");
    BOOST_TEST(reaches(home.house, server, 10s));
    BOOST_TEST(!reaches(home.house, other));
    BOOST_TEST(map_8080(client, "00000000") == "0281000000000000");
    BOOST_TEST(!reaches(home.house, server));
}

BOOST_AUTO_TEST_CASE(a_pinhole_of_pcp_survives_a_death_and_a_lost_table_and_is_renewed) {
    Ipv6Home home;
    House& house = home.house;
    Router router(house);
    const TcpListener server = house.pc.listen("[2001:db8:1::10]:8080");
    const UdpSocket client = house.pc.udp("[2001:db8:1::10]:0");
    BOOST_TEST(map_8080(client, "00000e10") == "0281000000000e10");
    BOOST_TEST(reaches(home.house, server, 10s));
    router.kill_9();
    house.router.nft("flush ruleset");
    router.start();
    BOOST_TEST(reaches(home.house, server, 10s));
    // It is its device's still: the same nonce renews it and ends it.
    BOOST_TEST(map_8080(client, "00001c20") == "0281000000001c20");
    BOOST_TEST(map_8080(client, "00000000") == "0281000000000000");
    BOOST_TEST(!reaches(home.house, server));
    router.restart();
    BOOST_TEST(!reaches(home.house, server));
}

BOOST_AUTO_TEST_CASE(a_pinhole_ends_with_its_lease_unless_it_is_renewed) {
    Ipv6Home home;
    House& house = home.house;
    const Router router(house);
    const TcpListener server = house.pc.listen("[2001:db8:1::10]:8080");
    const TcpListener other = house.pc.listen("[2001:db8:1::10]:8081");
    BOOST_TEST(house.pc.run({"ping", "-c1", "-W5", "2001:db8:1::1"}).ok());
    const auto igd2 = [&](const Command& words) { return upnpc(house.pc, words, kGateway2); };
    BOOST_TEST(eventually(
        [&] {
            return igd2({"-A", "", "0", "2001:db8:1::10", "8080", "TCP", "5"})
                .says("Pinhole ID = 1");
        },
        20s));
    BOOST_TEST(igd2({"-A", "", "0", "2001:db8:1::10", "8081", "TCP", "5"}).says("Pinhole ID = 2"));
    // Asking again for the same extends it.
    BOOST_TEST(
        igd2({"-A", "", "0", "2001:db8:1::10", "8081", "TCP", "3600"}).says("Pinhole ID = 2"));
    BOOST_TEST(eventually([&] { return Verdict(!reaches(home.house, server)); }, 20s));
    BOOST_TEST(reaches(home.house, other, 10s));
}

BOOST_AUTO_TEST_CASE(upnpc_opens_and_closes_a_pinhole_for_its_own_device_only) {
    Ipv6Home home;
    House& house = home.house;
    Router router(house);
    const TcpListener server = house.pc.listen("[2001:db8:1::10]:8080");
    const TcpListener other = house.phone.listen("[2001:db8:1::20]:8080");
    // The router knows whose address it is once it has heard of it.
    BOOST_TEST(house.pc.run({"ping", "-c1", "-W5", "2001:db8:1::1"}).ok());
    const auto igd2 = [&](const Command& words) { return upnpc(house.pc, words, kGateway2); };
    BOOST_TEST(eventually(
        [&] {
            return igd2({"-A", "", "0", "2001:db8:1::10", "8080", "TCP", "3600"})
                .says("Pinhole ID = 1");
        },
        20s));
    BOOST_TEST(reaches(home.house, server, 10s));
    BOOST_TEST(igd2({"-A", "", "0", "2001:db8:1::20", "8080", "TCP", "3600"}).says("606"));
    BOOST_TEST(!reaches(home.house, other));
    // A router that was killed and has lost its table gives it back, under the same number.
    router.kill_9();
    house.router.nft("flush ruleset");
    router.start();
    BOOST_TEST(reaches(home.house, server, 10s));
    BOOST_TEST(!reaches(home.house, other));
    BOOST_TEST(house.pc.run({"ping", "-c1", "-W5", "2001:db8:1::1"}).ok());
    igd2({"-D", "1"});
    BOOST_TEST(!reaches(home.house, server));
}

BOOST_AUTO_TEST_CASE(upnpc_hears_whether_its_pinhole_works_and_how_much_came_through) {
    Ipv6Home home;
    House& house = home.house;
    Router router(house);
    BOOST_TEST(house.pc.run({"ping", "-c1", "-W5", "2001:db8:1::1"}).ok());
    const auto igd2 = [&](const Command& words) { return upnpc(house.pc, words, kGateway2); };
    BOOST_TEST(eventually(
        [&] {
            return igd2({"-A", "", "0", "2001:db8:1::10", "8080", "UDP", "3600"})
                .says("Pinhole ID = 1");
        },
        20s));
    const auto packets = [&] {
        const std::string out = igd2({"-K", "1"}).out;
        const std::size_t at = out.find("PinholePackets = ");
        return at == std::string::npos ? "none" : out.substr(at + 17, out.find('\n', at) - at - 17);
    };
    BOOST_TEST(igd2({"-C", "1"}).says("709"));
    BOOST_TEST(packets() == "0");
    // What the device itself begins and what is for another port is not what came through.
    const UdpSocket server = house.pc.udp("[2001:db8:1::10]:8080");
    const UdpSocket other = house.pc.udp("[2001:db8:1::10]:8081");
    const UdpSocket peer = house.internet.udp("[2001:db8:f::2]:7000");
    other.send_to("[2001:db8:f::2]:7000", "hello");
    BOOST_TEST(peer.receive(5s).has_value());
    peer.send_to("[2001:db8:1::10]:8081", "answer");
    BOOST_TEST(other.receive(5s).has_value());
    BOOST_TEST(packets() == "0");
    // The first packet of a session counts, and so does each one behind it.
    const UdpSocket stranger = house.internet.udp("[2001:db8:f::3]:7001");
    for (int i = 0; i < 10; ++i) {
        stranger.send_to("[2001:db8:1::10]:8080", "knock");
        BOOST_REQUIRE(server.receive(5s).has_value());
        server.send_to("[2001:db8:f::3]:7001", "come in");
        BOOST_REQUIRE(stranger.receive(5s).has_value());
    }
    BOOST_TEST(packets() == "10");
    BOOST_TEST(igd2({"-C", "1"}).says("IsWorking = Yes"));
    // The other questions that upnpc has.
    BOOST_TEST(igd2({"-U", "1", "7200"}).says("Pinhole ID = 1 with Lease Time: 7200"));
    BOOST_TEST(igd2({"-G", "2001:db8:f::3", "7001", "2001:db8:1::10", "8080", "17"})
                   .says("Timeout = 300"));
    // A lost table counts from nothing, the sum stays; a restart finds what the kernel has.
    house.router.nft("flush ruleset");
    BOOST_TEST(eventually(
        [&] {
            return Verdict(house.router.nft_ruleset().find("2001:db8:1::10 . udp . 8080") !=
                           std::string::npos);
        },
        10s));
    stranger.send_to("[2001:db8:1::10]:8080", "still there?");
    BOOST_TEST(server.receive(5s).has_value());
    BOOST_TEST(packets() == "11");
    router.restart();
    BOOST_TEST(house.pc.run({"ping", "-c1", "-W5", "2001:db8:1::1"}).ok());
    BOOST_TEST(packets() == "1");
    BOOST_TEST(upnpc(house.phone, {"-K", "1"}, kGateway2).says("606"));
}

BOOST_AUTO_TEST_CASE(upnpc_finds_the_gateway_over_ipv6_and_opens_a_pinhole) {
    Ipv6Home home;
    House& house = home.house;
    const Router router(house);
    const TcpListener server = house.pc.listen("[2001:db8:1::10]:8080");
    BOOST_TEST(house.pc.run({"ping", "-c1", "-W5", "2001:db8:1::1"}).ok());
    BOOST_TEST(eventually(
        [&] {
            return house.pc.run({"upnpc", "-6", "-m", "eth0", "-s"}, 20s)
                .says("Found valid IGD : http://[2001:db8:1::1]:5000/");
        },
        40s));
    const std::string over_ipv4 = description_of(house.pc, kGateway2);
    const std::string url =
        concat("http://[2001:db8:1::1]:5000", over_ipv4.substr(over_ipv4.find('/', 7)));
    const Ran opened = house.pc.run(
        {"upnpc", "-6", "-u", url, "-A", "", "0", "2001:db8:1::10", "8080", "TCP", "3600"}, 20s);
    BOOST_TEST(opened.says("Pinhole ID = 1"));
    BOOST_TEST(reaches(home.house, server, 10s));
}

BOOST_AUTO_TEST_CASE(a_search_over_ipv6_is_answered_inside_and_never_outside) {
    Ipv6Home home;
    House& house = home.house;
    const Router router(house);
    const std::string search =
        "M-SEARCH * HTTP/1.1\r\nHOST: [FF02::C]:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\n"
        "ST: urn:schemas-upnp-org:device:InternetGatewayDevice:2\r\n\r\n";
    const UdpSocket pc = house.pc.udp("[2001:db8:1::10]:0");
    for (const char* group : {"[ff02::c]:1900", "[ff05::c]:1900", "[ff0e::c]:1900"}) {
        BOOST_TEST_CONTEXT(group) {
            BOOST_TEST(eventually(
                [&] {
                    pc.send_to(group, search);
                    const auto answer = pc.receive(2s);
                    return Verdict(answer &&
                                   answer->data.find("LOCATION: http://[2001:db8:1::1]:5000/") !=
                                       std::string::npos);
                },
                20s));
        }
    }
    const UdpSocket stranger = house.internet.udp("[2001:db8:f::2]:0");
    for (const char* to : {"[ff02::c]:1900", "[2001:db8:f::1]:1900", "[2001:db8:1::1]:1900"})
        stranger.send_to(to, search);
    BOOST_TEST(stranger.stays_silent(2s));
    BOOST_TEST(!house.internet.connect("[2001:db8:1::1]:5000", 1s).is_alive());
}

BOOST_AUTO_TEST_CASE(a_subscriber_over_ipv6_hears_of_a_new_port) {
    Ipv6Home home;
    House& house = home.house;
    const Router router(house);
    const std::string description = description_of(house.pc);
    const std::string path =
        concat("http://[2001:db8:1::1]:5000",
               description.substr(description.find('/', 7),
                                  description.find("device.xml") - description.find('/', 7)),
               "ip/event");
    const TcpListener listener = house.pc.listen("[2001:db8:1::10]:7788");
    const Ran subscribed =
        house.pc.run({"curl", "-s", "-S", "-i", "-m", "10", "-g", "-X", "SUBSCRIBE", "-H",
                      "CALLBACK: <http://[2001:db8:1::10]:7788/e>", "-H", "NT: upnp:event", path},
                     15s);
    BOOST_TEST(subscribed.says("SID: uuid:"));
    auto heard = listener.accept(10s);
    BOOST_REQUIRE(heard.has_value());
    const auto event = heard->receive(10s);
    BOOST_REQUIRE(event.has_value());
    BOOST_TEST(event->find("<ExternalIPAddress>11.0.0.1</ExternalIPAddress>") != std::string::npos);
    // For somebody else nobody may subscribe.
    BOOST_TEST(
        house.pc
            .run({"curl", "-s", "-S", "-i", "-m", "10", "-g", "-X", "SUBSCRIBE", "-H",
                  "CALLBACK: <http://[2001:db8:1::20]:7788/e>", "-H", "NT: upnp:event", path},
                 15s)
            .says("412"));
}

BOOST_AUTO_TEST_SUITE_END()
