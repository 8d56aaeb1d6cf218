// SPDX-License-Identifier: GPL-2.0-or-later
#include <boost/test/unit_test.hpp>

#include "tests/upnp/device.h"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

constexpr auto kV1 = ServiceKind::wan_ip1;
constexpr auto kV2 = ServiceKind::wan_ip2;

std::string field(const HttpAnswer& answer, std::string_view name) {
    return element(answer.body, name);
}

Fields with(Fields fields, std::string_view name, std::string_view value) {
    for (auto& [key, text] : fields) {
        if (key == name) text = value;
    }
    return fields;
}

Fields without(Fields fields, std::string_view name) {
    std::erase_if(fields, [name](const auto& one) { return one.first == name; });
    return fields;
}

Fields range_fields(std::string_view first, std::string_view last) {
    return {{"NewStartPort", std::string(first)},
            {"NewEndPort", std::string(last)},
            {"NewProtocol", "TCP"},
            {"NewManage", "0"}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wan_ip)

BOOST_AUTO_TEST_CASE(a_port_that_was_asked_for_leads_strangers_to_the_device) {
    Device device;
    const HttpAnswer answer =
        device.call(kV1, "AddPortMapping", add_fields("6881", "6882", "192.168.1.10"));
    BOOST_TEST(answer.status == 200U);
    BOOST_TEST(answer.body.find("<u:AddPortMappingResponse xmlns:u=\"urn:schemas-upnp-org:service:"
                                "WANIPConnection:1\">") != std::string::npos);
    BOOST_REQUIRE(answer.made);
    BOOST_CHECK(device.nat.receive(at(kOutside, 6881), at(kServer, 9), Proto::tcp) ==
                host(10, 6882));
    BOOST_CHECK(device.nat.engine->find_forward(*answer.made)->owner ==
                (Owner{OwnerKind::igd, "192.168.1.10"}));
}

// What is wrong with an AddPortMapping, and what both versions say to it.
BOOST_AUTO_TEST_CASE(a_wish_that_cannot_be_granted_gets_the_most_specific_code) {
    const Fields good = add_fields("6881", "6881", "192.168.1.10");
    struct Row {
        std::string_view what;
        Fields fields;
        std::string_view v1;
        std::string_view v2;
    };
    const Row rows[] = {
        {"nothing", good, "ok", "ok"},
        {"no end", with(good, "NewLeaseDuration", "0"), "ok", "ok"},
        {"the longest lease", with(good, "NewLeaseDuration", "4294967295"), "ok", "ok"},
        {"not enabled", with(good, "NewEnabled", "0"), "ok", "ok"},
        {"enabled in words", with(good, "NewEnabled", "True"), "ok", "ok"},
        {"any remote as a star", with(good, "NewRemoteHost", "*"), "ok", "ok"},
        {"small letters", with(good, "NewProtocol", "tcp"), "ok", "ok"},
        {"a remote", with(good, "NewRemoteHost", "11.0.9.1"), "ok", "ok"},
        {"a name as remote", with(good, "NewRemoteHost", "example.org"), "402", "402"},
        {"outside port 0", with(good, "NewExternalPort", "0"), "716", "716"},
        {"outside port 70000", with(good, "NewExternalPort", "70000"), "601", "601"},
        {"outside port -1", with(good, "NewExternalPort", "-1"), "402", "402"},
        {"outside port 68x", with(good, "NewExternalPort", "68x"), "402", "402"},
        {"inside port 0", with(good, "NewInternalPort", "0"), "402", "732"},
        {"SCTP", with(good, "NewProtocol", "SCTP"), "402", "402"},
        {"a name as client", with(good, "NewInternalClient", "pc.lan; reboot"), "402", "402"},
        {"no client", with(good, "NewInternalClient", ""), "402", "402"},
        {"another device", with(good, "NewInternalClient", "192.168.1.20"), "718", "606"},
        {"the router", with(good, "NewInternalClient", "192.168.1.1"), "718", "606"},
        {"loopback", with(good, "NewInternalClient", "127.0.0.1"), "718", "606"},
        {"the broadcast address", with(good, "NewInternalClient", "192.168.1.255"), "718", "606"},
        {"somebody outside", with(good, "NewInternalClient", "11.0.9.1"), "718", "606"},
        {"a file share", with(good, "NewInternalPort", "445"), "718", "606"},
        {"a remote desktop", with(good, "NewInternalPort", "3389"), "718", "606"},
        {"a low outside port", with(good, "NewExternalPort", "80"), "718", "606"},
        {"a lease of x", with(good, "NewLeaseDuration", "x"), "402", "402"},
        {"enabled maybe", with(good, "NewEnabled", "maybe"), "402", "402"},
        {"no description at all", without(good, "NewPortMappingDescription"), "402", "402"},
        {"no lease at all", without(good, "NewLeaseDuration"), "402", "402"},
    };
    for (const Row& row : rows) {
        BOOST_TEST_CONTEXT(row.what) {
            BOOST_TEST(Device().outcome(kV1, "AddPortMapping", row.fields) == row.v1);
            BOOST_TEST(Device().outcome(kV2, "AddPortMapping", row.fields) == row.v2);
        }
    }
}

BOOST_AUTO_TEST_CASE(asking_again_renews_and_another_device_is_told_of_the_conflict) {
    Device device;
    const Fields fields = add_fields("6881", "6881", "192.168.1.10");
    BOOST_TEST(device.outcome(kV1, "AddPortMapping", fields) == "ok");
    device.pass(3000s);
    BOOST_TEST(device.outcome(kV1, "AddPortMapping", fields) == "ok");
    BOOST_TEST(device.forwards() == 1U);
    const Fields other = add_fields("6881", "6881", "192.168.1.20");
    BOOST_TEST(device.outcome(kV1, "AddPortMapping", other, kPhone) == "718");
    BOOST_TEST(device.outcome(kV2, "AddPortMapping", other, kPhone) == "718");
    device.pass(3000s);
    BOOST_TEST(device.forwards() == 1U);
    device.pass(700s);
    BOOST_TEST(device.forwards() == 0U);
    BOOST_TEST(device.outcome(kV1, "AddPortMapping", other, kPhone) == "ok");
}

BOOST_AUTO_TEST_CASE(what_the_user_configured_is_listed_and_stays) {
    config::Config config = default_config();
    config.forwards.push_back(
        {"web", config::ForwardProto::tcp, {{8080}, {8080}}, kPc, {{80}, {80}}, {}});
    Device device(config);
    const HttpAnswer entry =
        device.call(kV1, "GetGenericPortMappingEntry", {{"NewPortMappingIndex", "0"}});
    BOOST_TEST(field(entry, "NewExternalPort") == "8080");
    BOOST_TEST(field(entry, "NewLeaseDuration") == "0");
    BOOST_TEST(device.outcome(kV1, "DeletePortMapping", place_fields("8080")) == "606");
    // RFC 6886 3.4: not authorized.
    BOOST_TEST(device.udp("000200000050000000000000") == "00820002000000000050000000000000");
    const Fields fields = add_fields("8080", "8080", "192.168.1.10");
    BOOST_TEST(device.outcome(kV1, "AddPortMapping", fields) == "718");
    BOOST_TEST(device.outcome(kV2, "AddPortMapping", fields) == "729");
}

BOOST_AUTO_TEST_CASE(the_entries_are_counted_through_to_the_end) {
    Device device;
    device.call(kV1, "AddPortMapping", add_fields("6881", "6881", "192.168.1.10"));
    device.call(kV1, "AddPortMapping",
                add_fields("6881", "6881", "192.168.1.10", "UDP", "0", "a<b>&\"c\""));
    const auto entry = [&](std::string_view index) {
        return device.call(kV1, "GetGenericPortMappingEntry",
                           {{"NewPortMappingIndex", std::string(index)}});
    };
    BOOST_TEST(field(entry("0"), "NewProtocol") == "TCP");
    BOOST_TEST(field(entry("0"), "NewLeaseDuration") == "3600");
    const HttpAnswer second = entry("1");
    BOOST_TEST(field(second, "NewProtocol") == "UDP");
    BOOST_TEST(field(second, "NewInternalClient") == "192.168.1.10");
    BOOST_TEST(field(second, "NewEnabled") == "1");
    BOOST_TEST(field(second, "NewLeaseDuration") == "0");
    BOOST_TEST(second.body.find("a<b>") == std::string::npos);
    BOOST_TEST(element(entry("2").body, "errorCode") == "713");
    const HttpAnswer specific =
        device.call(kV2, "GetSpecificPortMappingEntry", place_fields("6881", "UDP"));
    BOOST_TEST(field(specific, "NewInternalPort") == "6881");
    BOOST_TEST(field(specific, "NewLeaseDuration") == "604800");
    BOOST_TEST(device.outcome(kV1, "GetSpecificPortMappingEntry", place_fields("6882")) == "714");
}

BOOST_AUTO_TEST_CASE(a_mapping_is_ended_by_its_device_and_no_other) {
    Device device;
    device.call(kV1, "AddPortMapping", add_fields("80", "8000", "192.168.1.10"));
    for (const char* port : {"8080", "8081", "1080"}) {
        device.call(kV1, "AddPortMapping", add_fields(port, port, "192.168.1.10", "UDP"));
    }
    BOOST_TEST(device.outcome(kV1, "DeletePortMapping", place_fields("8080", "UDP"), kPhone) ==
               "606");
    BOOST_TEST(device.outcome(kV1, "DeletePortMapping", place_fields("8080", "TCP")) == "714");
    BOOST_TEST(device.outcome(kV1, "DeletePortMapping", place_fields("80", "UDP")) == "714");
    BOOST_TEST(device.forwards() == 3U);
    BOOST_TEST(device.outcome(kV1, "DeletePortMapping", place_fields("8080", "UDP")) == "ok");
    BOOST_TEST(device.forwards() == 2U);
    BOOST_TEST(device.outcome(kV1, "DeletePortMapping", place_fields("8080", "UDP")) == "714");
    BOOST_TEST(!device.nat.receive(at(kOutside, 8080), at(kServer, 9)));
}

BOOST_AUTO_TEST_CASE(a_range_is_ended_without_what_belongs_to_others) {
    Device device;
    device.call(kV2, "AddPortMapping", add_fields("2000", "2000", "192.168.1.10"));
    device.call(kV2, "AddPortMapping", add_fields("2001", "2001", "192.168.1.20"), kPhone);
    device.call(kV2, "AddPortMapping", add_fields("3000", "3000", "192.168.1.10"));
    BOOST_TEST(device.outcome(kV2, "DeletePortMappingRange", range_fields("2001", "2000")) ==
               "733");
    BOOST_TEST(device.outcome(kV2, "DeletePortMappingRange", range_fields("4000", "5000")) ==
               "730");
    BOOST_TEST(device.outcome(kV2, "DeletePortMappingRange", range_fields("2001", "2500")) ==
               "606");
    BOOST_TEST(device.outcome(kV2, "DeletePortMappingRange", range_fields("1500", "2500")) == "ok");
    BOOST_TEST(device.forwards() == 2U);
}

BOOST_AUTO_TEST_CASE(a_list_holds_the_entries_of_its_reader) {
    Device device;
    device.call(kV2, "AddPortMapping", add_fields("2000", "2000", "192.168.1.10"));
    device.call(kV2, "AddPortMapping", add_fields("2345", "2345", "192.168.1.20"), kPhone);
    Fields fields = range_fields("1", "65535");
    fields.emplace_back("NewNumberOfPorts", "0");
    const HttpAnswer list = device.call(kV2, "GetListOfPortMappings", fields);
    BOOST_TEST(list.body.find("<p:NewExternalPort>2000</p:") != std::string::npos);
    BOOST_TEST(list.body.find("2345") == std::string::npos);
    fields[0].second = "5000";
    BOOST_TEST(device.outcome(kV2, "GetListOfPortMappings", fields) == "730");
}

BOOST_AUTO_TEST_CASE(any_port_will_do_for_who_says_so) {
    Device device;
    device.call(kV1, "AddPortMapping", add_fields("6881", "6881", "192.168.1.20"), kPhone);
    const HttpAnswer other =
        device.call(kV2, "AddAnyPortMapping", add_fields("6881", "6881", "192.168.1.10"));
    BOOST_TEST(field(other, "NewReservedPort") != "6881");
    BOOST_TEST(field(other, "NewReservedPort") != "-");
    const HttpAnswer own =
        device.call(kV2, "AddAnyPortMapping", add_fields("7000", "7001", "192.168.1.10"));
    BOOST_TEST(field(own, "NewReservedPort") == "7000");
    const HttpAnswer any =
        device.call(kV2, "AddAnyPortMapping", add_fields("0", "7002", "192.168.1.10"));
    BOOST_TEST(field(any, "NewReservedPort") == "7002");
    const HttpAnswer low =
        device.call(kV2, "AddAnyPortMapping", add_fields("80", "7003", "192.168.1.10"));
    BOOST_TEST(field(low, "NewReservedPort") == "7003");
    BOOST_TEST(device.outcome(kV1, "AddAnyPortMapping",
                              add_fields("7005", "7005", "192.168.1.10")) == "401");
}

BOOST_AUTO_TEST_CASE(a_device_has_no_more_than_its_quota) {
    config::Config config = default_config();
    config.upnp.host_quota = 2;
    Device device(config);
    const auto add = [&](ServiceKind kind, std::string_view port) {
        return device.outcome(kind, "AddPortMapping", add_fields(port, port, "192.168.1.10"));
    };
    BOOST_TEST(add(kV1, "2000") == "ok");
    BOOST_TEST(add(kV1, "2001") == "ok");
    BOOST_TEST(add(kV1, "2002") == "501");
    BOOST_TEST(add(kV2, "2002") == "728");
    BOOST_TEST(add(kV1, "2000") == "ok");
    BOOST_TEST(device.outcome(kV1, "AddPortMapping", add_fields("2003", "2003", "192.168.1.20"),
                              kPhone) == "ok");
}

BOOST_AUTO_TEST_CASE(every_other_action_has_its_answer) {
    struct Row {
        ServiceKind kind;
        std::string_view action;
        Fields fields;
        std::string_view outcome;
    };
    const Row rows[] = {
        {kV1, "GetStatusInfo", {}, "ok"},
        {kV1, "GetNATRSIPStatus", {}, "ok"},
        {kV1, "GetConnectionTypeInfo", {}, "ok"},
        {kV1, "RequestConnection", {}, "ok"},
        {kV1, "ForceTermination", {}, "606"},
        {kV2, "ForceTermination", {}, "606"},
        {kV2, "SetConnectionType", {{"NewConnectionType", "IP_Bridged"}}, "731"},
        {kV1, "SetConnectionType", {}, "402"},
        {kV1, "RequestTermination", {}, "602"},
        {kV1, "GetIdleDisconnectTime", {}, "602"},
        {kV1, "GetUserName", {}, "401"},
        {kV1, "GetListOfPortMappings", {}, "401"},
        {ServiceKind::common, "GetCommonLinkProperties", {}, "ok"},
        {ServiceKind::common, "GetEnabledForInternet", {}, "ok"},
        {ServiceKind::common, "SetEnabledForInternet", {}, "602"},
        {ServiceKind::layer3, "GetDefaultConnectionService", {}, "ok"},
        {ServiceKind::layer3,
         "SetDefaultConnectionService",
         {{"NewDefaultConnectionService", "uuid:x,y"}},
         "720"},
    };
    for (const Row& row : rows) {
        BOOST_TEST_CONTEXT(row.action) {
            BOOST_TEST(Device().outcome(row.kind, row.action, row.fields) == row.outcome);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_connection_is_told_as_it_is) {
    Device device;
    BOOST_TEST(field(device.call(kV1, "GetExternalIPAddress"), "NewExternalIPAddress") ==
               "11.0.0.1");
    device.pass(90s);
    const HttpAnswer up = device.call(kV1, "GetStatusInfo");
    BOOST_TEST(field(up, "NewConnectionStatus") == "Connected");
    BOOST_TEST(field(up, "NewUptime") == "90");
    device.nat.event(OutsideChanged{{}});
    device.room->settle(device.nat.now, device.effects);
    BOOST_TEST(field(device.call(kV1, "GetExternalIPAddress"), "NewExternalIPAddress") == "");
    const HttpAnswer down = device.call(kV1, "GetStatusInfo");
    BOOST_TEST(field(down, "NewConnectionStatus") == "Disconnected");
    BOOST_TEST(field(down, "NewUptime") == "0");
    BOOST_TEST(device.outcome(kV1, "RequestConnection") == "606");
}

BOOST_AUTO_TEST_CASE(the_counters_are_those_of_the_wire_and_wrap) {
    Device device;
    device.handle(WanCounters{0x1'0000'0005, 7, 8, 9, 1'000'000'000});
    const auto common = ServiceKind::common;
    BOOST_TEST(field(device.call(common, "GetTotalBytesSent"), "NewTotalBytesSent") == "5");
    BOOST_TEST(field(device.call(common, "GetTotalBytesReceived"), "NewTotalBytesReceived") == "7");
    BOOST_TEST(field(device.call(common, "GetTotalPacketsSent"), "NewTotalPacketsSent") == "8");
    BOOST_TEST(field(device.call(common, "GetTotalPacketsReceived"), "NewTotalPacketsReceived") ==
               "9");
    const HttpAnswer link = device.call(common, "GetCommonLinkProperties");
    BOOST_TEST(field(link, "NewLayer1UpstreamMaxBitRate") == "1000000000");
    BOOST_TEST(field(link, "NewPhysicalLinkStatus") == "Up");
}

// A messenger of 2004: the query in the address of the control (which the server cuts off), an
// envelope without a prefix declaration of its own, no end, a description in another encoding.
BOOST_AUTO_TEST_CASE(old_messengers_get_their_port_for_ever_until_they_are_gone) {
    Device device;
    HttpRequest request = device.request("POST", device.path(kV1, "control"));
    request.headers.emplace_back("CONTENT-TYPE", "text/xml; charset=\"utf-8\"");
    request.headers.emplace_back(
        "SOAPAction", "\"urn:schemas-upnp-org:service:WANIPConnection:1#AddPortMapping\"");
    request.body =
        "<?xml version=\"1.0\"?>\r\n<SOAP-ENV:Envelope "
        "xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\" "
        "SOAP-ENV:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\">\r\n<SOAP-ENV:Body>"
        "<m:AddPortMapping xmlns:m=\"urn:schemas-upnp-org:service:WANIPConnection:1\">"
        "<NewRemoteHost xmlns:dt=\"urn:schemas-microsoft-com:datatypes\" dt:dt=\"string\">"
        "</NewRemoteHost><NewExternalPort dt:dt=\"ui2\">14214</NewExternalPort>"
        "<NewProtocol>TCP</NewProtocol><NewInternalPort>9000</NewInternalPort>"
        "<NewInternalClient>192.168.1.10</NewInternalClient><NewEnabled>1</NewEnabled>"
        "<NewPortMappingDescription>msmsgs \xcd\xf5\x01 9000</NewPortMappingDescription>"
        "<NewLeaseDuration>0</NewLeaseDuration></m:AddPortMapping>"
        "</SOAP-ENV:Body></SOAP-ENV:Envelope>\r\n";
    BOOST_TEST(device.http(request).status == 200U);
    const Forward made = device.nat.engine->forwards().front();
    BOOST_TEST(made.description.view().starts_with("msmsgs "));
    BOOST_TEST(made.description.view().find('\x01') == std::string::npos);
    BOOST_TEST(field(device.call(kV1, "GetSpecificPortMappingEntry", place_fields("14214")),
                     "NewLeaseDuration") == "0");
    device.pass(6 * 86400s);
    BOOST_TEST(device.forwards() == 1U);
    device.pass(2 * 86400s);
    BOOST_TEST(device.forwards() == 0U);
}

BOOST_AUTO_TEST_CASE(permissions_are_asked_in_their_order) {
    config::Config config = default_config();
    const auto rule = [](config::PermissionAction action) {
        config::Permission out;
        out.action = action;
        return out;
    };
    config::Permission web = rule(config::PermissionAction::allow);
    web.mac = kPcMac;
    web.outside = web.inside = {{80}, {80}};
    config::Permission no_phone = rule(config::PermissionAction::deny);
    no_phone.network = Prefix4{kPhone, 32};
    config::Permission high = rule(config::PermissionAction::deny);
    high.outside = {{60000}, {65535}};
    config.upnp.permissions = {web, no_phone, high};
    Device device(config);
    const auto add = [&](std::string_view port, Ip4 client) {
        return device.outcome(kV2, "AddPortMapping", add_fields(port, port, client.to_string()),
                              client);
    };
    BOOST_TEST(add("80", kPc) == "ok");
    BOOST_TEST(add("81", kPc) == "606");
    BOOST_TEST(add("5000", kPhone) == "606");
    BOOST_TEST(add("5000", kPc) == "ok");
    BOOST_TEST(add("60000", kPc) == "606");
    BOOST_TEST(add("22", kPc) == "606");
}

BOOST_AUTO_TEST_CASE(without_secure_mode_a_device_may_ask_for_another_but_not_for_the_router) {
    config::Config config = default_config();
    config.upnp.secure = false;
    Device device(config);
    const auto add = [&](std::string_view client) {
        return device.outcome(kV1, "AddPortMapping", add_fields("6881", "6881", client));
    };
    BOOST_TEST(add("192.168.1.20") == "ok");
    BOOST_TEST(add("192.168.1.1") == "718");
    BOOST_TEST(add("11.0.9.1") == "718");
    // Both may close it, and nobody else.
    const Ip4 console = Ip4::of(192, 168, 1, 30);
    BOOST_TEST(device.outcome(kV1, "DeletePortMapping", place_fields("6881"), console) == "606");
    BOOST_TEST(device.outcome(kV1, "DeletePortMapping", place_fields("6881")) == "ok");
    BOOST_TEST(add("192.168.1.20") == "ok");
    BOOST_TEST(device.outcome(kV1, "DeletePortMapping", place_fields("6881"), kPhone) == "ok");
    // The rules of the user change: what was opened for another ends.
    BOOST_TEST(add("192.168.1.20") == "ok");
    device.handle(upnp::Reconfigured{default_config()});
    BOOST_TEST(device.forwards() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
