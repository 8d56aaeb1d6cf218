// SPDX-License-Identifier: GPL-2.0-or-later
//
// A parser that somebody has taken over, and what he can do with it: the router's own work, as it
// is the same process, and nothing else on the machine. traitor/ssdp.cpp is the traitor.
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/attack/scene.h"

using namespace gatehouse;
using namespace gatehouse::attack;

namespace {

// What the traitor could do, of all that he tried.
std::vector<std::string> done(std::string_view log) {
    std::vector<std::string> out;
    for (const std::string_view line : split(log, '\n')) {
        if (line.starts_with("treason: ") && line.ends_with(": DONE")) out.emplace_back(line);
    }
    return out;
}

void betray(House& house, Router& router) {
    house.phone.udp().send_to("192.168.1.1:1900", "treason");
    BOOST_REQUIRE(router.says("treason: that was all", 20s));
}

RouterOptions with_traitor(std::string_view user) {
    RouterOptions options;
    options.binary = GATEHOUSE_TRAITOR;
    options.config = concat(
        "config gateway 'main'\n\toption wan 'wan0'\n\tlist lan 'br-lan'\n"
        "\toption control '/run/gatehouse.sock'\n\toption state '/run/state'\n\toption user '",
        user, "'\n");
    return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(traitor)

BOOST_AUTO_TEST_CASE(a_traitor_in_a_parser_gets_nothing_of_the_machine) {
    House house;
    Router router(house, with_traitor("nobody"));
    betray(house, router);
    for (const std::string& crime : done(router.log()))
        BOOST_ERROR(crime);
    // Nor has he stopped the router.
    BOOST_TEST(house.pc.can_ping("11.0.0.2"));
    house.router.nft("flush ruleset");
    BOOST_TEST(router.says("loading again", 20s));
    BOOST_TEST(eventually([&] { return house.pc.can_ping("11.0.0.2"); }, 20s));
}

// Where the machine has no user for the daemon, root's files are its own; Landlock keeps them.
BOOST_AUTO_TEST_CASE(nor_where_the_daemon_has_to_be_root) {
    House house;
    Router router(house, with_traitor("nosuchuser"));
    if (!router.cli({"status", "--json"}).says(R"("landlock":"on")")) {
        BOOST_TEST_MESSAGE("kernel lacks: Landlock");
        return;
    }
    betray(house, router);
    for (const std::string& crime : done(router.log())) {
        // The same user, and it is root already: neither gives him anything.
        const bool is_nothing = crime.starts_with("treason: signal another process");
        BOOST_TEST(is_nothing, crime);
    }
}

BOOST_AUTO_TEST_SUITE_END()
