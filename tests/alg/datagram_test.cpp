// SPDX-License-Identifier: GPL-2.0-or-later
//
// UDP packets of a queue: read, and written again with another payload.
#include "alg/datagram.h"

#include <boost/test/unit_test.hpp>

#include "gateway/base/checksum.h"
#include "gateway/base/text.h"

using namespace gatehouse;
using namespace gatehouse::sip;

namespace {

// 192.168.1.20:5060 -> 11.0.0.2:5061, payload "abcd"; the pieces that a case changes.
std::vector<std::uint8_t> packet(std::string_view length = "0020",
                                 std::string_view fragment = "4000", std::string_view proto = "11",
                                 std::string_view udp = "000c", std::string_view first = "45") {
    bool ok = false;
    auto out = from_hex(concat(first, "00", length, "0000", fragment, "40", proto,
                               "0000 c0a80114 0b000002 13c4 13c5", udp, "0000 61626364"),
                        ok);
    BOOST_REQUIRE(ok);
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(datagram)

BOOST_AUTO_TEST_CASE(a_packet_has_its_endpoints_and_its_payload) {
    auto bytes = packet();
    bytes.push_back(0);  // what a link added
    const auto udp = parse_udp(bytes);
    BOOST_REQUIRE(udp.has_value());
    BOOST_TEST(udp->source.to_string() == "192.168.1.20:5060");
    BOOST_TEST(udp->destination.to_string() == "11.0.0.2:5061");
    BOOST_TEST(udp->payload == "abcd");
    BOOST_TEST(udp->headers == 28U);
}

BOOST_AUTO_TEST_CASE(what_is_no_whole_udp_packet_is_none) {
    BOOST_TEST(!parse_udp({}).has_value());
    BOOST_TEST(!parse_udp(packet("0020", "2000")).has_value());                      // a fragment
    BOOST_TEST(!parse_udp(packet("0020", "0001")).has_value());                      // a later one
    BOOST_TEST(!parse_udp(packet("0020", "4000", "06")).has_value());                // TCP
    BOOST_TEST(!parse_udp(packet("0020", "4000", "11", "0007")).has_value());        // too short
    BOOST_TEST(!parse_udp(packet("0020", "4000", "11", "000d")).has_value());        // too long
    BOOST_TEST(!parse_udp(packet("0021")).has_value());                              // beyond it
    BOOST_TEST(!parse_udp(packet("0020", "4000", "11", "000c", "65")).has_value());  // IPv6
    BOOST_TEST(!parse_udp(packet("0020", "4000", "11", "000c", "44")).has_value());  // no header
    for (std::size_t size = 0; size < packet().size(); ++size)
        BOOST_TEST(!parse_udp(Bytes(packet()).first(size)).has_value());
}

BOOST_AUTO_TEST_CASE(another_payload_has_its_lengths_and_checksums) {
    const auto before = packet();
    for (const std::string_view text : {"", "x", "longer than before"}) {
        const auto after = with_payload(Bytes(before).first(28), text, 4, 7);
        const auto udp = parse_udp(after);
        BOOST_REQUIRE(udp.has_value());
        BOOST_TEST(udp->payload == text);
        BOOST_TEST(checksum(Bytes(after).first(20)) == 0);
        BOOST_TEST(transport_checksum(udp->source.address, udp->destination.address, Proto::udp,
                                      Bytes(after).subspan(20)) == 0);
    }
}

BOOST_AUTO_TEST_CASE(a_packet_of_our_own_is_whole) {
    const auto bytes =
        write_udp({Ip4::of(192, 168, 1, 20), Port{5060}}, {Ip4::of(11, 0, 0, 2), Port{5061}}, "a");
    const auto udp = parse_udp(bytes);
    BOOST_REQUIRE(udp.has_value());
    BOOST_TEST(udp->source.to_string() == "192.168.1.20:5060");
    BOOST_TEST(udp->destination.to_string() == "11.0.0.2:5061");
    BOOST_TEST(udp->payload == "a");
    BOOST_TEST(checksum(Bytes(bytes).first(20)) == 0);
    BOOST_TEST(transport_checksum(udp->source.address, udp->destination.address, Proto::udp,
                                  Bytes(bytes).subspan(20)) == 0);
}

BOOST_AUTO_TEST_CASE(only_a_packet_that_grew_may_be_cut) {
    const auto before = packet();
    const auto shorter = with_payload(Bytes(before).first(28), "abc", 4, 7);
    BOOST_TEST(to_hex(Bytes(shorter).subspan(4, 4)) == "00004000");
    const auto longer = with_payload(Bytes(before).first(28), "abcde", 4, 7);
    BOOST_TEST(to_hex(Bytes(longer).subspan(4, 4)) == "00070000");
}

BOOST_AUTO_TEST_SUITE_END()
