// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who may look at the gateway by the web, and that nobody changes it there.
//
//   phone .20 --+
//   pc    .10 --+-- br-lan 192.168.1.1:8080 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

const std::string kPage = "http://192.168.1.1:8080";

std::string web(std::string_view listen = "192.168.1.1:8080") {
    return section("web 'web'", {{"listen", listen}});
}

Command curl(const std::string& url, const Command& more = {}) {
    Command out = {"curl", "-s", "-m", "5"};
    out.insert(out.end(), more.begin(), more.end());
    out.push_back(url);
    return out;
}

// The status of an answer; "000" for none.
std::string status(const Host& from, const std::string& url, const Command& more = {}) {
    Command words = {"-o", "/dev/null", "-w", "%{http_code}"};
    words.insert(words.end(), more.begin(), more.end());
    return from.run(curl(url, words)).out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_house_reads_all_there_is) {
    House house;
    const Router router(house, web());
    for (const std::string name :
         {"status", "mappings", "sessions", "forwards", "leases", "calls", "hosts"}) {
        const std::string same = router
                                     .run({"curl", "-s", "--unix-socket", router.control(),
                                           "http://gatehouse/api/v1/" + name})
                                     .out;
        const std::string got = house.pc.run(curl(concat(kPage, "/api/v1/", name))).out;
        BOOST_TEST(!got.empty());
        if (name != "status" && name != "hosts") BOOST_TEST(got == same);
    }
    BOOST_TEST(house.pc.run(curl(kPage + "/metrics")).says("gatehouse_mappings 0"));
    BOOST_TEST(house.pc.run(curl(kPage + "/api/v1/nothing")).says(R"("hint":"/api/v1/status)"));
    BOOST_TEST(house.pc.run(curl(kPage + "/api/v1/status", {"-I"})).says("Content-Length:"));
}

BOOST_AUTO_TEST_CASE(nobody_changes_anything_by_the_web_root_neither) {
    House house;
    const Router router(house, web());
    const std::string body = R"({"proto":"udp","outside":"5070","inside":"192.168.1.20:5060"})";
    for (const Host* from : {&house.pc, &house.router}) {
        BOOST_TEST(status(*from, kPage + "/api/v1/forwards", {"-d", body}) == "405");
        BOOST_TEST(status(*from, kPage + "/api/v1/forwards/1", {"-X", "DELETE"}) == "405");
        BOOST_TEST(status(*from, kPage + "/api/v1/reload", {"-X", "POST"}) == "405");
        BOOST_TEST(status(*from, kPage + "/api/v1/status", {"-X", "OPTIONS"}) == "405");
    }
    BOOST_TEST(router.cli({"forwards", "--json"}).out == "[]\n");
}

BOOST_AUTO_TEST_CASE(a_strangers_name_that_leads_to_the_router_shows_nothing) {
    House house;
    const Router router(house, web() + "\tlist name 'router.home.arpa'\n");
    const auto as = [&](const std::string& name) {
        return status(house.pc, "http://" + name + ":8080/api/v1/status",
                      {"--resolve", name + ":8080:192.168.1.1"});
    };
    BOOST_TEST(as("evil.example") == "403");
    BOOST_TEST(as("router.home.arpa") == "200");
    BOOST_TEST(status(house.pc, kPage + "/api/v1/status", {"-H", "Sec-Fetch-Site: cross-site"}) ==
               "403");
    BOOST_TEST(status(house.pc, kPage + "/api/v1/status", {"-H", "Origin: http://evil.example"}) ==
               "403");
}

BOOST_AUTO_TEST_CASE(the_internet_does_not_reach_the_page_at_any_address) {
    House house;
    const Router router(house, web());
    house.internet.ip("route add 192.168.1.0/24 via 11.0.0.1");
    BOOST_TEST(status(house.internet, kPage + "/api/v1/status") == "000");
    BOOST_TEST(status(house.internet, "http://11.0.0.1:8080/api/v1/status") == "000");
    BOOST_TEST(status(house.pc, kPage + "/api/v1/status") == "200");
}

BOOST_AUTO_TEST_CASE(the_page_follows_the_configuration_and_the_interface) {
    House house;
    Router router(house);
    BOOST_TEST(status(house.pc, kPage + "/api/v1/status") == "000");
    router.configure(web());
    BOOST_TEST(router.reload().ok());
    BOOST_TEST(status(house.pc, kPage + "/api/v1/status") == "200");
    // Another port on the same address.
    router.configure(web("192.168.1.1:8090"));
    BOOST_TEST(router.reload().ok());
    BOOST_TEST(status(house.pc, kPage + "/api/v1/status") == "000");
    BOOST_TEST(status(house.pc, "http://192.168.1.1:8090/api/v1/status") == "200");
    // An address that comes later, of IPv6.
    router.configure(web("[fd00::1]:8080"));
    BOOST_TEST(router.reload().ok());
    BOOST_TEST(router.says("status page is not open"));
    house.router.ip("addr add fd00::1/64 dev br-lan nodad");
    house.pc.ip("addr add fd00::10/64 dev eth0 nodad");
    BOOST_TEST(eventually(
        [&] { return Verdict(status(house.pc, "http://[fd00::1]:8080/api/v1/status") == "200"); },
        20s));
}

BOOST_AUTO_TEST_CASE(whoever_opens_many_connections_takes_them_from_nobody) {
    House house;
    const Router router(house, web());
    std::vector<TcpConnection> greedy;
    for (int i = 0; i < 80; ++i)
        greedy.push_back(house.phone.connect("192.168.1.1:8080"));
    BOOST_TEST(status(house.pc, kPage + "/api/v1/status") == "200");
    BOOST_TEST(router.cli({"status"}).ok());
}
