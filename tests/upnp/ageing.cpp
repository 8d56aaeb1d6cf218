// SPDX-License-Identifier: GPL-2.0-or-later
//
// How long a forward lives, and what of it survives.
#include <boost/test/unit_test.hpp>

#include "tests/upnp/device.h"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

constexpr auto kV1 = ServiceKind::wan_ip1;

ForwardId add(Device& device, std::string_view port, std::string_view lease,
              std::string_view description = "game") {
    return device
        .call(kV1, "AddPortMapping",
              add_fields(port, port, "192.168.1.10", "TCP", lease, description))
        .made.value_or(0);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ageing)

BOOST_AUTO_TEST_CASE(a_lease_ends_when_it_is_over) {
    Device device;
    add(device, "6881", "100");
    device.pass(99s);
    BOOST_TEST(device.forwards() == 1U);
    device.pass(2s);
    BOOST_TEST(device.forwards() == 0U);
    BOOST_TEST(device.outcome(kV1, "GetSpecificPortMappingEntry", place_fields("6881")) == "714");
}

BOOST_AUTO_TEST_CASE(what_was_asked_for_without_an_end_lives_while_it_is_used) {
    Device device;
    const ForwardId id = add(device, "6881", "0");
    device.in_use = {id};
    device.pass(20 * 86400s);
    BOOST_TEST(device.forwards() == 1U);
    device.in_use.clear();
    device.pass(8 * 86400s);
    BOOST_TEST(device.forwards() == 0U);
}

BOOST_AUTO_TEST_CASE(a_device_that_has_left_loses_its_forwards) {
    Device device;
    add(device, "6881", "0");
    add(device, "6882", "604800");
    device.nat.hosts.withdraw(kPc, HostSource::neighbour);
    device.pass(50min);
    BOOST_TEST(device.forwards() == 2U);
    device.pass(20min);
    BOOST_TEST(device.forwards() == 0U);
}

// What the configuration or a lease says of an address is no sign that anybody is there.
BOOST_AUTO_TEST_CASE(a_device_that_is_only_known_by_name_has_left) {
    Device device;
    device.nat.hosts.publish(kPc, HostSource::static_, kPcMac, "pc");
    add(device, "6881", "604800");
    device.pass(2h);
    BOOST_TEST(device.forwards() == 1U);
    device.nat.hosts.withdraw(kPc, HostSource::neighbour);
    device.pass(70min);
    BOOST_TEST(device.forwards() == 0U);
}

BOOST_AUTO_TEST_CASE(a_quiet_device_is_looked_for_and_one_with_sessions_is_not) {
    Device device;
    const ForwardId id = add(device, "6881", "0");
    add(device, "6882", "0");
    device.effects.clear();
    device.pass(Claims::kLook);
    BOOST_TEST((device.effects.probes == std::vector<Probe>{{"lan", kPc}}));
    device.call(kV1, "DeletePortMapping", place_fields("6882"));
    device.in_use = {id};
    device.effects.clear();
    device.pass(Claims::kLook);
    BOOST_TEST(device.effects.probes.empty());
}

BOOST_AUTO_TEST_CASE(other_rules_end_what_they_would_not_allow) {
    Device device;
    add(device, "6881", "0");
    add(device, "6882", "0");
    config::Config stricter = default_config();
    config::Permission high;
    high.mac = kPcMac;
    high.outside = {{6882}, {7000}};
    stricter.upnp.permissions = {high};
    device.handle(upnp::Reconfigured{stricter});
    BOOST_REQUIRE(device.forwards() == 1U);
    BOOST_TEST(device.nat.engine->forwards().front().outside.port.number == 6881);
    // And so does a restart with them, when nobody has been seen yet.
    Device before;
    add(before, "6881", "0");
    add(before, "6882", "0");
    Device after(stricter);
    after.nat.hosts.withdraw(kPc, HostSource::neighbour);
    after.begin(before.journal);
    BOOST_TEST(after.forwards() == 1U);
}

BOOST_AUTO_TEST_CASE(a_device_that_comes_back_in_time_keeps_them) {
    Device device;
    add(device, "6881", "0");
    device.nat.hosts.withdraw(kPc, HostSource::neighbour);
    device.pass(50min);
    device.nat.hosts.publish(kPc, HostSource::neighbour, kPcMac);
    device.handle(upnp::HostChanged{kPc});
    device.pass(10min);
    device.nat.hosts.withdraw(kPc, HostSource::neighbour);
    device.pass(50min);
    BOOST_TEST(device.forwards() == 1U);
}

BOOST_AUTO_TEST_CASE(what_has_sessions_is_not_cut) {
    Device device;
    const ForwardId id = add(device, "6881", "604800");
    device.nat.hosts.withdraw(kPc, HostSource::neighbour);
    device.in_use = {id};
    device.pass(5h);
    BOOST_TEST(device.forwards() == 1U);
}

BOOST_AUTO_TEST_CASE(an_address_with_another_device_behind_it_begins_without_forwards) {
    Device device;
    add(device, "6881", "0");
    device.nat.hosts.publish(kPc, HostSource::neighbour, *parse_mac("02:00:00:00:00:99"));
    device.handle(upnp::HostChanged{kPc});
    BOOST_TEST(device.forwards() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(journal)

BOOST_AUTO_TEST_CASE(forwards_come_back_after_a_restart_with_what_was_left) {
    Device before;
    add(before, "6881", "3600", "a b\n\xc3\xa4");
    add(before, "6882", "0");
    add(before, "6883", "3600");
    before.call(kV1, "DeletePortMapping", place_fields("6883"));
    before.pass(600s);
    Device after(default_config(), {}, "boot-1");
    after.nat.now = before.nat.now + 60s;
    after.begin(before.journal);
    BOOST_REQUIRE(after.forwards() == 2U);
    const HttpAnswer first = after.call(kV1, "GetSpecificPortMappingEntry", place_fields("6881"));
    BOOST_TEST(element(first.body, "NewLeaseDuration") == "2940");
    BOOST_TEST(element(first.body, "NewPortMappingDescription") == "a b\xc3\xa4");
    const HttpAnswer second = after.call(kV1, "GetSpecificPortMappingEntry", place_fields("6882"));
    BOOST_TEST(element(second.body, "NewLeaseDuration") == "0");
    // They belong to whom they belonged.
    BOOST_TEST(after.outcome(kV1, "DeletePortMapping", place_fields("6881"), kPhone) == "606");
    BOOST_TEST(after.outcome(kV1, "DeletePortMapping", place_fields("6881")) == "ok");
}

BOOST_AUTO_TEST_CASE(after_a_reboot_a_forward_has_the_time_left_that_was_last_written) {
    Device before;
    add(before, "6881", "3600");
    before.pass(600s);
    add(before, "6882", "3600");
    Device after(default_config(), {}, "boot-2");
    after.nat.now = Instant{} + 20s;
    after.begin(before.journal);
    const HttpAnswer first = after.call(kV1, "GetSpecificPortMappingEntry", place_fields("6881"));
    BOOST_TEST(element(first.body, "NewLeaseDuration") == "3000");
}

BOOST_AUTO_TEST_CASE(a_nonce_survives_a_restart) {
    const std::string request =
        "0201000000000e1000000000000000000000ffffc0a8010a0102030405060708090a0b0c060000001ae11ae1"
        "00000000000000000000ffff00000000";
    Device before;
    before.udp(request);
    Device after;
    after.nat.now = before.nat.now + 60s;
    after.begin(before.journal);
    std::string other = request;
    other.replace(48, 2, "ff");
    BOOST_TEST(after.udp(other).substr(6, 2) == "02");
    BOOST_TEST(after.udp(request).substr(6, 2) == "00");
    BOOST_TEST(after.forwards() == 1U);
}

BOOST_AUTO_TEST_CASE(wherever_it_is_torn_what_stands_before_counts) {
    Device device;
    add(device, "6881", "3600");
    add(device, "6882", "3600");
    const std::string whole = device.journal;
    std::size_t last = 0;
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        const JournalImage image =
            parse_journal(std::string_view(whole).substr(0, size), "boot-1", device.nat.now);
        BOOST_TEST(image.entries.size() >= last);
        last = image.entries.size();
    }
    BOOST_TEST(last == 2U);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        std::string spoilt = whole;
        spoilt[i] = static_cast<char>(spoilt[i] ^ 1);
        const JournalImage image = parse_journal(spoilt, "boot-1", device.nat.now);
        BOOST_TEST(image.damaged);
        BOOST_TEST(image.entries.size() < 2U);
    }
}

BOOST_AUTO_TEST_CASE(renewals_do_not_make_it_grow_for_ever) {
    Device device;
    for (int i = 0; i < 5000; ++i) {
        add(device, "6881", "3600");
        device.nat.now += 20ms;
    }
    BOOST_TEST(device.journal.size() < 200000U);
    BOOST_TEST(parse_journal(device.journal, "boot-1", device.nat.now).entries.size() == 1U);
}

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

}  // namespace

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

BOOST_AUTO_TEST_SUITE_END()
