// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every table that devices and strangers can fill, filled: whoever is one too many is refused with
// a reason, the status and the metrics show it, and another device is served.
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+   (the one who fills them)
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/lab/support/dhcp.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/sip.h"
#include "tests/lab/support/upnp.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

// "3 of 4, 1 refused"; of a table as the status has it.
std::string in_status(const Router& router, std::string_view table) {
    const std::string status = router.cli({"status", "--json"}).out;
    const std::size_t at = status.find(concat(R"({"table":")", table, '"'));
    if (at == std::string::npos) return "no such table";
    const std::string_view row = std::string_view(status).substr(at, status.find('}', at) - at);
    return concat(number_after(row, R"("used":)"), " of ", number_after(row, R"("most":)"), ", ",
                  number_after(row, R"("refused":)"), " refused");
}

// The same by the metrics.
std::string in_metrics(const Router& router, std::string_view table) {
    const std::string text =
        router.run({"curl", "-s", "--unix-socket", router.control(), "http://gatehouse/metrics"})
            .out;
    const auto value = [&](std::string_view name) {
        return number_after(text, concat("\n", name, R"({table=")", table, R"("} )"));
    };
    return concat(value("gatehouse_table_entries"), " of ", value("gatehouse_table_limit"), ", ",
                  value("gatehouse_table_refusals_total"), " refused");
}

Verdict shows_table(const Router& router, std::string_view table, const std::string& wanted) {
    return eventually(
        [&]() -> Verdict {
            const std::string status = in_status(router, table);
            const std::string metrics = in_metrics(router, table);
            if (status == wanted && metrics == wanted) return true;
            return no_because(concat(table, ": ", status, "; by the metrics ", metrics));
        },
        5s);
}

// What a device hears who asks for a port by NAT-PMP (RFC 6886 section 3.3): the result.
unsigned open_port(const Host& host, std::uint16_t port) {
    const UdpSocket socket = host.udp();
    ByteWriter request;
    request.u16(1);  // version 0, UDP
    request.u16(0);
    request.u16(port);
    request.u16(port);
    request.u32(3600);
    const auto got = socket.ask("192.168.1.1:5351", as_text(request.view()), 10s);
    return got && got->data.size() == 16 ? ByteReader(as_bytes(got->data.substr(2))).u16() : 99U;
}

std::string subscribe(const Host& host, std::string_view address) {
    std::string url = description_of(host);
    url = concat(url.substr(0, url.find("device.xml")), "ip/event");
    return host
        .run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "SUBSCRIBE", "-H",
              "NT: upnp:event", "-H", concat("CALLBACK: <http://", address, ":8080/x>"), url},
             30s)
        .out;
}

// A call of a device, and whether the router has made a way for its media.
bool is_helped(const House& house, const Host& host, std::string_view address, unsigned call) {
    const UdpSocket phone = host.udp(concat(address, ":", 5060 + call));
    const UdpSocket server = house.internet.udp("11.0.0.2:5060");
    std::string invite =
        sip_request("INVITE", address, "UDP", call, sdp(address, 40000 + 2 * call));
    const std::string_view id = "Call-ID: ";
    invite.insert(invite.find(id) + id.size(), concat("call-", call, "-of-"));
    phone.send_to("11.0.0.2:5060", invite);
    const auto got = server.receive(5s);
    return got && has(got->data, "c=IN IP4 11.0.0.1");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(limits)

BOOST_AUTO_TEST_CASE(mappings_of_one_device_and_of_all) {
    House house;
    const Router router(house, section("nat 'nat'", {{"mappings", "64"}, {"host_mappings", "40"}}));
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    std::vector<UdpSocket> sockets;
    for (int i = 0; i < 40; ++i) {
        sockets.push_back(house.pc.udp(concat("0.0.0.0:", 5000 + i)));
        BOOST_TEST(seen_by(server, sockets.back()) == concat("11.0.0.1:", 5000 + i));
    }
    BOOST_TEST(heard_by(server, house.pc.udp(), "11.0.0.2:7001", 100ms) == kNobody);
    BOOST_TEST(in_status(router, "mappings").starts_with("40 of 64, "));
    BOOST_TEST(in_status(router, "mappings") != "40 of 64, 0 refused");
    for (int i = 0; i < 24; ++i) {
        sockets.push_back(house.phone.udp(concat("0.0.0.0:", 6000 + i)));
        BOOST_TEST(seen_by(server, sockets.back()) == concat("11.0.0.1:", 6000 + i));
    }
    BOOST_TEST(heard_by(server, house.console.udp(), "11.0.0.2:7001", 100ms) == kNobody);
    BOOST_TEST(in_metrics(router, "mappings").starts_with("64 of 64, "));
    const Ran status = router.cli({"status"});
    BOOST_TEST(status.says("refused_host_quota"));
    BOOST_TEST(status.says("refused_table_full"));
    // What there is stays.
    BOOST_TEST(seen_by(server, sockets.front()) == "11.0.0.1:5000");
    BOOST_TEST(seen_by(server, sockets.back()) == "11.0.0.1:6023");
}

BOOST_AUTO_TEST_CASE(ports_that_devices_ask_for) {
    House house;
    const Router router(house, section("upnp 'upnp'", {{"quota", "4"}, {"host_quota", "3"}}));
    for (std::uint16_t port = 7000; port < 7003; ++port)
        BOOST_TEST(open_port(house.pc, port) == 0U);
    BOOST_TEST(open_port(house.pc, 7003) == 4U);  // out of resources
    BOOST_TEST(open_port(house.phone, 7004) == 0U);
    BOOST_TEST(open_port(house.console, 7005) == 4U);
    BOOST_TEST(shows_table(router, "asked_ports", "4 of 4, 2 refused"));
}

BOOST_AUTO_TEST_CASE(calls_and_their_media) {
    House house;
    const Router router(house, section("sip 'sip'", {{"calls", "4"}, {"host_calls", "3"}}));
    for (unsigned call = 1; call <= 3; ++call)
        BOOST_TEST(is_helped(house, house.pc, "192.168.1.10", call));
    BOOST_TEST(!is_helped(house, house.pc, "192.168.1.10", 4));
    BOOST_TEST(is_helped(house, house.phone, "192.168.1.20", 5));
    BOOST_TEST(!is_helped(house, house.console, "192.168.1.30", 6));
    BOOST_TEST(shows_table(router, "calls", "4 of 4, 2 refused"));
    BOOST_TEST(shows_table(router, "streams", "4 of 8, 0 refused"));
}

BOOST_AUTO_TEST_CASE(subscriptions_to_news) {
    House house;
    const Router router(
        house, section("upnp 'upnp'", {{"subscriptions", "3"}, {"host_subscriptions", "2"}}));
    BOOST_TEST(subscribe(house.pc, "192.168.1.10") == "200");
    BOOST_TEST(subscribe(house.pc, "192.168.1.10") == "200");
    BOOST_TEST(subscribe(house.pc, "192.168.1.10") == "503");
    BOOST_TEST(subscribe(house.phone, "192.168.1.20") == "200");
    BOOST_TEST(subscribe(house.console, "192.168.1.30") == "503");
    BOOST_TEST(shows_table(router, "subscriptions", "3 of 3, 2 refused"));
}

BOOST_AUTO_TEST_CASE(addresses) {
    House house(without_addresses());
    const Router router(
        house, section("dhcp 'lan'", {{"interface", "br-lan"}, {"start", "100"}, {"limit", "2"}}));
    const auto asks = [](const Host& host) {
        return host.run(
            {"udhcpc", "-i", "eth0", "-n", "-q", "-f", "-t", "3", "-T", "1", "-s", "/bin/true"},
            20s);
    };
    BOOST_TEST(asks(house.pc).ok());
    BOOST_TEST(asks(house.phone).ok());
    BOOST_TEST(!asks(house.console).ok());
    // Those who have one are served.
    BOOST_TEST(asks(house.phone).ok());
    BOOST_TEST(in_status(router, "addresses").starts_with("2 of 2, "));
    BOOST_TEST(!in_status(router, "addresses").ends_with(", 0 refused"));
    BOOST_TEST(in_metrics(router, "addresses") == in_status(router, "addresses"));
}

BOOST_AUTO_TEST_CASE(listeners_to_events) {
    House house;
    const Router router(house);
    std::vector<Process> listeners;
    for (int i = 0; i < 16; ++i) {
        listeners.push_back(
            house.router.start({"curl", "-s", "-N", "--unix-socket", router.control(),
                                "http://gatehouse/api/v1/events"}));
    }
    BOOST_TEST(shows_table(router, "listeners", "16 of 16, 0 refused"));
    const Ran one_more = router.run(
        {"curl", "-s", "--unix-socket", router.control(), "http://gatehouse/api/v1/events"});
    BOOST_TEST(one_more.says("too many are listening"));
    BOOST_TEST(shows_table(router, "listeners", "16 of 16, 1 refused"));
    listeners.clear();
    // That they are gone shows when they are told something, every 15 s at the least.
    BOOST_TEST(eventually(
        [&] { return Verdict(in_status(router, "listeners").starts_with("0 of 16")); }, 40s));
}

BOOST_AUTO_TEST_SUITE_END()
