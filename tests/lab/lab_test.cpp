// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lab itself: networks, what happens to a WAN, sockets and captures. What the other lab tests
// take for granted.
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+
#include "tests/lab/support/lab.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>
#include <iostream>

#include "gateway/base/text.h"

using namespace gatehouse;
using namespace gatehouse::lab;

BOOST_AUTO_TEST_SUITE(networks)

BOOST_AUTO_TEST_CASE(devices_inside_reach_each_other_and_the_router) {
    House house;
    BOOST_TEST(house.phone.can_ping("192.168.1.30"));
    BOOST_TEST(house.console.can_ping("192.168.1.10"));
    BOOST_TEST(house.pc.can_ping("192.168.1.1"));
}

BOOST_AUTO_TEST_CASE(the_router_reaches_every_address_of_the_internet) {
    House house;
    BOOST_TEST(house.router.can_ping("11.0.0.2"));
    BOOST_TEST(house.router.can_ping("11.0.0.3"));
    BOOST_TEST(house.router.can_ping("11.0.0.4"));
}

BOOST_AUTO_TEST_CASE(nothing_is_forwarded_before_somebody_says_so) {
    House house;
    BOOST_TEST(house.router.sysctl("net.ipv4.ip_forward") == "0");
    BOOST_TEST(!house.phone.can_ping("11.0.0.2", 1s));
}

BOOST_AUTO_TEST_CASE(a_house_stands_within_a_second) {
    const auto start = std::chrono::steady_clock::now();
    const House house;
    const auto time = std::chrono::steady_clock::now() - start;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    std::cerr << "a house took " << ms << " ms\n";
    BOOST_TEST(ms < 5000);  // the promise with room for a machine that is busy building
}

BOOST_AUTO_TEST_CASE(a_device_without_an_address_waits_for_one) {
    HouseOptions options;
    options.phone = {};
    House house(options);
    BOOST_TEST(house.phone.has_carrier("eth0"));
    BOOST_TEST(!house.phone.can_ping("192.168.1.1", 1s));
    house.phone.ip("address add 192.168.1.77/24 dev eth0");
    BOOST_TEST(house.phone.can_ping("192.168.1.1"));
}

BOOST_AUTO_TEST_CASE(a_further_device_joins_the_house_and_the_internet) {
    House house;
    Host& tv = house.add_host("tv", {"192.168.1.40/24"});
    BOOST_TEST(tv.can_ping("192.168.1.20"));
    Host& peer = house.net.add_host("peer", {"11.0.0.7/24"});
    BOOST_TEST(peer.can_ping("11.0.0.1"));
}

BOOST_AUTO_TEST_CASE(a_house_may_have_ipv6_beside_ipv4) {
    Internet net({"11.0.0.2/24", "2001:db8::2/64"});
    HouseOptions options;
    options.internet = &net;
    options.lan = {"192.168.1.1/24", "fd00:1::1/64"};
    options.wan = {"11.0.0.1/24", "2001:db8::1/64"};
    options.phone = {"192.168.1.20/24", "fd00:1::20/64"};
    House house(options);
    BOOST_TEST(house.phone.can_ping("fd00:1::1"));
    BOOST_TEST(house.router.can_ping("2001:db8::2"));
    const UdpSocket server = net.host.udp("[2001:db8::2]:53");
    const UdpSocket client = house.router.udp("[::]:0");
    BOOST_TEST(client.send_to("[2001:db8::2]:53", "who"));
    const auto question = server.receive();
    BOOST_REQUIRE(question.has_value());
    BOOST_TEST(question->from.address.to_string() == "2001:db8::1");
}

BOOST_AUTO_TEST_CASE(two_houses_share_one_internet_and_nothing_else) {
    Internet net;
    HouseOptions left;
    left.internet = &net;
    House ours(left);
    House theirs(neighbour(net));
    BOOST_TEST(ours.router.can_ping("11.0.0.5"));
    BOOST_TEST(theirs.router.can_ping("11.0.0.1"));
    make_plain_router(ours);
    make_plain_router(theirs);
    const UdpSocket server = net.host.udp("11.0.0.2:3478");
    const UdpSocket our_phone = ours.phone.udp("192.168.1.20:5060");
    const UdpSocket their_phone = theirs.phone.udp("192.168.1.20:5060");
    our_phone.send_to("11.0.0.2:3478", "ours");
    const auto first = server.receive();
    BOOST_REQUIRE(first.has_value());
    BOOST_TEST(first->from.to_string() == "11.0.0.1:5060");
    their_phone.send_to("11.0.0.2:3478", "theirs");
    const auto second = server.receive();
    BOOST_REQUIRE(second.has_value());
    BOOST_TEST(second->from.to_string() == "11.0.0.5:5060");
}

BOOST_AUTO_TEST_CASE(a_house_stands_behind_another_house) {
    House outer;
    House inner(inner_house(outer));
    make_plain_router(outer);
    make_plain_router(inner);
    const TcpListener web = outer.internet.listen("11.0.0.3:80");
    TcpConnection page = inner.pc.connect("11.0.0.3:80");
    BOOST_TEST(page.is_alive());
    const auto served = web.accept();
    BOOST_REQUIRE(served.has_value());
    BOOST_TEST(served->peer()->address.to_string() == "11.0.0.1");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(plain_router)

BOOST_AUTO_TEST_CASE(masquerade_passes_udp_tcp_and_icmp) {
    House house;
    make_plain_router(house);
    const Capture outside = house.router.capture("wan0");

    const UdpSocket server = house.internet.udp("11.0.0.2:3478");
    const UdpSocket game = house.console.udp("0.0.0.0:3074");
    game.send_to("11.0.0.2:3478", "hello");
    const auto hello = server.receive();
    BOOST_REQUIRE(hello.has_value());
    BOOST_TEST(hello->from.to_string() == "11.0.0.1:3074");
    server.send_to(hello->from, "welcome");
    const auto welcome = game.receive();
    BOOST_REQUIRE(welcome.has_value());
    BOOST_TEST(welcome->data == "welcome");
    BOOST_TEST(house.router.conntrack().find("dport=3478") != std::string::npos);

    const TcpListener web = house.internet.listen("11.0.0.3:80");
    TcpConnection page = house.pc.connect("11.0.0.3:80");
    auto served = web.accept();
    BOOST_REQUIRE(served.has_value());
    page.send("GET /");
    BOOST_TEST(served->receive_exactly(5) == "GET /");
    served->finish();
    BOOST_TEST(page.receive().value_or("nothing") == "");

    const IcmpSocket ping = house.phone.icmp();
    ping.send_echo("11.0.0.4", 4711, 1);
    BOOST_TEST(ping.receive_reply(4711, 1).has_value());

    BOOST_TEST(outside.any([](const Packet& p) { return p.is_icmp() && p.is_to("11.0.0.4"); }));
    BOOST_TEST(outside.none([](const Packet& p) { return p.ip4_source_in("192.168.0.0/16"); }));
}

BOOST_AUTO_TEST_CASE(a_refused_connection_and_a_lost_one_are_told_apart) {
    House house;
    make_plain_router(house);
    const TcpConnection refused = house.pc.connect("11.0.0.2:81");
    BOOST_TEST(!refused.is_alive());
    BOOST_TEST(refused.error() == ECONNREFUSED);
    house.internet.nft(
        "table ip t {\n chain c {\n  type filter hook input priority 0\n  tcp dport 82 drop\n "
        "}\n}\n");
    const TcpConnection lost = house.pc.connect("11.0.0.2:82", 300ms);
    BOOST_TEST(lost.error() == ETIMEDOUT);
}

BOOST_AUTO_TEST_CASE(a_reset_connection_is_no_longer_alive) {
    House house;
    const TcpListener server = house.pc.listen("192.168.1.10:22");
    const TcpConnection client = house.phone.connect("192.168.1.10:22");
    BOOST_TEST(client.is_alive());
    auto served = server.accept();
    BOOST_REQUIRE(served.has_value());
    served->reset();
    BOOST_TEST(eventually([&] { return !client.is_alive(); }, 20s));
    BOOST_TEST(client.error() == ECONNRESET);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(wan)

BOOST_AUTO_TEST_CASE(new_flows_have_the_new_address_after_a_change) {
    House house;
    make_plain_router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:3478");
    const auto seen_from = [&](std::string_view what) {
        house.phone.udp().send_to("11.0.0.2:3478", what);
        const auto got = server.receive();
        return got ? got->from.address.to_string() : std::string("nobody");
    };
    BOOST_TEST(seen_from("before") == "11.0.0.1");
    house.change_wan_address("11.0.0.9/24");
    BOOST_TEST(house.wan_address() == "11.0.0.9");
    BOOST_TEST(seen_from("after") == "11.0.0.9");
    BOOST_TEST(!house.internet.can_ping("11.0.0.1", 1s));
    house.add_wan_address("11.0.0.10/24");
    BOOST_TEST(house.internet.can_ping("11.0.0.10"));
}

BOOST_AUTO_TEST_CASE(it_goes_down_and_comes_up) {
    House house;
    house.wan_down();
    BOOST_TEST(!house.internet.can_ping("11.0.0.1", 1s));
    house.wan_up();
    BOOST_TEST(house.internet.can_ping("11.0.0.1"));
    house.unplug_wan();
    BOOST_TEST(!house.router.has_carrier("wan0"));
    house.plug_wan();
    BOOST_TEST(eventually([&] { return house.internet.can_ping("11.0.0.1", 1s); }, 20s));
}

BOOST_AUTO_TEST_CASE(it_gets_another_name) {
    House house;
    house.rename_wan("ppp7");
    BOOST_TEST(house.router.has_interface("ppp7"));
    BOOST_TEST(!house.router.has_interface("wan0"));
    BOOST_TEST(house.router.can_ping("11.0.0.3"));
}

BOOST_AUTO_TEST_CASE(it_vanishes_and_comes_back_as_it_was) {
    House house;
    const auto mac = house.router.mac("wan0");
    house.wan_vanishes();
    BOOST_TEST(!house.router.has_interface("wan0"));
    house.wan_comes_back();
    BOOST_TEST(house.router.mac("wan0")->to_string() == mac->to_string());
    BOOST_TEST(house.router.can_ping("11.0.0.3"));
    BOOST_TEST(house.router.run({"ip", "route"}).says("default via 11.0.0.2 dev wan0"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(packets)

BOOST_AUTO_TEST_CASE(a_capture_answers_and_leaves_a_file_that_tcpdump_reads) {
    House house;
    Capture capture = house.phone.capture("eth0");
    const UdpSocket phone = house.phone.udp("0.0.0.0:4000");
    const UdpSocket pc = house.pc.udp("0.0.0.0:5000");
    for (int i = 0; i < 5; ++i)
        phone.send_to("192.168.1.10:5000", concat("number ", i));
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(pc.receive().has_value());
    const auto to_pc = [](const Packet& p) {
        return p.is_udp() && p.outgoing && p.is_from("192.168.1.20:4000") &&
               p.is_to("192.168.1.10:5000") && p.payload().starts_with("number ");
    };
    BOOST_TEST(capture.count(to_pc) == 5U);
    BOOST_TEST(!capture.none(to_pc));
    const Ran read = house.pc.run({"tcpdump", "-n", "-r", capture.file().string(), "udp"});
    BOOST_TEST(read.ok());
    BOOST_TEST(std::count(read.out.begin(), read.out.end(), '\n') == 5);
    capture.forget();
    BOOST_TEST(capture.none(to_pc));
    pc.send_to("192.168.1.20:4000", "back");
    BOOST_TEST(capture.wait_for([](const Packet& p) { return p.payload() == "back"; }).has_value());
}

BOOST_AUTO_TEST_CASE(a_capture_lives_through_a_link_that_goes_down) {
    House house;
    const Capture capture = house.router.capture("wan0");
    house.wan_down();
    house.wan_up();
    BOOST_TEST(house.router.can_ping("11.0.0.2"));
    const auto reply = [](const Packet& p) { return p.is_icmp() && p.icmp_type == 0; };
    BOOST_TEST(capture.count(reply) == 1U);
}

BOOST_AUTO_TEST_CASE(forged_frames_arrive_as_they_were_made) {
    House house;
    const PacketSocket wire = house.phone.packets("eth0");
    const UdpSocket pc = house.pc.udp("0.0.0.0:5000");
    const FrameHead head{*house.phone.mac("eth0"), *house.pc.mac("eth0"), Ip4::of(192, 168, 1, 99),
                         Ip4::of(192, 168, 1, 10)};
    BOOST_TEST(wire.send(udp4_frame(head, Port{53}, Port{5000}, "liar")));
    const auto got = pc.receive();
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST(got->from.to_string() == "192.168.1.99:53");
    BOOST_TEST(got->data == "liar");
}

BOOST_AUTO_TEST_CASE(a_sniffer_sees_handshake_and_icmp_errors) {
    House house;
    const PacketSocket wire = house.phone.packets("eth0");
    const TcpConnection refused = house.phone.connect("192.168.1.10:9");
    BOOST_TEST(refused.error() == ECONNREFUSED);
    BOOST_TEST(wire.receive([](const Packet& p) { return p.has_flags(kSyn); }).has_value());
    BOOST_TEST(wire.receive([](const Packet& p) { return p.has_flags(kRst | kAck); }).has_value());
    house.phone.udp("0.0.0.0:4444").send_to("192.168.1.10:9", "anybody?");
    const auto error = wire.receive([](const Packet& p) { return p.icmp_type == 3; });
    BOOST_REQUIRE(error.has_value());
    BOOST_TEST(error->about.source.to_string() == "192.168.1.20:4444");
    BOOST_TEST(error->about.destination.to_string() == "192.168.1.10:9");
}

BOOST_AUTO_TEST_CASE(silence_and_strangers_are_noticed) {
    House house;
    const UdpSocket pc = house.pc.udp("0.0.0.0:5000");
    BOOST_TEST(pc.stays_silent(50ms));
    const UdpSocket phone = house.phone.udp("0.0.0.0:4000");
    phone.send_to("192.168.1.10:5000", "boo");
    BOOST_TEST(!pc.stays_silent(2s));
    BOOST_TEST(!phone.ask("192.168.1.30:5000", "nobody listens", 100ms).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
