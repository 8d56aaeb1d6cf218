// SPDX-License-Identifier: GPL-2.0-or-later
//
// What `gatehouse probe` measures beside the NAT type, on a real kernel: how long a silent mapping
// lives, and whether fragments come through. (tests/natlab has it judge NAT types.)
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 [internet]
//   pc      .10 --+                                                  gatehouse stun-server
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

Process start_stun_server(Host& host) {
    Process out = host.start(
        {gatehouse_program(), "stun-server", "--address", "11.0.0.2", "--address", "11.0.0.3"});
    wait_until_bound(host, "11.0.0.3:3479", out);
    return out;
}

// The number in a flat JSON object.
std::optional<int> number(std::string_view json, std::string_view name) {
    const std::string key = concat('"', name, "\":");
    const std::size_t at = json.find(key);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view rest = json.substr(at + key.size());
    return parse_number<int>(rest.substr(0, rest.find_first_of(",}")));
}

}  // namespace

// Of the types whose filter is the kernel's own: at the others the door that stays open for other
// peers closes with the next look at the sessions.
BOOST_AUTO_TEST_CASE(the_lifetime_of_a_silent_mapping_is_found_by_trying) {
    constexpr int kConfigured = 3;
    House house;
    const Router router(
        house, section("timeout 'timeout'", {{"udp", std::to_string(kConfigured)}}) +
                   nat_type("port-restricted-cone") +
                   section("host 'console'", {{"address", "192.168.1.30"}, {"nat", "symmetric"}}));
    const Process server = start_stun_server(house.internet);
    std::vector<Process> probes;
    for (Host* device : {&house.phone, &house.console}) {
        probes.push_back(device->start(
            {gatehouse_program(), "probe", "11.0.0.2", "--json", "--lifetime", "--wait", "100"}));
    }
    for (const Process& probe : probes) {
        BOOST_TEST(probe.wait(60s).has_value());
        const std::string said = probe.output();
        const std::optional<int> seconds = number(said, "lifetime_seconds");
        BOOST_REQUIRE_MESSAGE(seconds.has_value(), said);
        BOOST_TEST(*seconds >= 1, said);
        BOOST_TEST(*seconds <= kConfigured, said);
        BOOST_TEST(said.find("\"fragments\":true") != std::string::npos, said);
    }
}

BOOST_AUTO_TEST_CASE(fragments_that_get_lost_are_told) {
    House house;
    const Router router(house);
    const Process server = start_stun_server(house.internet);
    // Before the host puts them together.
    house.internet.nft(
        "table ip lossy {\n chain c {\n  type filter hook prerouting priority -450\n"
        "  ip frag-off & 0x3fff != 0 drop\n }\n}\n");
    const Ran probe =
        house.phone.run({gatehouse_program(), "probe", "11.0.0.2", "--json", "--wait", "100"}, 30s);
    BOOST_TEST(probe.says("\"fragments\":false"));
}
