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
#include <csignal>
#include <filesystem>
#include <fstream>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"
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
    // A clock that goes back by seconds only is within what a client has to bear.
    Verdict are_old() const {
        return eventually([&] { return Verdict(!router->cli({"status"}).says("00:00:0")); }, 30s);
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
    explicit BehindMiniupnpd(std::string_view options) : config(new_log("miniupnpd.conf")) {
        make_plain_router(outer);
        std::ofstream(config) << "ext_ifname=wan0\nlistening_ip=br-lan\nenable_upnp=yes\n"
                                 "secure_mode=yes\nforce_igd_desc_v1=yes\n"
                                 "upnp_table_name=miniupnpd\nupnp_nat_table_name=miniupnpd\n"
                                 "upnp_forward_chain=forward\nupnp_nat_chain=prerouting\n"
                                 "upnp_nat_postrouting_chain=postrouting\n"
                              << options;
        run();
        start();
    }
    // Its rules are gone with it, as after a reboot.
    void run() {
        outer.router.nft(
            "table inet miniupnpd\ndelete table inet miniupnpd\n"
            "table inet miniupnpd {\n"
            " chain forward { type filter hook forward priority 0; policy accept; }\n"
            " chain prerouting { type nat hook prerouting priority dstnat; }\n"
            " chain postrouting { type nat hook postrouting priority srcnat; }\n}\n");
        daemon = outer.router.start(
            {"miniupnpd", "-d", "-f", config.string(), "-P", "/run/miniupnpd.pid"});
    }
    void reboot() {
        daemon.signal(SIGTERM);
        BOOST_TEST(daemon.wait(10s).has_value());
        run();
    }

    std::filesystem::path config;
    Process daemon;
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
    BOOST_TEST(!houses.outer_router.cli({"forwards"}).says("6881"));
    BOOST_TEST(houses.is_reached("6881"));
    // And what the user has configured.
    BOOST_TEST(houses.is_reached("7000"));
    BOOST_TEST(houses.says("works"));
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

BOOST_AUTO_TEST_SUITE(behind_miniupnpd)

namespace {

void outlives_a_reboot(BehindMiniupnpd& houses, const std::string& port) {
    BOOST_TEST(ask_igd(houses.inner.pc, {"-a", "192.168.2.10", port, port, "UDP", "600"})
                   .says(concat("external 11.0.0.1:", port)));
    BOOST_TEST(houses.is_reached(port));
    BOOST_TEST(houses.are_old());
    houses.reboot();
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

BOOST_AUTO_TEST_SUITE_END()
