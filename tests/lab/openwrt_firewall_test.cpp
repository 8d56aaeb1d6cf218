// SPDX-License-Identifier: GPL-2.0-or-later
//
// Beside firewall4 of OpenWrt, which drops what it does not know (tests/openwrt/fw4.nft, with the
// includes of the package): what Gatehouse lets in comes in, what it does not lets in stays out,
// and whatever the other one does to its table or to all tables is soon repaired.
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>

#include "gateway/base/text.h"
#include "tests/lab/support/ipv6_home.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/sip.h"
#include "tests/lab/support/upnp.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kSoon = 10s;
constexpr Duration kSilence = 300ms;

// As the package ships it.
constexpr std::string_view kGateway =
    "config gateway 'main'\n\toption wan 'wan0'\n\tlist lan 'br-lan'\n\toption firewall '0'\n"
    "\toption control '/run/gatehouse.sock'\n\toption user 'root'\n";

void replace(std::string& text, std::string_view what, std::string_view with) {
    const std::size_t at = text.find(what);
    BOOST_REQUIRE(at != std::string::npos);
    text.replace(at, what.size(), with);
}

// `fw4 reload`. Zone lan lets in what the words say.
void load_firewall4(const House& house, std::string_view lan_input = "accept") {
    std::ifstream in(GATEHOUSE_SOURCE "/tests/openwrt/fw4.nft");
    std::string text{std::istreambuf_iterator<char>(in), {}};
    const std::string includes = GATEHOUSE_SOURCE "/openwrt/files/";
    replace(text, "/usr/share/nftables.d/chain-post/forward/*.nft", includes + "forward.nft");
    replace(text, "/usr/share/nftables.d/chain-pre/input_lan/*.nft", includes + "input.nft");
    replace(text, "LAN_INPUT", lan_input);
    house.router.nft(text);
}

std::string config(const Host& router, std::string_view sections) {
    const std::string state = concat("/run/", router.name());
    return concat(kGateway, "\toption state '", state, "'\n", sections);
}

// A router that has started firewall4 first, as OpenWrt does.
class OpenWrt {
  public:
    explicit OpenWrt(House& house, std::string_view sections = {}, std::string_view lan = "accept")
        : firewall_(house, lan), router(house, config(house.router, sections)) {}

  private:
    struct Firewall {
        Firewall(const House& house, std::string_view lan) { load_firewall4(house, lan); }
    };
    Firewall firewall_;

  public:
    Router router;
};

std::string forward(std::string_view proto, std::string_view outside, std::string_view inside) {
    return section("forward", {{"proto", proto}, {"outside", outside}, {"inside", inside}});
}

bool tcp_reaches(const House& house, std::string_view to) {
    return house.internet.connect(At(to), 1s).is_alive();
}

struct Strangers {
    std::string_view type;
    bool other_host;  // may answer where a device has written to somebody else
    bool other_port;  // of the peer
};

// Whether the mapping of a host is in the kernel again a second after it was taken away. Other work
// of the machine makes that take longer and never shorter, so one of several times is enough.
bool is_back_within_a_second(House& house, std::string_view host,
                             const std::function<void()>& take_away) {
    const auto is_there = [&] {
        return house.router.run({"nft", "list", "map", "inet", "gatehouse", "source"}).says(host);
    };
    for (int tries = 0; tries < 5; ++tries) {
        take_away();
        const auto began = std::chrono::steady_clock::now();
        if (!eventually(is_there, 20s)) return false;
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        BOOST_TEST_MESSAGE("back after " << took.count() << " s");
        if (took < 1s) return true;
    }
    return false;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_nat_type_is_what_it_is_without_firewall4) {
    for (const Strangers& wanted :
         {Strangers{"full-cone", true, true}, Strangers{"restricted-cone", false, true},
          Strangers{"port-restricted-cone", false, false}, Strangers{"symmetric", false, false}}) {
        BOOST_TEST_CONTEXT(wanted.type) {
            House house;
            const OpenWrt openwrt(house, nat_type(wanted.type));
            const UdpSocket console = house.console.udp("192.168.1.30:3074");
            const UdpSocket peer = house.internet.udp("11.0.0.2:4000");
            const UdpSocket peer_again = house.internet.udp("11.0.0.2:4001");
            const UdpSocket stranger = house.internet.udp("11.0.0.3:4000");
            const std::string seen = seen_by(peer, console);
            BOOST_REQUIRE(seen != kNobody);
            const auto passes = [&](const UdpSocket& from) {
                return heard_by(console, from, At(seen), kSilence) != kNobody;
            };
            BOOST_TEST(passes(peer));
            BOOST_TEST(passes(peer_again) == wanted.other_port);
            BOOST_TEST(passes(stranger) == wanted.other_host);
            BOOST_TEST((seen_by(stranger, console) == seen) == (wanted.type != "symmetric"));
        }
    }
}

BOOST_AUTO_TEST_CASE(forwards_come_in_and_nothing_else_does) {
    House house;
    const OpenWrt openwrt(house, forward("tcp", "8080", "192.168.1.10:8000") +
                                     forward("udp", "40000", "192.168.1.30") +
                                     forward("tcp", "99", "192.168.1.20"));
    const TcpListener web = house.pc.listen("192.168.1.10:8000");
    const TcpListener refused = house.phone.listen("192.168.1.20:99");
    const TcpListener hidden = house.pc.listen("192.168.1.10:22");
    const UdpSocket game = house.console.udp("192.168.1.30:40000");
    const UdpSocket stranger = house.internet.udp("11.0.0.3:9");
    TcpPair page = tcp_pair(house.internet, web, {}, At("11.0.0.1:8080"));
    BOOST_TEST(page.works());
    BOOST_TEST(heard_by(game, stranger, "11.0.0.1:40000") == "11.0.0.3:9");
    // One way only, and not only the first of them.
    BOOST_TEST(heard_by(game, stranger, "11.0.0.1:40000") == "11.0.0.3:9");
    BOOST_TEST(!tcp_reaches(house, "11.0.0.1:22"));
    // Whoever refuses something by name in firewall4 has the last word.
    BOOST_TEST(!tcp_reaches(house, "11.0.0.1:99"));
    // Nor does a route to the inside addresses lead anywhere.
    house.internet.ip("route add 192.168.1.0/24 via 11.0.0.1");
    BOOST_TEST(!tcp_reaches(house, "192.168.1.10:22"));
    BOOST_TEST(!tcp_reaches(house, "192.168.1.10:8000"));
}

BOOST_AUTO_TEST_CASE(the_house_translates_and_not_firewall4) {
    House house;
    const OpenWrt openwrt(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:4000");
    const UdpSocket other = house.internet.udp("11.0.0.3:4000");
    const UdpSocket one = house.pc.udp("192.168.1.10:5000");
    const UdpSocket two = house.phone.udp("192.168.1.20:5000");
    BOOST_TEST(seen_by(server, one) == "11.0.0.1:5000");
    const std::string second = seen_by(server, two);
    BOOST_TEST(second != "11.0.0.1:5000");
    BOOST_TEST(seen_by(other, two) == second);
    BOOST_TEST(openwrt.router.cli({"mappings"}).says("192.168.1.20:5000"));
    // The rule of a user that keeps a device from a port of the internet.
    const TcpListener port = house.internet.listen("11.0.0.2:99");
    BOOST_TEST(house.pc.connect("11.0.0.2:99", 2s).is_alive());
    BOOST_TEST(!house.console.connect("11.0.0.2:99", 1s).is_alive());
}

BOOST_AUTO_TEST_CASE(media_of_a_call_comes_in_before_the_phone_has_spoken) {
    House house;
    const OpenWrt openwrt(house);
    const UdpSocket server = house.internet.udp("11.0.0.2:5060");
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    phone.send_to("11.0.0.2:5060",
                  sip_request("INVITE", "192.168.1.20", "UDP", 1, sdp("192.168.1.20", 40000)));
    const auto request = server.receive(kSoon);
    BOOST_REQUIRE(request.has_value());
    BOOST_TEST(has(request->data, "c=IN IP4 11.0.0.1\r\n"));
    server.send_to(request->from, sip_answer("200 OK", request->data, sdp("11.0.0.3", 9000)));
    BOOST_TEST(phone.receive(kSoon).has_value());
    const UdpSocket rtp = house.phone.udp("192.168.1.20:40000");
    const UdpSocket media = house.internet.udp("11.0.0.3:9000");
    const UdpSocket stranger = house.internet.udp("11.0.0.4:9000");
    BOOST_TEST(heard_by(rtp, media, "11.0.0.1:40000", kSoon) == "11.0.0.3:9000");
    BOOST_TEST(heard_by(rtp, stranger, "11.0.0.1:40000", kSilence) == kNobody);
}

BOOST_AUTO_TEST_CASE(devices_open_ports_where_zone_lan_refuses_all_but_our_services) {
    House house;
    const OpenWrt openwrt(house, {}, "iifname \"br-lan\" jump handle_reject");
    const TcpListener page = house.pc.listen("192.168.1.10:8000");
    BOOST_TEST(eventually(
        [&] {
            return upnpc(house.pc, {"-a", "192.168.1.10", "8000", "8081", "TCP", "3600"})
                .says("is redirected to internal 192.168.1.10:8000");
        },
        30s));
    BOOST_TEST(tcp_reaches(house, "11.0.0.1:8081"));
    BOOST_TEST(house.pc.run({"natpmpc", "-g", "192.168.1.1", "-a", "8082", "8000", "tcp", "3600"})
                   .says("Mapped public port 8082"));
    BOOST_TEST(tcp_reaches(house, "11.0.0.1:8082"));
    // What is none of our services stays refused.
    const TcpListener other = house.router.listen("192.168.1.1:81");
    BOOST_TEST(!house.pc.connect("192.168.1.1:81", 1s).is_alive());
}

BOOST_AUTO_TEST_CASE(a_pinhole_of_ipv6_comes_in_and_nothing_else_does) {
    Ipv6Home home;
    House& house = home.house;
    const OpenWrt openwrt(house);
    const TcpListener server = house.pc.listen("[2001:db8:1::10]:8080");
    const TcpListener other = house.phone.listen("[2001:db8:1::20]:8080");
    BOOST_TEST(!tcp_reaches(house, "[2001:db8:1::10]:8080"));
    BOOST_TEST(house.pc.run({"ping", "-c1", "-W5", "2001:db8:1::1"}).ok());
    BOOST_TEST(eventually(
        [&] {
            return upnpc(house.pc, {"-A", "", "0", "2001:db8:1::10", "8080", "TCP", "3600"},
                         kGateway2)
                .says("Pinhole ID = 1");
        },
        30s));
    BOOST_TEST(eventually([&] { return tcp_reaches(house, "[2001:db8:1::10]:8080"); }, kSoon));
    BOOST_TEST(!tcp_reaches(house, "[2001:db8:1::20]:8080"));
    BOOST_TEST(house.pc.connect("[2001:db8:f::2]:9", 1s).error() == ECONNREFUSED);
}

BOOST_AUTO_TEST_CASE(reload_restart_and_stop_of_firewall4_take_nothing_away_for_long) {
    House house;
    const OpenWrt openwrt(house, forward("tcp", "8080", "192.168.1.10:8000"));
    const TcpListener web = house.pc.listen("192.168.1.10:8000");
    const UdpSocket server = house.internet.udp("11.0.0.2:4000");
    const UdpSocket console = house.console.udp("192.168.1.30:3074");
    const std::string seen = seen_by(server, console);
    TcpPair page = tcp_pair(house.internet, web, {}, At("11.0.0.1:8080"));
    BOOST_TEST(page.works());
    const auto all_is_well = [&] {
        return seen_by(server, console) == seen && tcp_reaches(house, "11.0.0.1:8080");
    };
    // `fw4 reload`: nothing of ours is touched.
    load_firewall4(house);
    BOOST_TEST(all_is_well());
    BOOST_TEST(page.works());
    // `fw4 restart`, and `stop`, which deletes every table there is.
    BOOST_TEST(is_back_within_a_second(house, "192.168.1.30", [&] {
        house.router.nft("flush ruleset");
        load_firewall4(house);
    }));
    BOOST_TEST(eventually(all_is_well, 20s));
    BOOST_TEST(
        is_back_within_a_second(house, "192.168.1.30", [&] { house.router.nft("flush ruleset"); }));
    BOOST_TEST(eventually([&] { return seen_by(server, console) == seen; }, 20s));
    BOOST_TEST(openwrt.router.log().find("ruleset refused") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(without_the_rules_of_the_package_firewall4_lets_nothing_in) {
    House house;
    const OpenWrt openwrt(house, forward("tcp", "8080", "192.168.1.10:8000"));
    const TcpListener web = house.pc.listen("192.168.1.10:8000");
    BOOST_TEST(tcp_reaches(house, "11.0.0.1:8080"));
    const std::string chain =
        house.router.run({"nft", "-a", "list", "chain", "inet", "fw4", "forward"}).out;
    const std::size_t ours = chain.find("gatehouse: ");
    BOOST_REQUIRE(ours != std::string::npos);
    house.router.nft(concat("delete rule inet fw4 forward handle ",
                            number_after(std::string_view(chain).substr(ours), "handle ")));
    BOOST_TEST(!tcp_reaches(house, "11.0.0.1:8080"));
}

BOOST_AUTO_TEST_CASE(who_filters_can_be_changed_while_it_runs) {
    House house;
    OpenWrt openwrt(house, forward("tcp", "8080", "192.168.1.10:8000"));
    const TcpListener web = house.pc.listen("192.168.1.10:8000");
    BOOST_TEST(tcp_reaches(house, "11.0.0.1:8080"));
    std::string own = config(house.router, forward("tcp", "8080", "192.168.1.10:8000"));
    const std::string others = own;
    replace(own, "option firewall '0'", "option firewall '1'");
    openwrt.router.configure(own);
    BOOST_TEST(openwrt.router.reload().ok());
    house.router.nft("delete table inet fw4");
    BOOST_TEST(eventually([&] { return tcp_reaches(house, "11.0.0.1:8080"); }, kSoon));
    openwrt.router.configure(others);
    BOOST_TEST(openwrt.router.reload().ok());
    load_firewall4(house);
    BOOST_TEST(eventually([&] { return tcp_reaches(house, "11.0.0.1:8080"); }, kSoon));
    BOOST_TEST(!tcp_reaches(house, "11.0.0.1:8079"));
}
