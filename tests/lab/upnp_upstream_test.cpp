// SPDX-License-Identifier: GPL-2.0-or-later
//
// Ports that devices open behind two routers: the inner one opens them at the outer one, too. The
// outer one is Gatehouse, miniupnpd, or one that speaks nothing.
//
//   inner pc 192.168.2.10 -- [inner router] 192.168.1.50 --+
//                                   outer phone .20 --+
//                                                        |
//                            [outer router] 11.0.0.1 --- 11.0.0.2 .3 .4 [internet]
#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/miniupnpd.h"
#include "tests/lab/support/upnp.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kSilence = 300ms;
constexpr Duration kPatience = 60s;  // the outer router is looked at every 20 s
constexpr std::string_view kInner = "192.168.2.1";

Ran ask_igd(const Host& host, const Command& words) {
    return upnpc(host, words, kGateway1, kInner);
}

Ran ask_natpmp(const Host& host, Command words) {
    words.insert(words.begin(), {"natpmpc", "-g", std::string(kInner)});
    return host.run(words, 20s);
}

// The outer house, and an inner one whose Gatehouse starts when the outer router is as it shall be.
struct TwoHouses {
    House outer;
    House inner{inner_house(outer)};
    std::optional<Router> router;  // the inner one

    void start(std::string config = {}) { router.emplace(inner, std::move(config)); }

    Verdict says(std::string_view state) const {
        return eventually(
            [&] {
                return router->cli({"status", "--json"})
                    .says(concat("\"upstream\":{\"state\":\"", state, '"'));
            },
            kPatience);
    }
    // By a stranger, from another port at each try: a session that began without a way in keeps it.
    Verdict is_reached(std::string_view port) {
        const UdpSocket pc = inner.pc.udp(At(concat("192.168.2.10:", port)));
        return eventually(
            [&] {
                const UdpSocket stranger = outer.internet.udp("11.0.0.2:0");
                return Verdict(heard_by(pc, stranger, concat("11.0.0.1:", port), kSilence) !=
                               kNobody);
            },
            kPatience);
    }
    // A clock that goes back by two seconds only is within what a client has to bear.
    Verdict are_old() const {
        return eventually(
            [&] {
                constexpr std::string_view kName = "\"uptime\":";
                const std::string text = router->cli({"status", "--json"}).out;
                const std::size_t at = text.find(kName);
                if (at == std::string::npos) return Verdict(false);
                const std::string_view rest = std::string_view(text).substr(at + kName.size());
                const auto seconds = parse_number<int>(rest.substr(0, rest.find(',')));
                return Verdict(seconds && *seconds >= 5);
            },
            30s);
    }
    // A device of the inner house hears that address.
    Verdict tells(std::string_view address, Duration limit) const {
        return eventually(
            [&] { return ask_igd(inner.pc, {"-s"}).says(concat("ExternalIPAddress = ", address)); },
            limit);
    }
    bool is_silent(std::string_view port) {
        const UdpSocket pc = inner.pc.udp(At(concat("192.168.2.10:", port)));
        return heard_by(pc, outer.internet.udp("11.0.0.3:0"), concat("11.0.0.1:", port),
                        kSilence) == kNobody;
    }
};

// Behind an outer Gatehouse.
struct BehindGatehouse : TwoHouses {
    explicit BehindGatehouse(std::string outer_config = {}, std::string inner_config = {})
        : outer_router(outer, std::move(outer_config)) {
        start(std::move(inner_config));
    }
    Verdict outer_has(std::string_view text) const {
        return eventually(
            [&] {
                return outer_router.cli({"forwards", "--json"}).says(text);
            },
            kPatience);
    }
    Verdict outer_has_lost(std::string_view text) const {
        return eventually(
            [&] {
                return Verdict(!outer_router.cli({"forwards", "--json"}).says(text));
            },
            kPatience);
    }

    Router outer_router;
};

// Behind an outer router with miniupnpd.
struct BehindMiniupnpd : TwoHouses {
    explicit BehindMiniupnpd(std::string_view options) : daemon(outer, options) { start(); }

    Miniupnpd daemon;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(behind_gatehouse)

BOOST_AUTO_TEST_CASE(a_port_is_opened_in_both_and_closed_in_both) {
    BehindGatehouse houses;
    BOOST_TEST(houses.says("works"));
    BOOST_TEST(ask_igd(houses.inner.pc, {"-s"}).says("ExternalIPAddress = 11.0.0.1"));
    const Ran added =
        ask_igd(houses.inner.pc, {"-a", "192.168.2.10", "6881", "6881", "UDP", "600"});
    BOOST_TEST(
        added.says("external 11.0.0.1:6881 UDP is redirected to internal 192.168.2.10:6881"));
    // With the answer it is there already.
    BOOST_TEST(houses.outer_router.cli({"forwards", "--json"}).says("\"owner\":\"192.168.1.50"));
    BOOST_TEST(houses.is_reached("6881"));
    BOOST_TEST(ask_igd(houses.inner.pc, {"-d", "6881", "UDP"}).ok());
    BOOST_TEST(houses.outer_has_lost("6881"));
    BOOST_TEST(houses.is_silent("6881"));
}

BOOST_AUTO_TEST_CASE(natpmp_hears_the_address_of_the_internet_and_gets_its_port) {
    BehindGatehouse houses;
    BOOST_TEST(houses.says("works"));
    BOOST_TEST(ask_natpmp(houses.inner.pc, {}).says("Public IP address : 11.0.0.1"));
    BOOST_TEST(ask_natpmp(houses.inner.pc, {"-a", "6200", "6200", "udp", "600"})
                   .says("Mapped public port 6200 protocol UDP to local port 6200 "));
    BOOST_TEST(houses.outer_router.cli({"forwards"}).says("6200"));
    BOOST_TEST(houses.is_reached("6200"));
    BOOST_TEST(ask_natpmp(houses.inner.pc, {"-a", "6200", "6200", "udp", "0"}).ok());
    BOOST_TEST(houses.outer_has_lost("6200"));
}

BOOST_AUTO_TEST_CASE(what_the_outer_house_has_given_away_is_refused_or_another_port) {
    BehindGatehouse houses;
    BOOST_TEST(upnpc(houses.outer.phone, {"-a", "192.168.1.20", "6881", "6881", "UDP", "600"})
                   .says("is redirected to"));
    BOOST_TEST(houses.says("works"));
    BOOST_TEST(ask_igd(houses.inner.pc, {"-a", "192.168.2.10", "6881", "6881", "UDP", "600"})
                   .says("code 718"));
    BOOST_TEST(!houses.router->cli({"forwards"}).says("6881"));
    const Ran other = ask_natpmp(houses.inner.pc, {"-a", "6881", "6881", "udp", "600"});
    BOOST_TEST(other.says("Mapped public port 6882 protocol UDP to local port 6881 "));
    const UdpSocket pc = houses.inner.pc.udp("192.168.2.10:6881");
    BOOST_TEST(heard_by(pc, houses.outer.internet.udp("11.0.0.2:1001"), "11.0.0.1:6882", 10s) ==
               "11.0.0.2:1001");
}

BOOST_AUTO_TEST_CASE(it_ends_there_with_its_lease_here) {
    BehindGatehouse houses;
    BOOST_TEST(houses.says("works"));
    BOOST_TEST(ask_igd(houses.inner.pc, {"-a", "192.168.2.10", "6881", "6881", "UDP", "4"})
                   .says("is redirected to"));
    BOOST_TEST(houses.outer_has("\"outside\":\"11.0.0.1:6881\""));
    BOOST_TEST(houses.outer_has_lost("6881"));
}

BOOST_AUTO_TEST_CASE(what_the_outer_router_has_forgotten_is_asked_for_again) {
    BehindGatehouse houses("",
                           "config forward\n\toption proto 'udp'\n\toption outside '7000'\n"
                           "\toption inside '192.168.2.10:7000'\n");
    BOOST_TEST(houses.says("works"));
    BOOST_TEST(ask_igd(houses.inner.pc, {"-a", "192.168.2.10", "6881", "6881", "UDP", "600"})
                   .says("is redirected to"));
    BOOST_TEST(houses.are_old());
    houses.outer_router.kill_9();
    std::filesystem::remove(houses.outer_router.state() / "forwards.journal");
    houses.outer.router.nft("flush ruleset");
    houses.outer_router.start();
    BOOST_TEST(houses.router->says("gateway upstream has restarted", kPatience));
    BOOST_TEST(houses.is_reached("6881"));
    // And what the user has configured.
    BOOST_TEST(houses.is_reached("7000"));
    BOOST_TEST(houses.says("works"));
}

// What the outer router announces is heard: nobody has to wait for the next look.
BOOST_AUTO_TEST_CASE(another_address_of_the_outer_router_is_told_inside_within_seconds) {
    BehindGatehouse houses;
    BOOST_TEST(houses.says("works"));
    houses.outer.change_wan_address("11.0.0.9/24");
    BOOST_TEST(houses.tells("11.0.0.9", 10s));
    BOOST_TEST(ask_natpmp(houses.inner.pc, {}).says("Public IP address : 11.0.0.9"));
}

BOOST_AUTO_TEST_CASE(an_inner_router_that_was_killed_has_its_ports_still) {
    BehindGatehouse houses;
    BOOST_TEST(houses.says("works"));
    BOOST_TEST(ask_igd(houses.inner.pc, {"-a", "192.168.2.10", "6881", "6881", "UDP", "600"})
                   .says("is redirected to"));
    houses.router->kill_9();
    houses.router->start();
    BOOST_TEST(houses.says("works"));
    BOOST_TEST(houses.is_reached("6881"));
    // The mapping is its own still: it can end it.
    BOOST_TEST(ask_igd(houses.inner.pc, {"-d", "6881", "UDP"}).ok());
    BOOST_TEST(houses.outer_has_lost("6881"));
}

BOOST_AUTO_TEST_CASE(where_the_outer_router_speaks_nothing_the_truth_is_told) {
    BehindGatehouse houses(
        "config upnp\n\toption igd '0'\n\toption natpmp '0'\n\toption pcp '0'\n");
    BOOST_TEST(houses.says("absent"));
    BOOST_TEST(houses.router->cli({"status"}).says("neither PCP nor NAT-PMP nor UPnP"));
    BOOST_TEST(ask_igd(houses.inner.pc, {"-s"}).says("ExternalIPAddress = 192.168.1.50"));
    BOOST_TEST(ask_igd(houses.inner.pc, {"-a", "192.168.2.10", "6881", "6881", "UDP", "600"})
                   .says("is redirected to"));
    // From the network between the two it can be used.
    const UdpSocket pc = houses.inner.pc.udp("192.168.2.10:6881");
    BOOST_TEST(heard_by(pc, houses.outer.phone.udp("192.168.1.20:1001"), "192.168.1.50:6881",
                        10s) == "192.168.1.20:1001");
}

BOOST_AUTO_TEST_CASE(whoever_does_not_want_it_is_left_alone) {
    BehindGatehouse houses("", "config upnp\n\toption upstream 'off'\n");
    BOOST_TEST(houses.says("off"));
    BOOST_TEST(ask_igd(houses.inner.pc, {"-a", "192.168.2.10", "6881", "6881", "UDP", "600"})
                   .says("is redirected to"));
    BOOST_TEST(!houses.outer_router.cli({"forwards"}).says("6881"));
    houses.router->configure("config upnp\n\toption upstream 'auto'\n");
    BOOST_TEST(houses.router->reload().ok());
    BOOST_TEST(houses.outer_has("6881"));
    houses.router->configure("config upnp\n\toption upstream 'off'\n");
    BOOST_TEST(houses.router->reload().ok());
    BOOST_TEST(houses.outer_has_lost("6881"));
}

BOOST_AUTO_TEST_CASE(a_silent_outer_router_delays_an_answer_by_seconds_at_most) {
    BehindGatehouse houses;
    BOOST_TEST(houses.says("works"));
    houses.outer_router.freeze();
    BOOST_TEST(ask_igd(houses.inner.pc, {"-a", "192.168.2.10", "6881", "6881", "UDP", "600"})
                   .says("is redirected to"));
    BOOST_TEST(ask_igd(houses.inner.pc, {"-s"}).says("ExternalIPAddress = 192.168.1.50"));
    houses.outer_router.thaw();
    BOOST_TEST(houses.is_reached("6881"));
    BOOST_TEST(ask_igd(houses.inner.pc, {"-s"}).says("ExternalIPAddress = 11.0.0.1"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(behind_two)

namespace {

//   pc 192.168.3.10 -- [innermost] 192.168.2.50 -- [middle] 192.168.1.50 -- [outer] 11.0.0.1
struct ThreeHouses {
    explicit ThreeHouses(std::string middle_config)
        : first(innermost),  // and it finds out that those beyond come later
          second(middle, std::move(middle_config)),
          third(outer) {}

    static HouseOptions behind(House& house) {
        HouseOptions options = inner_house(house);
        options.name = "innermost";
        options.lan = {"192.168.3.1/24"};
        options.wan = {"192.168.2.50/24"};
        options.phone = {"192.168.3.20/24"};
        options.console = {"192.168.3.30/24"};
        options.pc = {"192.168.3.10/24"};
        return options;
    }
    Ran upnpc(const Command& words) const {
        return lab::upnpc(innermost.pc, words, kGateway1, "192.168.3.1");
    }
    Verdict has(const Router& router, std::string_view text, bool wanted = true) const {
        return eventually(
            [&] {
                return Verdict(bool(router.cli({"forwards", "--json"}).says(text)) == wanted);
            },
            kPatience);
    }

    House outer;
    House middle{inner_house(outer)};
    House innermost{behind(middle)};
    Router first;
    Router second;
    Router third;
};

void crosses_three_routers(std::string middle_config, std::string_view language) {
    ThreeHouses houses(std::move(middle_config));
    BOOST_TEST(eventually([&] { return houses.upnpc({"-s"}).says("ExternalIPAddress = 11.0.0.1"); },
                          kPatience));
    BOOST_TEST(houses.upnpc({"-a", "192.168.3.10", "6881", "6881", "UDP", "600"})
                   .says("external 11.0.0.1:6881 UDP is redirected to internal 192.168.3.10:6881"));
    // With the answer it is there already, in all three.
    BOOST_TEST(houses.second.cli({"forwards", "--json"}).says("\"inside\":\"192.168.2.50:6881\""));
    BOOST_TEST(houses.third.cli({"forwards", "--json"}).says("\"inside\":\"192.168.1.50:6881\""));
    const UdpSocket pc = houses.innermost.pc.udp("192.168.3.10:6881");
    BOOST_TEST(heard_by(pc, houses.outer.internet.udp("11.0.0.2:1001"), "11.0.0.1:6881", 10s) ==
               "11.0.0.2:1001");
    const Ran status = houses.first.cli({"status", "--json"});
    BOOST_TEST(status.says(concat("\"upstream\":{\"state\":\"works\",\"language\":\"", language,
                                  "\",\"gateway\":\"192.168.2.1\",\"address\":\"11.0.0.1\","
                                  "\"wanted\":1,\"held\":1,\"reason\":null}")));
    BOOST_TEST(houses.first.cli({"status"}).says("1 of 1"));
    BOOST_TEST(houses.first
                   .run({"curl", "-s", "-S", "--unix-socket", houses.first.control(),
                         "http://localhost/metrics"})
                   .says("gatehouse_upstream_ports{state=\"held\"} 1"));
    BOOST_TEST(houses.upnpc({"-d", "6881", "UDP"}).ok());
    BOOST_TEST(houses.has(houses.second, "6881", false));
    BOOST_TEST(houses.has(houses.third, "6881", false));
    BOOST_TEST(heard_by(pc, houses.outer.internet.udp("11.0.0.3:1002"), "11.0.0.1:6881",
                        kSilence) == kNobody);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_port_crosses_three_routers_of_which_the_middle_one_speaks_pcp) {
    crosses_three_routers("config upnp\n\toption igd '0'\n\toption natpmp '0'\n", "pcp");
}

BOOST_AUTO_TEST_CASE(a_port_crosses_three_routers_of_which_the_middle_one_speaks_igd) {
    crosses_three_routers("config upnp\n\toption natpmp '0'\n\toption pcp '0'\n", "igd");
}

BOOST_AUTO_TEST_CASE(what_the_outermost_has_given_away_is_refused_by_all) {
    ThreeHouses houses("");
    BOOST_TEST(eventually([&] { return houses.upnpc({"-s"}).says("ExternalIPAddress = 11.0.0.1"); },
                          kPatience));
    BOOST_TEST(lab::upnpc(houses.outer.phone, {"-a", "192.168.1.20", "6881", "6881", "UDP", "600"})
                   .says("is redirected to"));
    BOOST_TEST(houses.upnpc({"-a", "192.168.3.10", "6881", "6881", "UDP", "600"}).says("718"));
    BOOST_TEST(!houses.first.cli({"forwards"}).says("6881"));
    BOOST_TEST(houses.has(houses.second, "6881", false));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(behind_miniupnpd)

namespace {

void outlives_a_reboot(BehindMiniupnpd& houses, const std::string& port) {
    BOOST_TEST(ask_igd(houses.inner.pc, {"-a", "192.168.2.10", port, port, "UDP", "600"})
                   .says(concat("external 11.0.0.1:", port)));
    BOOST_TEST(houses.is_reached(port));
    BOOST_TEST(houses.are_old());
    BOOST_TEST(houses.daemon.reboot());
    BOOST_TEST(houses.is_reached(port));
}

void is_closed_outside(BehindMiniupnpd& houses, std::string_view port) {
    BOOST_TEST(eventually(
        [&] { return Verdict(houses.outer.router.nft_ruleset().find(port) == std::string::npos); },
        kPatience));
}

}  // namespace

BOOST_AUTO_TEST_CASE(by_its_pcp_ports_open_and_close_and_come_back_after_its_reboot) {
    BehindMiniupnpd houses("enable_natpmp=yes\n");
    BOOST_TEST(houses.says("works"));
    BOOST_TEST(houses.router->cli({"status"}).says("works  pcp  192.168.1.1  11.0.0.1"));
    outlives_a_reboot(houses, "6881");
    BOOST_TEST(ask_natpmp(houses.inner.pc, {"-a", "6200", "6200", "udp", "600"})
                   .says("Mapped public port 6200 "));
    BOOST_TEST(houses.is_reached("6200"));
    BOOST_TEST(ask_natpmp(houses.inner.pc, {"-a", "6200", "6200", "udp", "0"}).ok());
    is_closed_outside(houses, "6200");
}

BOOST_AUTO_TEST_CASE(by_its_igd_ports_open_and_close_and_come_back_after_its_reboot) {
    BehindMiniupnpd houses("enable_natpmp=no\n");
    BOOST_TEST(houses.says("works"));
    BOOST_TEST(houses.router->cli({"status"}).says("works  igd  192.168.1.1  11.0.0.1"));
    outlives_a_reboot(houses, "6881");
    // What the outer house has given away is refused.
    BOOST_TEST(upnpc(houses.outer.phone, {"-a", "192.168.1.20", "6882", "6882", "UDP", "600"})
                   .says("is redirected to"));
    BOOST_TEST(ask_igd(houses.inner.pc, {"-a", "192.168.2.10", "6882", "6882", "UDP", "600"})
                   .says("code 718"));
    BOOST_TEST(!houses.router->cli({"forwards"}).says("6882"));
    BOOST_TEST(ask_igd(houses.inner.pc, {"-d", "6881", "UDP"}).ok());
    is_closed_outside(houses, "6881");
}

// By IGD it is looked at every 20 seconds, by the others it announces itself.
BOOST_AUTO_TEST_CASE(another_address_of_it_is_told_inside_at_the_next_look_in_each_language) {
    for (const char* options : {"enable_natpmp=yes\n", "enable_natpmp=no\n"}) {
        BOOST_TEST_CONTEXT(options) {
            BehindMiniupnpd houses(options);
            BOOST_TEST(houses.says("works"));
            houses.outer.change_wan_address("11.0.0.9/24");
            BOOST_TEST(houses.tells("11.0.0.9", 40s));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
