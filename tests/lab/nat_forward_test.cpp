// SPDX-License-Identifier: GPL-2.0-or-later
//
// Forwards: outside ports that lead to a device, whoever comes.
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kSilence = 300ms;

std::string forward(std::string_view proto, std::string_view outside, std::string_view inside) {
    return section("forward", {{"proto", proto}, {"outside", outside}, {"inside", inside}});
}

const std::string kWeb = forward("tcp", "8080", "192.168.1.10:80");
const std::string kGame = forward("udp", "40000", "192.168.1.30:3074");

// A page of the pc, fetched from the internet at the router's port 8080.
TcpPair fetch(const House& house, const TcpListener& web, At from = "11.0.0.2:0") {
    return tcp_pair(house.internet, web, from, At("11.0.0.1:8080"));
}

// The value of a field in the first object of a JSON array of flat objects.
std::string field(const std::string& json, std::string_view name) {
    const std::string key = concat("\"", name, "\":");
    std::size_t at = json.find(key);
    if (at == std::string::npos) return "none";
    at += key.size();
    const std::size_t end = json.find_first_of(",}", at);
    std::string value = json.substr(at, end - at);
    std::erase(value, '"');
    return value;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(configured)

BOOST_AUTO_TEST_CASE(a_web_server_inside_is_reached_and_sees_who_comes) {
    for (const std::string_view type :
         {"full-cone", "restricted-cone", "port-restricted-cone", "symmetric"}) {
        BOOST_TEST_CONTEXT(type) {
            House house;
            const Router router(house, nat_type(type) + kWeb);
            const TcpListener web = house.pc.listen("192.168.1.10:80");
            TcpPair page = fetch(house, web, "11.0.0.2:5000");
            BOOST_TEST(page.seen() == "11.0.0.2:5000");
            BOOST_TEST(page.works());
            BOOST_TEST(house.internet.connect("11.0.0.1:8081", 400ms).error() != 0);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_forward_is_of_its_protocol_only) {
    House house;
    const Router router(house, forward("udp", "5000", "192.168.1.10:5000") +
                                   forward("tcp", "5001", "192.168.1.10:5001") +
                                   forward("both", "5002", "192.168.1.10:5002"));
    const UdpSocket stranger = house.internet.udp("11.0.0.3:9");
    const auto udp_passes = [&](int port) {
        const UdpSocket pc = house.pc.udp(concat("0.0.0.0:", port));
        return heard_by(pc, stranger, concat("11.0.0.1:", port), kSilence) == "11.0.0.3:9";
    };
    const auto tcp_passes = [&](int port) {
        const TcpListener pc = house.pc.listen(concat("192.168.1.10:", port));
        return house.internet.connect(concat("11.0.0.1:", port), 400ms).is_alive();
    };
    BOOST_TEST(udp_passes(5000));
    BOOST_TEST(!tcp_passes(5000));
    BOOST_TEST(!udp_passes(5001));
    BOOST_TEST(tcp_passes(5001));
    BOOST_TEST(udp_passes(5002));
    BOOST_TEST(tcp_passes(5002));
}

BOOST_AUTO_TEST_CASE(a_range_leads_to_a_range_port_by_port) {
    House house;
    const Router router(house, forward("udp", "8000-8010", "192.168.1.10:9000-9010"));
    const UdpSocket stranger = house.internet.udp("11.0.0.3:9");
    for (int i = 0; i <= 10; ++i) {
        const UdpSocket pc = house.pc.udp(concat("0.0.0.0:", 9000 + i));
        BOOST_TEST(heard_by(pc, stranger, concat("11.0.0.1:", 8000 + i)) == "11.0.0.3:9");
        BOOST_TEST(seen_by(stranger, pc) == concat("11.0.0.1:", 8000 + i));
    }
    for (const int beyond : {7999, 8011}) {
        const UdpSocket pc = house.pc.udp(concat("0.0.0.0:", beyond + 1000));
        BOOST_TEST(heard_by(pc, stranger, concat("11.0.0.1:", beyond), kSilence) == kNobody);
    }
}

BOOST_AUTO_TEST_CASE(a_forward_for_one_remote_is_for_nobody_else) {
    House house;
    const Router router(house, section("forward", {{"proto", "both"},
                                                   {"outside", "8080"},
                                                   {"inside", "192.168.1.10:80"},
                                                   {"remote", "11.0.0.3"}}));
    const TcpListener web = house.pc.listen("192.168.1.10:80");
    BOOST_TEST(fetch(house, web, "11.0.0.3:0").works());
    BOOST_TEST(!house.internet.connect("11.0.0.1:8080", 400ms, At("11.0.0.2:0")).is_alive());
    const UdpSocket pc = house.pc.udp("0.0.0.0:80");
    BOOST_TEST(heard_by(pc, house.internet.udp("11.0.0.3:9"), "11.0.0.1:8080") == "11.0.0.3:9");
    BOOST_TEST(heard_by(pc, house.internet.udp("11.0.0.2:9"), "11.0.0.1:8080", kSilence) ==
               kNobody);
}

// Both were told by their games that "their" port is open; both must be found there.
BOOST_AUTO_TEST_CASE(two_consoles_on_one_port_leave_from_what_each_was_promised) {
    House house;
    const Router router(house, nat_type("port-restricted-cone") +
                                   forward("udp", "3074", "192.168.1.30:3074") +
                                   forward("udp", "3075", "192.168.1.20:3074"));
    const UdpSocket first = house.internet.udp("11.0.0.2:3074");
    const UdpSocket second = house.internet.udp("11.0.0.3:3074");
    const UdpSocket console = house.console.udp("0.0.0.0:3074");
    const UdpSocket phone = house.phone.udp("0.0.0.0:3074");
    BOOST_TEST(seen_by(first, phone) == "11.0.0.1:3075");
    BOOST_TEST(seen_by(first, console) == "11.0.0.1:3074");
    BOOST_TEST(seen_by(second, console) == "11.0.0.1:3074");
    BOOST_TEST(heard_by(phone, second, "11.0.0.1:3075") == "11.0.0.3:3074");
    BOOST_TEST(heard_by(console, house.internet.udp("11.0.0.4:1"), "11.0.0.1:3074") ==
               "11.0.0.4:1");
}

BOOST_AUTO_TEST_CASE(outgoing_traffic_of_a_forwarded_endpoint_leaves_from_the_forwarded_port) {
    House house;
    const Router router(house, nat_type("symmetric") + kGame + kWeb);
    const UdpSocket a = house.internet.udp("11.0.0.2:7001");
    const UdpSocket b = house.internet.udp("11.0.0.3:7001");
    const UdpSocket game = house.console.udp("0.0.0.0:3074");
    BOOST_TEST(seen_by(a, game) == "11.0.0.1:40000");
    BOOST_TEST(seen_by(b, game) == "11.0.0.1:40000");
    const TcpListener server = house.internet.listen("11.0.0.2:7001");
    BOOST_TEST(tcp_pair(house.pc, server, At("192.168.1.10:80")).seen() == "11.0.0.1:8080");
}

BOOST_AUTO_TEST_CASE(a_forwarded_port_is_given_to_no_other_device) {
    House house;
    const Router router(house, kGame);
    const UdpSocket server = house.internet.udp("11.0.0.2:7001");
    BOOST_TEST(seen_by(server, house.pc.udp("0.0.0.0:40000")) != "11.0.0.1:40000");
    BOOST_TEST(seen_by(server, house.phone.udp("0.0.0.0:40000")) != "11.0.0.1:40000");
}

BOOST_AUTO_TEST_CASE(forwards_work_while_the_daemon_is_dead) {
    House house;
    Router router(house, kWeb + kGame);
    const TcpListener web = house.pc.listen("192.168.1.10:80");
    const UdpSocket game = house.console.udp("0.0.0.0:3074");
    const UdpSocket stranger = house.internet.udp("11.0.0.3:9");
    router.kill_9();
    BOOST_TEST(fetch(house, web).works());
    BOOST_TEST(heard_by(game, stranger, "11.0.0.1:40000") == "11.0.0.3:9");
    BOOST_TEST(seen_by(house.internet.udp("11.0.0.4:9"), game) == "11.0.0.1:40000");
    router.start();
    BOOST_TEST(fetch(house, web).works());
}

BOOST_AUTO_TEST_CASE(a_reload_opens_and_closes_forwards) {
    House house;
    Router router(house, kWeb);
    const TcpListener web = house.pc.listen("192.168.1.10:80");
    BOOST_TEST(fetch(house, web).works());
    router.configure(kGame);
    BOOST_TEST(router.reload().ok());
    BOOST_TEST(!house.internet.connect("11.0.0.1:8080", 400ms).is_alive());
    const UdpSocket game = house.console.udp("0.0.0.0:3074");
    BOOST_TEST(heard_by(game, house.internet.udp("11.0.0.3:9"), "11.0.0.1:40000") == "11.0.0.3:9");
}

BOOST_AUTO_TEST_CASE(a_forward_moves_with_the_outside_address) {
    House house;
    const Router router(house, kWeb);
    const TcpListener web = house.pc.listen("192.168.1.10:80");
    BOOST_TEST(fetch(house, web).works());
    house.change_wan_address("11.0.0.9/24");
    BOOST_TEST(eventually(
        [&] {
            return Verdict(
                tcp_pair(house.internet, web, At("11.0.0.2:0"), At("11.0.0.9:8080")).works());
        },
        20s));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(dmz)

BOOST_AUTO_TEST_CASE(it_gets_what_nothing_else_claims) {
    House house;
    const UdpSocket service = house.router.udp("0.0.0.0:500");
    const Router router(house, section("dmz", {{"inside", "192.168.1.10"}}) + kGame);
    const UdpSocket stranger = house.internet.udp("11.0.0.3:9");
    const UdpSocket pc = house.pc.udp("0.0.0.0:12345");
    const UdpSocket game = house.console.udp("0.0.0.0:3074");
    BOOST_TEST(heard_by(pc, stranger, "11.0.0.1:12345") == "11.0.0.3:9");
    BOOST_TEST(heard_by(stranger, pc, "11.0.0.3:9") == "11.0.0.1:12345");
    BOOST_TEST(heard_by(game, stranger, "11.0.0.1:40000") == "11.0.0.3:9");
    BOOST_TEST(heard_by(service, stranger, "11.0.0.1:500") == "11.0.0.3:9");
    const UdpSocket phone = house.phone.udp("0.0.0.0:6000");
    const std::string outside = seen_by(stranger, phone);
    BOOST_TEST(heard_by(phone, stranger, outside) == "11.0.0.3:9");
    const TcpListener web = house.pc.listen("192.168.1.10:80");
    BOOST_TEST(tcp_pair(house.internet, web, {}, At("11.0.0.1:80")).works());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(by_command)

BOOST_AUTO_TEST_CASE(a_forward_is_added_listed_and_removed) {
    House house;
    const Router router(house);
    const UdpSocket phone = house.phone.udp("0.0.0.0:5060");
    const UdpSocket stranger = house.internet.udp("11.0.0.3:9");
    BOOST_TEST(heard_by(phone, house.internet.udp("11.0.0.2:9"), "11.0.0.1:5070", kSilence) ==
               kNobody);
    BOOST_TEST(router
                   .cli({"forward", "add", "--proto", "udp", "--outside", "5070", "--inside",
                         "192.168.1.20:5060", "--name", "calls"})
                   .ok());
    BOOST_TEST(heard_by(phone, stranger, "11.0.0.1:5070") == "11.0.0.3:9");
    BOOST_TEST(seen_by(stranger, phone) == "11.0.0.1:5070");
    const Ran list = router.cli({"forwards", "--json"});
    BOOST_TEST(field(list.out, "proto") == "udp");
    BOOST_TEST(field(list.out, "outside") == "11.0.0.1:5070");
    BOOST_TEST(field(list.out, "inside") == "192.168.1.20:5060");
    BOOST_TEST(field(list.out, "description") == "calls");
    BOOST_TEST(router.cli({"forward", "del", field(list.out, "id")}).ok());
    BOOST_TEST(router.cli({"forwards", "--json"}).out.find("5070") == std::string::npos);
    const UdpSocket newcomer = house.internet.udp("11.0.0.4:9");
    BOOST_TEST(heard_by(phone, newcomer, "11.0.0.1:5070", kSilence) == kNobody);
}

BOOST_AUTO_TEST_CASE(what_was_asked_for_outlives_the_daemon_until_it_is_taken_back) {
    House house;
    Router router(house);
    const UdpSocket phone = house.phone.udp("0.0.0.0:5060");
    for (const char* port : {"5070", "5080"}) {
        BOOST_TEST(router
                       .cli({"forward", "add", "--proto", "udp", "--outside", port, "--inside",
                             concat("192.168.1.20:", port), "--name", "calls in"})
                       .ok());
    }
    BOOST_TEST(
        router.cli({"forward", "del", field(router.cli({"forwards", "--json"}).out, "id")}).ok());
    router.kill_9();
    router.start();
    BOOST_TEST(!router.cli({"forwards"}).says("11.0.0.1:5070"));
    BOOST_TEST(router.cli({"forwards"}).says("11.0.0.1:5080"));
    BOOST_TEST(router.cli({"forwards"}).says("calls in"));
    const UdpSocket server = house.phone.udp("0.0.0.0:5080");
    BOOST_TEST(heard_by(server, house.internet.udp("11.0.0.3:9"), "11.0.0.1:5080") == "11.0.0.3:9");
    // It is a promise again, and not only what the kernel had kept.
    const Ran refused = router.cli(
        {"forward", "add", "--proto", "udp", "--outside", "5080", "--inside", "192.168.1.10:1"});
    BOOST_TEST(refused.says("calls in"));
}

BOOST_AUTO_TEST_CASE(who_has_knocked_in_vain_gets_in_once_the_forward_is_there) {
    House house;
    const Router router(house);
    const UdpSocket phone = house.phone.udp("0.0.0.0:5060");
    const UdpSocket stranger = house.internet.udp("11.0.0.3:9");
    BOOST_TEST(heard_by(phone, stranger, "11.0.0.1:5070", kSilence) == kNobody);
    BOOST_TEST(router
                   .cli({"forward", "add", "--proto", "udp", "--outside", "5070", "--inside",
                         "192.168.1.20:5060"})
                   .ok());
    BOOST_TEST(heard_by(phone, stranger, "11.0.0.1:5070") == "11.0.0.3:9");
    BOOST_TEST(heard_by(stranger, phone, "11.0.0.3:9") == "11.0.0.1:5070");
}

BOOST_AUTO_TEST_CASE(a_conflict_names_who_has_the_port) {
    House house;
    const Router router(
        house, section("forward 'web'",
                       {{"proto", "tcp"}, {"outside", "8080"}, {"inside", "192.168.1.10:80"}}));
    const Ran refused = router.cli(
        {"forward", "add", "--proto", "tcp", "--outside", "8080", "--inside", "192.168.1.20:80"});
    BOOST_TEST(!refused.ok());
    BOOST_TEST(refused.says("192.168.1.10:80"));
    const TcpListener web = house.pc.listen("192.168.1.10:80");
    BOOST_TEST(fetch(house, web).works());
}

BOOST_AUTO_TEST_CASE(a_forward_ends_with_its_lifetime) {
    House house;
    const Router router(house);
    const UdpSocket phone = house.phone.udp("0.0.0.0:5060");
    BOOST_TEST(router
                   .cli({"forward", "add", "--proto", "udp", "--outside", "5070", "--inside",
                         "192.168.1.20:5060", "--lifetime", "2"})
                   .ok());
    BOOST_TEST(heard_by(phone, house.internet.udp("11.0.0.3:9"), "11.0.0.1:5070") == "11.0.0.3:9");
    BOOST_TEST(eventually(
        [&] {
            return Verdict(router.cli({"forwards", "--json"}).out.find("5070") ==
                           std::string::npos);
        },
        10s));
    BOOST_TEST(heard_by(phone, house.internet.udp("11.0.0.4:9"), "11.0.0.1:5070", kSilence) ==
               kNobody);
}

BOOST_AUTO_TEST_SUITE_END()
