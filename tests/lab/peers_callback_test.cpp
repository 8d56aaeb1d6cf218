// SPDX-License-Identifier: GPL-2.0-or-later
//
// A caller on the internet wants a phone at home that it cannot reach. It asks the server that the
// phone keeps a connection to; the phone then calls back (connection reversal).
//
//   phone .20 -- br-lan 192.168.1.1 [router] wan0 11.0.0.1 --+-- 11.0.0.2 [internet] (server)
//                                                            +-- 11.0.0.9 caller
#include <boost/test/unit_test.hpp>

#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kInVain = 400ms;
constexpr std::string_view kCallBack = "11.0.0.9:5060";

}  // namespace

BOOST_AUTO_TEST_CASE(a_phone_connects_back_to_a_caller_behind_every_type) {
    Internet net;
    const Host& caller = net.add_host("caller", {"11.0.0.9/24"});
    Home home({.name = "home", .internet = &net});
    const TcpListener server = net.host.listen("11.0.0.2:80");
    for (const std::string_view type : kNatTypes) {
        home.becomes(type);
        BOOST_TEST_CONTEXT(type) {
            const TcpListener phone = home.house.phone.listen("0.0.0.0:0");
            TcpPair registered = tcp_pair(home.house.phone, server, At(phone.local()));
            BOOST_REQUIRE(registered.seen() != kNobody);
            const bool reached = caller.connect(registered.seen(), kInVain).is_alive();
            BOOST_TEST(reached == (type == "full-cone"));

            const TcpListener waiting = caller.listen(kCallBack);
            BOOST_TEST(registered.server->send(kCallBack));
            const std::string told = registered.client.receive_exactly(kCallBack.size());
            BOOST_REQUIRE(told == kCallBack);
            TcpPair call = tcp_pair(home.house.phone, waiting);
            BOOST_TEST(call.seen().starts_with("11.0.0.1:"));
            BOOST_TEST(call.works());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_phone_sends_first_to_a_caller_behind_every_type) {
    Internet net;
    const Host& caller = net.add_host("caller", {"11.0.0.9/24"});
    Home home({.name = "home", .internet = &net});
    const UdpSocket server = net.host.udp("11.0.0.2:5060");
    for (const std::string_view type : kNatTypes) {
        home.becomes(type);
        BOOST_TEST_CONTEXT(type) {
            const UdpSocket phone = home.house.phone.udp();
            const UdpSocket waiting = caller.udp(kCallBack);
            const std::string registered = seen_by(server, phone);
            BOOST_REQUIRE(registered != kNobody);
            const bool reached = heard_by(phone, waiting, registered, kInVain) != kNobody;
            BOOST_TEST(reached == (type == "full-cone"));

            server.send_to(registered, kCallBack);
            const auto told = phone.receive();
            BOOST_REQUIRE(told.has_value());
            const std::string seen = heard_by(waiting, phone, told->data);
            BOOST_REQUIRE(seen != kNobody);
            BOOST_TEST((seen == registered) == (type != "symmetric"));
            BOOST_TEST(heard_by(phone, waiting, seen) == kCallBack);
        }
    }
}
