// SPDX-License-Identifier: GPL-2.0-or-later
//
// The bytes of pinholes in the sets of the kernel.
#include <boost/test/unit_test.hpp>

#include "gateway/daemon/nat_shell.h"

using namespace gatehouse;

namespace {

const nat::PinholeElement kForAll{*parse_ip6("2001:db8::20"), Proto::udp, Port{5060}, {}};
const nat::PinholeElement kForOne{*parse_ip6("2001:db8::20"), Proto::tcp, Port{443},
                                  *parse_ip6("2001:db8:9::1")};

}  // namespace

BOOST_AUTO_TEST_SUITE(elements_of_pinholes)

BOOST_AUTO_TEST_CASE(a_pinhole_for_everybody_and_one_for_a_remote_lie_in_different_sets) {
    const kernel::ElementChange all = daemon::encode_pinhole({true, kForAll}, true);
    BOOST_TEST(all.set == "pinhole_counted");
    BOOST_TEST((all.kind == kernel::ElementChange::Kind::add));
    BOOST_TEST(to_hex(all.key) ==
               "20010db8000000000000000000000020"
               "11000000"
               "13c40000");
    BOOST_TEST(all.data.empty());
    const kernel::ElementChange one = daemon::encode_pinhole({false, kForOne}, true);
    BOOST_TEST(one.set == "pinhole_counted_remote");
    BOOST_TEST((one.kind == kernel::ElementChange::Kind::remove));
    BOOST_TEST(to_hex(one.key) ==
               "20010db8000000000000000000000020"
               "06000000"
               "01bb0000"
               "20010db8000900000000000000000001");
}

BOOST_AUTO_TEST_CASE(what_was_written_is_read_back_and_other_lengths_are_not) {
    for (const nat::PinholeElement& hole : {kForAll, kForOne}) {
        const bool with_remote = hole.remote != Ip6{};
        kernel::Element element;
        element.key = daemon::encode_pinhole({true, hole}, true).key;
        BOOST_TEST((daemon::decode_pinhole(with_remote, element) == hole));
        BOOST_TEST(!daemon::decode_pinhole(!with_remote, element).has_value());
        element.key.pop_back();
        BOOST_TEST(!daemon::decode_pinhole(with_remote, element).has_value());
    }
}

BOOST_AUTO_TEST_SUITE_END()
