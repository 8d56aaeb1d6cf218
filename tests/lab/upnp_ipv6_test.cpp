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

BOOST_AUTO_TEST_CASE(upnpc_opens_and_closes_a_pinhole_for_its_own_device_only) {
    Ipv6Home home;
    House& house = home.house;
    const Router router(house);
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
    igd2({"-D", "1"});
    BOOST_TEST(!reaches(home.house, server));
}

BOOST_AUTO_TEST_SUITE_END()
