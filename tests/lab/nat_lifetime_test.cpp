// SPDX-License-Identifier: GPL-2.0-or-later
//
// How long things live, and what the first packet of a flow costs: one visit to the daemon for an
// endpoint that is not known yet, none for anything else (RFC 4787 REQ-5 and 6, RFC 5382 REQ-5, RFC
// 5508 REQ-2, RFC 6888 REQ-8).
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kSilence = 300ms;

// Just begun: the whole time is left, but for a moment on a busy machine.
void check_full(std::optional<int> left, int whole) {
    BOOST_REQUIRE(left.has_value());
    BOOST_TEST(*left <= whole);
    BOOST_TEST(*left >= whole - 5);
}

const std::string kTimes = section(
    "timeout 'timeout'",
    {{"udp", "222"}, {"tcp_established", "8888"}, {"tcp_transitory", "444"}, {"icmp", "111"}});

bool is_mapped(const Router& router, std::string_view outside) {
    return router.cli({"mappings", "--json"}).out.find(concat("\"", outside, "\"")) !=
           std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(timeouts)

BOOST_AUTO_TEST_CASE(a_udp_flow_lives_as_long_as_configured_answered_or_not) {
    House house;
    const Router router(house, kTimes);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    const std::string outside = seen_by(server, phone);
    check_full(seconds_left(house.router, {"udp", "sport=6000", "[UNREPLIED]"}), 222);
    BOOST_TEST(heard_by(phone, server, outside) == "11.0.0.2:7001");
    BOOST_TEST(seen_by(server, phone) == outside);
    check_full(seconds_left(house.router, {"udp", "sport=6000", "dport=7001"}), 222);
}

BOOST_AUTO_TEST_CASE(a_question_to_a_name_server_lives_shorter) {
    House house;
    const Router router(house, kTimes);
    const UdpSocket server = house.internet.udp("11.0.0.2:53");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    BOOST_TEST(heard_by(phone, server, seen_by(server, phone)) == "11.0.0.2:53");
    const auto left = seconds_left(house.router, {"udp", "sport=6000", "dport=53 "});
    BOOST_REQUIRE(left.has_value());
    BOOST_TEST(*left <= 60);
    BOOST_TEST(*left > 5);
}

BOOST_AUTO_TEST_CASE(a_tcp_connection_lives_as_long_as_configured_in_each_state) {
    House house;
    const Router router(house, kTimes);
    house.internet.nft(
        "table ip t {\n chain c {\n  type filter hook input priority 0\n  tcp dport 82 drop\n "
        "}\n}\n");
    const TcpConnection lost = house.pc.connect("11.0.0.2:82", 200ms);
    check_full(seconds_left(house.router, {"tcp", "SYN_SENT", "dport=82 "}), 444);
    const TcpListener web = house.internet.listen("11.0.0.2:80");
    TcpPair page = tcp_pair(house.pc, web);
    BOOST_TEST(page.works());
    check_full(seconds_left(house.router, {"tcp", "ESTABLISHED", "dport=80 "}), 8888);
    page.client.finish();
    BOOST_TEST(eventually(
        [&] {
            const auto left = seconds_left(house.router, {"tcp", "dport=80 "});
            return Verdict(left && *left <= 444 && *left > 400);
        },
        20s));
}

BOOST_AUTO_TEST_CASE(a_connection_that_was_reset_is_remembered_for_the_transitory_time) {
    House house;
    const Router router(house, kTimes);
    const TcpListener web = house.internet.listen("11.0.0.2:80");
    TcpPair page = tcp_pair(house.pc, web);
    BOOST_REQUIRE(page.works());
    page.server->reset();
    BOOST_TEST(eventually([&] { return Verdict(page.client.error() == ECONNRESET); }, 20s));
    check_full(seconds_left(house.router, {"tcp", "dport=80 "}), 444);
}

BOOST_AUTO_TEST_CASE(a_ping_lives_as_long_as_configured) {
    House house;
    const Router router(house, kTimes);
    const IcmpSocket phone = house.phone.icmp();
    phone.send_echo("11.0.0.2", 4711, 1);
    BOOST_TEST(phone.receive_reply(4711, 1).has_value());
    check_full(seconds_left(house.router, {"icmp", "id=4711"}), 111);
}

BOOST_AUTO_TEST_CASE(traffic_keeps_a_flow_alive_and_silence_ends_it) {
    House house;
    const Router router(
        house, nat_type("port-restricted-cone") + section("timeout 'timeout'", {{"udp", "2"}}));
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    const std::string outside = seen_by(server, phone);
    BOOST_TEST(throughout([&] { return Verdict(seen_by(server, phone) == outside); }, 4s));
    BOOST_TEST(heard_by(phone, server, outside) == "11.0.0.2:7001");
    BOOST_TEST(eventually(
        [&] {
            return Verdict(!seconds_left(house.router, {"udp", "sport=6000"}));
        },
        10s));
    BOOST_TEST(heard_by(phone, server, outside, kSilence) == kNobody);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(mappings)

BOOST_AUTO_TEST_CASE(a_mapping_is_listed_while_a_session_uses_it_and_ends_with_the_last) {
    House house;
    const Router router(house, section("timeout 'timeout'", {{"udp", "2"}}));
    const UdpSocket a = house.internet.udp("11.0.0.2:7001");
    const UdpSocket b = house.internet.udp("11.0.0.3:7001");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    BOOST_TEST(seen_by(a, phone) == "11.0.0.1:6000");
    BOOST_TEST(is_mapped(router, "11.0.0.1:6000"));
    BOOST_TEST(throughout([&] { return Verdict(seen_by(b, phone) == "11.0.0.1:6000"); }, 4s));
    BOOST_TEST(is_mapped(router, "11.0.0.1:6000"));
    BOOST_TEST(eventually([&] { return Verdict(!is_mapped(router, "11.0.0.1:6000")); }, 60s));
}

// Somebody outside may still believe in it: nobody else gets it for two minutes, its own endpoint
// does.
BOOST_AUTO_TEST_CASE(the_port_of_an_ended_mapping_rests_before_another_device_gets_it) {
    House house;
    const Router router(house,
                        nat_type("full-cone") + section("timeout 'timeout'", {{"udp", "1"}}));
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    {
        const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
        BOOST_TEST(seen_by(server, phone) == "11.0.0.1:6000");
    }
    BOOST_TEST(eventually([&] { return Verdict(!is_mapped(router, "11.0.0.1:6000")); }, 60s));
    const UdpSocket console = house.console.udp("0.0.0.0:6000");
    const std::string outside = seen_by(server, console);
    BOOST_TEST(outside != kNobody);
    BOOST_TEST(outside != "11.0.0.1:6000");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    BOOST_TEST(seen_by(server, phone) == "11.0.0.1:6000");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(first_packets)

// A flow that is never answered stays "new" for the kernel; that is no reason to ask again.
BOOST_AUTO_TEST_CASE(fifty_packets_without_an_answer_visit_the_daemon_once) {
    House house;
    const Router router(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    const auto before = packets_in_queue(house.router);
    BOOST_REQUIRE(before.has_value());
    for (int i = 0; i < 50; ++i)
        BOOST_REQUIRE(seen_by(server, phone) == "11.0.0.1:6000");
    BOOST_TEST(packets_in_queue(house.router).value_or(0) == *before + 1);
}

BOOST_AUTO_TEST_CASE(further_flows_of_a_known_endpoint_do_not_visit_the_daemon) {
    House house;
    const Router router(house);
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    BOOST_REQUIRE(seen_by(house.internet.udp("11.0.0.2:7000"), phone) == "11.0.0.1:6000");
    const auto before = packets_in_queue(house.router);
    BOOST_REQUIRE(before.has_value());
    for (int port = 7001; port < 7051; ++port) {
        const UdpSocket server = house.internet.udp(concat("11.0.0.3:", port));
        BOOST_TEST(seen_by(server, phone) == "11.0.0.1:6000");
    }
    BOOST_TEST(packets_in_queue(house.router).value_or(0) == *before);
}

BOOST_AUTO_TEST_CASE(strangers_cannot_wake_the_daemon) {
    House house;
    const Router router(
        house, nat_type("full-cone") + section("forward", {{"proto", "udp"},
                                                           {"outside", "40000"},
                                                           {"inside", "192.168.1.30:3074"}}));
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    BOOST_REQUIRE(seen_by(server, house.phone.udp("0.0.0.0:6000")) == "11.0.0.1:6000");
    const auto before = packets_in_queue(house.router);
    BOOST_REQUIRE(before.has_value());
    const Capture outside = house.router.capture("wan0");
    const UdpSocket scanner = house.internet.udp("11.0.0.4:666");
    constexpr int kScanned = 5000;
    for (int port = 1; port <= kScanned; ++port)
        scanner.send_to(concat("11.0.0.1:", port), "anybody?");
    for (const int port : {6000, 40000})
        scanner.send_to(concat("11.0.0.1:", port), "anybody?");
    BOOST_TEST(eventually(
        [&] {
            const std::size_t seen = outside.count(
                [](const Packet& p) { return p.is_udp() && p.is_from("11.0.0.4:666"); });
            return Verdict(seen == kScanned + 2);
        },
        10s));
    BOOST_TEST(packets_in_queue(house.router).value_or(0) == *before);
}

// Ten packets leave at once before anybody could answer the first.
BOOST_AUTO_TEST_CASE(every_burst_of_a_new_flow_leaves_by_one_outside_endpoint) {
    constexpr int kFlows = 100;
    constexpr int kPackets = 10;
    for (const std::string_view type : {"restricted-cone", "symmetric"}) {
        BOOST_TEST_CONTEXT(type) {
            House house;
            const Router router(house, nat_type(type));
            const Capture outside = house.router.capture("wan0");
            std::vector<UdpSocket> sockets;
            for (int flow = 0; flow < kFlows; ++flow)
                sockets.push_back(house.phone.udp());
            for (int flow = 0; flow < kFlows; ++flow) {
                for (int i = 0; i < kPackets; ++i)
                    sockets[static_cast<std::size_t>(flow)].send_to("11.0.0.2:9",
                                                                    concat("flow ", flow));
            }
            const auto of_a_flow = [](const Packet& p) {
                return p.is_udp() && p.outgoing && p.payload().starts_with("flow ");
            };
            BOOST_TEST(eventually(
                [&] { return Verdict(outside.count(of_a_flow) == kFlows * kPackets); }, 10s));
            std::map<std::string, std::set<std::string>> faces;
            for (const Packet& p : outside.packets()) {
                if (!of_a_flow(p)) continue;
                faces[std::string(p.payload())].insert(p.flow.source.to_string());
            }
            std::set<std::string> all;
            for (const auto& [flow, endpoints] : faces) {
                BOOST_TEST(endpoints.size() == 1U);
                all.insert(endpoints.begin(), endpoints.end());
            }
            BOOST_TEST(all.size() == static_cast<std::size_t>(kFlows));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
