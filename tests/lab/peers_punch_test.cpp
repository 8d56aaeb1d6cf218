// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two peers that want to talk without a server between them. In two houses, for every pair of NAT
// types: they meet where the types allow it, and nowhere else. In one house: always.
//
//   phone   .20 --+                                                        +-- .20 phone
//   console .30 --+-- [left router] 11.0.0.1 --+-- 11.0.0.5 [right router] --+
//                                              |
//                                [internet] 11.0.0.2 (rendezvous)
#include <boost/test/unit_test.hpp>

#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kPatience = 8s;  // on a busy machine

// Gives the street every pair of types, one after the other.
void for_every_pair(Street& street, const std::function<void(const Peer&, const Peer&)>& work) {
    for (const std::string_view left : kNatTypes) {
        street.left.becomes(left);
        for (const std::string_view right : kNatTypes) {
            street.right.becomes(right);
            work({street.left.house.phone, left}, {street.right.house.phone, right});
        }
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(two_houses)

BOOST_AUTO_TEST_CASE(phones_punch_holes_for_udp_where_the_types_allow_it) {
    Street street;
    for_every_pair(street, [&](const Peer& left, const Peer& right) {
        BOOST_TEST(udp_goes_as_types_allow(left, right, street.net));
    });
}

BOOST_AUTO_TEST_CASE(phones_connect_by_tcp_from_both_ends_where_the_types_allow_it) {
    Street street;
    for_every_pair(street, [&](const Peer& left, const Peer& right) {
        BOOST_TEST(tcp_goes_as_types_allow(left, right, street.net));
    });
}

BOOST_AUTO_TEST_SUITE_END()

// The router turns them round: what it filters out of the internet is not in their way.
BOOST_AUTO_TEST_SUITE(one_house)

BOOST_AUTO_TEST_CASE(its_devices_meet_by_their_outside_endpoints_over_udp_whatever_the_type) {
    Street street;
    const House& house = street.left.house;
    const UdpSocket rendezvous = street.net.host.udp("11.0.0.2:3478");
    for (const std::string_view type : kNatTypes) {
        street.left.becomes(type);
        const Meeting meeting = meet_over_udp(house.phone, house.console, rendezvous, kPatience);
        BOOST_TEST(meeting.direct(), type << ": " << meeting);
    }
}

BOOST_AUTO_TEST_CASE(its_devices_meet_by_their_outside_endpoints_over_tcp_whatever_the_type) {
    Street street;
    const House& house = street.left.house;
    const TcpListener rendezvous = street.net.host.listen("11.0.0.2:3478");
    for (const std::string_view type : kNatTypes) {
        street.left.becomes(type);
        const Meeting meeting = meet_over_tcp(house.phone, house.console, rendezvous, kPatience);
        BOOST_TEST(meeting.direct(), type << ": " << meeting);
    }
}

BOOST_AUTO_TEST_SUITE_END()
