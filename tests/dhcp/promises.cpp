// SPDX-License-Identifier: GPL-2.0-or-later
//
// Reservations, names, options, full pools, probing: what a house relies on.
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <set>

#include "dhcp/names.h"
#include "gateway/base/text.h"
#include "tests/dhcp/support/lan.h"
#include "tests/dhcp/support/print.h"

using namespace gatehouse;
using namespace gatehouse::dhcp;
using namespace gatehouse::test;
namespace data = boost::unit_test::data;
using namespace std::string_literals;

namespace {

Ip4 at(std::uint8_t last) {
    return Ip4::of(192, 168, 1, last);
}

config::StaticLease reserved(std::vector<Mac> macs, Ip4 address, std::string name = "") {
    return {std::move(macs), address, std::move(name), {}, {}};
}

Message named(unsigned device, std::string_view name, Ip4 address) {
    Message message = request_of(device, MessageType::request);
    message.options.set_u32(option::kRequestedAddress, address.value);
    message.options.set_text(option::kHostName, name);
    return message;
}

std::string name_at(const Lan& lan, Ip4 address) {
    return std::string(lan.server.leases().find(address)->name);
}

config::DhcpPool probing_pool() {
    config::DhcpPool pool = lan_pool();
    pool.probe = true;
    return pool;
}

std::vector<std::uint8_t> hex(std::string_view text) {
    bool ok = true;
    return from_hex(text, ok);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(promises)

BOOST_AUTO_TEST_CASE(a_reserved_address_goes_to_its_device_inside_and_outside_the_pool) {
    for (const Ip4 address : {at(20), at(120)}) {
        Lan lan(lan_pool(), {reserved({device_mac(1)}, address)});
        BOOST_CHECK(lan.bind(1) == address);
        for (unsigned device = 2; device < 150; ++device)
            BOOST_CHECK(lan.bind(device) != address);
    }
}

BOOST_AUTO_TEST_CASE(a_changed_reservation_takes_effect_at_the_next_renewal) {
    Lan lan;
    const Ip4 before = lan.bind(1);
    lan.configure(lan_pool(), {reserved({device_mac(1)}, at(20))});
    BOOST_TEST(type_of(lan.renew(1, before)) == "nak");
    BOOST_TEST(type_of(lan.reboot(1, before)) == "nak");
    BOOST_CHECK(lan.bind(1) == at(20));
    BOOST_TEST(lan.state(before) == LeaseState::released);
    lan.configure(lan_pool());
    BOOST_TEST(type_of(lan.renew(1, at(20))) == "nak");
    BOOST_CHECK(lan.bind(1) == before);
}

BOOST_AUTO_TEST_CASE(a_device_keeps_its_address_while_its_reserved_one_is_still_held) {
    Lan lan;
    const Ip4 wanted = lan.bind(2);
    const Ip4 mine = lan.bind(1);
    lan.configure(lan_pool(), {reserved({device_mac(1)}, wanted)});
    BOOST_TEST(type_of(lan.renew(1, mine)) == "ack");
    BOOST_TEST(type_of(lan.renew(2, wanted)) == "nak");
    BOOST_CHECK(lan.bind(2) != wanted);
    BOOST_TEST(type_of(lan.renew(1, mine)) == "nak");
    BOOST_CHECK(lan.bind(1) == wanted);
}

BOOST_AUTO_TEST_CASE(two_hardware_addresses_of_one_device_take_over_from_each_other) {
    Lan lan(lan_pool(), {reserved({device_mac(1), device_mac(2)}, at(20), "laptop")});
    BOOST_CHECK(lan.bind(1) == at(20));
    BOOST_CHECK(lan.bind(2) == at(20));
    BOOST_TEST(lan.server.leases().find(at(20))->mac.to_string() == "02:00:00:00:00:02");
    BOOST_CHECK(lan.bind(1) == at(20));
    BOOST_CHECK(lan.bind(3) != at(20));
}

BOOST_AUTO_TEST_CASE(a_device_is_known_by_client_id_or_name_too) {
    config::StaticLease by_id = reserved({}, at(20));
    by_id.client_id = hex("ff00112233");
    Lan lan(lan_pool(), {by_id, reserved({}, at(21), "Printer")});
    Message message = request_of(1, MessageType::discover);
    message.options.set(option::kClientId, hex("ff00112233"));
    const auto offer = lan.ask(message);
    BOOST_CHECK(offer->yiaddr == at(20));
    // RFC 6842: the answer says whom it is for.
    BOOST_TEST(to_hex(offer->options.bytes(option::kClientId)) == "ff00112233");
    Message by_name = request_of(2, MessageType::discover);
    by_name.options.set_text(option::kHostName, "printer");
    BOOST_CHECK(lan.ask(by_name)->yiaddr == at(21));
}

BOOST_AUTO_TEST_CASE(client_ids_tell_devices_apart_unless_they_are_ignored) {
    Message message = request_of(1, MessageType::discover);
    message.options.set(option::kClientId, hex("ff0001"));
    Message other = request_of(1, MessageType::discover);
    other.options.set(option::kClientId, hex("ff0002"));
    Lan with;
    BOOST_CHECK(with.ask(message)->yiaddr != with.ask(other)->yiaddr);
    config::DhcpPool pool = lan_pool();
    pool.client_ids = false;
    Lan without(pool);
    BOOST_CHECK(without.ask(message)->yiaddr == without.ask(other)->yiaddr);
    // "Type 1, hardware address" is the device that sends none.
    Message plain = request_of(3, MessageType::discover);
    plain.options.set(option::kClientId, hex("01020000000003"));
    BOOST_CHECK(with.ask(plain)->yiaddr == with.discover(3)->yiaddr);
}

BOOST_AUTO_TEST_CASE(a_device_that_says_who_it_is_only_now_and_then_stays_the_same) {
    Lan lan;
    Message message = request_of(1, MessageType::request);
    message.options.set(option::kClientId, hex("ff0001"));
    message.options.set_u32(option::kRequestedAddress, at(150).value);
    BOOST_TEST(type_of(lan.ask(message)) == "ack");
    BOOST_TEST(type_of(lan.renew(1, at(150))) == "ack");
    BOOST_CHECK(lan.server.leases().find(at(150))->client == "\xff\x00\x01"s);
    BOOST_TEST(type_of(lan.renew(2, at(150))) == "nak");
}

// Names as devices send them.
struct Name {
    const char* sent;
    const char* cleaned;
};
std::ostream& operator<<(std::ostream& out, const Name& name) {
    return out << name.sent;
}
const std::vector<Name> kNames{
    {"phone", "phone"},
    {"Bob's iPhone", "Bobs-iPhone"},
    {"my_pc.example.org", "my-pc"},
    {"-x-", "x"},
    {"a;rm -rf /", "arm-rf"},
    {"<script>", "script"},
    {"\xc3\xa9t\xc3\xa9", "t"},
    {"...", ""},
    {" \n\t", ""},
    {"wpad", ""},
    {"LocalHost", ""},
    {"isatap.lan", ""},
    {"myrouter", ""},
    {"0123456789012345678901234567890123456789012345678901234567890123456789",
     "012345678901234567890123456789012345678901234567890123456789012"},
};

BOOST_DATA_TEST_CASE(names_are_cleaned_and_never_those_that_programs_trust, data::make(kNames)) {
    Lan lan;
    lan.ask(named(1, sample.sent, at(150)));
    BOOST_TEST(name_at(lan, at(150)) == sample.cleaned);
}

BOOST_AUTO_TEST_CASE(no_device_takes_the_name_of_another) {
    Lan lan(lan_pool(), {reserved({device_mac(9)}, at(20), "printer")});
    lan.ask(named(1, "phone", at(150)));
    lan.ask(named(2, "Phone", at(151)));
    lan.ask(named(3, "printer", at(152)));
    BOOST_TEST(name_at(lan, at(150)) == "phone");
    BOOST_TEST(name_at(lan, at(151)) == "Phone-2");
    BOOST_TEST(name_at(lan, at(152)) == "printer-2");
    BOOST_TEST(type_of(lan.renew(1, at(150))) == "ack");
    BOOST_TEST(name_at(lan, at(150)) == "phone");
}

BOOST_AUTO_TEST_CASE(a_nul_behind_a_name_and_a_whole_name_are_understood) {
    Lan lan;
    lan.ask(named(1, std::string_view("phone\0", 6), at(150)));
    BOOST_TEST(name_at(lan, at(150)) == "phone");
    Message fqdn = request_of(2, MessageType::request);
    fqdn.options.set_u32(option::kRequestedAddress, at(151).value);
    fqdn.options.set(option::kFqdn, hex("050000 0366 6f6f 036c616e 00"));
    const auto ack = lan.ask(fqdn);
    BOOST_TEST(name_at(lan, at(151)) == "foo");
    BOOST_TEST(to_hex(ack->options.bytes(option::kFqdn)) == "05ffff03666f6f036c616e00");
    fqdn.options.set(option::kFqdn, hex("08 0000 626172"));
    BOOST_TEST(to_hex(lan.ask(fqdn)->options.bytes(option::kFqdn)) == "08ffff6261722e6c616e");
    fqdn.options.set(option::kFqdn, hex("04 0000 20"));
    BOOST_TEST(!lan.ask(fqdn)->options.has(option::kFqdn));
}

BOOST_AUTO_TEST_CASE(devices_get_what_they_ask_for) {
    config::DhcpPool pool = lan_pool();
    pool.dns = {at(2), at(3)};
    pool.ntp = {at(4)};
    pool.search = {"lan", "home.arpa"};
    pool.mtu = 1492;
    pool.routes = {{*parse_prefix4("10.8.0.0/16"), at(5)}};
    pool.sip_servers = {at(6)};
    pool.captive_portal = "https://portal/";
    pool.ipv6_only = 1800s;
    pool.boot_server = "192.168.1.7";
    pool.boot_file = "boot.img";
    pool.options = {{150, hex("c0a80108")}};
    Lan lan(pool);
    Message message = request_of(1, MessageType::discover);
    message.options.set_u16(option::kMaxSize, 1500);
    message.options.set(option::kParameters,
                        std::vector<std::uint8_t>{6, 26, 42, 66, 67, 108, 114, 119, 120, 121, 249,
                                                  150, 82, 53, 0, 255, 51, 77});
    const auto offer = lan.ask(message);
    std::string shown;
    for (const Option& option : offer->options.all()) {
        if (option.code == option::kMessageType || (option.code > 50 && option.code < 60)) continue;
        append(shown, unsigned{option.code}, '=', to_hex(option.data), ' ');
    }
    BOOST_TEST(shown ==
               "1=ffffff00 6=c0a80102c0a80103 26=05d4 42=c0a80104 66=3139322e3136382e312e37 "
               "67=626f6f742e696d67 108=00000708 114=68747470733a2f2f706f7274616c2f "
               "119=036c616e0004686f6d65046172706100 120=01c0a80106 "
               "121=100a08c0a8010500c0a80101 249=100a08c0a8010500c0a80101 150=c0a80108 ");
    BOOST_TEST(offer->siaddr.to_string() == "192.168.1.7");
    BOOST_TEST(offer->file == "boot.img");
    message.options.set(option::kParameters, std::vector<std::uint8_t>{6});
    BOOST_TEST(!lan.ask(message)->options.has(option::kIpv6Only));
}

BOOST_AUTO_TEST_CASE(what_a_relay_added_comes_back_last) {
    Lan lan;
    Message message = request_of(1, MessageType::discover);
    message.giaddr = at(9);
    message.options.set(option::kRelayAgent, hex("0102 abcd"));
    message.options.set(option::kClientId, hex("ff01"));
    const auto offer = lan.ask(message);
    BOOST_REQUIRE(type_of(offer) == "offer");
    BOOST_TEST(unsigned{offer->options.all().back().code} == 82U);
    BOOST_TEST(to_hex(offer->options.bytes(option::kRelayAgent)) == "0102abcd");
    // RFC 3527: the relay asks for another network than that of its address.
    message.options.set(option::kRelayAgent, hex("0504 0a000001"));
    BOOST_TEST(type_of(lan.ask(message)) == "nothing");
    BOOST_CHECK(lan.dropped() == Drop::no_network);
    message.giaddr = Ip4::of(10, 0, 0, 1);
    message.options.set(option::kRelayAgent, hex("0504 c0a80109"));
    BOOST_TEST(type_of(lan.ask(message, {}, "br-guest")) == "offer");
    BOOST_TEST(lan.effects.sends.at(0).interface == "br-guest");
    // RFC 3011 is the older way to say so, and is told that it counted.
    message.options.set(option::kRelayAgent, hex("0102 abcd"));
    message.options.set(option::kSubnetSelection, hex("c0a80100"));
    const auto chosen = lan.ask(message);
    BOOST_TEST(type_of(chosen) == "offer");
    BOOST_TEST(to_hex(chosen->options.bytes(option::kSubnetSelection)) == "c0a80100");
}

BOOST_AUTO_TEST_CASE(a_shorter_lease_is_given_when_asked_but_no_shorter_than_makes_sense) {
    struct {
        std::uint32_t asked;
        std::uint32_t given;
    } const cases[] = {{600, 600}, {1, 120}, {0xffffffff, 43200}, {50000, 43200}};
    for (const auto& [asked, given] : cases) {
        Lan lan;
        Message message = request_of(1, MessageType::discover);
        message.options.set_u32(option::kLeaseTime, asked);
        BOOST_TEST(lan.ask(message)->options.u32(option::kLeaseTime).value() == given);
    }
    config::DhcpPool pool = lan_pool();
    pool.leasetime = config::kInfiniteLease;
    Lan lan(pool);
    const auto offer = lan.discover(1);
    BOOST_TEST(offer->options.u32(option::kLeaseTime).value() == 0xffffffffU);
    BOOST_TEST(!offer->options.has(option::kRenewalTime));
    const Ip4 address = lan.bind(1);
    lan.pass(24h * 4000);
    BOOST_TEST(lan.state(address) == LeaseState::bound);
}

BOOST_AUTO_TEST_CASE(an_address_is_probed_twice_before_a_stranger_gets_it) {
    Lan lan(probing_pool());
    BOOST_TEST(type_of(lan.discover(1)) == "nothing");
    BOOST_REQUIRE(lan.effects.probes.size() == 1U);
    const Ip4 address = lan.effects.probes[0].address;
    lan.discover(1);
    BOOST_TEST(lan.effects.probes.empty());
    lan.pass(299ms);
    BOOST_TEST(lan.effects.probes.size() == 1U);
    BOOST_TEST(lan.effects.sends.empty());
    lan.pass(1ms);
    BOOST_REQUIRE(lan.effects.sends.size() == 1U);
    const auto offer = parse_message(lan.effects.sends[0].payload);
    BOOST_CHECK(offer->yiaddr == address);
    BOOST_TEST(type_of(lan.select(1, address)) == "ack");
    BOOST_TEST(type_of(lan.discover(1)) == "offer");
}

BOOST_AUTO_TEST_CASE(an_address_that_somebody_uses_is_left_alone) {
    Lan lan(probing_pool());
    lan.discover(1);
    const Ip4 first = lan.effects.probes.at(0).address;
    lan.tell(ArpSeen{"br-guest", first, device_mac(77)});
    BOOST_TEST(lan.state(first) == LeaseState::offered);
    lan.tell(ArpSeen{"br-lan", first, device_mac(77)});
    BOOST_TEST(lan.state(first) == LeaseState::conflict);
    const Ip4 second = lan.effects.probes.at(0).address;
    BOOST_CHECK(second != first);
    // The device itself still has the address: nobody else does.
    lan.tell(ArpSeen{"br-lan", second, device_mac(1)});
    BOOST_REQUIRE(lan.effects.sends.size() == 1U);
    BOOST_CHECK(parse_message(lan.effects.sends[0].payload)->yiaddr == second);
    // And who answered at the first address may go on there.
    BOOST_TEST(type_of(lan.renew(77, first)) == "ack");
}

BOOST_AUTO_TEST_CASE(probing_one_device_does_not_keep_another_waiting) {
    Lan lan(probing_pool());
    for (unsigned device = 1; device <= 100; ++device)
        lan.discover(device);
    lan.pass(300ms);
    BOOST_TEST(lan.effects.sends.size() == 100U);
    std::set<Ip4> addresses;
    for (const Send& send : lan.effects.sends)
        addresses.insert(parse_message(send.payload)->yiaddr);
    BOOST_TEST(addresses.size() == 100U);
}

BOOST_AUTO_TEST_CASE(who_was_here_lately_is_not_probed) {
    Lan lan(probing_pool());
    lan.discover(1);
    lan.pass(300ms);
    const Ip4 address = lan.bind(1);
    BOOST_CHECK(address != Ip4{});
    lan.pass(12h + 30min);
    BOOST_TEST(lan.state(address) == LeaseState::expired);
    BOOST_TEST(type_of(lan.discover(1)) == "offer");
    lan.pass(2h);
    BOOST_TEST(type_of(lan.discover(1)) == "nothing");
    BOOST_TEST(lan.effects.probes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_renumbered_link_moves_its_devices) {
    Lan lan;
    const Ip4 before = lan.bind(1);
    const Ip4 router = Ip4::of(10, 0, 0, 1);
    lan.tell(LinksSeen{{{"br-lan", {router, 24}, {router}}}});
    BOOST_TEST(type_of(lan.renew(1, before)) == "nak");
    const auto offer = lan.discover(1);
    BOOST_TEST(offer->yiaddr.to_string().starts_with("10.0.0."));
    BOOST_CHECK(offer->options.ip4(option::kServerId) == router);
    lan.tell(LinksSeen{});
    BOOST_TEST(type_of(lan.discover(1)) == "nothing");
    BOOST_CHECK(lan.dropped() == Drop::no_network);
    lan.tell(LinksSeen{{lan_link()}});
    BOOST_CHECK(lan.bind(1) == before);
}

BOOST_AUTO_TEST_CASE(name_servers_follow_the_outside_unless_they_are_configured) {
    Lan lan;
    lan.tell(NameServersSeen{{Ip4::of(9, 9, 9, 9)}});
    BOOST_TEST(lan.discover(1)->options.ip4(option::kDns)->to_string() == "9.9.9.9");
    lan.tell(NameServersSeen{});
    BOOST_CHECK(lan.discover(1)->options.ip4(option::kDns) == kLanRouter);
}

BOOST_AUTO_TEST_SUITE_END()
