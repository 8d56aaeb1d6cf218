// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a configuration means: every value of the Config that a file gives. What is said about bad
// files stands in cases.txt.
#include "gateway/config/loader.h"

#include <boost/test/unit_test.hpp>
#include <string>

namespace {

using namespace gatehouse;
using namespace gatehouse::config;

constexpr const char* kGateway = "config gateway; option wan eth0; list lan br-lan\n";

// The configuration of a file without errors, with the gateway in front.
Config load(const std::string& text) {
    const ConfigResult result = load_config(kGateway + text, "f");
    for (const Problem& error : result.errors)
        BOOST_ERROR(error.to_string());
    BOOST_REQUIRE(result.config.has_value());
    return *result.config;
}

Ip4 ip(std::string_view text) {
    return parse_ip4(text).value();
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_default_is_the_documented_one) {
    Config expected;
    expected.gateway = {true, "eth0", {"br-lan"},  "/run/gatehouse.sock", "/var/lib/gatehouse",
                        true, false,  "gatehouse", LogLevel::info};
    expected.nat = {NatType::restricted_cone,
                    MappingBehaviour::endpoint_independent,
                    FilteringBehaviour::address_dependent,
                    {},
                    {},
                    {{1024}, {65535}},
                    PortChoice::preserve,
                    true,
                    4096,
                    131072,
                    8192,
                    128,
                    4096};
    expected.timeouts = {300s, 7440s, 240s, 60s};
    expected.sip = {SipMode::automatic, {{5060}}, 25s, 64, 1024, 64, 10000};
    expected.upnp = {true, true, true, {5000}, 64, 2048, true, UpstreamMode::automatic, {}, 8, 64};
    BOOST_TEST((load("") == expected));
}

BOOST_AUTO_TEST_CASE(empty_sections_change_nothing) {
    BOOST_TEST((load("config nat\nconfig timeout\nconfig sip\nconfig upnp") == load("")));
}

BOOST_AUTO_TEST_CASE(a_changed_comment_is_no_change_and_a_changed_value_is_one) {
    const Config config = load("config nat\n\toption hairpin '1'\n");
    BOOST_TEST((config == load("# why not\n\n\nconfig nat 'nat'\n\toption hairpin yes\n")));
    BOOST_TEST((config != load("config nat\n\toption hairpin '0'\n")));
}

BOOST_AUTO_TEST_CASE(the_gateway_is_read) {
    const auto result = load_config(
        "config gateway 'main'\n"
        "option enabled 0\noption wan pppoe-wan\nlist lan br-lan\nlist lan br-guest\n"
        "option control /run/g/control\noption state /srv/g\noption firewall 0\n"
        "option flush_on_exit 1\noption user nobody\noption log_level debug\n",
        "f");
    BOOST_REQUIRE(result.config.has_value());
    const Gateway expected{
        false, "pppoe-wan", {"br-lan", "br-guest"}, "/run/g/control", "/srv/g", false,
        true,  "nobody",    LogLevel::debug};
    BOOST_TEST((result.config->gateway == expected));
}

BOOST_AUTO_TEST_CASE(every_type_is_resolved_to_its_two_behaviours) {
    using M = MappingBehaviour;
    using F = FilteringBehaviour;
    struct Row {
        const char* type;
        M mapping;
        F filtering;
    };
    for (const Row& row : {
             Row{"full-cone", M::endpoint_independent, F::endpoint_independent},
             Row{"restricted-cone", M::endpoint_independent, F::address_dependent},
             Row{"port-restricted-cone", M::endpoint_independent, F::address_and_port_dependent},
             Row{"symmetric", M::address_and_port_dependent, F::address_and_port_dependent},
         }) {
        const Nat nat = load(std::string("config nat\noption type ") + row.type).nat;
        BOOST_TEST_CONTEXT(row.type) {
            BOOST_TEST(to_string(nat.type) == row.type);
            BOOST_TEST((nat.mapping == row.mapping));
            BOOST_TEST((nat.filtering == row.filtering));
        }
    }
}

BOOST_AUTO_TEST_CASE(custom_gives_all_nine_combinations) {
    const std::vector<std::string> words{"endpoint-independent", "address-dependent",
                                         "address-and-port-dependent"};
    for (const std::string& mapping : words) {
        for (const std::string& filtering : words) {
            const Nat nat = load("config nat\noption type custom\noption mapping " + mapping +
                                 "\noption filtering " + filtering)
                                .nat;
            BOOST_TEST(to_string(nat.mapping) == mapping);
            BOOST_TEST(to_string(nat.filtering) == filtering);
        }
    }
}

BOOST_AUTO_TEST_CASE(udp_and_tcp_may_differ_from_the_type) {
    const Nat nat = load(
                        "config nat\noption type port-restricted-cone\noption udp_type full-cone\n"
                        "option tcp_type symmetric")
                        .nat;
    BOOST_TEST((nat.behaviour_for(Proto::udp) == behaviour_of(NatType::full_cone)));
    BOOST_TEST((nat.behaviour_for(Proto::tcp) == behaviour_of(NatType::symmetric)));
    BOOST_TEST((nat.behaviour_for(Proto::icmp) == behaviour_of(NatType::port_restricted_cone)));
}

BOOST_AUTO_TEST_CASE(nat_and_timeouts_are_read) {
    const Config config = load(
        "config nat\noption ports 40000-40099\noption port_choice random\noption hairpin 0\n"
        "option host_mappings 100\noption host_sessions 200\noption mappings 300\n"
        "option host_pinholes 4\noption pinholes 5\nconfig timeout\noption udp 2m\noption "
        "tcp_established 2d\n"
        "option tcp_transitory 241\noption icmp 61s");
    BOOST_TEST(config.nat.ports.to_string() == "40000-40099");
    BOOST_TEST((config.nat.port_choice == PortChoice::random));
    BOOST_TEST(!config.nat.hairpin);
    BOOST_TEST(config.nat.host_mappings == 100U);
    BOOST_TEST(config.nat.host_sessions == 200U);
    BOOST_TEST(config.nat.mappings == 300U);
    BOOST_TEST(config.nat.host_pinholes == 4U);
    BOOST_TEST(config.nat.pinholes == 5U);
    BOOST_TEST((config.timeouts == Timeouts{120s, 172800s, 241s, 61s}));
}

BOOST_AUTO_TEST_CASE(hosts_are_read) {
    const auto hosts =
        load(
            "config host console\noption mac 00:11:22:33:44:55\noption nat full-cone\n"
            "config host\noption address 192.168.1.9\noption nat symmetric")
            .hosts;
    const std::vector<Host> expected{
        {"console", parse_mac("00:11:22:33:44:55"), {}, NatType::full_cone},
        {"", {}, ip("192.168.1.9"), NatType::symmetric}};
    BOOST_TEST((hosts == expected));
}

BOOST_AUTO_TEST_CASE(forwards_are_read) {
    const auto forwards =
        load(
            "config forward web\noption proto tcp\noption outside 8080\n"
            "option inside 192.168.1.10:80\noption remote 198.51.100.7\n"
            "config forward\noption outside 9000-9001\noption inside 192.168.1.11\n"
            "config forward\noption proto udp\noption outside 8080-8081\n"
            "option inside 192.168.1.12:1-2")
            .forwards;
    const std::vector<Forward> expected{
        {"web",
         ForwardProto::tcp,
         {{8080}, {8080}},
         ip("192.168.1.10"),
         {{80}, {80}},
         ip("198.51.100.7")},
        {"", ForwardProto::both, {{9000}, {9001}}, ip("192.168.1.11"), {{9000}, {9001}}, {}},
        {"", ForwardProto::udp, {{8080}, {8081}}, ip("192.168.1.12"), {{1}, {2}}, {}}};
    BOOST_TEST((forwards == expected));
}

BOOST_AUTO_TEST_CASE(a_bad_forward_leaves_the_others) {
    const auto config = load(
        "config forward a\noption outside 1\noption inside 192.168.1.2\n"
        "config forward b\noption outside 1\noption inside 192.168.1.3\n"
        "config forward c\noption outside 2\noption inside 192.168.1.4");
    BOOST_TEST_REQUIRE(config.forwards.size() == 2U);
    BOOST_TEST(config.forwards[0].name == "a");
    BOOST_TEST(config.forwards[1].name == "c");
}

BOOST_AUTO_TEST_CASE(a_skipped_forward_claims_no_ports) {
    const auto config = load(
        "config forward a\noption outside 1-9\noption inside 192.168.1.2:1\n"
        "config forward b\noption outside 1\noption inside 192.168.1.3");
    BOOST_TEST_REQUIRE(config.forwards.size() == 1U);
    BOOST_TEST(config.forwards[0].name == "b");
}

BOOST_AUTO_TEST_CASE(permissions_are_read_in_their_order) {
    const Config config = load(
        "config permission\noption action allow\noption mac 00:11:22:33:44:77\n"
        "option outside 80\noption inside 8000-8010\n"
        "config permission\noption action deny\noption network 192.168.1.64/26\n");
    BOOST_REQUIRE(config.upnp.permissions.size() == 2U);
    const Permission& first = config.upnp.permissions[0];
    BOOST_TEST((first.action == PermissionAction::allow));
    BOOST_TEST((first.mac == parse_mac("00:11:22:33:44:77")));
    BOOST_TEST((first.outside == PortRange{{80}, {80}}));
    BOOST_TEST((first.inside == PortRange{{8000}, {8010}}));
    const Permission& second = config.upnp.permissions[1];
    BOOST_TEST((second.action == PermissionAction::deny));
    BOOST_TEST((second.network == parse_prefix4("192.168.1.64/26")));
    BOOST_TEST((second.outside == PortRange{{1}, {65535}}));
}

BOOST_AUTO_TEST_CASE(pinholes_are_read) {
    const Config config = load(
        "config pinhole 'web'\noption proto tcp\noption port 443\noption mac 00:11:22:33:44:77\n"
        "config pinhole\noption port 5000-5010\noption inside 2001:db8::10\n"
        "option mac 00:11:22:33:44:78\noption remote 2001:db8:f::7");
    const std::vector<Pinhole> wanted{
        {"web", ForwardProto::tcp, {{443}, {443}}, parse_mac("00:11:22:33:44:77"), {}, {}},
        {"",
         ForwardProto::both,
         {{5000}, {5010}},
         parse_mac("00:11:22:33:44:78"),
         parse_ip6("2001:db8::10"),
         parse_ip6("2001:db8:f::7")}};
    BOOST_TEST((config.pinholes == wanted));
}

BOOST_AUTO_TEST_CASE(dmz_sip_upnp_and_web_are_read) {
    const Config config = load(
        "config dmz\noption inside 192.168.1.99\n"
        "config sip\noption mode observe\nlist port 5062\nlist port 5060\noption keep_alive 0\n"
        "option host_calls 2\noption calls 3\noption host_registrations 4\n"
        "option registrations 5\n"
        "config upnp\noption igd 0\noption natpmp 0\noption pcp 0\noption port 49152\n"
        "option host_quota 8\noption quota 16\noption upstream off\n"
        "option host_subscriptions 6\noption subscriptions 7\nconfig web\noption listen "
        "'[fd00::1]:8080'");
    BOOST_TEST((config.dmz == Dmz{ip("192.168.1.99")}));
    BOOST_TEST((config.sip == Sip{SipMode::observe, {{5062}, {5060}}, 0s, 2, 3, 4, 5}));
    BOOST_TEST((config.upnp ==
                Upnp{false, false, false, {49152}, 8, 16, true, UpstreamMode::off, {}, 6, 7}));
    BOOST_TEST(config.web.value().listen.to_string() == "[fd00::1]:8080");
}

BOOST_AUTO_TEST_CASE(telephony_of_a_device_and_with_a_provider_may_differ) {
    const Config config = load(
        "config sip\noption mode off\nconfig host\noption mac 00:11:22:33:44:55\noption sip auto\n"
        "config host\noption address 192.168.1.30\noption nat full-cone\noption sip observe\n"
        "config sip_provider\noption network 203.0.113.0/24\noption sip off\n");
    BOOST_TEST(config.hosts.size() == 1U);
    const std::vector<SipHost> hosts{
        {parse_mac("00:11:22:33:44:55"), {}, SipMode::automatic},
        {{}, ip("192.168.1.30"), SipMode::observe},
    };
    BOOST_TEST((config.sip.hosts == hosts));
    const std::vector<SipProvider> providers{{{ip("203.0.113.0"), 24}, SipMode::off}};
    BOOST_TEST((config.sip.providers == providers));
    BOOST_TEST(config.sip.is_used());
    BOOST_TEST(!load("config sip\noption mode off").sip.is_used());
}

BOOST_AUTO_TEST_CASE(sip_keeps_its_port_when_all_that_are_written_are_bad) {
    BOOST_TEST((load("config sip\nlist port x").sip.ports == std::vector<Port>{{5060}}));
}

BOOST_AUTO_TEST_CASE(dhcp_is_only_there_when_written_and_has_defaults_then) {
    BOOST_TEST(load("").dhcp.empty());
    const std::vector<DhcpPool> expected{{"lan", "br-lan", 100, 150, 12h, "lan", {}}};
    BOOST_TEST((load("config dhcp lan\noption interface br-lan").dhcp == expected));
}

BOOST_AUTO_TEST_CASE(dhcp_and_static_leases_are_read) {
    const Config config = load(
        "config dhcp\noption interface br-lan\noption start 2\noption limit 253\n"
        "option leasetime infinite\noption domain home.arpa\nlist dns 1.1.1.1\nlist dns 9.9.9.9\n"
        "config static_lease\noption mac 00:11:22:33:44:66\noption address 192.168.1.20\n"
        "option name phone\n"
        "config static_lease\noption mac 00:11:22:33:44:67\noption address 192.168.1.21");
    const std::vector<DhcpPool> pools{
        {"", "br-lan", 2, 253, kInfiniteLease, "home.arpa", {ip("1.1.1.1"), ip("9.9.9.9")}}};
    BOOST_TEST((config.dhcp == pools));
    const std::vector<StaticLease> leases{
        {{*parse_mac("00:11:22:33:44:66")}, ip("192.168.1.20"), "phone", {}, {}},
        {{*parse_mac("00:11:22:33:44:67")}, ip("192.168.1.21"), "", {}, {}}};
    BOOST_TEST((config.static_leases == leases));
}

BOOST_AUTO_TEST_CASE(everything_that_devices_can_be_told_is_read) {
    const Config config = load(
        "config dhcp\noption interface br-lan\noption router 192.168.1.2\nlist search home.arpa\n"
        "list ntp 192.168.1.3\noption mtu 1492\nlist route 10.8.0.0/16,192.168.1.4\n"
        "list sip_server 192.168.1.5\noption captive_portal https://portal.example.org/\n"
        "option ipv6_only 30m\noption boot_server 192.168.1.6\noption boot_file pxelinux.0\n"
        "list dhcp_option 150,address,192.168.1.7,192.168.1.8\nlist dhcp_option 43,hex,0104c0\n"
        "list dhcp_option 252,text,http://proxy/a,b\nlist dhcp_option 23,u8,64\n"
        "list dhcp_option 200,name,a.bc\noption authoritative 0\noption rapid_commit 1");
    const DhcpPool& pool = config.dhcp.at(0);
    BOOST_TEST(pool.router->to_string() == "192.168.1.2");
    BOOST_TEST(pool.search == std::vector<std::string>{"home.arpa"});
    BOOST_TEST(pool.mtu.value() == 1492);
    BOOST_TEST((pool.routes ==
                std::vector<DhcpRoute>{{*parse_prefix4("10.8.0.0/16"), ip("192.168.1.4")}}));
    BOOST_TEST((pool.ipv6_only == Duration(30min)));
    BOOST_TEST(pool.boot_file == "pxelinux.0");
    BOOST_TEST(!pool.authoritative);
    BOOST_TEST(pool.rapid_commit);
    std::string options;
    for (const DhcpOption& option : pool.options)
        options += std::to_string(option.code) + "=" + to_hex(option.data) + " ";
    BOOST_TEST(options ==
               "150=c0a80107c0a80108 43=0104c0 252=687474703a2f2f70726f78792f612c62 23=40 "
               "200=016102626300 ");
}

BOOST_AUTO_TEST_CASE(ten_thousand_forwards_and_leases_are_read) {
    std::string text;
    for (int i = 1; i <= 10'000; ++i) {
        const std::string number = std::to_string(i);
        const std::string host = std::to_string(i / 250) + "." + std::to_string(i % 250 + 1);
        text += "config forward f" + number + "\noption outside " + number +
                "\noption inside 10.0." + host + "\nconfig static_lease\noption address 10.0." +
                host + "\noption mac 02:00:00:00:" + std::to_string(10 + i / 100 % 90) + ":" +
                std::to_string(10 + i % 90) + "\n";
    }
    const Config config = load(text);
    BOOST_TEST(config.forwards.size() == 10'000U);
    BOOST_TEST(!config.static_leases.empty());
}
