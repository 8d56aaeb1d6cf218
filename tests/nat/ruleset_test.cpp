// SPDX-License-Identifier: GPL-2.0-or-later
//
// Golden rulesets: tests/golden/NAME.conf is a configuration, NAME.nft the whole text it must
// give. To accept a wanted change: GATEHOUSE_GOLDEN=write runs the test and writes the files.
#include "gateway/nat/ruleset.h"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "gateway/base/text.h"
#include "gateway/config/loader.h"

using namespace gatehouse;

namespace {

const std::filesystem::path kFolder = GATEHOUSE_SOURCE "/tests/golden";

std::string read(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

std::vector<std::string> names() {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
        if (entry.path().extension() == ".conf") out.push_back(entry.path().stem());
    }
    return out;
}

std::string ruleset_of(const std::string& name) {
    const auto loaded = config::load_config(read(kFolder / (name + ".conf")), name + ".conf");
    BOOST_REQUIRE(loaded.config.has_value());
    BOOST_REQUIRE(loaded.warnings.empty());
    return nat::write_ruleset(nat::ruleset_input(*loaded.config));
}

}  // namespace

BOOST_AUTO_TEST_CASE(there_are_golden_rulesets) {
    BOOST_TEST(names().size() >= 4U);
}

BOOST_DATA_TEST_CASE(a_configuration_gives_its_whole_ruleset,
                     boost::unit_test::data::make(names())) {
    const std::string text = ruleset_of(sample);
    const auto golden = kFolder / (sample + ".nft");
    if (std::getenv("GATEHOUSE_GOLDEN") != nullptr) std::ofstream(golden) << text;
    BOOST_TEST(text == read(golden));
}

BOOST_AUTO_TEST_CASE(sessions_are_counted_by_samples_or_not_at_all) {
    nat::RulesetInput input;
    input.wan = "wan0";
    input.lan = {"br-lan"};
    const auto text_for = [&input](std::uint32_t sessions) {
        input.host_sessions = sessions;
        return nat::write_ruleset(input);
    };
    const auto has = [](const std::string& text, std::string_view what) {
        return text.find(what) != std::string::npos;
    };
    BOOST_TEST(!has(text_for(0), "ct count"));
    BOOST_TEST(!has(text_for(0), "crowd"));
    BOOST_TEST(has(text_for(100), "        add @sessions_out_100 { ip saddr ct count over 100 }"));
    const std::string many = text_for(1'000'000);
    BOOST_TEST(
        has(many,
            "        numgen random mod 7812 == 0 iifname { \"br-lan\" } meta nfproto ipv4 jump "
            "count_out\n"));
    BOOST_TEST(has(many, "        add @sessions_out_1000000 { ip saddr ct count over 128 }"));
    BOOST_TEST(has(many,
                   "        numgen random mod 7812 == 0 add @sessions_in_1000000 { ip daddr ct "
                   "count over 128 }"));
    // A host of IPv6 has many addresses; so may one have that speaks to the router.
    for (const char* name : {"out_ipv6", "router"}) {
        BOOST_TEST(has(many, concat("add @sessions_", name,
                                    "_1000000 { ether saddr ct count over 128 } add @crowd_", name,
                                    " { ether saddr timeout 2s } counter drop")));
    }
}

// Which rule that is, and what it leaves to the others.
BOOST_AUTO_TEST_CASE(a_new_session_of_a_known_endpoint_meets_one_rule) {
    nat::RulesetInput input;
    input.wan = "wan0";
    input.lan = {"br-lan"};
    input.timeouts.udp = 300s;
    input.timeouts.tcp_established = 7440s;
    input.timeouts.tcp_transitory = 240s;
    const auto known = [&input](const std::string& protocol) {
        const std::string text = nat::write_ruleset(input);
        const std::size_t chain = text.rfind("    chain from_house {\n");
        const std::size_t at = text.find("        meta l4proto " + protocol, chain);
        if (at > text.find("    }\n", chain)) return std::string();
        return text.substr(at + 8, text.find('\n', at) - at - 8);
    };
    const std::string key = "ip saddr . meta l4proto . th sport @source";
    const std::string permit =
        " add @permit { ip saddr . meta l4proto . th sport . ip daddr timeout 300s }";
    BOOST_TEST(known("udp") == "meta l4proto udp th dport != 53 " + key +
                                   " ip saddr != @crowd_out" + permit +
                                   " ct timeout set \"udp_300\" accept");
    BOOST_TEST(known("tcp") == "meta l4proto tcp " + key + " ip saddr != @crowd_out" + permit +
                                   " ct timeout set \"tcp_7440_240\" accept");
    input.sip_ports = {Port{5060}, Port{5062}};
    BOOST_TEST(known("udp").starts_with(
        "meta l4proto udp th sport != { 5060, 5062 } th dport != { 5060, 5062 } th dport != 53 "));
    input.lan.emplace_back("br-guest");
    BOOST_TEST(known("tcp").find(" fib saddr . iif oif exists add @permit") != std::string::npos);
    input.lan.pop_back();
    input.permits = false;
    input.timeout_objects = false;
    input.host_sessions = 0;
    BOOST_TEST(known("tcp") == "meta l4proto tcp " + key + " accept");
    input.map_lookups = false;
    BOOST_TEST(known("tcp").empty());
}

BOOST_AUTO_TEST_CASE(sip_over_tcp_is_led_to_the_daemon_where_it_listens) {
    nat::RulesetInput input;
    input.wan = "wan0";
    input.lan = {"br-lan"};
    input.sip_ports = {Port{5060}};
    const auto has = [&input](std::string_view what) {
        return nat::write_ruleset(input).find(what) != std::string::npos;
    };
    BOOST_TEST(!has("tproxy"));
    input.sip_proxy = Port{28672};
    BOOST_TEST(
        has("        tcp dport 5060 iifname { \"br-lan\" } meta nfproto ipv4 ip saddr != "
            "@sip_direct fib daddr oifname \"wan0\" tproxy ip to :28672 redirect to "
            ":28672\n"));
    BOOST_TEST(has("set sip_direct { type ipv4_addr;"));
    input.sip_ports.clear();
    BOOST_TEST(!has("tproxy"));
    BOOST_TEST(!has("sip_direct"));
}

BOOST_AUTO_TEST_CASE(the_removal_takes_only_our_table) {
    BOOST_TEST(nat::write_ruleset_removal() ==
               "table inet gatehouse {\n}\ndelete table inet gatehouse\n");
}

BOOST_AUTO_TEST_CASE(a_kernel_whose_elements_do_not_count_has_pinholes_all_the_same) {
    nat::RulesetInput input;
    input.wan = "wan0";
    input.lan = {"br-lan"};
    input.element_counters = false;
    const std::string text = nat::write_ruleset(input);
    BOOST_TEST(text.find("counted") == std::string::npos);
    BOOST_TEST(text.find("set pinhole { type ipv6_addr . inet_proto . inet_service; }") !=
               std::string::npos);
    BOOST_TEST(text.find("th dport @pinhole goto count_in_ipv6") != std::string::npos);
    BOOST_TEST(text.find("ct direction original jump pinholes") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_kernel_that_looks_no_keys_up_in_maps_asks_for_every_session) {
    nat::RulesetInput input;
    input.wan = "wan0";
    input.lan = {"br-lan"};
    input.by_session = true;
    input.firewall = false;
    input.map_lookups = false;
    const std::string text = nat::write_ruleset(input);
    BOOST_TEST(text.find(" @source return") == std::string::npos);
    BOOST_TEST(text.find(" @source accept") == std::string::npos);
    BOOST_TEST(text.find("@source_session return") == std::string::npos);
    BOOST_TEST(text.find(" @source counter drop") == std::string::npos);
    BOOST_TEST(text.find("goto ask_queue") != std::string::npos);
    BOOST_TEST(text.find("snat ip to ip saddr . meta l4proto . th sport map @source") !=
               std::string::npos);
}
