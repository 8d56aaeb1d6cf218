// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who must not open ports, or have anything of it: strangers outside, web pages, subscribers of
// events for others, floods.
//
//   phone .20 --+
//   pc    .10 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <fstream>
#include <list>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/upnp.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr std::string_view kSearch =
    "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\n"
    "ST: ssdp:all\r\n\r\n";

// "http://192.168.1.1:5000/TOKEN/igd1/ip/"
std::string service(const House& house) {
    const std::string description = description_of(house.pc);
    return description.substr(0, description.find("device.xml")) + "ip/";
}

std::string add_port(std::string_view client, int port = 6881) {
    return concat(
        "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">"
        "<s:Body><u:AddPortMapping xmlns:u=\"urn:schemas-upnp-org:service:WANIPConnection:1\">"
        "<NewRemoteHost></NewRemoteHost><NewExternalPort>",
        port, "</NewExternalPort><NewProtocol>TCP</NewProtocol><NewInternalPort>", port,
        "</NewInternalPort>"
        "<NewInternalClient>",
        client,
        "</NewInternalClient><NewEnabled>1</NewEnabled><NewPortMappingDescription>x"
        "</NewPortMappingDescription><NewLeaseDuration>0</NewLeaseDuration></u:AddPortMapping>"
        "</s:Body></s:Envelope>");
}

// The status of an AddPortMapping by the pc, with further headers.
std::string post(const House& house, const std::string& url, const Command& headers,
                 std::string_view client = "192.168.1.10") {
    Command words{"curl",
                  "-s",
                  "-o",
                  "/dev/null",
                  "-w",
                  "%{http_code}",
                  "-m",
                  "60",
                  "-H",
                  "Content-Type: text/xml",
                  "-H",
                  "SOAPAction: \"urn:schemas-upnp-org:service:WANIPConnection:1#AddPortMapping\"",
                  "--data-binary",
                  add_port(client)};
    for (const std::string& header : headers) {
        words.push_back("-H");
        words.push_back(header);
    }
    words.push_back(url + "control");
    return house.pc.run(words, 70s).out;
}

// What a process has used so far.
double processor_seconds(pid_t process) {
    std::ifstream file(concat("/proc/", process, "/schedstat"));
    std::int64_t nanoseconds = 0;
    file >> nanoseconds;
    return static_cast<double>(nanoseconds) / 1e9;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(attacks)

BOOST_AUTO_TEST_CASE(from_outside_every_port_of_it_is_silent) {
    House house;
    const Router router(house);
    house.internet.ip("route replace 192.168.1.0/24 via 11.0.0.1");
    const UdpSocket stranger = house.internet.udp("11.0.0.2:4000");
    for (const char* to : {"11.0.0.1:1900", "192.168.1.1:1900"})
        stranger.send_to(to, kSearch);
    for (const char* to : {"11.0.0.1:5351", "192.168.1.1:5351"})
        stranger.send_to(to, std::string(2, '\0'));
    BOOST_TEST(!stranger.receive(1s));
    for (const char* to : {"11.0.0.1:5000", "192.168.1.1:5000"}) {
        const TcpConnection refused = house.internet.connect(to, 1s);
        BOOST_TEST(!refused.is_alive());
        BOOST_TEST(refused.error() == ETIMEDOUT);  // and not told that nobody is there
    }
}

// A SYN and a datagram to each of 65,535 ports. The router has nothing to say to any of them.
BOOST_AUTO_TEST_CASE(a_scan_of_all_ports_from_outside_finds_nothing) {
    House house;
    const Router router(house);
    BOOST_TEST(upnpc(house.pc, {"-a", "192.168.1.10", "6881", "6881", "UDP"}).says("redirected"));
    BOOST_TEST(house.internet.can_ping("11.0.0.1", 10s));
    const PacketSocket scanner = house.internet.packets("net0");
    const Capture answers = house.internet.capture("net0");
    const FrameHead head{*house.internet.mac("net0"), *house.router.mac("wan0"),
                         Ip4::of(11, 0, 0, 2), Ip4::of(11, 0, 0, 1)};
    const UdpSocket pc = house.pc.udp("192.168.1.10:6881");
    int lost = 0;
    for (std::uint32_t number = 1; number < 65536; ++number) {
        const Port port{static_cast<std::uint16_t>(number)};
        for (const Frame& frame : {tcp4_frame(head, {Port{4000}, port}, ""),
                                   udp4_frame(head, Port{4000}, port, kSearch)}) {
            // The scanner is faster than its interface.
            if (!eventually([&] { return scanner.send(frame); }, 10s)) ++lost;
        }
    }
    BOOST_TEST(lost == 0);
    // What is open leads to its device, and the search ends there.
    BOOST_TEST(pc.receive(10s).has_value());
    BOOST_TEST(answers.none([](const Packet& p) {
        return !p.outgoing && p.ip4_source_in("11.0.0.1/32") && !p.is_icmp();
    }));
    BOOST_TEST(answers.none([](const Packet& p) { return !p.outgoing && p.icmp_type == 3; }));
    BOOST_TEST(router.cli({"status"}).ok());
}

// By the bytes on the wire, from a device that asks for everything without a pause.
BOOST_AUTO_TEST_CASE(a_flood_of_searches_is_not_answered_with_more_than_three_times_its_bytes) {
    House house;
    const Router router(house);
    BOOST_TEST(description_of(house.pc) != "nobody");
    const UdpSocket flooder = house.phone.udp("192.168.1.20:4000");
    std::size_t in = 0;
    std::size_t out = 0;
    const auto flood = [&](int searches) {
        for (int i = 0; i < searches; ++i) {
            BOOST_REQUIRE(flooder.send_to("192.168.1.1:1900", kSearch));
            in += kSearch.size();
            while (const auto answer = flooder.receive(0ms))
                out += answer->data.size();
        }
        while (const auto answer = flooder.receive(1500ms))
            out += answer->data.size();
    };
    flood(20);  // what it may have at once
    in = out = 0;
    flood(3000);
    BOOST_TEST(out <= 3 * in);
    BOOST_TEST(description_of(house.pc) != "nobody");  // others have a budget of their own
}

BOOST_AUTO_TEST_CASE(a_web_page_opens_no_port) {
    House house;
    const Router router(house);
    const std::string url = service(house);
    BOOST_TEST(post(house, url, {"Host: router.evil.example:5000"}) == "403");
    BOOST_TEST(post(house, url, {"Origin: http://evil.example"}) == "403");
    BOOST_TEST(post(house, url, {"Referer: http://evil.example/page"}) == "403");
    BOOST_TEST(post(house, url, {"Content-Type: application/x-www-form-urlencoded"}) != "200");
    BOOST_TEST(post(house, url, {}, "192.168.1.20") == "500");
    BOOST_TEST(post(house, url, {}, "192.168.1.1") == "500");
    BOOST_TEST(!router.cli({"forwards"}).says("igd"));
    BOOST_TEST(post(house, url, {}) == "200");
    BOOST_TEST(router.cli({"forwards"}).says("igd"));
}

BOOST_AUTO_TEST_CASE(events_are_sent_to_the_subscriber_and_to_nobody_else) {
    House house;
    const Router router(house);
    const std::string url = service(house);
    const auto subscribe = [&](std::string_view callback) {
        return house.pc
            .run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "SUBSCRIBE", "-H",
                  "NT: upnp:event", "-H", concat("CALLBACK: <http://", callback, "/x>"),
                  url + "event"},
                 30s)
            .out;
    };
    const Capture outside = house.router.capture("wan0");
    const TcpListener victim = house.internet.listen("11.0.0.2:8080");
    const TcpListener other = house.phone.listen("192.168.1.20:8080");
    for (const char* callback : {"11.0.0.2:8080", "192.168.1.20:8080", "127.0.0.1:8080",
                                 "192.168.1.1:5000", "192.168.1.10:22"}) {
        BOOST_TEST(subscribe(callback) == "412");
    }
    BOOST_TEST(!victim.accept(500ms));
    BOOST_TEST(!other.accept(100ms));
    BOOST_TEST(outside.none([](const Packet& p) { return p.ip4_source_in("11.0.0.1/32"); }));
    const TcpListener own = house.pc.listen("192.168.1.10:8080");
    BOOST_TEST(subscribe("192.168.1.10:8080") == "200");
    auto event = own.accept(10s);
    BOOST_REQUIRE(event);
    BOOST_TEST(event->receive(10s).value_or("").find("NOTIFY /x HTTP/1.1") != std::string::npos);
}

// This many idle connections end miniupnpd.
BOOST_AUTO_TEST_CASE(eleven_hundred_idle_connections_of_one_device_are_not_noticed_by_another) {
    House house;
    const Router router(house);
    const std::string url = service(house);
    std::list<TcpConnection> idle;
    for (int i = 0; i < 1100; ++i)
        idle.push_back(house.phone.connect("192.168.1.1:5000", 2s));
    BOOST_TEST(post(house, url, {}) == "200");
    BOOST_TEST(router.cli({"forwards"}).says("igd"));
}

// Subscriptions to a port that swallows everything, and their ends, as fast as a device can.
BOOST_AUTO_TEST_CASE(a_device_that_accepts_no_event_keeps_none_from_another) {
    House house;
    const Router router(house);
    const std::string url = service(house);
    house.phone.nft(
        "table ip deaf { chain input { type filter hook input priority 0; "
        "tcp dport 8080 drop; }; }\n");
    TcpConnection connection = house.phone.connect("192.168.1.1:5000", 10s);
    const auto ask = [&](std::string_view method, std::string_view headers) {
        connection.send(concat(method, ' ', url.substr(url.find('/', 7)),
                               "event HTTP/1.1\r\nHost: 192.168.1.1:5000\r\n", headers, "\r\n"));
        std::string answer;
        while (answer.find("\r\n\r\n") == std::string::npos) {
            const auto more = connection.receive(30s);
            BOOST_REQUIRE((more && !more->empty()));
            answer += *more;
        }
        return answer;
    };
    constexpr int kMany = 300;
    for (int i = 0; i < kMany; ++i) {
        const std::string answer = ask("SUBSCRIBE",
                                       "NT: upnp:event\r\nCALLBACK: "
                                       "<http://192.168.1.20:8080/x>\r\n");
        const std::size_t sid = answer.find("SID: ");
        if (i >= kMany - 8) continue;
        BOOST_REQUIRE(sid != std::string::npos);
        ask("UNSUBSCRIBE", answer.substr(sid, answer.find("\r\n", sid) + 2 - sid));
    }
    const TcpListener own = house.pc.listen("192.168.1.10:8080");
    BOOST_TEST(
        house.pc
            .run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "SUBSCRIBE", "-H",
                  "NT: upnp:event", "-H", "CALLBACK: <http://192.168.1.10:8080/x>", url + "event"},
                 30s)
            .out == "200");
    BOOST_TEST(own.accept(10s).has_value());
}

// Serial, on one connection: what a device waits for. The later ones must not cost more.
BOOST_AUTO_TEST_CASE(the_six_hundredth_port_costs_no_more_than_the_first) {
    constexpr int kPiece = 150;
    House house;
    const Router router(house, section("upnp", {{"host_quota", "4096"}, {"quota", "4096"}}));
    const std::string url = service(house);
    const std::string path = url.substr(url.find('/', 7)) + "control";
    TcpConnection connection = house.pc.connect("192.168.1.1:5000");
    std::vector<double> costs;  // seconds of the daemon's processor time
    int port = 10000;
    for (int piece = 0; piece < 4; ++piece) {
        const double before = processor_seconds(router.pid());
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < kPiece; ++i) {
            const std::string body = add_port("192.168.1.10", port++);
            const std::string request = concat(
                "POST ", path,
                " HTTP/1.1\r\nHost: 192.168.1.1:5000\r\nContent-Type: text/xml\r\n"
                "SOAPAction: \"urn:schemas-upnp-org:service:WANIPConnection:1#AddPortMapping\""
                "\r\nContent-Length: ",
                body.size(), "\r\n\r\n", body);
            connection.send(request);
            std::string answer;
            const Deadline patience(60s);
            while (answer.find("</s:Envelope>") == std::string::npos) {
                const auto more = connection.receive(30s);
                BOOST_REQUIRE((more && !patience.over()));
                answer += *more;
                if (!more->empty()) continue;
                // On a machine that stood still for seconds the server takes it for idle.
                connection = house.pc.connect("192.168.1.1:5000", 30s);
                connection.send(request);
                answer.clear();
            }
            BOOST_REQUIRE(answer.starts_with("HTTP/1.1 200"));
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        costs.push_back(processor_seconds(router.pid()) - before);
        BOOST_TEST_MESSAGE(kPiece / took.count() << " ports a second after " << piece * kPiece);
    }
    BOOST_TEST(costs.back() < 3 * costs.front());
    const auto begin = std::chrono::steady_clock::now();
    house.router.nft("flush ruleset");
    const TcpListener server = house.pc.listen(At(concat("192.168.1.10:", port - 1)));
    BOOST_TEST(eventually(
        [&] {
            return Verdict(
                house.internet.connect(At(concat("11.0.0.1:", port - 1)), 200ms).is_alive());
        },
        60s));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    BOOST_TEST_MESSAGE("all ports were back after " << took.count() << " s");
}

BOOST_AUTO_TEST_SUITE_END()
