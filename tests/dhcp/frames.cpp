// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/frames.h"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "gateway/base/checksum.h"

using namespace gatehouse;
using namespace gatehouse::dhcp;
namespace data = boost::unit_test::data;

namespace {

const Mac kRouter{{2, 0, 0, 0, 0, 1}};
const Mac kDevice{{2, 0, 0, 0, 0, 9}};

std::vector<std::uint8_t> hex(std::string_view text) {
    bool ok = true;
    auto out = from_hex(text, ok);
    BOOST_REQUIRE(ok);
    return out;
}

struct Arp {
    const char* name;
    const char* frame;
    const char* claim;  // "" for none
};
std::ostream& operator<<(std::ostream& out, const Arp& arp) {
    return out << arp.name;
}

const std::vector<Arp> kArps{
    {"an answer",
     "020000000001 020000000009 0806 0001 0800 06 04 0002 020000000009 c0a80164 020000000001 "
     "00000000",
     "192.168.1.100 02:00:00:00:00:09"},
    {"a question of somebody who has the address",
     "ffffffffffff 020000000009 0806 0001 0800 06 04 0001 020000000009 c0a80164 000000000000 "
     "c0a80101",
     "192.168.1.100 02:00:00:00:00:09"},
    {"somebody else's probe",
     "ffffffffffff 020000000009 0806 0001 0800 06 04 0001 020000000009 00000000 000000000000 "
     "c0a80164",
     ""},
    {"cut short", "020000000001 020000000009 0806 0001 0800 06 04 0002 020000000009 c0a8", ""},
    {"reverse ARP",
     "ffffffffffff 020000000009 0806 0001 0800 06 04 0003 020000000009 c0a80164 000000000000 "
     "c0a80101",
     ""},
    {"another network",
     "ffffffffffff 020000000009 0806 0006 0800 06 04 0002 020000000009 c0a80164 000000000000 "
     "c0a80101",
     ""},
    {"nothing", "", ""},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(frames)

BOOST_DATA_TEST_CASE(who_says_that_it_has_an_address_is_heard, data::make(kArps)) {
    const auto claim = parse_arp(hex(sample.frame));
    BOOST_TEST((claim ? claim->address.to_string() + " " + claim->mac.to_string() : "") ==
               sample.claim);
}

BOOST_AUTO_TEST_CASE(a_probe_claims_nothing) {
    BOOST_TEST(to_hex(write_arp_probe(kRouter, Ip4::of(192, 168, 1, 100))) ==
               "ffffffffffff020000000001080600010800060400010200000000010000000000000000"
               "0000c0a80164");
    BOOST_TEST(!parse_arp(write_arp_probe(kRouter, Ip4::of(192, 168, 1, 100))).has_value());
}

BOOST_AUTO_TEST_CASE(a_datagram_is_framed_with_right_lengths_and_checksums) {
    const Ip4 source = Ip4::of(192, 168, 1, 1);
    const Ip4 destination = Ip4::of(192, 168, 1, 100);
    const auto frame = write_udp_frame(kRouter, kDevice, source, destination, kServerPort,
                                       kClientPort, as_bytes("abc"));
    BOOST_TEST(to_hex(Bytes(frame).first(14)) == "0200000000090200000000010800");
    const Bytes header = Bytes(frame).subspan(14, 20);
    const Bytes segment = Bytes(frame).subspan(34);
    BOOST_TEST(checksum(header) == 0);
    BOOST_TEST(segment.size() == 11U);
    BOOST_TEST(transport_checksum(source, destination, Proto::udp, segment) == 0);
    BOOST_TEST(to_hex(segment.first(6)) == "00430044000b");
}

BOOST_AUTO_TEST_SUITE_END()
