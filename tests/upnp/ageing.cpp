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

BOOST_AUTO_TEST_SUITE_END()
