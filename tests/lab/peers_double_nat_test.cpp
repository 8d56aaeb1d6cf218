// SPDX-License-Identifier: GPL-2.0-or-later
//
// A house behind another house, as behind a provider's NAT or a forgotten router: the two NATs
// amount to the stricter of both.
//
//   inner phone 192.168.2.20 -- [inner router] 192.168.1.50 --+
//                                        outer phone .20 --+
//                                                             |
//                   [outer (left) router] 11.0.0.1 --+-- 11.0.0.5 [right router] -- .20 phone
//                                                    |
//                                      [internet] 11.0.0.2 (rendezvous)
#include <boost/test/unit_test.hpp>

#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kPatience = 8s;  // on a busy machine

struct LongStreet : Street {
    Home& outer = left;
    Home inner{inner_house(left.house)};

    // The inner phone, and all that stands between it and the internet.
    Peer inner_phone() const { return {inner.house.phone, stricter(inner.type(), outer.type())}; }
    Peer right_phone() const { return {right.house.phone, right.type()}; }
};

}  // namespace

// Seen from peers that are choosy themselves: each combination makes a difference to one of them.
BOOST_AUTO_TEST_CASE(its_phone_meets_a_phone_elsewhere_over_udp_as_the_stricter_nat_allows) {
    LongStreet street;
    for (const std::string_view right : {"port-restricted-cone", "symmetric"}) {
        street.right.becomes(right);
        for (const std::string_view outer : kNatTypes) {
            street.outer.becomes(outer);
            for (const std::string_view inner : kNatTypes) {
                street.inner.becomes(inner);
                BOOST_TEST_CONTEXT(inner << " behind " << outer)
                BOOST_TEST(udp_goes_as_types_allow(street.inner_phone(), street.right_phone(),
                                                   street.net));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(its_phone_meets_a_phone_elsewhere_over_tcp_as_the_stricter_nat_allows) {
    LongStreet street;
    street.right.becomes("port-restricted-cone");
    for (const std::string_view inner : {"full-cone", "port-restricted-cone", "symmetric"}) {
        street.inner.becomes(inner);
        BOOST_TEST_CONTEXT(inner << " behind " << street.outer.type())
        BOOST_TEST(tcp_goes_as_types_allow(street.inner_phone(), street.right_phone(), street.net));
    }
}

// The outer router turns them round; what it filters out of the internet is not in their way.
BOOST_AUTO_TEST_CASE(its_phone_meets_a_phone_of_the_outer_house_whatever_the_types) {
    LongStreet street;
    const UdpSocket rendezvous = street.net.host.udp("11.0.0.2:3478");
    for (const std::string_view outer : kNatTypes) {
        street.outer.becomes(outer);
        for (const std::string_view inner : kNatTypes) {
            street.inner.becomes(inner);
            const Meeting meeting = meet_over_udp(street.inner.house.phone,
                                                  street.outer.house.phone, rendezvous, kPatience);
            BOOST_TEST(meeting.direct(), inner << " behind " << outer << ": " << meeting);
        }
    }
}
