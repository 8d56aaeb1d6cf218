// SPDX-License-Identifier: GPL-2.0-or-later
//
// What happens in the house, as it happens: by the web and on the command line.
//
//   phone .20 --+
//   pc    .10 --+-- br-lan 192.168.1.1:8080 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/lab/support/crowd.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

const std::string kEvents = "http://192.168.1.1:8080/api/v1/events";

std::string web() {
    return section("web 'web'", {{"listen", "192.168.1.1:8080"}});
}

Process listen(Host& from, const Command& more = {}) {
    Command words = {"curl", "-s", "-N", kEvents};
    words.insert(words.end(), more.begin(), more.end());
    return from.start(words);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_listener_hears_of_mappings_forwards_refusals_and_the_outside_address) {
    House house;
    const Router router(house, web() + section("nat", {{"host_mappings", "1"}}));
    Process heard = listen(house.pc);
    BOOST_TEST(heard.wait_for_output("retry: 3000", 20s));
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    BOOST_TEST(seen_by(house.internet.udp("11.0.0.3:3478"), phone) == "11.0.0.1:5060");
    BOOST_TEST(heard.wait_for_output(R"("event":"mapping_made","proto":"udp",)"
                                     R"("inside":"192.168.1.20:5060","outside":"11.0.0.1:5060"})",
                                     20s));
    const UdpSocket second = house.phone.udp("192.168.1.20:5061");
    second.send_to("11.0.0.3:3478", "one too many");
    BOOST_TEST(heard.wait_for_output(R"("event":"refused","proto":"udp",)"
                                     R"("inside":"192.168.1.20:5061","by":"nat",)"
                                     R"("reason":"host_quota"})",
                                     20s));
    BOOST_TEST(router
                   .cli({"forward", "add", "--proto", "tcp", "--outside", "8000", "--inside",
                         "192.168.1.10:80", "--lifetime", "1"})
                   .ok());
    BOOST_TEST(heard.wait_for_output(R"("event":"forward_added","proto":"tcp",)"
                                     R"("inside":"192.168.1.10:80","outside":"11.0.0.1:8000",)"
                                     R"("forward":"1","origin":"static"})",
                                     20s));
    BOOST_TEST(heard.wait_for_output(R"("event":"forward_expired")", 20s));
    house.change_wan_address("11.0.0.9/24");
    // Between the two it may have none, which is a change, too.
    BOOST_TEST(heard.wait_for_output(R"("event":"outside_changed","from":"11.0.0.1",)", 20s));
    BOOST_TEST(heard.wait_for_output(R"("to":"11.0.0.9","reach":"public"})", 20s));
}

BOOST_AUTO_TEST_CASE(the_command_shows_events_as_lines_or_as_json) {
    House house;
    const Router router(house);
    Process lines =
        house.router.start({gatehouse_program(), "events", "--socket", router.control()});
    Process json =
        house.router.start({gatehouse_program(), "events", "--json", "--socket", router.control()});
    const auto both_hear = [&] {
        return Verdict(
            router
                .run({"curl", "-s", "--unix-socket", router.control(), "http://gatehouse/metrics"})
                .says("gatehouse_event_streams 2"));
    };
    BOOST_TEST(eventually(both_hear, 20s));
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    phone.send_to("11.0.0.3:3478", "hello");
    BOOST_TEST(lines.wait_for_output(
        "mapping_made     proto=udp inside=192.168.1.20:5060 outside=11.0.0.1:5060\n", 20s));
    BOOST_TEST(json.wait_for_output(R"("event":"mapping_made","proto":"udp")", 20s));
}

BOOST_AUTO_TEST_CASE(a_listener_that_does_not_read_costs_nobody_anything) {
    House house;
    const Router router(house, web());
    Process sleeper = listen(house.pc);
    BOOST_TEST(sleeper.wait_for_output("retry: 3000", 20s));
    sleeper.freeze();
    flood(house, {"11.0.0.3", 10000, false, 3000});
    BOOST_TEST(eventually(
        [&] {
            return Verdict(router.cli({"status", "--json"}).says(R"("mappings":3000)"));
        },
        20s));
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    BOOST_TEST(seen_by(house.internet.udp("11.0.0.4:3478"), phone) == "11.0.0.1:5060");
    sleeper.thaw();
    BOOST_TEST(sleeper.wait_for_output(R"("event":"mapping_made")", 10s));
}

BOOST_AUTO_TEST_CASE(so_many_may_listen_and_others_are_told) {
    House house;
    const Router router(house, web());
    std::vector<Process> listeners;
    for (int i = 0; i < 16; ++i) {
        listeners.push_back(listen(i < 8 ? house.pc : house.phone));
        BOOST_TEST(listeners.back().wait_for_output("retry: 3000", 20s));
    }
    BOOST_TEST(house.console.run({"curl", "-s", "-m", "5", kEvents})
                   .says("too many are listening to events"));
    BOOST_TEST(router.cli({"events"}, 5s).says("too many are listening"));
    listeners.clear();
    BOOST_TEST(eventually(
        [&] {
            Process one = listen(house.console);
            return Verdict(one.wait_for_output("retry: 3000", 1s));
        },
        40s));
}
