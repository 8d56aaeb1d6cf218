// SPDX-License-Identifier: GPL-2.0-or-later
//
// How IPv6 pinholes age, end and survive, whichever language asked for them.
#include <boost/test/unit_test.hpp>

#include "tests/upnp/device.h"
#include "upnp/actions.h"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

const char* const kPc6 = "2001:db8:1::10";

// Of the pc, which asks at its address of IPv6.
HttpAnswer ask_firewall(Device& device, std::string_view action, const Fields& fields) {
    HttpRequest ask = device.request("POST", device.path(ServiceKind::firewall6, "control"));
    ask.client = *parse_ip6(kPc6);
    ask.local = {*parse_ip6("2001:db8:1::1"), {5000}};
    const std::string_view type = model_of(ServiceKind::firewall6).type;
    ask.headers = {{"Host", "[2001:db8:1::1]:5000"},
                   {"Content-Type", "text/xml"},
                   {"SOAPAction", concat('"', type, '#', action, '"')}};
    ask.body = soap_body(type, action, fields);
    return device.http(ask);
}

std::string open_pinhole(Device& device, std::string_view port) {
    return element(ask_firewall(device, "AddPinhole",
                                {{"RemoteHost", ""},
                                 {"RemotePort", "0"},
                                 {"InternalClient", kPc6},
                                 {"InternalPort", std::string(port)},
                                 {"Protocol", "6"},
                                 {"LeaseTime", "3600"}})
                       .body,
                   "UniqueID");
}

// MAP of TCP 8080 by the pc over IPv6: the result, and for how long.
std::string map_by_pcp(Device& device, std::string_view lifetime) {
    bool ok = false;
    const auto bytes =
        from_hex(concat("02010000", lifetime, "20010db8000100000000000000000010",
                        "0102030405060708090a0b0c060000001f901f9000000000000000000000000000000000"),
                 ok);
    device.effects.sends.clear();
    device.handle(Datagram{Service::mapping,
                           "lan",
                           {*parse_ip6(kPc6), Port{40000}},
                           std::string(as_text(bytes)),
                           *parse_ip6("fe80::1")});
    if (device.effects.sends.empty()) return "silence";
    return to_hex(as_bytes(device.effects.sends.front().bytes)).substr(6, 10);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pinholes)

BOOST_AUTO_TEST_CASE(a_pinhole_survives_with_its_number_and_ends_for_good) {
    Device before;
    BOOST_TEST(open_pinhole(before, "8001") == "1");
    BOOST_TEST(open_pinhole(before, "8002") == "2");
    BOOST_TEST(open_pinhole(before, "8003") == "3");
    BOOST_TEST(ask_firewall(before, "DeletePinhole", {{"UniqueID", "1"}}).status == 200U);
    before.pass(600s);
    Device after;
    after.nat.now = before.nat.now + 60s;
    after.begin(before.journal);
    const auto there = after.nat.engine->pinholes();
    BOOST_REQUIRE(there.size() == 2U);
    BOOST_TEST(there[0]->id == 2U);
    BOOST_TEST(there[1]->port.number == 8003U);
    BOOST_TEST(whole_seconds(there[1]->expires - after.nat.now) == 2940);
    // Its owner knows it by its number.
    BOOST_TEST(ask_firewall(after, "UpdatePinhole", {{"UniqueID", "3"}, {"NewLeaseTime", "7200"}})
                   .status == 200U);
    BOOST_TEST(open_pinhole(after, "8004") == "1");
    // After a reboot each has the time that was left.
    Device rebooted(default_config(), {}, "boot-2");
    rebooted.nat.now = Instant{} + 50s;
    rebooted.begin(after.journal);
    const auto again = rebooted.nat.engine->pinholes();
    BOOST_REQUIRE(again.size() == 3U);
    BOOST_TEST(again[2]->id == 3U);
    BOOST_TEST(whole_seconds(again[2]->expires - rebooted.nat.now) == 7200);
}

BOOST_AUTO_TEST_CASE(each_change_of_a_pinhole_is_one_line) {
    Device device;
    const auto lines = [&device] {
        return std::count(device.journal.begin(), device.journal.end(), '\n');
    };
    auto before = lines();
    for (int port = 8001; port <= 8100; ++port) {
        open_pinhole(device, std::to_string(port));
        BOOST_TEST(lines() == ++before);
    }
    ask_firewall(device, "UpdatePinhole", {{"UniqueID", "50"}, {"NewLeaseTime", "7200"}});
    BOOST_TEST(lines() == ++before);
    ask_firewall(device, "GetFirewallStatus", {});
    ask_firewall(device, "DeletePinhole", {{"UniqueID", "500"}});
    BOOST_TEST(lines() == before);
    ask_firewall(device, "DeletePinhole", {{"UniqueID", "50"}});
    BOOST_TEST(lines() == ++before);
    BOOST_TEST(parse_journal(device.journal, "boot-1", device.nat.now).pinholes.size() == 99U);
}

BOOST_AUTO_TEST_CASE(a_pinhole_that_is_not_allowed_any_more_is_closed) {
    Device device;
    BOOST_TEST(open_pinhole(device, "8001") == "1");
    config::Config strict = default_config();
    config::Permission deny;
    deny.action = config::PermissionAction::deny;
    strict.upnp.permissions = {deny};
    device.handle(upnp::Reconfigured{strict});
    BOOST_TEST(device.nat.engine->pinholes().empty());
    BOOST_TEST(parse_journal(device.journal, "boot-1", device.nat.now).pinholes.empty());
}

BOOST_AUTO_TEST_CASE(a_pinhole_of_pcp_lives_as_long_as_it_is_renewed) {
    Device device;
    BOOST_TEST(map_by_pcp(device, "00000001") == "0000000078");  // two minutes at least
    for (int i = 0; i < 5; ++i) {
        device.pass(100s);
        BOOST_TEST(device.nat.pinholes.size() == 1U);
        BOOST_TEST(map_by_pcp(device, "00000078") == "0000000078");
        BOOST_TEST(device.nat.engine->pinholes().size() == 1U);
    }
    device.pass(119s);
    BOOST_TEST(device.nat.pinholes.size() == 1U);
    device.pass(1s);
    BOOST_TEST(device.nat.pinholes.empty());
}

BOOST_AUTO_TEST_CASE(a_pinhole_of_pcp_survives_a_restart_and_ends_in_time) {
    Device before;
    BOOST_TEST(map_by_pcp(before, "00000e10") == "0000000e10");
    before.pass(3000s);
    Device after;
    after.nat.now = before.nat.now;
    after.begin(before.journal);
    BOOST_TEST(after.nat.pinholes.size() == 1U);
    Device renewed;
    renewed.nat.now = before.nat.now;
    renewed.begin(before.journal);
    BOOST_TEST(map_by_pcp(renewed, "00000e10") == "0000000e10");
    for (Device* one : {&after, &renewed})
        one->pass(601s);
    BOOST_TEST(after.nat.pinholes.empty());
    BOOST_TEST(renewed.nat.pinholes.size() == 1U);
    BOOST_TEST(map_by_pcp(renewed, "00000000") == "0000000000");
    BOOST_TEST(renewed.nat.pinholes.empty());
    // Nothing of it comes back.
    Device again;
    again.nat.now = renewed.nat.now;
    again.begin(renewed.journal);
    BOOST_TEST(again.nat.pinholes.empty());
}

BOOST_AUTO_TEST_CASE(a_device_is_told_how_much_came_through_its_pinhole_and_no_other_device_is) {
    Device device;
    device.nat.hosts.publish(*parse_ip6(kPc6), HostSource::neighbour, kPcMac);
    device.nat.hosts.publish(*parse_ip6("2001:db8:1::20"), HostSource::neighbour, kPhoneMac);
    const std::string id = open_pinhole(device, "8080");
    BOOST_TEST(id == "1");
    constexpr auto kFirewall = ServiceKind::firewall6;
    const auto outcome = [&](std::string_view action, std::string_view which, Ip4 client = kPc) {
        return device.outcome(kFirewall, action, {{"UniqueID", std::string(which)}}, client);
    };
    const auto says = [&](std::uint64_t packets) {
        const auto elements = device.nat.engine->elements_of(1);
        const std::vector<PinholeCount> counts{{elements.front(), packets}};
        device.nat.event(PinholeCounted{1, counts});
    };
    // The kernel does not count.
    BOOST_TEST(outcome("GetPinholePackets", "1") == "501");
    BOOST_TEST(outcome("CheckPinholeWorking", "1") == "501");
    says(0);
    const auto packets = [&] {
        return element(device.call(kFirewall, "GetPinholePackets", {{"UniqueID", "1"}}).body,
                       "PinholePackets");
    };
    BOOST_TEST(packets() == "0");
    BOOST_TEST(outcome("CheckPinholeWorking", "1") == "709");
    says(12);
    BOOST_TEST(packets() == "12");
    BOOST_TEST(element(device.call(kFirewall, "CheckPinholeWorking", {{"UniqueID", "1"}}).body,
                       "IsWorking") == "1");
    says(4294967297);
    BOOST_TEST(packets() == "1");
    for (const char* action : {"GetPinholePackets", "CheckPinholeWorking"}) {
        BOOST_TEST(outcome(action, "1", kPhone) == "606");
        BOOST_TEST(outcome(action, "2") == "704");
        BOOST_TEST(outcome(action, "") == "402");
        BOOST_TEST(outcome(action, "-1") == "402");
        BOOST_TEST(outcome(action, "65536") == "601");
        BOOST_TEST(device.outcome(kFirewall, action) == "402");
    }
}

BOOST_AUTO_TEST_CASE(whoever_counts_learns_from_a_request_which_pinhole_is_meant) {
    const Device device;
    const std::string_view type = model_of(ServiceKind::firewall6).type;
    const auto meant = [&](std::string_view action, const Fields& fields) {
        HttpRequest request =
            device.request("POST", device.path(ServiceKind::firewall6, "control"));
        request.headers.emplace_back("SOAPAction", concat('"', type, '#', action, '"'));
        request.body = soap_body(type, action, fields);
        return pinhole_to_count(request).value_or(0);
    };
    BOOST_TEST(meant("GetPinholePackets", {{"UniqueID", "7"}}) == 7U);
    BOOST_TEST(meant("CheckPinholeWorking", {{"UniqueID", "65535"}}) == 65535U);
    BOOST_TEST(meant("CheckPinholeWorking", {{"UniqueID", "x"}}) == 0U);
    BOOST_TEST(meant("CheckPinholeWorking", {}) == 0U);
    BOOST_TEST(meant("DeletePinhole", {{"UniqueID", "7"}}) == 0U);
    BOOST_TEST(!pinhole_to_count(device.request("GET", "/")).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
