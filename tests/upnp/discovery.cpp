// SPDX-License-Identifier: GPL-2.0-or-later
#include <boost/test/unit_test.hpp>
#include <pugixml.hpp>
#include <set>

#include "tests/upnp/device.h"
#include "upnp/description.h"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

std::string m_search(std::string_view target, std::string_view mx = "MX: 2\r\n",
                     std::string_view more = "") {
    return concat(
        "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
        "MAN: \"ssdp:discover\"\r\n",
        mx, "ST: ", target, "\r\n", more, "\r\n");
}

constexpr std::string_view kGateway1 = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
constexpr std::string_view kGateway2 = "urn:schemas-upnp-org:device:InternetGatewayDevice:2";

std::size_t count(const std::vector<upnp::Send>& sends, std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        sends.begin(), sends.end(),
        [text](const upnp::Send& send) { return send.bytes.find(text) != std::string::npos; }));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ssdp_messages)

BOOST_AUTO_TEST_CASE(what_is_no_search_is_none) {
    const std::string good = m_search(kGateway1);
    BOOST_TEST(parse_search(good).has_value());
    BOOST_TEST(parse_search(good)->mx.count() == 2);
    BOOST_TEST(parse_search(m_search("x", "MX: 4000000000\r\n"))->mx.count() == 5);
    for (const std::string& bad :
         {std::string(), std::string("M-SEARCH"), std::string("NOTIFY * HTTP/1.1\r\n\r\n"),
          m_search(kGateway1, "MX: -1\r\n"), m_search(kGateway1, "MX: 2 apples\r\n"), m_search(""),
          m_search("a\x01"), m_search(kGateway1, "no colon\r\n"),
          std::string("M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\n\r\n"),
          m_search(std::string(2000, 'a'))}) {
        BOOST_TEST(!parse_search(bad));
    }
}

BOOST_AUTO_TEST_CASE(each_target_finds_what_has_it) {
    struct Row {
        std::string target;
        std::size_t igd1;
        std::size_t igd2;
    };
    const Identity identity({1, 2});
    const Row rows[] = {
        {std::string(kGateway1), 1, 0},
        {std::string(kGateway2), 0, 1},
        {"upnp:rootdevice", 1, 1},
        {"ssdp:all", 10, 11},
        {"urn:schemas-upnp-org:device:WANDevice:1", 1, 0},
        {"urn:schemas-upnp-org:device:WANConnectionDevice:2", 0, 1},
        {"urn:schemas-upnp-org:service:WANIPConnection:1", 1, 0},
        {"urn:schemas-upnp-org:service:WANIPConnection:2", 0, 1},
        {"urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1", 1, 0},
        {"urn:schemas-upnp-org:service:Layer3Forwarding:1", 1, 0},
        {"urn:schemas-upnp-org:service:WANIPv6FirewallControl:1", 0, 1},
        {"urn:schemas-upnp-org:service:WANPPPConnection:1", 0, 0},
        {"urn:schemas-upnp-org:device:MediaServer:1", 0, 0},
        {concat("uuid:", identity.uuid(Tree::igd2, DeviceKind::wan)), 0, 1},
    };
    for (const Row& row : rows) {
        BOOST_TEST_CONTEXT(row.target) {
            const auto sends = Device().ssdp(m_search(row.target));
            BOOST_TEST(count(sends, "/igd1/device.xml\r\n") == row.igd1);
            BOOST_TEST(count(sends, "/igd2/device.xml\r\n") == row.igd2);
        }
    }
}

BOOST_AUTO_TEST_CASE(windows_and_xbox_are_shown_the_first_tree_alone) {
    for (const char* agent : {"Microsoft-Windows/10.0 UPnP/1.0", "FDSSDP", "Xbox/2.0"}) {
        const auto sends =
            Device().ssdp(m_search("ssdp:all", "MX: 2\r\n", concat("USER-AGENT: ", agent, "\r\n")));
        BOOST_TEST(sends.size() == 10U);
        BOOST_TEST(count(sends, "igd2") == 0U);
    }
}

BOOST_AUTO_TEST_CASE(answers_come_at_different_times_within_mx) {
    Device device;
    const auto sends = device.ssdp(m_search("ssdp:all", "MX: 3\r\n"));
    std::set<std::int64_t> times;
    for (const upnp::Send& send : sends) {
        BOOST_TEST(send.delay.count() < Duration(3s).count());
        times.insert(send.delay.count());
    }
    BOOST_TEST(times.size() == sends.size());
    BOOST_TEST(*times.rbegin() > Duration(500ms).count());
    BOOST_TEST(device.ssdp(m_search(kGateway1, "")).front().delay.count() <= Duration(1s).count());
}

BOOST_AUTO_TEST_CASE(an_answer_says_where_and_which_start_it_is) {
    const std::string text = Device().ssdp(m_search(kGateway1)).front().bytes;
    BOOST_TEST(text.starts_with("HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\n"));
    BOOST_TEST(text.find("\r\nEXT:\r\n") != std::string::npos);
    BOOST_TEST(text.find("LOCATION: http://192.168.1.1:5000/") != std::string::npos);
    BOOST_TEST(text.find("\r\nBOOTID.UPNP.ORG: 256\r\n") != std::string::npos);
    BOOST_TEST(text.ends_with("\r\n\r\n"));
    // Other documents have another number, which the second tree carries, too.
    const std::string number = text.substr(text.find("CONFIGID.UPNP.ORG: ") + 19);
    const std::string configuration = number.substr(0, number.find('\r'));
    BOOST_TEST(configuration == std::to_string(config_number("1.0")));
    BOOST_TEST(config_number("1.0") != config_number("1.1"));
    BOOST_TEST(config_number("1.0") < (1U << 24U));
    Device device;
    const auto read = [&](Tree tree) {
        return device.http(device.request("GET", Identity({1, 2}).device_path(tree))).body;
    };
    BOOST_TEST(read(Tree::igd2).find(concat(" configId=\"", configuration, "\">")) !=
               std::string::npos);
    BOOST_TEST(read(Tree::igd1).find("configId") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(each_hello_behind_a_farewell_is_another_boot_and_so_is_each_start) {
    Device device;
    const auto boot = [&] {
        const std::string text = device.ssdp(m_search(kGateway1)).front().bytes;
        return std::stoul(text.substr(text.find("BOOTID.UPNP.ORG: ") + 17));
    };
    const unsigned long first = boot();
    device.pass(3s);
    BOOST_TEST(boot() == first);
    device.effects.clear();
    const Lan moved{"lan", {{Ip4::of(192, 168, 1, 3), 24}}, {}};
    device.handle(LansSeen{{moved}});
    // The farewell is still that of the life that ends.
    BOOST_REQUIRE(!device.effects.farewells.empty());
    BOOST_TEST(device.effects.farewells.front().bytes.find(
                   concat("BOOTID.UPNP.ORG: ", first, "\r\n")) != std::string::npos);
    BOOST_TEST(boot() == first + 1);
    for (int i = 0; i < 300; ++i) {
        device.handle(LansSeen{{}});
        device.handle(LansSeen{{moved}});
    }
    const unsigned long last = boot();
    BOOST_TEST(last > first + 1);
    BOOST_TEST(last < 2 * 256UL);  // that of the next start
}

BOOST_AUTO_TEST_CASE(who_asks_the_router_alone_is_answered_within_a_second) {
    Device device;
    for (const bool over_ipv6 : {false, true}) {
        device.effects.sends.clear();
        Datagram alone{Service::ssdp, "lan", {kPc, Port{1901}}, m_search("ssdp:all", "MX: 5\r\n")};
        alone.alone = !over_ipv6;
        if (over_ipv6) alone.from.address = *parse_ip6("2001:db8:1::10");
        if (over_ipv6) alone.to = *parse_ip6("fe80::1");
        device.handle(alone);
        BOOST_TEST(device.effects.sends.size() == 21U);
        for (const upnp::Send& send : device.effects.sends)
            BOOST_TEST(send.delay.count() <= Duration(100ms).count());
    }
}

BOOST_AUTO_TEST_CASE(who_is_off_link_hears_nothing) {
    Device device;
    BOOST_TEST(device.ssdp(m_search("ssdp:all"), Ip4::of(11, 0, 9, 1)).empty());
    BOOST_TEST(device.ssdp(m_search("ssdp:all"), Ip4::of(192, 168, 2, 10)).empty());
}

BOOST_AUTO_TEST_CASE(over_ipv6_the_same_is_found_at_an_address_of_ipv6) {
    Device device;
    for (const char* client : {"2001:db8:1::10", "fe80::10"}) {
        const auto sends = device.ssdp(m_search(kGateway1), *parse_ip6(client));
        BOOST_REQUIRE(!sends.empty());
        BOOST_TEST(sends.front().bytes.find("LOCATION: http://[2001:db8:1::1]:5000/") !=
                   std::string::npos);
        BOOST_TEST(sends.front().to.address.to_string() == client);
    }
    BOOST_TEST(device.ssdp(m_search(kGateway1), *parse_ip6("2001:db8:2::10")).empty());
    device.effects.clear();
    device.pass(1s);
    const auto& sends = device.effects.sends;
    const auto told = std::find_if(sends.begin(), sends.end(), [](const upnp::Send& one) {
        return one.to.to_string() == "[ff02::c]:1900";
    });
    BOOST_REQUIRE((told != sends.end()));
    BOOST_TEST(told->bytes.find("\r\nHOST: [ff02::c]:1900\r\n") == told->bytes.find("\r\nHOST"));
    BOOST_TEST(count(sends, "\r\nHOST: [ff05::c]:1900\r\n") == 21U);
    BOOST_TEST(told->bytes.find("LOCATION: http://[2001:db8:1::1]:5000/") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(over_ipv6_a_device_is_the_one_that_its_hardware_address_says) {
    Device device;
    const Ip6 pc6 = *parse_ip6("2001:db8:1::10");
    const auto add = [&](std::string_view inside) {
        HttpRequest ask = device.request("POST", device.path(ServiceKind::wan_ip1, "control"));
        ask.client = pc6;
        ask.local = {*parse_ip6("2001:db8:1::1"), {5000}};
        ask.headers = {
            {"Host", "[2001:db8:1::1]:5000"},
            {"Content-Type", "text/xml"},
            {"SOAPAction", "\"urn:schemas-upnp-org:service:WANIPConnection:1#AddPortMapping\""}};
        ask.body = soap_body("urn:schemas-upnp-org:service:WANIPConnection:1", "AddPortMapping",
                             add_fields("7000", "7000", inside));
        return device.http(ask).status;
    };
    BOOST_TEST(add("192.168.1.10") == 500U);
    device.nat.hosts.publish(pc6, HostSource::neighbour, kPcMac);
    BOOST_TEST(add("192.168.1.10") == 200U);
    BOOST_TEST(add("192.168.1.20") == 500U);
    BOOST_TEST(device.forwards() == 1U);
}

// A source that floods gets less than three times its own bytes once its share is used up.
BOOST_AUTO_TEST_CASE(a_flood_is_not_amplified) {
    Device device;
    const std::string message = m_search("ssdp:all");
    for (int i = 0; i < 10; ++i)
        device.ssdp(message);
    std::size_t in = 0;
    std::size_t out = 0;
    for (int i = 0; i < 600; ++i) {
        device.nat.now += 100ms;
        in += message.size();
        for (const upnp::Send& send : device.ssdp(message))
            out += send.bytes.size();
    }
    BOOST_TEST(out <= 3 * in);
    BOOST_TEST(device.metrics.value(Metric::ssdp_searches, "budget") > 0);
    BOOST_TEST(!device.ssdp(m_search(kGateway1), kPhone).empty());
}

namespace {

constexpr std::size_t kSet = 63;  // what there is to say, to each group

}  // namespace

BOOST_AUTO_TEST_CASE(the_device_says_goodbye_hello_twice_and_hello_again) {
    Device device;
    BOOST_TEST(count(device.effects.sends, "ssdp:byebye") == kSet);
    BOOST_TEST(count(device.effects.sends, "ssdp:alive") == 0U);
    device.effects.sends.clear();
    device.pass(3s);
    BOOST_TEST(count(device.effects.sends, "ssdp:alive") == 2 * kSet);
    device.effects.sends.clear();
    device.pass(900s);
    BOOST_TEST(count(device.effects.sends, "ssdp:alive") == kSet);
    device.effects.sends.clear();
    device.room->leave(device.effects);
    BOOST_TEST(count(device.effects.farewells, "ssdp:byebye") == kSet);
}

BOOST_AUTO_TEST_CASE(who_is_switched_off_says_goodbye_before_the_sockets_are_closed) {
    Device device;
    device.pass(3s);
    config::Config off = default_config();
    off.upnp.igd = false;
    device.handle(upnp::Reconfigured{off});
    BOOST_TEST(count(device.effects.farewells, "ssdp:byebye") == kSet);
    BOOST_TEST(!device.effects.listen.value().igd);
    device.effects.clear();
    device.pass(3600s);
    BOOST_TEST(count(device.effects.sends, "ssdp:") == 0U);
    BOOST_TEST(device.http(device.request("GET", "/")).status == 404U);
}

BOOST_AUTO_TEST_CASE(another_address_of_the_router_is_told_as_another_device) {
    Device device;
    device.pass(3s);
    device.effects.clear();
    device.handle(LansSeen{{{"lan", {{Ip4::of(192, 168, 7, 1), 24}}, {}}}});
    BOOST_TEST(count(device.effects.farewells, "ssdp:byebye") == kSet);
    device.pass(1s);
    BOOST_TEST(count(device.effects.sends, "LOCATION: http://192.168.7.1:5000/") == 21U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(descriptions)

BOOST_AUTO_TEST_CASE(every_address_of_a_description_is_served) {
    Device device;
    for (const Tree tree : {Tree::igd1, Tree::igd2}) {
        const HttpAnswer answer =
            device.http(device.request("GET", Identity({1, 2}).device_path(tree)));
        BOOST_REQUIRE(answer.status == 200U);
        pugi::xml_document document;
        BOOST_REQUIRE(document.load_string(answer.body.c_str()));
        std::set<std::string> names;
        for (const auto& node : document.select_nodes("//UDN"))
            names.insert(node.node().child_value());
        BOOST_TEST(names.size() == 3U);
        std::size_t services = 0;
        for (const auto& node : document.select_nodes("//SCPDURL")) {
            ++services;
            const HttpAnswer scpd = device.http(device.request("GET", node.node().child_value()));
            BOOST_TEST(scpd.status == 200U);
        }
        BOOST_TEST(services == (tree == Tree::igd1 ? 3U : 4U));
        BOOST_TEST(document.select_nodes("//controlURL").size() == services);
        BOOST_TEST(document.select_nodes("//eventSubURL").size() == services);
        BOOST_TEST(std::string(document.child("root").child("device").child_value(
                       "presentationURL")) == "http://192.168.1.1:5000/");
    }
    BOOST_TEST(device.http(device.request("GET", "/")).status == 200U);
}

BOOST_AUTO_TEST_CASE(every_argument_has_its_variable_and_every_required_action_is_there) {
    const std::vector<std::pair<ServiceKind, std::string>> required = {
        {ServiceKind::wan_ip1,
         "SetConnectionType GetConnectionTypeInfo RequestConnection ForceTermination GetStatusInfo "
         "GetNATRSIPStatus GetGenericPortMappingEntry GetSpecificPortMappingEntry AddPortMapping "
         "DeletePortMapping GetExternalIPAddress"},
        {ServiceKind::wan_ip2,
         "SetConnectionType GetConnectionTypeInfo RequestConnection ForceTermination GetStatusInfo "
         "GetNATRSIPStatus GetGenericPortMappingEntry GetSpecificPortMappingEntry AddPortMapping "
         "DeletePortMapping GetExternalIPAddress AddAnyPortMapping DeletePortMappingRange "
         "GetListOfPortMappings"},
        {ServiceKind::common, "GetCommonLinkProperties"},
        {ServiceKind::layer3, "SetDefaultConnectionService GetDefaultConnectionService"},
        {ServiceKind::firewall6,
         "GetFirewallStatus AddPinhole UpdatePinhole DeletePinhole GetPinholePackets"},
    };
    for (const auto& [kind, actions] : required) {
        pugi::xml_document document;
        BOOST_REQUIRE(document.load_string(write_scpd(model_of(kind)).c_str()));
        std::set<std::string> variables;
        for (const auto& node : document.select_nodes("//stateVariable/name"))
            variables.insert(node.node().child_value());
        std::set<std::string> names;
        for (const auto& node : document.select_nodes("//action/name"))
            names.insert(node.node().child_value());
        for (const auto& node : document.select_nodes("//relatedStateVariable"))
            BOOST_TEST(variables.contains(node.node().child_value()));
        for (const std::string_view action : split(actions, ' '))
            BOOST_TEST(names.contains(std::string(action)));
    }
}

BOOST_AUTO_TEST_SUITE_END()
