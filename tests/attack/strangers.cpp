// SPDX-License-Identifier: GPL-2.0-or-later
//
// The internet, and others on the provider's network, against the house.
#include <boost/test/unit_test.hpp>
#include <memory>

#include "gateway/base/text.h"
#include "tests/attack/scene.h"

using namespace gatehouse;
using namespace gatehouse::attack;

namespace {

FrameHead towards_the_router(const Scene& scene, Ip4 source, Ip4 destination) {
    return {*scene.house.internet.mac("net0"), *scene.house.router.mac("wan0"), source,
            destination};
}

// A connection of the phone to a server, of which the attacker knows all but the numbers that
// neither end has told him.
struct Watched {
    explicit Watched(Scene& scene)
        : web(scene.house.internet.listen("11.0.0.2:80")),
          seen(scene.house.internet.capture("net0")),
          wire(scene.house.internet.packets("net0")),
          head(towards_the_router(scene, Ip4::of(11, 0, 0, 2), Ip4::of(11, 0, 0, 1))),
          pair(std::make_unique<TcpPair>(tcp_pair(scene.house.phone, web))) {
        BOOST_REQUIRE(pair->works());
        outside = port_of(pair->seen());
        const auto last = seen.wait_for([](const Packet& p) {
            return p.is_tcp() && p.is_to("11.0.0.2:80") && !p.has_flags(kSyn);
        });
        BOOST_REQUIRE(last.has_value());
        for (const Packet& p : seen.packets()) {
            if (p.is_tcp() && p.is_to("11.0.0.2:80")) expected = p.tcp_acknowledgement;
        }
    }

    // In the server's name, that far from what the phone expects.
    void send(std::uint32_t away, int flags, std::string_view data = {}) const {
        wire.send(tcp4_frame(
            head, {Port{80}, outside, expected + away, 1, static_cast<std::uint8_t>(flags)}, data));
    }

    TcpListener web;
    Capture seen;
    PacketSocket wire;
    FrameHead head;
    std::unique_ptr<TcpPair> pair;
    Port outside;
    std::uint32_t expected = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(strangers)

BOOST_AUTO_TEST_CASE(a_neighbour_on_the_providers_network_reaches_no_inside_address) {
    is_refused({"a route to inside addresses by the router", true, [](Scene& scene) -> Gain {
                    scene.house.internet.ip("route replace 192.168.1.0/24 via 11.0.0.1");
                    const UdpSocket victim = scene.house.phone.udp("192.168.1.20:3074");
                    const UdpSocket attacker = scene.house.internet.udp("11.0.0.2:4000");
                    attacker.send_to("192.168.1.20:3074", "hello");
                    return victim.receive(500ms) ? "every port of every device is open" : "";
                }});
}

BOOST_AUTO_TEST_CASE(nobody_outside_passes_for_a_device_inside) {
    is_refused({"an inside source address, sent from outside", true, [](Scene& scene) -> Gain {
                    const UdpSocket service = scene.house.router.udp("192.168.1.1:7777");
                    const UdpSocket device = scene.house.phone.udp("192.168.1.20:7777");
                    const PacketSocket wire = scene.house.internet.packets("net0");
                    const Ip4 console = Ip4::of(192, 168, 1, 30);
                    for (const Ip4 to : {Ip4::of(192, 168, 1, 1), Ip4::of(192, 168, 1, 20)}) {
                        wire.send(udp4_frame(towards_the_router(scene, console, to), Port{5000},
                                             Port{7777}, "forged"));
                    }
                    if (service.receive(300ms)) return "a service for the house hears it";
                    return device.receive(300ms) ? "a device hears it" : "";
                }});
}

BOOST_AUTO_TEST_CASE(a_connection_outlives_resets_that_guess) {
    is_refused(
        {"2,000 resets with guessed numbers", false, [](Scene& scene) -> Gain {
             const TcpListener web = scene.house.internet.listen("11.0.0.2:80");
             TcpPair pair = tcp_pair(scene.house.phone, web);
             BOOST_TEST(pair.works());
             const PacketSocket wire = scene.house.internet.packets("net0");
             const FrameHead head =
                 towards_the_router(scene, Ip4::of(11, 0, 0, 2), Ip4::of(11, 0, 0, 1));
             const Port outside = port_of(pair.seen());
             for (std::uint32_t i = 0; i < 2000; ++i) {
                 wire.send(tcp4_frame(head, {Port{80}, outside, i * 2147483U + 77U, 0, kRst}, {}));
             }
             return pair.works() ? "" : "the connection is cut";
         }});
}

// Whoever sees that a connection is there, and roughly where it is, sends data to make either end
// speak, and resets around what is expected.
BOOST_AUTO_TEST_CASE(a_connection_outlives_resets_that_are_nearly_right) {
    is_refused({"resets within the window, after bait", false, [](Scene& scene) -> Gain {
                    const Watched watched(scene);
                    for (const std::uint32_t away : {1U, 2U, 100U, 1460U, 20'000U, 0xffff'ff00U}) {
                        watched.send(away + 7, kPsh | kAck, "bait");
                        watched.send(away, kRst);
                        watched.send(away, kRst | kAck);
                    }
                    return watched.pair->works() ? "" : "the connection is cut";
                }});
}

BOOST_AUTO_TEST_CASE(a_connection_outlives_errors_that_guess) {
    is_refused({"errors and redirects about a connection", false, [](Scene& scene) -> Gain {
                    const Watched watched(scene);
                    const FrameHead there{{}, {}, Ip4::of(11, 0, 0, 1), Ip4::of(11, 0, 0, 2)};
                    const FrameHead head =
                        towards_the_router(scene, Ip4::of(11, 0, 0, 3), Ip4::of(11, 0, 0, 1));
                    for (std::uint32_t i = 0; i < 50; ++i) {
                        const std::string about = quoted(tcp4_frame(
                            there, {watched.outside, Port{80}, i * 85'899'345U, 0, kAck}, {}));
                        for (const int code : {0, 1, 2, 3, 4, 9, 13})
                            watched.wire.send(
                                icmp4_frame(head, 3, static_cast<std::uint8_t>(code), 68, about));
                        watched.wire.send(icmp4_frame(head, 5, 1, 0x0b00'0004, about));
                        watched.wire.send(icmp4_frame(head, 11, 0, 0, about));
                    }
                    return watched.pair->works() ? "" : "the connection is cut";
                }});
}

BOOST_AUTO_TEST_CASE(nobody_outside_opens_ports) {
    is_refused({"asking for ports from outside, by NAT-PMP, PCP and UPnP", false,
                [](Scene& scene) -> Gain {
                    const UdpSocket attacker = scene.house.internet.udp("11.0.0.2:5000");
                    ByteWriter map;
                    map.u32(0x0001'0000);  // NAT-PMP: MAP of UDP
                    map.u32(0x1b58'1b58);
                    map.u32(3600);
                    for (const char* to : {"11.0.0.1:5351", "192.168.1.1:5351"})
                        attacker.send_to(to, as_text(map.view()));
                    attacker.send_to("11.0.0.1:1900",
                                     "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "
                                     "\"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n");
                    if (attacker.receive(1s)) return "it is answered";
                    const TcpConnection page = scene.house.internet.connect("11.0.0.1:5000", 500ms);
                    return page.is_alive() ? "the description is served" : "";
                }});
}

// The provider gives another address; the old one is soon another customer's.
BOOST_AUTO_TEST_CASE(nothing_leaves_from_an_address_that_was_taken_away) {
    is_refused({"waiting for the old address of the router", true, [](Scene& scene) -> Gain {
                    if (!scene.is_guarded()) scene.change_address("11.0.0.1");
                    const UdpSocket server = scene.house.internet.udp("11.0.0.2:7001");
                    const UdpSocket phone = scene.house.phone.udp("0.0.0.0:6000");
                    BOOST_TEST(seen_by(server, phone) == "11.0.0.1:6000");
                    scene.change_address("11.0.0.9");
                    std::string from;
                    const Verdict moved = eventually(
                        [&] {
                            phone.send_to("11.0.0.2:7001", "still here");
                            const auto got = server.receive(50ms);
                            if (got) from = got->from.to_string();
                            return from == "11.0.0.9:6000";
                        },
                        3s);
                    return moved ? "" : concat("a keep-alive comes from ", from);
                }});
}

BOOST_AUTO_TEST_SUITE_END()
