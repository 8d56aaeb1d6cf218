// SPDX-License-Identifier: GPL-2.0-or-later
//
// Devices and the server: what each message gets for an answer, and where it is sent.
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/dhcp/support/lan.h"
#include "tests/dhcp/support/print.h"

using namespace gatehouse;
using namespace gatehouse::dhcp;
using namespace gatehouse::test;
namespace data = boost::unit_test::data;

namespace {

Ip4 at(std::uint8_t last) {
    return Ip4::of(192, 168, 1, last);
}

// "192.168.1.100:68 ff:ff:ff:ff:ff:ff"
std::string way_of(const Send& send) {
    return concat(send.destination.to_string(), ':', send.port.number, ' ',
                  send.hardware ? send.hardware->to_string() : "routed");
}

config::StaticLease reserved(unsigned device, Ip4 address, std::string name = "") {
    return {{device_mac(device)}, address, std::move(name), {}, {}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(exchange)

BOOST_AUTO_TEST_CASE(a_device_gets_an_address_and_what_it_needs_to_know) {
    Lan lan;
    const auto offer = lan.discover(1);
    BOOST_TEST(type_of(offer) == "offer");
    BOOST_TEST(lan.state(offer->yiaddr) == LeaseState::offered);
    BOOST_TEST(lan.journalled().empty());
    const auto ack = lan.select(1, offer->yiaddr);
    BOOST_REQUIRE(type_of(ack) == "ack");
    BOOST_TEST(lan.state(ack->yiaddr) == LeaseState::bound);
    BOOST_TEST(lan.journalled().size() == 1U);
    const Options& options = ack->options;
    BOOST_CHECK(options.ip4(option::kServerId) == kLanRouter);
    BOOST_CHECK(options.ip4(option::kSubnetMask) == Ip4::of(255, 255, 255, 0));
    BOOST_CHECK(options.ip4(option::kRouter) == kLanRouter);
    BOOST_CHECK(options.ip4(option::kDns) == kLanRouter);
    BOOST_CHECK(options.ip4(option::kBroadcast) == at(255));
    BOOST_TEST(as_text(options.bytes(option::kDomain)) == "lan");
    BOOST_TEST(options.u32(option::kLeaseTime).value() == 43200U);
    BOOST_TEST(offer->options.u32(option::kRenewalTime).value() <= 21600U);
    BOOST_TEST(offer->options.u32(option::kRenewalTime).value() > 18000U);
    BOOST_TEST(offer->options.u32(option::kRebindingTime).value() <= 37800U);
}

BOOST_AUTO_TEST_CASE(asking_again_gives_the_same_address) {
    Lan lan;
    const Ip4 address = lan.discover(1)->yiaddr;
    BOOST_CHECK(lan.discover(1)->yiaddr == address);
    BOOST_CHECK(lan.bind(1) == address);
    BOOST_CHECK(lan.discover(1)->yiaddr == address);
    BOOST_TEST(lan.state(address) == LeaseState::bound);
    lan.pass(13h);
    BOOST_TEST(lan.state(address) == LeaseState::expired);
    BOOST_CHECK(lan.bind(1) == address);
}

BOOST_AUTO_TEST_CASE(an_offer_that_nobody_takes_is_gone_after_half_a_minute) {
    Lan lan;
    const Ip4 address = lan.discover(1)->yiaddr;
    lan.pass(29s);
    BOOST_TEST(lan.server.leases().size() == 1U);
    lan.pass(2s);
    BOOST_TEST(lan.server.leases().size() == 0U);
    BOOST_TEST(type_of(lan.select(1, address)) == "ack");
}

BOOST_AUTO_TEST_CASE(the_address_is_stable_when_everything_was_forgotten) {
    for (unsigned device = 1; device < 20; ++device) {
        Lan before;
        Lan after;
        after.bind(device + 100);
        const Ip4 first = before.bind(device);
        if (first == after.server.leases().all().begin()->first) continue;
        BOOST_CHECK(after.bind(device) == first);
    }
}

BOOST_AUTO_TEST_CASE(an_asked_address_is_given_when_it_is_free) {
    Lan lan;
    Message message = request_of(1, MessageType::discover);
    message.options.set_u32(option::kRequestedAddress, at(200).value);
    BOOST_CHECK(lan.ask(message)->yiaddr == at(200));
    Message other = request_of(2, MessageType::discover);
    other.options.set_u32(option::kRequestedAddress, at(200).value);
    BOOST_CHECK(lan.ask(other)->yiaddr != at(200));
    for (const Ip4 barred : {at(0), at(1), at(99), at(250), at(255)}) {
        other.options.set_u32(option::kRequestedAddress, barred.value);
        BOOST_CHECK(lan.ask(other)->yiaddr != barred);
    }
}

// What a renewing, a rebooting and a selecting device get for an address, in the order of the
// table's columns. Device 1 has .150, device 2 has .151; .20 is reserved for device 3.
struct Asking {
    const char* name;
    unsigned device;
    const char* address;
    const char* authoritative;
    const char* modest;
};
std::ostream& operator<<(std::ostream& out, const Asking& asking) {
    return out << asking.name;
}

const std::vector<Asking> kAskings{
    {"its own", 1, "192.168.1.150", "ack ack ack", "ack ack ack"},
    {"that of another device", 1, "192.168.1.151", "nak nak nak", "nak nak nak"},
    {"a reserved one", 1, "192.168.1.20", "nak nak nak", "nak nak nak"},
    {"one of another network", 1, "10.0.0.7", "nak nak nak", "nak nak nak"},
    {"that of the router", 1, "192.168.1.1", "nak nak nak", "nak nak nak"},
    {"one beyond the pool", 1, "192.168.1.99", "nak nak nak", "nak nak nak"},
    {"a stranger with a free one", 9, "192.168.1.180", "ack ack ack", "nothing nothing ack"},
    {"a stranger with one of another network", 9, "10.0.0.7", "nak nak nak", "nothing nothing nak"},
    {"a stranger with a taken one", 9, "192.168.1.150", "nak nak nak", "nothing nothing nak"},
    {"its reserved one", 3, "192.168.1.20", "ack ack ack", "nothing nothing ack"},
    {"another than its reserved one", 3, "192.168.1.180", "nak nak nak", "nothing nothing nak"},
};

std::string answers(const Asking& asking, bool authoritative) {
    std::string out;
    for (int way = 0; way < 3; ++way) {
        config::DhcpPool pool = lan_pool();
        pool.authoritative = authoritative;
        Lan lan(pool, {reserved(3, at(20))});
        BOOST_REQUIRE(type_of(lan.select(1, at(150))) == "ack");
        BOOST_REQUIRE(type_of(lan.select(2, at(151))) == "ack");
        const Ip4 address = *parse_ip4(asking.address);
        const auto answer = way == 0   ? lan.renew(asking.device, address)
                            : way == 1 ? lan.reboot(asking.device, address)
                                       : lan.select(asking.device, address);
        append(out, out.empty() ? "" : " ", type_of(answer));
    }
    return out;
}

BOOST_DATA_TEST_CASE(all_ways_of_asking_get_the_same_answer, data::make(kAskings)) {
    BOOST_TEST(answers(sample, true) == sample.authoritative);
    BOOST_TEST(answers(sample, false) == sample.modest);
}

// Where replies go (RFC 2131 section 4.1).
struct Way {
    const char* name;
    std::uint16_t flags;
    const char* ciaddr;
    const char* giaddr;
    const char* requested;
    const char* expected;
};
std::ostream& operator<<(std::ostream& out, const Way& way) {
    return out << way.name;
}

const std::vector<Way> kWays{
    {"a device without an address", 0, "0.0.0.0", "0.0.0.0", "192.168.1.150",
     "192.168.1.150:68 02:00:00:00:00:01"},
    {"one that cannot hear unicast yet", 0x8000, "0.0.0.0", "0.0.0.0", "192.168.1.150",
     "255.255.255.255:68 ff:ff:ff:ff:ff:ff"},
    {"one that renews", 0, "192.168.1.150", "0.0.0.0", "", "192.168.1.150:68 routed"},
    {"one that renews with the broadcast flag", 0x8000, "192.168.1.150", "0.0.0.0", "",
     "192.168.1.150:68 routed"},
    {"a refusal", 0, "192.168.1.20", "0.0.0.0", "", "255.255.255.255:68 ff:ff:ff:ff:ff:ff"},
    {"a relay", 0x8000, "0.0.0.0", "192.168.1.9", "192.168.1.150", "192.168.1.9:67 routed"},
    {"a refusal through a relay", 0, "0.0.0.0", "192.168.1.9", "192.168.1.20",
     "192.168.1.9:67 routed"},
};

BOOST_DATA_TEST_CASE(replies_go_where_the_device_hears_them, data::make(kWays)) {
    Lan lan(lan_pool(), {reserved(3, at(20))});
    Message message = request_of(1, MessageType::request);
    message.flags = sample.flags;
    message.ciaddr = *parse_ip4(sample.ciaddr);
    message.giaddr = *parse_ip4(sample.giaddr);
    if (const auto asked = parse_ip4(sample.requested)) {
        message.options.set_u32(option::kRequestedAddress, asked->value);
    }
    const auto answer = lan.ask(message, message.ciaddr);
    BOOST_REQUIRE(lan.effects.sends.size() == 1U);
    BOOST_TEST(way_of(lan.effects.sends[0]) == sample.expected);
    BOOST_TEST(lan.effects.sends[0].source.to_string() == "192.168.1.1");
    const bool far_refusal = type_of(answer) == "nak" && !message.giaddr.is_any();
    BOOST_TEST((answer->flags == sample.flags || far_refusal));
    if (far_refusal) BOOST_TEST(answer->wants_broadcast());
}

BOOST_AUTO_TEST_CASE(an_offer_ignores_an_address_that_a_discover_should_not_have) {
    Lan lan;
    Message message = request_of(1, MessageType::discover);
    message.ciaddr = at(77);
    const auto offer = lan.ask(message);
    BOOST_REQUIRE(type_of(offer) == "offer");
    BOOST_TEST(offer->ciaddr.is_any());
    BOOST_TEST(way_of(lan.effects.sends[0]) == offer->yiaddr.to_string() + ":68 02:00:00:00:00:01");
}

BOOST_AUTO_TEST_CASE(who_chooses_another_server_is_let_go_and_the_server_is_noticed) {
    Lan lan;
    const Ip4 address = lan.discover(1)->yiaddr;
    Message message = request_of(1, MessageType::request);
    message.options.set_u32(option::kServerId, at(2).value);
    message.options.set_u32(option::kRequestedAddress, address.value);
    BOOST_TEST(type_of(lan.ask(message)) == "nothing");
    BOOST_CHECK(lan.dropped() == Drop::other_server);
    BOOST_TEST(lan.server.leases().size() == 0U);
    const Notice& notice = lan.effects.notices.at(1);
    BOOST_CHECK(notice.kind == Notice::Kind::other_server);
    BOOST_CHECK(notice.address == at(2));
}

BOOST_AUTO_TEST_CASE(a_released_address_stays_with_its_device_until_somebody_needs_it) {
    config::DhcpPool pool = lan_pool();
    pool.limit = 2;
    Lan lan(pool);
    const Ip4 first = lan.bind(1);
    Message release = request_of(1, MessageType::release);
    release.ciaddr = first;
    lan.ask(release, at(7));
    BOOST_CHECK(lan.dropped() == Drop::spoofed);
    lan.ask(release, {});
    BOOST_CHECK(lan.dropped() == Drop::spoofed);
    Message of_another = request_of(2, MessageType::release);
    of_another.ciaddr = first;
    lan.ask(of_another, first);
    BOOST_CHECK(lan.dropped() == Drop::not_owner);
    lan.ask(release, first);
    BOOST_TEST(lan.state(first) == LeaseState::released);
    BOOST_CHECK(lan.bind(2) != first);
    BOOST_CHECK(lan.bind(3) == first);
    BOOST_CHECK(lan.bind(4) == Ip4{});
    BOOST_CHECK(lan.dropped() == Drop::pool_empty);
}

BOOST_AUTO_TEST_CASE(a_declined_address_rests) {
    Lan lan;
    const Ip4 address = lan.bind(1);
    Message decline = request_of(1, MessageType::decline);
    decline.options.set_u32(option::kRequestedAddress, address.value);
    lan.ask(decline);
    BOOST_CHECK(lan.dropped() == Drop::malformed);
    decline.options.set_u32(option::kServerId, kLanRouter.value);
    lan.ask(decline);
    BOOST_TEST(lan.state(address) == LeaseState::conflict);
    BOOST_TEST(lan.journalled().empty());
    const Ip4 next = lan.bind(1);
    BOOST_CHECK(next != address);
    BOOST_TEST(type_of(lan.reboot(1, address)) == "nak");
    lan.pass(601s);
    BOOST_TEST(type_of(lan.reboot(2, address)) == "ack");
}

BOOST_AUTO_TEST_CASE(declining_cannot_take_the_whole_pool) {
    config::DhcpPool pool = lan_pool();
    pool.limit = 10;
    Lan lan(pool);
    for (unsigned device = 1; device < 30; ++device) {
        const Ip4 address = lan.bind(device);
        Message decline = request_of(device, MessageType::decline);
        decline.options.set_u32(option::kRequestedAddress, address.value);
        decline.options.set_u32(option::kServerId, kLanRouter.value);
        lan.ask(decline);
    }
    BOOST_TEST(lan.server.leases().count(LeaseState::conflict) == 3U);
}

BOOST_AUTO_TEST_CASE(who_only_wants_to_know_gets_no_lease) {
    Lan lan;
    Message inform = request_of(1, MessageType::inform);
    BOOST_TEST(type_of(lan.ask(inform)) == "nothing");
    inform.ciaddr = at(50);
    const auto ack = lan.ask(inform, at(50));
    BOOST_REQUIRE(type_of(ack) == "ack");
    BOOST_TEST(ack->yiaddr.is_any());
    BOOST_TEST(!ack->options.has(option::kLeaseTime));
    BOOST_TEST(!ack->options.has(option::kRenewalTime));
    BOOST_CHECK(ack->options.ip4(option::kDns) == kLanRouter);
    BOOST_TEST(way_of(lan.effects.sends[0]) == "192.168.1.50:68 routed");
    inform.options.set_u32(option::kRequestedAddress, at(50).value);
    BOOST_TEST(type_of(lan.ask(inform, at(50))) == "ack");
    BOOST_TEST(way_of(lan.effects.sends[0]) == "192.168.1.50:68 routed");
    BOOST_TEST(lan.server.leases().size() == 0U);
    inform.ciaddr = Ip4::of(10, 0, 0, 3);
    lan.ask(inform, inform.ciaddr);
    BOOST_CHECK(lan.dropped() == Drop::no_network);
}

BOOST_AUTO_TEST_CASE(packets_that_are_no_requests_are_counted_and_left_alone) {
    Lan lan;
    Message message = request_of(1, MessageType::discover);
    message.op = kReplyOp;
    BOOST_TEST(type_of(lan.ask(message)) == "nothing");
    BOOST_CHECK(lan.dropped() == Drop::not_for_servers);
    lan.ask(request_of(1, MessageType::ack));
    BOOST_CHECK(lan.dropped() == Drop::not_for_servers);
    lan.ask(request_of(1, MessageType::discover), {}, "br-guest");
    BOOST_CHECK(lan.dropped() == Drop::no_network);
    message = request_of(1, MessageType::discover);
    message.hlen = 0;
    lan.ask(message);
    BOOST_CHECK(lan.dropped() == Drop::no_identity);
    message.options.set_text(option::kClientId, "firewire");
    BOOST_TEST(type_of(lan.ask(message)) == "offer");
    BOOST_TEST(lan.effects.sends[0].hardware->to_string() == "ff:ff:ff:ff:ff:ff");
    lan.renew(1, at(150));
    lan.ask(
        [] {
            Message spoofed = request_of(1, MessageType::request);
            spoofed.ciaddr = at(150);
            return spoofed;
        }(),
        at(151));
    BOOST_CHECK(lan.dropped() == Drop::spoofed);
}

BOOST_AUTO_TEST_CASE(rapid_commit_saves_two_messages_where_it_is_allowed) {
    Message message = request_of(1, MessageType::discover);
    message.options.set(option::kRapidCommit, {});
    Lan without;
    BOOST_TEST(type_of(without.ask(message)) == "offer");
    config::DhcpPool pool = lan_pool();
    pool.rapid_commit = true;
    Lan with(pool);
    const auto ack = with.ask(message);
    BOOST_REQUIRE(type_of(ack) == "ack");
    BOOST_TEST(ack->options.has(option::kRapidCommit));
    BOOST_TEST(with.state(ack->yiaddr) == LeaseState::bound);
}

BOOST_AUTO_TEST_SUITE_END()
