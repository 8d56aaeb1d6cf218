// SPDX-License-Identifier: GPL-2.0-or-later
//
// Calls and games as they are today: ICE agents (libnice) in two houses, with coturn for STUN and
// TURN. For every pair of NAT types they find a direct path where the types allow one, and end up
// with the relay elsewhere.
//
//   phone .20 -- [left router] 11.0.0.1 --+-- 11.0.0.5 [right router] -- .30 console
//      |                                  |
//   [inner router] 192.168.1.50      [internet] 11.0.0.2 rendezvous, 11.0.0.4 coturn
//      |
//   inner phone 192.168.2.20
#include <boost/test/unit_test.hpp>

#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

BOOST_AUTO_TEST_CASE(agents_in_two_houses_meet_directly_where_the_types_allow_it_else_by_relay) {
    IceStreet street;
    IceAgent phone = street.agent_on(street.left.house.phone);
    IceAgent console = street.agent_on(street.right.house.console);
    for (const std::string_view left : kNatTypes) {
        street.left.becomes(left);
        for (const std::string_view right : kNatTypes) {
            street.right.becomes(right);
            BOOST_TEST_CONTEXT(left << " and " << right)
            BOOST_TEST(agents_meet_as_types_allow(phone, left, console, right));
        }
    }
}

BOOST_AUTO_TEST_CASE(an_agent_behind_two_nats_has_a_direct_path_where_the_stricter_allows_it) {
    IceStreet street;
    Home inner(inner_house(street.left.house));
    street.right.becomes("port-restricted-cone");
    IceAgent phone = street.agent_on(inner.house.phone);
    IceAgent console = street.agent_on(street.right.house.console);
    for (const std::string_view outer : {"restricted-cone", "symmetric"}) {
        street.left.becomes(outer);
        for (const std::string_view type : {"port-restricted-cone", "symmetric"}) {
            inner.becomes(type);
            BOOST_TEST_CONTEXT(type << " behind " << outer)
            BOOST_TEST(agents_meet_as_types_allow(phone, stricter(type, outer), console,
                                                  street.right.type()));
        }
    }
}

BOOST_AUTO_TEST_CASE(agents_of_a_house_and_of_the_house_behind_it_meet_directly) {
    IceStreet street;
    Home inner(inner_house(street.left.house));
    IceAgent phone = street.agent_on(inner.house.phone);
    IceAgent console = street.agent_on(street.left.house.console);
    for (const std::string_view type : kNatTypes) {
        inner.becomes(type);
        street.left.becomes(type);
        BOOST_TEST_CONTEXT(type)
        BOOST_TEST(agents_meet(phone, console, IcePolicy::any, Path::direct));
    }
}

// They have addresses of one network, and the router has nothing to do with it.
BOOST_AUTO_TEST_CASE(agents_of_one_house_meet_at_home) {
    IceStreet street;
    IceAgent phone = street.agent_on(street.left.house.phone);
    IceAgent console = street.agent_on(street.left.house.console);
    for (const std::string_view type : kNatTypes) {
        street.left.becomes(type);
        BOOST_TEST_CONTEXT(type)
        BOOST_TEST(agents_meet(phone, console, IcePolicy::any, Path::direct));
        BOOST_TEST(phone.pair().starts_with("host host 192.168.1.30:"), phone.pair());
    }
}
