// SPDX-License-Identifier: GPL-2.0-or-later
//
// GENA, and who may talk to the HTTP server at all.
#include <boost/test/unit_test.hpp>

#include "tests/upnp/device.h"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

constexpr auto kV1 = ServiceKind::wan_ip1;
constexpr auto kV2 = ServiceKind::wan_ip2;
constexpr std::string_view kCallback = "<http://192.168.1.10:2869/upnp/eventing/x?a=1>";

HttpAnswer subscribe(Device& device, const Fields& headers, ServiceKind kind = kV1,
                     Ip4 client = kPc) {
    HttpRequest request = device.request("SUBSCRIBE", device.path(kind, "event"), client);
    request.headers.insert(request.headers.end(), headers.begin(), headers.end());
    return device.http(request);
}

Fields wish(std::string_view callback = kCallback) {
    return {{"CALLBACK", std::string(callback)}, {"NT", "upnp:event"}, {"TIMEOUT", "Second-1800"}};
}

std::string sid_of(const HttpAnswer& answer) {
    for (const auto& [name, value] : answer.headers) {
        if (name == "SID") return value;
    }
    return "-";
}

// The first message after that time, which is delivered at once.
std::string told(Device& device, Duration time = 60ms) {
    device.pass(time);
    if (device.effects.notifies.empty()) return "-";
    std::string out = device.effects.notifies.front().message;
    const std::uint32_t id = device.effects.notifies.front().subscription;
    device.effects.notifies.clear();
    device.handle(NotifyDone{id, true});
    return out;
}

bool has(std::string_view text, std::string_view piece) {
    return text.find(piece) != std::string_view::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gena)

BOOST_AUTO_TEST_CASE(the_first_message_has_everything_and_the_next_what_changed) {
    Device device;
    const HttpAnswer answer = subscribe(device, wish(), kV2);
    BOOST_TEST(answer.status == 200U);
    const std::string first = told(device);
    BOOST_TEST(
        first.starts_with("NOTIFY /upnp/eventing/x?a=1 HTTP/1.1\r\n"
                          "HOST: 192.168.1.10:2869\r\n"));
    BOOST_TEST(has(first, concat("SID: ", sid_of(answer), "\r\nSEQ: 0\r\n")));
    BOOST_TEST(has(first, "<ExternalIPAddress>11.0.0.1</ExternalIPAddress>"));
    BOOST_TEST(has(first, "<ConnectionStatus>Connected<"));
    BOOST_TEST(has(first, "<PossibleConnectionTypes>IP_Routed<"));
    BOOST_TEST(has(first, "<PortMappingNumberOfEntries>0<"));
    BOOST_TEST(has(first, "<SystemUpdateID>0<"));
    device.call(kV2, "AddPortMapping", add_fields("6881", "6881", "192.168.1.10"));
    const std::string second = told(device, 1s);
    BOOST_TEST(has(second, "SEQ: 1\r\n"));
    BOOST_TEST(has(second, "<PortMappingNumberOfEntries>1<"));
    BOOST_TEST(has(second, "<SystemUpdateID>1<"));
    BOOST_TEST(!has(second, "ExternalIPAddress"));
    BOOST_TEST(told(device, 3601s) == "-");  // and it was not renewed
}

// Before, its client may not have read the SID of the subscription.
BOOST_AUTO_TEST_CASE(the_first_message_leaves_after_the_answer) {
    Device device;
    BOOST_TEST(subscribe(device, wish()).status == 200U);
    device.call(kV1, "AddPortMapping", add_fields("6881", "6881", "192.168.1.10"));
    BOOST_TEST(device.effects.notifies.empty());
    const std::string first = told(device);
    BOOST_TEST(has(first, "SEQ: 0\r\n"));
    BOOST_TEST(has(first, "<PortMappingNumberOfEntries>1<"));
    BOOST_TEST(told(device, 1s) == "-");
}

BOOST_AUTO_TEST_CASE(without_igd_nobody_is_told_anything) {
    Device device;
    subscribe(device, wish());
    told(device);
    config::Config off = default_config();
    off.upnp.igd = false;
    device.handle(upnp::Reconfigured{off});
    device.udp("0001 0000 1ae1 1ae1 00000e10");
    BOOST_TEST(told(device, 1s) == "-");
}

BOOST_AUTO_TEST_CASE(a_new_outside_address_and_the_end_of_a_lease_are_told) {
    Device device;
    subscribe(device, wish());
    told(device);
    device.call(kV1, "AddPortMapping", add_fields("6881", "6881", "192.168.1.10", "TCP", "60"));
    BOOST_TEST(has(told(device, 1s), "<PortMappingNumberOfEntries>1<"));
    BOOST_TEST(has(told(device, 61s), "<PortMappingNumberOfEntries>0<"));
    device.nat.event(OutsideChanged{{kOutside2}});
    device.room->settle(device.nat.now, device.effects);
    BOOST_TEST(has(told(device, 1s), "<ExternalIPAddress>11.0.0.2<"));
}

BOOST_AUTO_TEST_CASE(many_changes_make_few_messages) {
    Device device;
    subscribe(device, wish());
    told(device);
    std::size_t messages = 0;
    for (int i = 0; i < 50; ++i) {
        const std::string port = std::to_string(2000 + i);
        device.call(kV1, "AddPortMapping", add_fields(port, port, "192.168.1.10"));
        if (told(device, 10ms) != "-") ++messages;
    }
    BOOST_TEST(messages >= 2U);
    BOOST_TEST(messages <= 4U);
}

BOOST_AUTO_TEST_CASE(events_go_to_the_subscriber_and_nobody_else) {
    for (const std::string_view callback :
         {"<http://192.168.1.20:2869/x>", "<http://11.0.9.1:2869/x>", "<http://127.0.0.1:2869/x>",
          "<http://192.168.1.1:2869/x>", "<http://victim.example:2869/x>",
          "<http://[::ffff:192.168.1.10]:2869/x>", "<https://192.168.1.10:2869/x>",
          "<http://192.168.1.10:2869/x><http://11.0.9.1:80/y>", "<http://192.168.1.10:80/x>",
          "<http://192.168.1.10/x>", "<http://192.168.1.10:2869@11.0.9.1/x>",
          "<http://192.168.1.10:2869/x y>", "<http://192.168.1.10:2869/x\r\nEvil: 1>", "<>", "",
          "http://192.168.1.10:2869/x"}) {
        BOOST_TEST_CONTEXT(callback) {
            Device device;
            BOOST_TEST(subscribe(device, wish(callback)).status == 412U);
            BOOST_TEST(told(device, 1s) == "-");
        }
    }
    Device device;
    BOOST_TEST(
        subscribe(device, wish(concat("<http://192.168.1.10:2869/", std::string(600, 'a'), '>')))
            .status == 412U);
}

BOOST_AUTO_TEST_CASE(a_subscription_is_renewed_and_ended_by_its_own_host) {
    Device device;
    const std::string sid = sid_of(subscribe(device, wish()));
    BOOST_TEST(subscribe(device, {{"SID", sid}}).status == 200U);
    BOOST_TEST(subscribe(device, {{"SID", sid}}, kV1, kPhone).status == 412U);
    BOOST_TEST(subscribe(device, {{"SID", "uuid:x"}}).status == 412U);
    BOOST_TEST(subscribe(device, {{"SID", sid}, {"NT", "upnp:event"}}).status == 400U);
    BOOST_TEST(subscribe(device, {{"NT", "upnp:event"}}).status == 412U);
    BOOST_TEST(subscribe(device, {{"CALLBACK", std::string(kCallback)}}).status == 412U);
    HttpRequest end = device.request("UNSUBSCRIBE", device.path(kV1, "event"), kPhone);
    end.headers.emplace_back("SID", sid);
    BOOST_TEST(device.http(end).status == 412U);
    end.client = kPc;
    BOOST_TEST(device.http(end).status == 200U);
    BOOST_TEST(device.http(end).status == 412U);
}

BOOST_AUTO_TEST_CASE(a_host_has_eight_subscriptions_and_who_cannot_be_reached_is_forgotten) {
    Device device;
    for (int i = 0; i < 8; ++i)
        BOOST_TEST(subscribe(device, wish()).status == 200U);
    BOOST_TEST(subscribe(device, wish()).status == 503U);
    BOOST_TEST(subscribe(device, wish("<http://192.168.1.20:2869/x>"), kV1, kPhone).status == 200U);
    for (int round = 0; round < 4; ++round) {
        for (const Notify& notify : std::exchange(device.effects.notifies, {}))
            device.handle(NotifyDone{notify.subscription, false});
        const std::string port = std::to_string(2000 + round);
        device.call(kV1, "AddPortMapping", add_fields(port, port, "192.168.1.10"));
        device.pass(1s);
    }
    BOOST_TEST(device.effects.notifies.empty());
    BOOST_TEST(subscribe(device, wish()).status == 200U);
}

BOOST_AUTO_TEST_CASE(timeouts_are_at_least_half_an_hour) {
    BOOST_TEST(parse_timeout("Second-60").count() == 1800);
    BOOST_TEST(parse_timeout("second-3600").count() == 3600);
    BOOST_TEST(parse_timeout("Second-infinite").count() == 7200);
    BOOST_TEST(parse_timeout("").count() == 7200);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(http)

BOOST_AUTO_TEST_CASE(a_browser_cannot_open_ports) {
    struct Row {
        std::string_view what;
        Fields add;
        std::string_view host;
        unsigned status;
    };
    const Row rows[] = {
        {"a control point", {}, "192.168.1.1:5000", 200},
        {"another name for us", {}, "router.evil.example:5000", 403},
        {"another port", {}, "192.168.1.1:8080", 403},
        {"no port", {}, "192.168.1.1", 403},
        {"the outside address", {}, "11.0.0.1:5000", 403},
        {"a script of a page", {{"Origin", "http://evil.example"}}, "192.168.1.1:5000", 403},
        {"a script without a name", {{"Origin", "null"}}, "192.168.1.1:5000", 403},
        {"a form", {{"Referer", "http://evil.example/"}}, "192.168.1.1:5000", 403},
        {"a page of another site", {{"Sec-Fetch-Site", "cross-site"}}, "192.168.1.1:5000", 403},
        {"two hosts", {{"Host", "192.168.1.1:5000"}}, "192.168.1.1:5000", 400},
        {"two media types", {{"Content-Type", "text/plain"}}, "192.168.1.1:5000", 415},
    };
    for (const Row& row : rows) {
        BOOST_TEST_CONTEXT(row.what) {
            Device device;
            HttpRequest request = device.request("POST", device.path(kV1, "control"));
            request.headers = {
                {"Host", std::string(row.host)},
                {"Content-Type", "text/xml"},
                {"SOAPAction",
                 "\"urn:schemas-upnp-org:service:WANIPConnection:1#AddPortMapping\""}};
            request.headers.insert(request.headers.end(), row.add.begin(), row.add.end());
            request.body = soap_body(model_of(kV1).type, "AddPortMapping",
                                     add_fields("6881", "6881", "192.168.1.10"));
            BOOST_TEST(device.http(request).status == row.status);
            BOOST_TEST(device.forwards() == (row.status == 200 ? 1U : 0U));
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_call_changes_nothing) {
    const std::string good =
        soap_body(model_of(kV1).type, "AddPortMapping", add_fields("6881", "6881", "192.168.1.10"));
    const std::string action = "\"urn:schemas-upnp-org:service:WANIPConnection:1#AddPortMapping\"";
    std::string deep;
    for (int i = 0; i < 4000; ++i)
        deep += "<a>";
    struct Row {
        std::string_view what;
        std::string method;
        std::string type;
        std::string action;
        std::string body;
        unsigned status;
    };
    const Row rows[] = {
        {"a form's media type", "POST", "application/x-www-form-urlencoded", action, good, 415},
        {"plain text", "POST", "text/plain", action, good, 415},
        {"a reading", "GET", "text/xml", action, good, 405},
        {"a preflight", "OPTIONS", "text/xml", action, good, 405},
        {"M-POST", "M-POST", "text/xml", action, good, 405},
        {"no call", "POST", "text/xml", action, "", 500},
        {"one quote", "POST", "text/xml", "\"", good, 500},
        {"no action", "POST", "text/xml", "", good, 500},
        {"another action in the header", "POST", "text/xml",
         "\"urn:schemas-upnp-org:service:WANIPConnection:1#GetStatusInfo\"", good, 500},
        {"another service", "POST", "text/xml",
         "\"urn:schemas-upnp-org:service:WANPPPConnection:1#AddPortMapping\"", good, 500},
        {"a document type", "POST", "text/xml", action,
         "<!DOCTYPE a [<!ENTITY b \"c\">]>" + good.substr(21), 500},
        {"a deep one", "POST", "text/xml", action, deep, 500},
        {"a long one", "POST", "text/xml", action, good + std::string(20000, ' '), 413},
        {"an unfinished one", "POST", "text/xml", action, good.substr(0, good.size() - 10), 500},
        {"a zero byte", "POST", "text/xml", action, std::string(1, '\0') + good, 500},
    };
    for (const Row& row : rows) {
        BOOST_TEST_CONTEXT(row.what) {
            Device device;
            HttpRequest request = device.request(row.method, device.path(kV1, "control"));
            request.headers.emplace_back("Content-Type", row.type);
            request.headers.emplace_back("SOAPAction", row.action);
            request.body = row.body;
            BOOST_TEST(device.http(request).status == row.status);
            BOOST_TEST(device.forwards() == 0U);
        }
    }
}

BOOST_AUTO_TEST_CASE(who_does_not_know_the_addresses_finds_nothing) {
    Device device;
    for (const char* path : {"/rootDesc.xml", "/igd1/device.xml", "/0123/igd1/device.xml",
                             "/../../etc/passwd", "//", "/x", ""}) {
        BOOST_TEST(device.http(device.request("GET", path)).status == 404U);
    }
    BOOST_TEST(device.http(device.request("GET", "/", Ip4::of(11, 0, 9, 1))).status == 403U);
}

BOOST_AUTO_TEST_CASE(old_clients_may_ask_for_a_variable) {
    Device device;
    const auto query = [&](std::string_view variable) {
        HttpRequest request = device.request("POST", device.path(kV1, "control"));
        request.headers.emplace_back("Content-Type", "text/xml");
        request.headers.emplace_back("SOAPAction",
                                     "\"urn:schemas-upnp-org:control-1-0#QueryStateVariable\"");
        request.body = soap_body("urn:schemas-upnp-org:control-1-0", "QueryStateVariable",
                                 {{"varName", std::string(variable)}});
        return device.http(request).body;
    };
    BOOST_TEST(element(query("ExternalIPAddress"), "return") == "11.0.0.1");
    BOOST_TEST(element(query("Uptime"), "errorCode") == "404");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(firewall6)

BOOST_AUTO_TEST_CASE(a_pinhole_is_opened_by_the_device_itself_from_any_of_its_addresses) {
    const Ip6 pc = *parse_ip6("2001:db8:1::10");
    const Ip6 phone = *parse_ip6("2001:db8:1::20");
    config::Config config = default_config();
    config.timeouts.tcp_established = 7440s;
    config.timeouts.udp = 300s;
    Device device(config);
    device.nat.hosts.publish(pc, HostSource::neighbour, kPcMac);
    device.nat.hosts.publish(phone, HostSource::neighbour, kPhoneMac);
    const auto fields = [](std::string_view client, std::string_view port = "8080",
                           std::string_view protocol = "6", std::string_view lease = "3600",
                           std::string_view remote_port = "0") {
        return Fields{{"RemoteHost", ""},
                      {"RemotePort", std::string(remote_port)},
                      {"InternalClient", std::string(client)},
                      {"InternalPort", std::string(port)},
                      {"Protocol", std::string(protocol)},
                      {"LeaseTime", std::string(lease)}};
    };
    constexpr auto kFirewall = ServiceKind::firewall6;
    const std::string own = pc.to_string();
    const HttpAnswer opened = device.call(kFirewall, "AddPinhole", fields(own));
    BOOST_TEST(element(opened.body, "UniqueID") == "1");
    BOOST_TEST(device.nat.pinholes.size() == 1U);
    BOOST_TEST(element(device.call(kFirewall, "AddPinhole", fields(own)).body, "UniqueID") == "1");
    const auto outcome = [&](const Fields& f) {
        return device.outcome(kFirewall, "AddPinhole", f);
    };
    BOOST_TEST(outcome(fields(phone.to_string())) == "606");
    BOOST_TEST(outcome(fields("2001:db8:1::1")) == "606");   // the router
    BOOST_TEST(outcome(fields("2001:db8:2::10")) == "606");  // somebody outside
    BOOST_TEST(outcome(fields("fe80::1")) == "402");
    BOOST_TEST(outcome(fields("::ffff:192.168.1.10")) == "402");
    BOOST_TEST(outcome(fields(own, "445")) == "606");
    BOOST_TEST(outcome(fields(own, "0")) == "706");
    BOOST_TEST(outcome(fields(own, "8080", "65535")) == "707");
    BOOST_TEST(outcome(fields(own, "8080", "41")) == "705");
    BOOST_TEST(outcome(fields(own, "8080", "6", "0")) == "601");
    BOOST_TEST(outcome(fields(own, "8080", "6", "86401")) == "601");
    BOOST_TEST(outcome(fields(own, "8080", "6", "3600", "80")) == "703");
    const Fields update{{"UniqueID", "1"}, {"NewLeaseTime", "60"}};
    BOOST_TEST(device.outcome(kFirewall, "UpdatePinhole", update, kPhone) == "606");
    BOOST_TEST(device.outcome(kFirewall, "UpdatePinhole", update) == "ok");
    BOOST_TEST(device.outcome(kFirewall, "DeletePinhole", {{"UniqueID", "9"}}) == "704");
    BOOST_TEST(device.outcome(kFirewall, "DeletePinhole", {{"UniqueID", "1"}}, kPhone) == "606");
    BOOST_TEST(device.outcome(kFirewall, "DeletePinhole", {{"UniqueID", "1"}}) == "ok");
    BOOST_TEST(device.nat.pinholes.empty());
    BOOST_TEST(device.outcome(kFirewall, "GetFirewallStatus") == "ok");
    // How long a way out stays open: what the configuration says.
    const auto out_for = [&](std::string_view protocol) {
        Fields asked = fields(own, "8080", protocol, "3600", "80");
        asked.pop_back();
        const HttpAnswer answer = device.call(kFirewall, "GetOutboundPinholeTimeout", asked);
        return element(answer.body, answer.status == 200 ? "OutboundPinholeTimeout" : "errorCode");
    };
    BOOST_TEST(out_for("6") == "7440");
    BOOST_TEST(out_for("17") == "300");
    BOOST_TEST(out_for("41") == "705");
    BOOST_TEST(out_for("65535") == "707");
}

BOOST_AUTO_TEST_SUITE_END()
