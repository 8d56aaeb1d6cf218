// SPDX-License-Identifier: GPL-2.0-or-later
//
// What other gateways got wrong: the nine faults that were measured in miniupnpd 2.3.1, and the
// requests with which gateways were broken into.
#include <boost/test/unit_test.hpp>

#include "tests/upnp/device.h"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

constexpr auto kV1 = ServiceKind::wan_ip1;
constexpr auto kV2 = ServiceKind::wan_ip2;

// A house in which a device may have every port.
Device open_house(std::string journal = {}) {
    config::Config config = default_config();
    config::Permission all;
    all.action = config::PermissionAction::allow;
    config.upnp.permissions = {all};
    return Device(config, std::move(journal));
}

// MAP of port 6881 of the pc for an hour, of TCP by default.
std::string map_request(std::string_view nonce_byte, std::string_view protocol = "06",
                        std::string_view options = {}) {
    std::string nonce;
    for (int i = 0; i < 12; ++i)
        nonce += nonce_byte;
    return concat("0201000000000e1000000000000000000000ffffc0a8010a", nonce, protocol,
                  "0000001ae11ae100000000000000000000ffff00000000", options);
}

std::string result_of(const std::string& answer) {
    return answer.size() < 8 ? answer : answer.substr(6, 2);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(measured_faults)

BOOST_AUTO_TEST_CASE(the_end_of_port_80_leaves_8080_and_8081_also_in_the_journal) {
    Device device = open_house();
    for (const char* port : {"80", "8080", "8081"}) {
        BOOST_TEST(device.outcome(kV1, "AddPortMapping",
                                  add_fields(port, port, "192.168.1.10", "UDP")) == "ok");
    }
    BOOST_TEST(device.outcome(kV1, "DeletePortMapping", place_fields("80", "UDP")) == "ok");
    Device after = open_house(device.journal);
    for (Device* one : {&device, &after}) {
        BOOST_TEST(one->forwards() == 2U);
        for (const char* port : {"8080", "8081"}) {
            BOOST_TEST(one->outcome(kV1, "GetSpecificPortMappingEntry",
                                    place_fields(port, "UDP")) == "ok");
        }
    }
}

BOOST_AUTO_TEST_CASE(port_70000_is_not_port_4464) {
    for (const auto kind : {kV1, kV2}) {
        Device device;
        BOOST_TEST(device.outcome(kind, "AddPortMapping",
                                  add_fields("70000", "6881", "192.168.1.10")) == "601");
        BOOST_TEST(device.outcome(kind, "AddPortMapping",
                                  add_fields("6881", "70000", "192.168.1.10")) == "601");
        BOOST_TEST(device.forwards() == 0U);
    }
}

BOOST_AUTO_TEST_CASE(sctp_is_not_tcp) {
    for (const auto kind : {kV1, kV2}) {
        Device device;
        BOOST_TEST(device.outcome(kind, "AddPortMapping",
                                  add_fields("6881", "6881", "192.168.1.10", "SCTP")) == "402");
        BOOST_TEST(device.forwards() == 0U);
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_there_cannot_be_deleted) {
    Device device;
    BOOST_TEST(device.outcome(kV1, "DeletePortMapping", place_fields("6881")) == "714");
    BOOST_TEST(device.outcome(kV2, "DeletePortMapping", place_fields("6881")) == "714");
}

BOOST_AUTO_TEST_CASE(no_lifetime_of_natpmp_is_longer_than_a_day) {
    Device device;
    const std::string answer = device.udp("0002 0000 1ae1 1ae1 ffffffff");
    const std::uint64_t granted = std::stoull(answer.substr(24), nullptr, 16);
    BOOST_TEST(granted > 0U);
    BOOST_TEST(granted <= 86400U);
    device.pass(std::chrono::seconds(granted) + 1s);
    BOOST_TEST(device.forwards() == 0U);
}

BOOST_AUTO_TEST_CASE(a_new_address_is_announced_ten_times) {
    Device device;
    device.pass(300s);
    device.effects.sends.clear();
    device.nat.event(OutsideChanged{{kOutside2}});
    device.room->settle(device.nat.now, device.effects);
    device.pass(300s);
    const auto announced = [](const upnp::Send& send) {
        return send.service == Service::mapping && send.bytes[0] == 0;
    };
    BOOST_TEST(std::count_if(device.effects.sends.begin(), device.effects.sends.end(), announced) ==
               10);
}

BOOST_AUTO_TEST_CASE(a_map_of_sctp_is_no_success) {
    Device device;
    BOOST_TEST(result_of(device.udp(map_request("aa", "84"))) == "09");
    BOOST_TEST(device.forwards() == 0U);
}

BOOST_AUTO_TEST_CASE(another_nonce_renews_nothing) {
    Device device;
    BOOST_TEST(result_of(device.udp(map_request("aa"))) == "00");
    const Instant end = device.nat.engine->forwards().front().expires;
    device.pass(100s);
    BOOST_TEST(result_of(device.udp(map_request("bb"))) == "02");
    BOOST_CHECK(device.nat.engine->forwards().front().expires == end);
}

BOOST_AUTO_TEST_CASE(a_filter_keeps_out_everybody_else) {
    Device device;
    const std::string filter = "030000140080000000000000000000000000ffff0b000901";
    BOOST_TEST(result_of(device.udp(map_request("aa", "06", filter))) == "00");
    BOOST_TEST(device.nat.receive(at(kOutside, 6881), at(kServer, 9), Proto::tcp).has_value());
    BOOST_TEST(!device.nat.receive(at(kOutside, 6881), at(kServer2, 9), Proto::tcp));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(incidents)

namespace {

// The status of an AddPortMapping of the pc with this header in place of that of its name.
unsigned status_with(Device& device, const std::string& name, std::string value,
                     const std::string& body) {
    HttpRequest request = device.request("POST", device.path(kV1, "control"));
    request.headers = {{"Host", "192.168.1.1:5000"},
                       {"Content-Type", "text/xml"},
                       {"SOAPAction", concat('"', model_of(kV1).type, "#AddPortMapping\"")}};
    for (auto& [known, text] : request.headers) {
        if (known == name) text = std::move(value);
    }
    request.body = body;
    return device.http(request).status;
}

}  // namespace

// CVE-2013-0229 and -0230: as long as one likes; CVE-2026-5720: with one quote.
BOOST_AUTO_TEST_CASE(no_soap_action_is_too_long_or_too_short_to_be_refused) {
    const std::string good =
        soap_body(model_of(kV1).type, "AddPortMapping", add_fields("6881", "6881", "192.168.1.10"));
    Device device;
    const std::string type(model_of(kV1).type);
    const std::vector<std::string> headers{
        "",
        "\"",
        "#",
        "\"#\"",
        type,
        type + "#",
        "\"" + type + "#AddPortMapping" + std::string(60000, 'A') + "\"",
        std::string(60000, '#'),
        std::string(1, '\0')};
    for (const std::string& value : headers)
        BOOST_TEST(status_with(device, "SOAPAction", value, good) == 500U);
    BOOST_TEST(device.forwards() == 0U);
    BOOST_TEST(status_with(device, "", {}, good) == 200U);
}

// CVE-2014-8361: it went to a shell; CVE-2026-7069: it was copied without looking at its length.
BOOST_AUTO_TEST_CASE(what_a_device_says_is_a_text_and_nothing_else) {
    Device device;
    for (const char* client : {"`reboot`", "192.168.1.10;reboot", "$(reboot)",
                               "::ffff:192.168.1.10", "0xc0a8010a", "3232235786", "pc"}) {
        BOOST_TEST(device.outcome(kV1, "AddPortMapping", add_fields("6881", "6881", client)) ==
                   "402");
    }
    const std::string evil = "';reboot;`reboot`</NewPortMappingDescription>\x1b[2J";
    for (const std::string& text : {evil, std::string(10000, 'A')}) {
        BOOST_TEST(device.outcome(kV1, "AddPortMapping",
                                  add_fields("6881", "6881", "192.168.1.10", "TCP", "60", text)) ==
                   "ok");
        const std::string shown =
            device.call(kV1, "GetSpecificPortMappingEntry", place_fields("6881")).body;
        const std::string back = element(shown, "NewPortMappingDescription");
        BOOST_TEST(back.size() <= 6 * kLongestDescription);
        BOOST_TEST(back.find('<') == std::string::npos);
        BOOST_TEST(shown.find('\x1b') == std::string::npos);
        BOOST_TEST(device.outcome(kV1, "DeletePortMapping", place_fields("6881")) == "ok");
    }
}

// UPnProxy and Eternal Silence: routers that led to others, or to file shares.
BOOST_AUTO_TEST_CASE(a_port_leads_to_the_device_that_asks_and_never_to_what_worms_want) {
    Device device;
    for (const char* client :
         {"192.168.1.1", "11.0.0.1", "127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1",
          "192.168.1.0", "192.168.1.255", "11.0.9.1", "192.168.1.20"}) {
        BOOST_TEST(device.outcome(kV2, "AddPortMapping", add_fields("6881", "6881", client)) ==
                   "606");
    }
    for (const char* port : {"22", "23", "25", "53", "80", "135", "139", "443", "445", "1900",
                             "2323", "3389", "5351", "5900", "7547"}) {
        BOOST_TEST(device.outcome(kV2, "AddPortMapping",
                                  add_fields("16881", port, "192.168.1.10")) == "606");
    }
    BOOST_TEST(device.forwards() == 0U);
}

// miniupnpd #898: a name instead of an address ran over the end of its buffer.
BOOST_AUTO_TEST_CASE(a_pinhole_is_for_an_address_and_not_for_a_name) {
    Device device;
    for (const std::string& name : {std::string("pc.lan"), std::string(5000, 'a'),
                                    std::string("2001:db8:1::10%eth0"), std::string()}) {
        const Fields fields{{"RemoteHost", ""},       {"RemotePort", "0"}, {"InternalClient", name},
                            {"InternalPort", "8080"}, {"Protocol", "6"},   {"LeaseTime", "3600"}};
        BOOST_TEST(device.outcome(ServiceKind::firewall6, "AddPinhole", fields) == "402");
        Fields remote = fields;
        remote[0].second = name.empty() ? "*x" : name;
        remote[2].second = "2001:db8:1::10";
        BOOST_TEST(device.outcome(ServiceKind::firewall6, "AddPinhole", remote) == "402");
    }
}

// In the secure mode of miniupnpd a range was deleted whoever it belonged to.
BOOST_AUTO_TEST_CASE(a_range_of_another_device_is_not_deleted) {
    Device device;
    BOOST_TEST(device.outcome(kV2, "AddPortMapping", add_fields("6881", "6881", "192.168.1.10")) ==
               "ok");
    const Fields range{
        {"NewStartPort", "1"}, {"NewEndPort", "65535"}, {"NewProtocol", "TCP"}, {"NewManage", "1"}};
    BOOST_TEST(device.outcome(kV2, "DeletePortMappingRange", range, kPhone) == "606");
    BOOST_TEST(device.forwards() == 1U);
}

// Rapid7 R7-2014-17: a million routers mapped ports for strangers.
BOOST_AUTO_TEST_CASE(natpmp_pcp_and_ssdp_are_silent_for_who_is_not_on_the_link) {
    Device device;
    for (const Ip4 stranger :
         {kServer, Ip4::of(192, 168, 2, 10), kRouter, Ip4::of(127, 0, 0, 1), Ip4{}}) {
        BOOST_TEST(device.udp("0000", stranger) == "silence");
        BOOST_TEST(device.udp("0002 0000 1ae1 1ae1 00000e10", stranger) == "silence");
        BOOST_TEST(device.udp(map_request("aa"), stranger) == "silence");
        BOOST_TEST(device
                       .ssdp("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "
                             "\"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n",
                             stranger)
                       .empty());
    }
    BOOST_TEST(device.forwards() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
