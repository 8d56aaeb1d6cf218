// SPDX-License-Identifier: GPL-2.0-or-later
//
// NAT-PMP and PCP, packet by packet. The device is up for 100 seconds, so that the epoch is 64.
#include <boost/test/unit_test.hpp>

#include "tests/upnp/device.h"
#include "upnp/pcp.h"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

const std::string kPcWire = "00000000000000000000ffffc0a8010a";
const std::string kOutsideWire = "00000000000000000000ffff0b000001";
const std::string kZeros12(24, '0');
const std::string kNonce = "0102030405060708090a0b0c";
const std::string kOtherNonce = "ffffffffffffffffffffffff";

struct Aged : Device {
    explicit Aged(const config::Config& config = default_config()) : Device(config) { pass(100s); }
};

// A request: version, opcode, lifetime, client, then the rest.
std::string message(std::string_view opcode, std::string_view lifetime, const std::string& rest,
                    const std::string& client = kPcWire) {
    return concat("02", opcode, "0000", lifetime, client, rest);
}

// nonce, protocol, inside port, outside port, outside address.
std::string map_part(const std::string& nonce, std::string_view protocol, std::string_view inside,
                     std::string_view outside,
                     const std::string& address = "00000000000000000000ffff00000000") {
    return concat(nonce, protocol, "000000", inside, outside, address);
}

std::string map_request(std::string_view lifetime = "00000e10", const std::string& nonce = kNonce) {
    return message("01", lifetime, map_part(nonce, "06", "1ae1", "1ae1"));
}

int result_of(const std::string& answer) {
    return answer.size() < 8 ? -1 : std::stoi(answer.substr(6, 2), nullptr, 16);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(natpmp_packets)

BOOST_AUTO_TEST_CASE(each_packet_has_its_answer) {
    struct Row {
        std::string_view what;
        std::string_view request;
        std::string_view answer;
    };
    const Row rows[] = {
        {"the outside address", "0000", "0080 0000 00000064 0b000001"},
        {"UDP 6881 for an hour", "0001 0000 1ae1 1ae1 00000e10",
         "0081 0000 00000064 1ae1 1ae1 00000e10"},
        {"TCP, any port", "0002 0000 1ae1 0000 00001c20", "0082 0000 00000064 1ae1 1ae1 00001c20"},
        {"for 136 years: a day is granted", "0001 0000 1ae1 1ae1 ffffffff",
         "0081 0000 00000064 1ae1 1ae1 00015180"},
        {"a closed inside port", "0001 0000 01bd 1ae1 00000e10",
         "0081 0002 00000064 01bd 0000 00000000"},
        {"a closed outside port: another one", "0002 0000 1ae1 0050 00000e10",
         "0082 0000 00000064 1ae1 1ae1 00000e10"},
        {"inside port 0", "0001 0000 0000 1ae1 00000e10", "0081 0002 00000064 0000 0000 00000000"},
        {"the end of what is not there", "0001 0000 1ae1 0000 00000000",
         "0081 0000 00000064 1ae1 0000 00000000"},
        {"an unknown opcode", "0009 0000 1ae1 0000 00000000", "0089 0005 00000064"},
        {"a truncated map", "0001 0000 1ae1", ""},
        {"one byte", "00", ""},
        {"an answer", "0080 0000 00000064 0b000001", ""},
    };
    for (const Row& row : rows) {
        BOOST_TEST_CONTEXT(row.what) {
            std::string expected(row.answer);
            std::erase(expected, ' ');
            if (expected.empty()) expected = "silence";
            BOOST_TEST(Aged().udp(row.request) == expected);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_mapping_works_and_ends_by_its_device_alone) {
    Aged device;
    device.udp("0001 0000 1ae1 1ae1 00000e10");
    device.udp("0002 0000 1ae2 1ae2 00000e10");
    device.udp("0001 0000 1ae3 1ae3 00000e10");
    BOOST_CHECK(device.nat.receive(at(kOutside, 6881), at(kServer, 9)) == host(10, 6881));
    device.udp("0001 0000 1ae1 0000 00000000", kPhone);
    BOOST_TEST(device.forwards() == 3U);
    device.udp("0001 0000 1ae1 0000 00000000");
    BOOST_TEST(device.forwards() == 2U);
    device.udp("0001 0000 0000 0000 00000000");
    BOOST_TEST(device.forwards() == 1U);
}

BOOST_AUTO_TEST_CASE(who_is_not_in_the_house_hears_nothing) {
    Aged device;
    BOOST_TEST(device.udp("0000", Ip4::of(11, 0, 9, 1)) == "silence");
    BOOST_TEST(device.udp("0000", kRouter) == "silence");
    BOOST_TEST(device.metrics.value(Metric::port_requests_denied, "off_link") == 2);
}

BOOST_AUTO_TEST_CASE(igd_and_natpmp_of_one_device_share_its_port) {
    Aged device;
    device.call(ServiceKind::wan_ip1, "AddPortMapping",
                add_fields("6881", "6881", "192.168.1.10", "UDP"));
    BOOST_TEST(device.udp("0001 0000 1ae1 1ae1 00000e10") == "00810000000000641ae11ae100000e10");
    BOOST_TEST(device.outcome(ServiceKind::wan_ip1, "AddPortMapping",
                              add_fields("6881", "6881", "192.168.1.10", "UDP")) == "ok");
    BOOST_TEST(device.forwards() == 1U);
    // Another device gets another port.
    BOOST_TEST(device.udp("0001 0000 1ae1 1ae1 00000e10", kPhone).substr(20, 4) != "1ae1");
}

BOOST_AUTO_TEST_CASE(a_closed_outside_port_is_not_given_by_choice_either) {
    config::Config config = default_config();
    config::Permission high;
    high.outside = {{6000}, {7000}};
    config.upnp.permissions = {high};
    Aged device(config);
    BOOST_TEST(device.udp("0001 0000 1ae1 1ae1 00000e10") == "00810002000000641ae1000000000000");
    BOOST_TEST(device.forwards() == 0U);
    BOOST_TEST(device.udp("0001 0000 1ae1 1f40 00000e10") == "00810000000000641ae11f4000000e10");
}

BOOST_AUTO_TEST_CASE(a_new_address_is_told_ten_times_ever_more_slowly) {
    Device device;
    device.pass(200s);
    device.effects.sends.clear();
    device.nat.event(OutsideChanged{{kOutside2}});
    device.room->settle(device.nat.now, device.effects);
    const Instant begin = device.nat.now;
    std::vector<std::int64_t> milliseconds;
    for (int i = 0; i < 40; ++i) {
        for (const upnp::Send& send : device.effects.sends) {
            if (send.service != Service::mapping || send.bytes[0] != 0) continue;
            BOOST_CHECK(send.to == (Endpoint{kAllHosts, kAnnouncePort}));
            BOOST_TEST(to_hex(as_bytes(send.bytes)).substr(16) == "0b000002");
            milliseconds.push_back(
                duration_cast<std::chrono::milliseconds>(device.nat.now - begin).count());
        }
        device.effects.sends.clear();
        const auto next = device.room->next_deadline();
        if (!next || *next - begin > 200s) break;
        device.nat.pass(*next - device.nat.now);
        device.handle(upnp::TimerFired{});
    }
    const std::vector<std::int64_t> expected{0,    250,   750,   1750,  3750,
                                             7750, 15750, 31750, 63750, 127750};
    BOOST_TEST(milliseconds == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(pcp_packets)

BOOST_AUTO_TEST_CASE(a_mapping_is_made_renewed_and_ended) {
    Aged device;
    const std::string made = device.udp(map_request());
    BOOST_TEST(made == concat("02810000", "00000e10", "00000064", kZeros12,
                              map_part(kNonce, "06", "1ae1", "1ae1", kOutsideWire)));
    BOOST_CHECK(device.nat.receive(at(kOutside, 6881), at(kServer, 9), Proto::tcp) ==
                host(10, 6881));
    BOOST_TEST(result_of(device.udp(map_request("00001c20"))) == 0);
    BOOST_TEST(device.forwards() == 1U);
    BOOST_TEST(result_of(device.udp(map_request("00000000"))) == 0);
    BOOST_TEST(device.forwards() == 0U);
    BOOST_TEST(result_of(device.udp(map_request("00000000"))) == 0);
}

BOOST_AUTO_TEST_CASE(lifetimes_are_kept_between_two_minutes_and_a_day) {
    BOOST_TEST(Aged().udp(map_request("00000001")).substr(8, 8) == "00000078");
    BOOST_TEST(Aged().udp(map_request("ffffffff")).substr(8, 8) == "00015180");
}

BOOST_AUTO_TEST_CASE(another_nonce_neither_renews_nor_ends) {
    Aged device;
    device.udp(map_request());
    const std::string answer = device.udp(map_request("00001c20", kOtherNonce));
    BOOST_TEST(result_of(answer) == 2);
    BOOST_TEST(answer.substr(8, 8) == "00000708");
    BOOST_TEST(result_of(device.udp(map_request("00000000", kOtherNonce))) == 2);
    BOOST_TEST(device.forwards() == 1U);
    BOOST_TEST(device.outcome(ServiceKind::wan_ip1, "DeletePortMapping", place_fields("6881")) ==
               "606");
    BOOST_TEST(device.forwards() == 1U);
}

// A PEER of the same port is in nobody's way, and hides nobody's mapping.
BOOST_AUTO_TEST_CASE(a_peer_before_a_mapping_changes_not_whose_the_mapping_is) {
    Aged device;
    const std::string remote = "0050000000000000000000000000ffff0b000901";
    BOOST_TEST(result_of(device.udp(message(
                   "02", "00000e10", map_part(kNonce, "06", "1ae1", "1ae1") + remote))) == 0);
    BOOST_TEST(result_of(device.udp(map_request())) == 0);
    BOOST_TEST(result_of(device.udp(map_request("00001c20", kOtherNonce))) == 2);
    BOOST_TEST(device.forwards() == 2U);
}

BOOST_AUTO_TEST_CASE(each_wrong_message_has_its_result) {
    struct Row {
        std::string_view what;
        std::string request;
        int result;
    };
    const std::string map = map_part(kNonce, "06", "1ae1", "1ae1");
    const std::string filter_address = "00000000000000000000ffff0b000901";
    const Row rows[] = {
        {"version 3", "03" + map_request().substr(2), 1},
        {"version 1", "01" + map_request().substr(2), 1},
        {"eleven bytes", "0201000000000e10000000", 3},
        {"not a multiple of four", map_request() + "000000", 3},
        {"too long", map_request() + std::string(2 * 1060, '0'), 3},
        {"a map without its end", message("01", "00000e10", kNonce), 3},
        {"an unknown opcode", message("03", "00000e10", map), 4},
        {"the address of another host",
         message("01", "00000e10", map, "00000000000000000000ffffc0a80114"), 12},
        {"no mapped address", message("01", "00000e10", map, std::string(32, '0')), 12},
        {"for a third party", message("01", "00000e10", map + "01000010" + kPcWire), 5},
        {"a third party twice as long",
         message("01", "00000e10", map + "01000020" + kPcWire + kPcWire), 6},
        {"an unknown option that matters", message("01", "00000e10", map + "07000000"), 5},
        {"an unknown option that does not", message("01", "00000e10", map + "87000000"), 0},
        {"an option beyond the end", message("01", "00000e10", map + "87000010"), 6},
        {"prefer failure twice", message("01", "00000e10", map + "0200000002000000"), 6},
        {"a filter too short", message("01", "00000e10", map + "0300000400000000"), 6},
        {"SCTP", message("01", "00000e10", map_part(kNonce, "84", "1ae1", "1ae1")), 9},
        {"all protocols of a port",
         message("01", "00000e10", map_part(kNonce, "00", "1ae1", "1ae1")), 3},
        {"all protocols", message("01", "00000e10", map_part(kNonce, "00", "0000", "0000")), 9},
        {"all ports", message("01", "00000e10", map_part(kNonce, "06", "0000", "0000")), 9},
        {"a closed port", message("01", "00000e10", map_part(kNonce, "06", "01bd", "01bd")), 2},
        {"a filter of one address",
         message("01", "00000e10", map + "0300001400800000" + filter_address), 0},
        {"a filter of a network",
         message("01", "00000e10", map + "0300001400780000" + filter_address), 13},
        {"a filter of a port", message("01", "00000e10", map + "0300001400800050" + filter_address),
         5},
        {"a filter of all there is in IPv4",
         message("01", "00000e10", map + "0300001400600000" + "00000000000000000000ffff00000000"),
         0},
        {"a peer on port 0", message("02", "00000e10", map + "00000000" + filter_address), 3},
        {"a peer of no protocol",
         message("02", "00000e10",
                 map_part(kNonce, "00", "0000", "0000") + "00500000" + filter_address),
         3},
        {"a peer of port 0",
         message("02", "00000e10",
                 map_part(kNonce, "06", "0000", "0000") + "00500000" + filter_address),
         3},
        {"a peer that prefers failure",
         message("02", "00000e10", map + "00500000" + filter_address + "02000000"), 3},
        {"a peer at another address of ours",
         message("02", "00000e10",
                 map_part(kNonce, "06", "1ae1", "1ae1", "00000000000000000000ffff0b000063") +
                     "00500000" + filter_address),
         11},
        {"a peer at our address",
         message(
             "02", "00000e10",
             map_part(kNonce, "06", "1ae1", "1ae1", kOutsideWire) + "00500000" + filter_address),
         0},
        {"an end of all of SCTP", message("01", "00000000", map_part(kNonce, "84", "0000", "0000")),
         9},
    };
    for (const Row& row : rows) {
        BOOST_TEST_CONTEXT(row.what) {
            Aged device;
            const std::string answer = device.udp(row.request);
            BOOST_TEST(result_of(answer) == row.result);
            BOOST_TEST(answer.size() <= 2200U);
            BOOST_TEST(answer.size() % 8 == 0U);
            BOOST_TEST(device.forwards() == (row.result == 0 ? 1U : 0U));
        }
    }
    BOOST_TEST(Aged().udp("0281000000000e10") == "silence");
    BOOST_TEST(Aged().udp("02") == "silence");
}

BOOST_AUTO_TEST_CASE(a_filter_lets_in_that_address_alone_and_can_be_taken_away) {
    Aged device;
    const std::string map = map_part(kNonce, "06", "1ae1", "1ae1");
    const std::string one = "030000140080000000000000000000000000ffff0b000901";
    device.udp(message("01", "00000e10", map + one));
    BOOST_CHECK(device.nat.receive(at(kOutside, 6881), at(kServer, 9), Proto::tcp) ==
                host(10, 6881));
    BOOST_TEST(!device.nat.receive(at(kOutside, 6881), at(kServer2, 9), Proto::tcp));
    const std::string all = "0300001400000000" + std::string(32, '0');
    BOOST_TEST(result_of(device.udp(message("01", "00000e10", map + all))) == 0);
    BOOST_CHECK(device.nat.receive(at(kOutside, 6881), at(kServer2, 9), Proto::tcp) ==
                host(10, 6881));
    BOOST_TEST(device.forwards() == 1U);
}

BOOST_AUTO_TEST_CASE(who_prefers_failure_gets_his_port_or_none) {
    Aged device;
    device.udp(map_request());
    const std::string phone = "00000000000000000000ffffc0a80114";
    const auto ask = [&](const std::string& options, const std::string& nonce,
                         const std::string& address = "00000000000000000000ffff00000000") {
        return device.udp(message("01", "00000e10",
                                  map_part(nonce, "06", "1ae1", "1ae1", address) + options, phone),
                          kPhone);
    };
    const std::string refused = ask("02000000", kNonce);
    BOOST_TEST(result_of(refused) == 11);
    BOOST_TEST(refused.substr(8, 8) == "0000001e");
    const std::string other = ask("", kNonce);
    BOOST_TEST(result_of(other) == 0);
    BOOST_TEST(other.substr(84, 4) != "1ae1");
    BOOST_TEST(result_of(ask("02000000", kOtherNonce, "00000000000000000000ffff0b000063")) != 0);
}

BOOST_AUTO_TEST_CASE(a_peer_learns_and_keeps_the_endpoint_of_its_session) {
    Aged device;
    const auto seen = device.nat.send(host(10, 5000), at(kServer, 80));
    BOOST_REQUIRE(seen);
    const std::string answer = device.udp(message(
        "02", "00000e10",
        map_part(kNonce, "11", "1388", "0000") + "0050000000000000000000000000ffff0b000901"));
    BOOST_TEST(result_of(answer) == 0);
    ByteWriter port(2);
    port.u16(seen->port.number);
    BOOST_TEST(answer.substr(84, 4) == to_hex(port.view()));
    BOOST_TEST(device.forwards() == 1U);
    BOOST_TEST(!device.nat.receive(at(kOutside, seen->port.number), at(kServer2, 80)));
}

// RFC 6887 12.1: it is not possible to reduce a lifetime with PEER, or to end one.
BOOST_AUTO_TEST_CASE(a_peer_makes_no_life_shorter_and_gets_the_port_that_it_suggests_or_none) {
    Aged device;
    const auto ask = [&](std::string_view lifetime, std::string_view outside) {
        return device.udp(message(
            "02", lifetime,
            map_part(kNonce, "11", "1388", outside) + "0050000000000000000000000000ffff0b000901"));
    };
    BOOST_TEST(ask("00000000", "0000").substr(6, 10) == "0000000000");
    BOOST_TEST(device.forwards() == 0U);
    const std::string made = ask("00000e10", "0000");
    BOOST_TEST(made.substr(6, 10) == "0000000e10");
    const std::string port = made.substr(84, 4);
    for (const char* lifetime : {"00000000", "00000078", "00000e10"}) {
        const std::string again = ask(lifetime, "0000");
        BOOST_TEST(again.substr(6, 10) == "0000000e10");
        BOOST_TEST(again.substr(84, 4) == port);
    }
    BOOST_TEST(ask("00001c20", port).substr(6, 10) == "0000001c20");
    BOOST_TEST(result_of(ask("00001c20", "2222")) == 11);
    BOOST_TEST(device.forwards() == 1U);
    // Another peer of the same port, with the same nonce, takes nothing from the first.
    const std::string second = device.udp(message(
        "02", "00000e10",
        map_part(kNonce, "11", "1388", "0000") + "0050000000000000000000000000ffff0b000902"));
    BOOST_TEST(result_of(second) == 0);
    BOOST_TEST(second.substr(84, 4) == port);
    BOOST_TEST(device.forwards() == 2U);
    BOOST_TEST(ask("00000000", port).substr(6, 10) == "0000001c20");
    // Where a session leaves already, no other port is to be had.
    const auto seen = device.nat.send(host(10, 6000), at(kServer, 80));
    BOOST_REQUIRE(seen);
    BOOST_TEST(result_of(device.udp(message("02", "00000e10",
                                            map_part(kNonce, "11", "1770", "2222") +
                                                "0050000000000000000000000000ffff0b000901"))) ==
               11);
}

// A program that speaks both at once has one port, and PCP keeps what is its own.
BOOST_AUTO_TEST_CASE(a_device_that_asks_by_igd_for_what_it_has_by_pcp_shares_it) {
    Aged device;
    BOOST_TEST(result_of(device.udp(map_request("00000078"))) == 0);
    const auto add = [&](std::string_view inside, std::string_view client, Ip4 from) {
        return device.outcome(ServiceKind::wan_ip1, "AddPortMapping",
                              add_fields("6881", inside, client), from);
    };
    BOOST_TEST(add("6881", "192.168.1.10", kPc) == "ok");
    BOOST_TEST(device.udp("0002 0000 1ae1 1ae1 00000e10").substr(16, 8) == "1ae11ae1");
    BOOST_TEST(device.forwards() == 1U);
    BOOST_TEST(add("6882", "192.168.1.10", kPc) == "718");
    BOOST_TEST(add("6881", "192.168.1.20", kPhone) == "718");
    // It lives as long as either wants it, and is its nonce's still.
    device.pass(3000s);
    BOOST_TEST(device.forwards() == 1U);
    BOOST_TEST(result_of(device.udp(map_request("00001c20", kOtherNonce))) == 2);
    BOOST_TEST(result_of(device.udp(map_request("00000000"))) == 0);
    BOOST_TEST(device.forwards() == 0U);
    // One without an end keeps a nonce for an hour at most.
    BOOST_TEST(result_of(device.udp(map_request("00000078"))) == 0);
    BOOST_TEST(device.outcome(ServiceKind::wan_ip1, "AddPortMapping",
                              add_fields("6881", "6881", "192.168.1.10", "TCP", "0")) == "ok");
    device.pass(3500s);
    BOOST_TEST(device.forwards() == 1U);
    device.pass(200s);
    BOOST_TEST(device.forwards() == 0U);
}

BOOST_AUTO_TEST_CASE(a_client_ends_all_that_its_nonce_has_opened_and_nothing_else) {
    Aged device;
    const auto map = [&](std::string_view protocol, std::string_view port, const std::string& nonce,
                         std::string_view lifetime) {
        return result_of(
            device.udp(message("01", lifetime, map_part(nonce, protocol, port, port))));
    };
    BOOST_TEST(map("06", "1ae1", kNonce, "00000e10") == 0);
    BOOST_TEST(map("06", "1ae2", kNonce, "00000e10") == 0);
    BOOST_TEST(map("11", "1ae3", kNonce, "00000e10") == 0);
    BOOST_TEST(map("11", "1ae4", kOtherNonce, "00000e10") == 0);
    BOOST_TEST(device.outcome(ServiceKind::wan_ip1, "AddPortMapping",
                              add_fields("7000", "7000", "192.168.1.10")) == "ok");
    BOOST_TEST(map("06", "0000", kNonce, "00000000") == 0);
    BOOST_TEST(device.forwards() == 3U);
    BOOST_TEST(map("00", "0000", kNonce, "00000000") == 0);
    BOOST_TEST(device.forwards() == 2U);
    BOOST_TEST(map("00", "0000", kOtherNonce, "00000000") == 0);
    BOOST_TEST(device.forwards() == 1U);
}

BOOST_AUTO_TEST_CASE(the_epoch_is_told_and_begins_anew_with_another_address) {
    Aged device;
    const std::string announce = message("00", "00000000", "");
    BOOST_TEST(device.udp(announce) == concat("0280000000000000", "00000064", kZeros12));
    device.nat.event(OutsideChanged{{kOutside2}});
    device.room->settle(device.nat.now, device.effects);
    BOOST_TEST(device.udp(announce) == concat("0280000000000000", "00000000", kZeros12));
}

BOOST_AUTO_TEST_CASE(without_an_outside_address_there_is_no_mapping) {
    Aged device;
    device.nat.event(OutsideChanged{{}});
    BOOST_TEST(result_of(device.udp(map_request())) == 7);
    // RFC 6886 3.5: a network failure. With the address the epoch has begun anew.
    BOOST_TEST(device.udp("000100001ae11ae100000e10") == "00810003000000001ae1000000000000");
    BOOST_TEST(device.forwards() == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_switched_off_says_which_version_is_not) {
    config::Config config = default_config();
    config.upnp.pcp = false;
    BOOST_TEST(Aged(config).udp(map_request()) == "0080000100000064");
    config.upnp.natpmp = false;
    BOOST_TEST(Aged(config).udp(map_request()) == "silence");
    config.upnp.pcp = true;
    BOOST_TEST(result_of(Aged(config).udp("0000")) == 1);
}

// What comes back when a host asks by IPv6 for its port 8080, at the link-local address of the
// router.
std::string ask_by_ip6(Device& device, std::string_view lifetime, const std::string& nonce,
                       std::string_view host = "2001:db8:1::10") {
    const Ip6 router = *parse_ip6("fe80::1");
    const Ip6 client = *parse_ip6(host);
    const std::string hex =
        message("01", lifetime, map_part(nonce, "06", "1f90", "1f90", std::string(32, '0')),
                to_hex(client.bytes));
    bool ok = false;
    const auto bytes = from_hex(hex, ok);
    device.effects.sends.clear();
    device.handle(Datagram{
        Service::mapping, "lan", {client, Port{40000}}, std::string(as_text(bytes)), router});
    if (device.effects.sends.empty()) return "silence";
    BOOST_CHECK(device.effects.sends.front().from == router);
    return to_hex(as_bytes(device.effects.sends.front().bytes));
}

BOOST_AUTO_TEST_CASE(a_pinhole_is_opened_for_the_address_that_asks) {
    Aged device;
    const Ip6 pc = *parse_ip6("2001:db8:1::10");
    const auto ask = [&](std::string_view lifetime, const std::string& nonce) {
        return ask_by_ip6(device, lifetime, nonce);
    };
    const std::string answer = ask("00000e10", kNonce);
    BOOST_TEST(result_of(answer) == 0);
    BOOST_TEST(answer.substr(84, 4) == "1f90");
    BOOST_REQUIRE(device.nat.pinholes.size() == 1U);
    BOOST_CHECK(device.nat.pinholes.begin()->inside == pc);
    BOOST_TEST(result_of(ask("00000000", kOtherNonce)) == 2);
    BOOST_TEST(result_of(ask("00000000", kNonce)) == 0);
    BOOST_TEST(device.nat.pinholes.empty());
}

// A PEER over IPv6: the way in for that peer alone.
BOOST_AUTO_TEST_CASE(a_peer_over_ipv6_is_a_pinhole_for_that_peer) {
    Aged device;
    const Ip6 pc = *parse_ip6("2001:db8:1::10");
    const std::string none(32, '0');
    const std::string peer = "20010db8000900000000000000000001";
    const auto ask = [&](std::string_view opcode, std::string_view lifetime,
                         const std::string& part) {
        const std::string hex = message(opcode, lifetime, part, to_hex(pc.bytes));
        bool ok = false;
        const auto bytes = from_hex(hex, ok);
        device.effects.sends.clear();
        device.handle(
            Datagram{Service::mapping, "lan", {pc, Port{40000}}, std::string(as_text(bytes))});
        return to_hex(as_bytes(device.effects.sends.front().bytes));
    };
    const std::string part = map_part(kNonce, "11", "1f90", "0000", none) + "00500000";
    BOOST_TEST(ask("02", "00000000", part + peer).substr(6, 10) == "0000000000");
    const std::string made = ask("02", "00000e10", part + peer);
    BOOST_TEST(made.substr(6, 10) == "0000000e10");
    BOOST_TEST(made.substr(84, 4) == "1f90");
    BOOST_TEST(made.substr(88, 32) == to_hex(pc.bytes));
    BOOST_TEST(made.substr(128) == peer);
    BOOST_REQUIRE(device.nat.pinholes.size() == 1U);
    BOOST_CHECK(device.nat.pinholes.begin()->remote == *parse_ip6("2001:db8:9::1"));
    BOOST_TEST(ask("02", "00000000", part + peer).substr(6, 10) == "0000000e10");
    BOOST_TEST(ask("02", "00000078", part + peer).substr(6, 10) == "0000000e10");
    BOOST_TEST(device.nat.pinholes.size() == 1U);
    BOOST_TEST(result_of(ask("02", "00000e10", part + none)) == 3);
    BOOST_TEST(result_of(ask("02", "00000e10", part + "00000000000000000000ffff0b000901")) == 3);
    BOOST_TEST(result_of(ask("02", "00000e10",
                             map_part(kNonce, "11", "1f90", "1f91", none) + "00500000" + peer)) ==
               11);
    // It is in the way of no MAP, and goes with no MAP of another nonce.
    BOOST_TEST(
        result_of(ask("01", "00000e10", map_part(kOtherNonce, "11", "1f90", "1f90", none))) == 0);
    BOOST_TEST(device.nat.pinholes.size() == 2U);
    BOOST_TEST(
        result_of(ask("01", "00000000", map_part(kOtherNonce, "00", "0000", "0000", none))) == 0);
    BOOST_TEST(device.nat.pinholes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(no_pinhole_for_who_is_not_in_the_house) {
    Aged device;
    for (const char* host : {"2001:db8:2::10", "fe80::10", "2001:db8:1::1"})
        BOOST_TEST(ask_by_ip6(device, "00000e10", kNonce, host) == "silence");
}

BOOST_AUTO_TEST_CASE(a_pinhole_is_given_where_another_firewall_lets_it_in) {
    config::Config config = default_config();
    config.gateway.firewall = false;
    Aged other(config);
    BOOST_TEST(result_of(ask_by_ip6(other, "00000e10", kNonce)) == 0);
    BOOST_TEST(other.nat.pinholes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_restart_begins_no_epoch_anew) {
    Aged device;
    device.pass(100s);
    Device after;
    after.nat.now = device.nat.now + 60s;
    after.begin(device.journal);
    BOOST_TEST(ask_by_ip6(after, "00000e10", kNonce).substr(16, 8) == "00000104");
    BOOST_TEST(after.udp(map_request()).substr(16, 8) == "00000104");
}

BOOST_AUTO_TEST_CASE(hosts_of_ip6_hear_of_a_new_state_too) {
    Device device;
    device.pass(1s);
    const auto to_all = [](const upnp::Send& send) {
        return send.to == Endpoint{kAllHosts6, kAnnouncePort};
    };
    BOOST_TEST(std::count_if(device.effects.sends.begin(), device.effects.sends.end(), to_all) ==
               3);
}

BOOST_AUTO_TEST_SUITE_END()
