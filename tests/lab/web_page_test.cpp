// SPDX-License-Identifier: GPL-2.0-or-later
//
// The status page in a real browser.
//
//   phone .20 --+
//   pc    .10 --+-- br-lan 192.168.1.1:8080 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   (browser)
#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "gateway/base/text.h"
#include "tests/lab/support/browser.h"
#include "tests/lab/support/crowd.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

const std::string kPage = "http://192.168.1.1:8080/";

std::string house_config() {
    return section("web 'web'", {{"listen", "192.168.1.1:8080"}}) +
           section("static_lease",
                   {{"mac", "00:11:22:33:44:66"}, {"address", "192.168.1.20"}, {"name", "phone"}}) +
           section("host 'console'", {{"address", "192.168.1.30"}, {"nat", "symmetric"}}) +
           section("forward 'web'",
                   {{"proto", "tcp"}, {"outside", "8000"}, {"inside", "192.168.1.10:80"}});
}

// Whether an element shows a text.
std::string shows(std::string_view id, std::string_view text) {
    return concat("document.getElementById('", id, "').textContent.includes('", text, "')");
}

// For those who want to look at it: GATEHOUSE_SHOTS=FOLDER.
void shoot(Browser& browser, const std::string& name) {
    const char* folder = std::getenv("GATEHOUSE_SHOTS");
    if (folder != nullptr) browser.ask(concat("shot ", folder, "/", name, ".png"));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_page_tells_what_there_is_and_follows_what_happens) {
    House house;
    const Router router(house, house_config());
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    BOOST_TEST(seen_by(house.internet.udp("11.0.0.3:3478"), phone) == "11.0.0.1:5060");
    Browser browser(house.pc, kPage);
    BOOST_TEST(browser.sees(shows("live", "live")));
    BOOST_TEST(browser.sees(shows("wan", "11.0.0.1")));
    BOOST_TEST(browser.sees(shows("reach", "public")));
    BOOST_TEST(browser.sees(shows("devices", "phone")));
    BOOST_TEST(browser.sees(shows("hosts", "Moderate: whoever it has talked to can reach it")));
    BOOST_TEST(browser.sees(shows("mappings", "udp 192.168.1.20:506011.0.0.1:5060")));
    BOOST_TEST(browser.sees(shows("forwards", "you, in the configuration")));
    BOOST_TEST(browser.sees(shows("why", "11.0.0.1 is public")));
    BOOST_TEST(browser.sees(shows("why", "1 forward lets strangers in")));
    // What happens now.
    const UdpSocket console = house.console.udp("192.168.1.30:3074");
    console.send_to("11.0.0.3:3478", "hello");
    BOOST_TEST(browser.sees(shows("mappings", "192.168.1.30:3074")));
    BOOST_TEST(browser.sees(shows("why", "192.168.1.30 has a strict NAT type")));
    BOOST_TEST(router
                   .cli({"forward", "add", "--proto", "udp", "--outside", "5070", "--inside",
                         "192.168.1.20:5060", "--lifetime", "3000"})
                   .ok());
    BOOST_TEST(browser.sees(shows("forwards", "udp 11.0.0.1:5070192.168.1.20:5060")));
    BOOST_TEST(browser.sees(shows("forwards", "49 min")));
    BOOST_TEST(browser.sees(shows("events", "forward added")));
    house.router.ip("address flush dev wan0 scope global\naddress add 100.64.0.9/24 dev wan0");
    BOOST_TEST(browser.sees(shows("reach", "CGNAT")));
    BOOST_TEST(browser.sees(shows("why", "nobody outside can begin to talk to you")));
    BOOST_TEST(browser.ask("complaints") == "[]");
    for (const std::string size : {"1280 900", "800 900 dark", "390 800"}) {
        browser.ask("size " + size);
        shoot(browser, size.substr(0, size.find(' ')));
        BOOST_TEST(browser.sees("document.documentElement.scrollWidth <= innerWidth"));
    }
}

BOOST_AUTO_TEST_CASE(what_strangers_call_themselves_is_text_and_nothing_else) {
    House house;
    const Router router(house, house_config());
    const std::string hostile =
        "<img src=x onerror=document.title=1><script>document.title=2</script>";
    BOOST_TEST(router
                   .cli({"forward", "add", "--proto", "udp", "--outside", "5070", "--inside",
                         "192.168.1.20:5060", "--name", hostile})
                   .ok());
    Browser browser(house.pc, kPage);
    BOOST_TEST(browser.sees(shows("forwards", hostile)));
    // Names of callers and devices go the same way. Drawn and looked at in one go: the page draws
    // what the router says again and again.
    const std::string drawn =
        "draw.calls([{from: '<b onclick=1>x</b>', to: '<i>y</i>', state: '<u>', "
        "media: [{inside: '<a>', peer: null}], help: '<s>'}]), "
        "draw.hosts([{name: '<h1>z</h1>', address: '<p>', nat: '<q>', mac: '<em>'}]), "
        "draw.leases([{name: '<h1>', address: '<p>', mac: '<em>', state: '<b>'}]), "
        "hear({event: 'refused', what: '<img src=x>', reason: '<b>', by: '<i>'}), ";
    const std::string elements =
        "document.querySelectorAll('main img, main script, main h1, main em, main i, main u, "
        "main a, table b').length === 0";
    BOOST_TEST(browser.value(concat("(", drawn, shows("calls", "<b onclick=1>x</b>"), " && ",
                                    shows("devices", "<h1>z</h1>"), " && ", shows("leases", "<em>"),
                                    " && ", elements, ")")) == "true");
    BOOST_TEST(browser.value("document.title") == "\"Gatehouse\"");
}

BOOST_AUTO_TEST_CASE(ten_thousand_mappings_freeze_neither_page_nor_router_and_keys_are_enough) {
    House house;
    const Router router(house, house_config() + section("nat", {{"host_mappings", "20000"}}));
    // On a busy machine a flood loses packets; who has a mapping keeps it when it speaks again.
    BOOST_TEST(eventually(
        [&] {
            flood(house, {"11.0.0.3", 20000, false, 10000});
            return Verdict(router.cli({"status", "--json"}).says(R"("mappings":10000)"));
        },
        30s));
    Browser browser(house.pc, kPage);
    BOOST_TEST(browser.sees(shows("part", "1 to 100 of 10000")));
    BOOST_TEST(browser.sees("document.querySelectorAll('#mappings tbody tr').length === 100"));
    // The pager is reached and pressed without a mouse.
    for (int i = 0; i < 30 && browser.value("document.activeElement.id") != "\"on\""; ++i)
        browser.ask("key Tab");
    BOOST_TEST(browser.value("document.activeElement.id") == "\"on\"");
    browser.ask("key Enter");
    BOOST_TEST(browser.sees(shows("part", "101 to 200 of 10000")));
    // While mappings come by the hundred it stays quick.
    browser.value(
        "window.longest = 0, window.before = performance.now(), setInterval(() => { "
        "const now = performance.now(); "
        "window.longest = Math.max(window.longest, now - window.before); "
        "window.before = now; }, 10), 0");
    BOOST_TEST(eventually(
        [&] {
            flood(house, {"11.0.0.4", 30000, false, 500});
            return browser.sees(shows("part", "of 10500"), 2s);
        },
        20s));
    BOOST_TEST(browser.sees("window.longest < 1000"));
}
