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
                   {{"proto", "tcp"}, {"outside", "8000"}, {"inside", "192.168.1.10:80"}}) +
           section("pinhole 'files'",
                   {{"proto", "tcp"}, {"port", "443"}, {"inside", "2001:db8::10"}});
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
    BOOST_TEST(browser.sees(shows("pinholes", "2001:db8::10tcp 443-you, in the configuration")));
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
    BOOST_TEST(browser.sees(shows("events", "forward added: proto udp")));
    house.router.ip("address flush dev wan0 scope global\naddress add 100.64.0.9/24 dev wan0");
    BOOST_TEST(browser.sees(shows("reach", "CGNAT")));
    BOOST_TEST(browser.sees(shows("why", "nobody outside can begin to talk to you")));
    BOOST_TEST(browser.sees(shows("why", "2 forwards would let strangers in, but they do not")));
    BOOST_TEST(browser.ask("complaints") == "[]");
    for (const std::string size : {"1280 900", "800 900 dark", "390 800"}) {
        browser.ask("size " + size);
        shoot(browser, size.substr(0, size.find(' ')));
        BOOST_TEST(browser.sees("document.documentElement.scrollWidth <= innerWidth"));
    }
}

// Draws what is given, as often as nothing else draws over it in the same turn.
bool draws(Browser& browser, const std::string& drawn, std::string_view id, std::string_view text) {
    return browser.value(concat("(", drawn, ", ", shows(id, text), ")")) == "true";
}

BOOST_AUTO_TEST_CASE(behind_another_router_the_page_tells_what_that_one_does) {
    House house;
    const Router router(house, house_config());
    Browser browser(house.pc, kPage);
    BOOST_TEST(browser.sees(shows("why", "1 forward lets strangers in")));
    const auto status = [](std::string_view reach, std::string_view upstream) {
        return concat("draw.status(data.status = {...data.status, wan: {interface: 'wan0', ",
                      "address: '100.64.0.9/24', reach: '", reach, "', upstream: {", upstream,
                      "}}})");
    };
    const auto tells = [&](std::string_view upstream, std::string_view text) {
        return draws(browser, status("cgnat", upstream), "why", text);
    };
    const std::string_view kBeyond = "state: 'works', gateway: '100.64.0.1', address: '11.0.0.9'";
    BOOST_TEST(tells(concat(kBeyond, ", wanted: 1, held: 1"),
                     "the router beyond (100.64.0.1) opens ports for this one at 11.0.0.9"));
    BOOST_TEST(tells(concat(kBeyond, ", wanted: 1, held: 1"), "1 forward lets strangers in"));
    BOOST_TEST(tells(concat(kBeyond, ", wanted: 3, held: 1, reason: 'not authorized'"),
                     "has opened 1 of 3 ports (not authorized): strangers come in by these only"));
    BOOST_TEST(tells("state: 'absent'", "The router beyond opens no ports"));
    BOOST_TEST(tells("state: 'off'", "option upstream is off"));
    BOOST_TEST(tells("state: 'searching'", "Looking for a router beyond"));
    BOOST_TEST(tells("state: 'absent'", "1 forward would let strangers in, but they do not"));
    BOOST_TEST(tells("state: 'private', gateway: '10.0.0.1', address: '10.0.0.9'",
                     "has no public address itself: 10.0.0.9"));
    BOOST_TEST(browser.ask("complaints") == "[]");
}

BOOST_AUTO_TEST_CASE(an_event_that_is_told_again_is_shown_once) {
    House house;
    const Router router(house, house_config());
    Browser browser(house.pc, kPage);
    BOOST_TEST(browser.sees(shows("live", "live")));
    BOOST_TEST(
        browser.value("(() => { const hearing = (id, time) => { hear({id, time, "
                      "event: 'refused', by: 'x', reason: 'y'}); return refusals.length; }; "
                      "heard = {id: 0, time: 0}; refusals = []; "
                      "return [hearing(7, 100), hearing(7, 100), hearing(8, 100), "
                      "hearing(7, 100), hearing(1, 200), hearing(1, 200)].join(' '); })()") ==
        "\"1 1 2 2 3 3\"");
}

BOOST_AUTO_TEST_CASE(a_full_page_is_readable_at_every_size) {
    House house;
    const Router router(house, house_config());
    Browser browser(house.pc, kPage);
    BOOST_TEST(browser.sees(shows("live", "live")));
    BOOST_TEST(browser.sees(shows("traffic-text", "Traffic: none yet")));
    BOOST_TEST(browser.sees(shows("made-text", "New mappings: none yet")));
    // As the router would tell it after an hour; nothing reads it again.
    const std::string full =
        "(() => { soon = () => 0; load = async () => 0; const wave = (n, most) => "
        "Array.from({length: n}, (_, i) => "
        "Math.round(most * (1 + Math.sin(i / 9)) * (1 + Math.sin(i / 2.3)) / 4)); "
        "draw.history({step: 15, bytes_in: wave(240, 9e7), bytes_out: wave(240, 2e7), "
        "mappings_made: wave(240, 60), refused: wave(240, 3)}); "
        "draw.calls([{from: 'sip:alice@phones.example.org', to: "
        "'sip:+4930123456@provider.example', "
        "state: 'stands', help: 'native', media: [{inside: '192.168.1.20:40000', "
        "outside: '11.0.0.1:40000', peer: '11.0.0.3:16384'}, {inside: '192.168.1.20:40002', "
        "outside: '11.0.0.1:40002', peer: '11.0.0.3:16386'}]}]); "
        "draw.mappings(data.mappings = Array.from({length: 12}, (_, i) => ({proto: 'udp', "
        "inside: '192.168.100.' + (100 + i) + ':50600', outside: '203.110.113.112:506' + (10 + i), "
        "sessions: i, expires_in: 60 * i}))); "
        "draw.leases([{address: '192.168.100.101', mac: '00:11:22:33:44:66', name: 'living-room', "
        "state: 'bound', expires_in: 40000}]); return 0; })()";
    browser.value(full);
    for (const std::string size : {"1280 900", "800 900", "390 800"}) {
        for (const std::string light : {"", " dark"}) {
            browser.ask(concat("size ", size, light));
            shoot(browser,
                  concat("full-", size.substr(0, size.find(' ')), light.empty() ? "" : "d"));
            BOOST_TEST_CONTEXT(size << light) {
                BOOST_TEST(browser.sees("document.documentElement.scrollWidth <= innerWidth"));
                // Neither an address nor a short word is broken.
                BOOST_TEST(browser.sees(
                    "[...document.querySelectorAll('td')].filter(td => /^[\\w .:-]{1,30}$/.test("
                    "td.textContent)).every(td => { const text = document.createRange(); "
                    "text.selectNodeContents(td); return text.getClientRects().length === 1; })"));
            }
        }
    }
    BOOST_TEST(browser.sees("document.querySelector('#traffic path.in').getTotalLength() > 300"));
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
    const Router router(house, house_config() + section("nat", {{"host_mappings", "20000"},
                                                                {"host_sessions", "20000"}}));
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
