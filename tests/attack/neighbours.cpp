// SPDX-License-Identifier: GPL-2.0-or-later
//
// One device of the house against the router and the others: it takes over what is theirs, or all
// that there is. The attacker is the pc.
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/attack/scene.h"
#include "tests/lab/support/crowd.h"
#include "tests/lab/support/dhcp_messages.h"
#include "tests/lab/support/upnp.h"

using namespace gatehouse;
using namespace gatehouse::attack;

namespace {

// Connections as far as the kernel between them can see, without the memory of either end: SYN and
// ACK of the pc, and the server's answer between.
void fill_with_connections(const Scene& scene, int count) {
    const PacketSocket near = scene.house.pc.packets("eth0");
    const PacketSocket far = scene.house.internet.packets("net0");
    const FrameHead out{*scene.house.pc.mac("eth0"), *scene.house.router.mac("br-lan"),
                        Ip4::of(192, 168, 1, 10), Ip4::of(11, 0, 0, 3)};
    const FrameHead back{*scene.house.internet.mac("net0"), *scene.house.router.mac("wan0"),
                         Ip4::of(11, 0, 0, 3), Ip4::of(11, 0, 0, 1)};
    for (int i = 0; i < count; ++i) {
        const Port inside{static_cast<std::uint16_t>(20000 + i / 60000)};
        const Port remote{static_cast<std::uint16_t>(2000 + i % 60000)};
        near.send(tcp4_frame(out, {inside, remote, 1, 0, kSyn}, {}));
        far.send(tcp4_frame(back, {remote, inside, 1, 2, kSyn | kAck}, {}));
        near.send(tcp4_frame(out, {inside, remote, 2, 2, kAck}, {}));
    }
}

// How many of twenty connections of the console come about.
int connections_of_console(const Scene& scene) {
    const TcpListener web = scene.house.internet.listen("11.0.0.2:80");
    std::vector<TcpConnection> tried;
    int made = 0;
    for (int i = 0; i < 20; ++i)
        tried.push_back(scene.house.console.begin_connect("11.0.0.2:80"));
    (void)eventually(
        [&] {
            made = 0;
            for (const TcpConnection& one : tried)
                made += one.is_alive() ? 1 : 0;
            return made == 20;
        },
        2500ms);
    return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(neighbours)

BOOST_AUTO_TEST_CASE(a_service_of_the_router_keeps_its_port) {
    is_refused({"port shadow: sending from the number of a service of the router", true,
                [](Scene& scene) -> Gain {
                    const House& house = scene.house;
                    const UdpSocket client = house.internet.udp("11.0.0.2:5000");
                    const UdpSocket thief = house.pc.udp("0.0.0.0:3478");
                    thief.send_to("11.0.0.2:5000", "mine");
                    client.receive();
                    return heard_by(scene.service, client, "11.0.0.1:3478") == "11.0.0.2:5000"
                               ? ""
                               : "it gets the router's packets";
                }});
}

BOOST_AUTO_TEST_CASE(every_port_towards_a_server_is_not_for_one_device) {
    is_refused({"using up every port towards one server", true, [](Scene& scene) -> Gain {
                    const UdpSocket server = scene.house.internet.udp("11.0.0.3:9");
                    flood(scene.house, {.first_port = 1024, .count = 64512});
                    while (server.receive(1ms)) {
                    }
                    // As systems choose ports. What the kernel translated by itself, while the
                    // flood was more than its queue holds, may be in the way of some until the next
                    // look at the sessions, half a minute at most.
                    const Duration limit = scene.is_guarded() ? 45s : 200ms;
                    int heard = 0;
                    for (int port = 33000; port < 61000; port += 2800) {
                        const UdpSocket console = scene.house.console.udp(concat("0.0.0.0:", port));
                        heard += heard_by(server, console, "11.0.0.3:9", limit) == kNobody ? 0 : 1;
                    }
                    return heard >= 6 ? "" : concat(heard, " of 10 flows of others come about");
                }});
}

BOOST_AUTO_TEST_CASE(the_kernels_table_is_not_for_one_device) {
    is_refused({"filling the kernel's table with connections", true, [](Scene& scene) -> Gain {
                    const int most = parse_number<int>(scene.house.router.sysctl(
                                                           "net.netfilter.nf_conntrack_max"))
                                         .value_or(1 << 30);
                    if (most > 300'000) return scene.is_guarded() ? "" : "(too large to be filled)";
                    // Neither end knows the connections, and both would say so.
                    const auto deafen = [](const Host& host, std::string_view which) {
                        host.nft(
                            concat("table ip quiet { chain in { type filter hook prerouting "
                                   "priority raw; tcp ",
                                   which, " 20000-20009 drop; }; }"));
                    };
                    deafen(scene.house.internet, "sport");
                    deafen(scene.house.pc, "dport");
                    // Far more than one device may have of it, where there is a limit.
                    fill_with_connections(scene, scene.is_guarded() ? most / 5 : most + 1000);
                    const int made = connections_of_console(scene);
                    return made == 20 ? "" : concat(made, " of 20 connections of others are made");
                }});
}

BOOST_AUTO_TEST_CASE(the_port_of_a_device_is_not_for_another_to_end) {
    is_refused({"ending the port of another device, by NAT-PMP, PCP and UPnP", false,
                [](Scene& scene) -> Gain {
                    if (!scene.is_guarded()) return kNoSuchService;
                    const House& house = scene.house;
                    const UdpSocket victim = house.phone.udp("192.168.1.20:7000");
                    ByteWriter open;
                    open.u32(0x0001'0000);
                    open.u32(0x1b58'1b58);
                    open.u32(3600);
                    const auto opened =
                        house.phone.udp().ask("192.168.1.1:5351", as_text(open.view()), 10s);
                    BOOST_REQUIRE((opened && opened->data.size() == 16));
                    const UdpSocket thief = house.pc.udp();
                    ByteWriter natpmp;  // lifetime 0, once for this port and once for all
                    natpmp.u32(0x0001'0000);
                    natpmp.u32(0x1b58'0000);
                    natpmp.u32(0);
                    thief.ask("192.168.1.1:5351", as_text(natpmp.view()), 2s);
                    ByteWriter pcp;  // MAP in the phone's name (RFC 6887 section 11.1)
                    pcp.u32(0x0201'0000);
                    pcp.u32(0);
                    pcp.u32(0);
                    pcp.u32(0);
                    pcp.u32(0xffff);
                    pcp.u32(0xc0a8'0114);
                    pcp.text("twelve bytes");
                    pcp.u32(17U << 24U);
                    pcp.u32(0x1b58'1b58);
                    pcp.zeros(16);
                    thief.ask("192.168.1.1:5351", as_text(pcp.view()), 2s);
                    (void)upnpc(house.pc, {"-d", "7000", "UDP"});
                    const UdpSocket stranger = house.internet.udp("11.0.0.3:9");
                    return heard_by(victim, stranger, "11.0.0.1:7000", 5s) == "11.0.0.3:9"
                               ? ""
                               : "the port is closed";
                }});
}

BOOST_AUTO_TEST_CASE(a_flood_of_strangers_leaves_a_device_its_address) {
    const auto play = [](Scene& scene) -> Gain {
        if (!scene.is_guarded()) return kNoSuchService;
        const auto asks = [](const Host& host) {
            return host
                .run({"udhcpc", "-i", "eth0", "-n", "-q", "-f", "-t", "3", "-T", "1", "-s",
                      "/bin/true"},
                     20s)
                .ok();
        };
        BOOST_REQUIRE(asks(scene.house.console));
        const PacketSocket wire = scene.house.pc.packets("eth0");
        const Mac everybody{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
        for (std::uint32_t i = 0; i < 3000; ++i) {
            DhcpQuestion question;
            question.number = i;
            question.device = {
                {2, 0x66, 0, 0, static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)}};
            wire.send(udp4_frame({question.device, everybody, Ip4{}, Ip4{0xffffffff}}, Port{68},
                                 Port{67}, as_text(encode_question(question))));
        }
        return asks(scene.house.console) ? "" : "a device that had one gets no address";
    };
    is_refused({"asking for every address by DHCP", false, play,
                section("dhcp 'lan'", {{"interface", "br-lan"}, {"limit", "50"}})});
}

BOOST_AUTO_TEST_CASE(nobody_sends_in_a_strangers_name) {
    is_refused({"sending with a forged source address", true, [](Scene& scene) -> Gain {
                    const PacketSocket wire = scene.house.pc.packets("eth0");
                    const FrameHead head{*scene.house.pc.mac("eth0"),
                                         *scene.house.router.mac("br-lan"), Ip4::of(8, 8, 4, 4),
                                         Ip4::of(11, 0, 0, 2)};
                    const UdpSocket server = scene.house.internet.udp("11.0.0.2:7001");
                    wire.send(udp4_frame(head, Port{5000}, Port{7001}, "forged"));
                    // What is sent behind it has passed, so it has, too, or never will.
                    const UdpSocket honest = scene.house.pc.udp();
                    honest.send_to("11.0.0.2:7001", "honest");
                    const auto got = server.receive(5s);
                    if (got && got->data == "forged") return "it leaves";
                    return {};
                }});
}

BOOST_AUTO_TEST_SUITE_END()
