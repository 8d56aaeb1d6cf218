// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/first_packet.h"

#include <boost/test/unit_test.hpp>

using namespace gatehouse;
using namespace gatehouse::nat;

namespace {

// 192.168.1.20 -> 11.0.0.2, the protocol and what follows the header as given.
std::vector<std::uint8_t> packet(const char* proto, const std::string& rest,
                                 const char* fragment = "0000", const char* first = "45",
                                 const std::string& options = "") {
    bool ok = false;
    const auto out = from_hex(std::string(first) + "00 0054 0001" + fragment + "40" + proto +
                                  "0000 c0a80114 0b000002" + options + rest,
                              ok);
    BOOST_REQUIRE(ok);
    return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(udp_and_tcp_have_the_ports_of_both_ends) {
    for (const char* proto : {"11", "06"}) {
        const auto event = parse_first_packet(packet(proto, "13c4 0d96 0008 0000"), 7);
        BOOST_REQUIRE(event.has_value());
        BOOST_TEST(event->token == 7U);
        BOOST_TEST(event->inside.to_string() == "192.168.1.20:5060");
        BOOST_TEST(event->remote.to_string() == "11.0.0.2:3478");
    }
}

BOOST_AUTO_TEST_CASE(an_echo_request_has_its_identifier_at_both_ends) {
    const auto event = parse_first_packet(packet("01", "0800 f7ff 0102 0001"), 0);
    BOOST_REQUIRE(event.has_value());
    BOOST_TEST((event->proto == Proto::icmp));
    BOOST_TEST(event->inside.port.number == 0x0102);
    BOOST_TEST(event->remote.port.number == 0x0102);
}

BOOST_AUTO_TEST_CASE(options_of_the_header_are_stepped_over) {
    const auto event = parse_first_packet(packet("11", "13c4 0d96", "0000", "46", "01010101"), 0);
    BOOST_REQUIRE(event.has_value());
    BOOST_TEST(event->inside.port.number == 5060);
}

BOOST_AUTO_TEST_CASE(what_has_no_ports_is_not_asked_about) {
    BOOST_TEST(!parse_first_packet(packet("2f", "0000 0800"), 0).has_value());       // GRE
    BOOST_TEST(!parse_first_packet(packet("01", "0000 0000 0102"), 0).has_value());  // echo reply
    BOOST_TEST(!parse_first_packet(packet("01", "0301 0000 0102"), 0).has_value());  // an error
    BOOST_TEST(
        !parse_first_packet(packet("11", "13c4 0d96", "2001"), 0).has_value());  // later fragment
    BOOST_TEST(
        !parse_first_packet(packet("11", "13c4 0d96", "0000", "65"), 0).has_value());  // IPv6
    BOOST_TEST(
        !parse_first_packet(packet("11", "13c4 0d96", "0000", "44"), 0).has_value());  // too short
}

BOOST_AUTO_TEST_CASE(a_packet_cut_anywhere_is_not_asked_about) {
    for (const char* proto : {"11", "06", "01"}) {
        const auto whole =
            packet(proto, std::string(proto) == "01" ? "08000000 0102" : "13c4 0d96");
        BOOST_REQUIRE(parse_first_packet(whole, 0).has_value());
        for (std::size_t length = 0; length < whole.size(); ++length) {
            BOOST_TEST(!parse_first_packet(Bytes(whole).first(length), 0).has_value());
        }
    }
}
