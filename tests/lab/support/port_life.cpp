// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/port_life.h"

#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/lab/support/upnp.h"

namespace gatehouse::lab {

namespace {

constexpr Duration kPatience = 60s;
constexpr Duration kTry = 300ms;

HouseOptions options_of(std::optional<House>& outer) {
    if (outer) return inner_house(*outer);
    HouseOptions options;
    options.lan = {"192.168.2.1/24"};
    options.phone = {"192.168.2.20/24"};
    options.console = {"192.168.2.30/24"};
    options.pc = {"192.168.2.10/24"};
    return options;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, Beyond beyond) {
    switch (beyond) {
        case Beyond::internet: return out << "on the internet";
        case Beyond::nothing: return out << "behind a router that opens nothing";
        case Beyond::miniupnpd: return out << "behind miniupnpd";
        case Beyond::gatehouse: return out << "behind Gatehouse";
    }
    return out;
}

PortHome::PortHome(Beyond beyond)
    : beyond_(beyond),
      outer_(beyond == Beyond::internet ? std::nullopt : std::optional<House>(std::in_place)),
      house_(options_of(outer_)),
      told_(beyond == Beyond::nothing ? "192.168.1.50" : "11.0.0.1") {
    if (beyond == Beyond::nothing) make_plain_router(*outer_);
    if (beyond == Beyond::miniupnpd) miniupnpd_.emplace(*outer_, "enable_natpmp=yes\n");
    if (beyond == Beyond::gatehouse) outer_router_.emplace(*outer_);
    router_.emplace(house_);
    const std::string_view state = beyond == Beyond::internet  ? "unneeded"
                                   : beyond == Beyond::nothing ? "absent"
                                                               : "works";
    BOOST_TEST(eventually(
        [&] {
            return router_->cli({"status", "--json"})
                .says(concat("\"upstream\":{\"state\":\"", state, '"'));
        },
        kPatience));
}

void PortHome::change_address() {
    if (beyond_ == Beyond::nothing) {
        house_.change_wan_address(told_ = "192.168.1.51/24");
    } else {
        (outer_ ? *outer_ : house_).change_wan_address(told_ = "11.0.0.9/24");
    }
    told_.resize(told_.find('/'));
}

const Host& PortHome::stranger() const {
    return beyond_ == Beyond::nothing ? outer_->phone : house_.internet;
}

bool PortHome::hears_udp(Duration limit) const {
    const UdpSocket pc = house_.pc.udp(At(concat(kPc, ':', kPort)));
    // From another port at each try: a session that began without a way in keeps it.
    const UdpSocket sender = stranger().udp("0.0.0.0:0");
    return heard_by(pc, sender, At(concat(told_, ':', kPort)), limit) != kNobody;
}

bool PortHome::answers_tcp(Duration limit) const {
    return stranger().connect(At(concat(told_, ':', kPort)), limit).is_alive();
}

void live_through_everything(Beyond beyond, const PortClient& client) {
    PortHome home(beyond);
    Router& router = home.router();
    const auto reached = [&] { return client.tcp ? home.answers_tcp(kTry) : home.hears_udp(kTry); };
    const auto is_open = [&] { return eventually([&] { return Verdict(reached()); }, kPatience); };
    const auto forwards = [&] {
        const std::string text = router.cli({"forwards", "--json"}).out;
        std::size_t count = 0;
        for (std::size_t at = text.find("\"id\":"); at != std::string::npos;
             at = text.find("\"id\":", at + 1))
            ++count;
        return count;
    };
    const auto is_gone = [&] {
        return eventually(
            [&] {
                return Verdict(!router.cli({"forwards", "--json"})
                                    .says(concat(":", PortHome::kPort, "\",\"inside")));
            },
            kPatience);
    };
    BOOST_TEST_CONTEXT("map") {
        client.open(home);
        BOOST_TEST(is_open());
    }
    BOOST_TEST_CONTEXT("renew") {
        // A program that runs renews by itself, and may ask for more meanwhile.
        if (!home.program.is_running()) {
            client.open(home);
            BOOST_TEST(forwards() == 1U);
        }
        const auto has_all = [&] { return !client.forwards || forwards() == client.forwards; };
        BOOST_TEST(eventually(has_all, kPatience));
        BOOST_TEST(is_open());
    }
    BOOST_TEST_CONTEXT("conflict") {
        const Ran other = upnpc(home.house().phone,
                                {"-a", "192.168.2.20", std::string(PortHome::kPort),
                                 std::string(PortHome::kPort), client.tcp ? "TCP" : "UDP", "600"},
                                kGateway1, PortHome::kRouter);
        BOOST_TEST(other.says("code 718"));
        BOOST_TEST(is_open());
    }
    BOOST_TEST_CONTEXT("foreign flush") {
        router.host().nft("flush ruleset");
        BOOST_TEST(is_open());
    }
    BOOST_TEST_CONTEXT("restart") {
        router.restart();
        BOOST_TEST(is_open());
    }
    BOOST_TEST_CONTEXT("address change") {
        home.change_address();
        BOOST_TEST(is_open());
        BOOST_TEST(eventually(
            [&] {
                return upnpc(home.house().phone, {"-s"}, kGateway1, PortHome::kRouter)
                    .says(concat("ExternalIPAddress = ", home.told()));
            },
            kPatience));
    }
    BOOST_TEST_CONTEXT("delete") {
        client.close(home);
        // By UPnP these clients ask for nothing behind a reserved address.
        const bool asks = beyond != Beyond::nothing || client.closes_natpmp;
        if (asks && client.closes_always) BOOST_TEST(is_gone());
        if (client.closes_always)
            BOOST_TEST(eventually([&] { return Verdict(!reached()); }, kPatience));
    }
    BOOST_TEST_CONTEXT("client vanishes") {
        client.open(home);
        BOOST_TEST(is_open());
        if (home.program.is_running()) home.program.kill();
        // Its address passes to another device.
        home.pc().ip("link set eth0 address 02:00:00:00:00:99");
        BOOST_TEST(home.pc().can_ping(PortHome::kRouter, 10s));
        BOOST_TEST(is_gone());
        BOOST_TEST(eventually([&] { return Verdict(!home.hears_udp(kTry)); }, kPatience));
    }
}

}  // namespace gatehouse::lab
