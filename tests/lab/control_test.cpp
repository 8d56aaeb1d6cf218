// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the owner of the house sees of it and changes in it, by command.
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

Command add(const std::string& proto, const std::string& outside, const std::string& inside,
            const Command& more = {}) {
    Command out = {"forward", "add", "--proto", proto, "--outside", outside, "--inside", inside};
    out.insert(out.end(), more.begin(), more.end());
    return out;
}

std::string json(const Router& router, const std::string& list) {
    const Ran ran = router.cli({list, "--json"});
    BOOST_TEST(ran.ok());
    return ran.out;
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(looking)

BOOST_AUTO_TEST_CASE(an_idle_house_shows_headings_and_empty_arrays) {
    House house;
    const Router router(house);
    BOOST_TEST(router.cli({"mappings"}).out ==
               "PROTO  INSIDE  OUTSIDE  REMOTE  ORIGIN  SESSIONS  AGE  EXPIRES\n");
    BOOST_TEST(json(router, "mappings") == "[]\n");
    BOOST_TEST(json(router, "sessions") == "[]\n");
    BOOST_TEST(json(router, "forwards") == "[]\n");
}

BOOST_AUTO_TEST_CASE(a_phone_that_talks_has_a_mapping_a_session_and_is_a_host) {
    House house;
    const Router router(
        house, section("host 'phone'", {{"address", "192.168.1.20"}, {"nat", "full-cone"}}));
    const UdpSocket server = house.internet.udp("11.0.0.3:3478");
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    BOOST_TEST(seen_by(server, phone) == "11.0.0.1:5060");
    const std::string mappings = json(router, "mappings");
    BOOST_TEST(
        has(mappings, R"([{"proto":"udp","inside":"192.168.1.20:5060","outside":"11.0.0.1:5060",)"
                      R"("remote":null,"origin":"dynamic","sessions":1,"age":)"),
        mappings);
    const std::string sessions = json(router, "sessions");
    BOOST_TEST(
        has(sessions, R"([{"proto":"udp","inside":"192.168.1.20:5060","outside":"11.0.0.1:5060",)"
                      R"("remote":"11.0.0.3:3478","state":"unanswered","expires_in":)"),
        sessions);
    const std::string hosts = json(router, "hosts");
    BOOST_TEST(has(hosts, R"("address":"192.168.1.20")"), hosts);
    BOOST_TEST(has(hosts, concat(R"("mac":")", house.phone.mac("eth0")->to_string())), hosts);
    BOOST_TEST(has(hosts, R"("nat":"full-cone","mappings":1,"sessions":1)"), hosts);
    BOOST_TEST(router.cli({"mappings"}).says("udp    192.168.1.20:5060  11.0.0.1:5060  -"));
    BOOST_TEST(has(json(router, "status"), R"("counts":{"mappings":1,"sessions":1,"forwards":0,)"));
}

BOOST_AUTO_TEST_CASE(a_symmetric_mapping_names_its_remote) {
    House house;
    const Router router(house, nat_type("symmetric"));
    const UdpSocket server = house.internet.udp("11.0.0.3:3478");
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    seen_by(server, phone);
    BOOST_TEST(has(json(router, "mappings"), R"("remote":"11.0.0.3:3478")"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(changing)

BOOST_AUTO_TEST_CASE(a_forward_lets_the_internet_in_from_the_answer_on_until_it_is_deleted) {
    House house;
    const Router router(house);
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    const UdpSocket caller = house.internet.udp("11.0.0.2:9");
    BOOST_TEST(heard_by(phone, caller, "11.0.0.1:5070", kSilence) == kNobody);
    const Ran added = router.cli(add("udp", "5070", "192.168.1.20:5060", {"--name", "the phone"}));
    BOOST_TEST(added.ended.code == 0);
    BOOST_TEST(added.out == "1\n");
    const UdpSocket friend_of_phone = house.internet.udp("11.0.0.3:9");
    BOOST_TEST(heard_by(phone, friend_of_phone, "11.0.0.1:5070") == "11.0.0.3:9");
    BOOST_TEST(json(router, "forwards") ==
               R"([{"id":1,"proto":"udp","outside":"11.0.0.1:5070","inside":"192.168.1.20:5060",)"
               R"("remote":null,"origin":"static","owner":"control","description":"the phone",)"
               "\"expires_in\":null,\"enabled\":true}]\n");
    BOOST_TEST(seen_by(house.internet.udp("11.0.0.4:9"), phone) == "11.0.0.1:5070");
    BOOST_TEST(router.cli({"forward", "del", "1"}).ok());
    BOOST_TEST(json(router, "forwards") == "[]\n");
    const UdpSocket stranger = house.internet.udp("11.0.0.2:10");
    BOOST_TEST(heard_by(phone, stranger, "11.0.0.1:5070", kSilence) == kNobody);
}

BOOST_AUTO_TEST_CASE(a_forward_of_a_range_for_both_protocols_and_one_remote) {
    House house;
    const Router router(house);
    const Ran added =
        router.cli(add("both", "8000-8001", "192.168.1.10:80-81", {"--remote", "11.0.0.2"}));
    BOOST_TEST(added.out == "1\n2\n");
    const TcpListener web = house.pc.listen("192.168.1.10:81");
    const TcpConnection page = house.internet.connect("11.0.0.1:8001");
    BOOST_TEST(page.is_alive());
    const UdpSocket pc = house.pc.udp("192.168.1.10:80");
    BOOST_TEST(heard_by(pc, house.internet.udp("11.0.0.2:9"), "11.0.0.1:8000") == "11.0.0.2:9");
    BOOST_TEST(heard_by(pc, house.internet.udp("11.0.0.3:9"), "11.0.0.1:8000", kSilence) ==
               kNobody);
    BOOST_TEST(router.cli({"forward", "del", "1", "2"}).ok());
}

BOOST_AUTO_TEST_CASE(a_forward_with_a_lifetime_ends_by_itself) {
    House house;
    const Router router(house);
    BOOST_TEST(router.cli(add("udp", "5070", "192.168.1.20", {"--lifetime", "1"})).ok());
    BOOST_TEST(has(json(router, "forwards"), R"("outside":"11.0.0.1:5070")"));
    BOOST_TEST(eventually([&] { return Verdict(json(router, "forwards") == "[]\n"); }, 20s));
}

BOOST_AUTO_TEST_CASE(a_taken_port_is_refused_with_the_name_of_its_holder) {
    House house;
    const Router router(
        house, section("forward 'web'",
                       {{"proto", "tcp"}, {"outside", "8080"}, {"inside", "192.168.1.10:80"}}));
    const Ran refused = router.cli(add("tcp", "8080", "192.168.1.20:80"));
    BOOST_TEST(refused.ended.code == 1);
    BOOST_TEST(refused.err ==
               "gatehouse: tcp 8080: the outside port is taken: 192.168.1.10:80 (static "
               "\"web\")\n");
    const Ran kept = router.cli({"forward", "del", "1"});
    BOOST_TEST(kept.ended.code == 1);
    BOOST_TEST(kept.err == "gatehouse: forward 1: it is in the configuration file\n");
    BOOST_TEST(has(json(router, "forwards"), R"("owner":"configuration","description":"web")"));
}

BOOST_AUTO_TEST_CASE(bad_input_is_named_and_ends_with_code_2) {
    House house;
    const Router router(house);
    const Ran port = router.cli(add("udp", "65536", "192.168.1.20"));
    BOOST_TEST(port.ended.code == 2);
    BOOST_TEST(port.says("gatehouse: 'outside' is '65536': a port from 1 to 65535"));
    const Ran missing = router.cli({"forward", "add", "--proto", "udp"});
    BOOST_TEST(missing.ended.code == 2);
    BOOST_TEST(missing.says("forward add: --outside is missing; try --help"));
    const Ran unknown = router.cli({"forward", "del", "77"});
    BOOST_TEST(unknown.ended.code == 1);
    BOOST_TEST(unknown.says("gatehouse: forward 77: there is no such forward"));
    BOOST_TEST(json(router, "forwards") == "[]\n");
}

BOOST_AUTO_TEST_CASE(everybody_may_look_and_only_root_may_change) {
    House house;
    const Router router(house);
    const auto as_nobody = [&](const Command& words) {
        Command command = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                           gatehouse_program()};
        command.insert(command.end(), words.begin(), words.end());
        command.insert(command.end(), {"--socket", router.control()});
        return house.router.run(command);
    };
    BOOST_TEST(as_nobody({"forwards"}).ok());
    BOOST_TEST(as_nobody({"messages"}).says("only root may read the messages"));
    const Ran refused = as_nobody(add("udp", "5070", "192.168.1.20"));
    BOOST_TEST(refused.ended.code == 1);
    BOOST_TEST(refused.says("only root may change the gateway"));
    BOOST_TEST(json(router, "forwards") == "[]\n");
}

BOOST_AUTO_TEST_SUITE_END()
