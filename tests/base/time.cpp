// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/time.h"

#include <boost/test/unit_test.hpp>

using namespace gatehouse;

BOOST_AUTO_TEST_SUITE(time_values)

BOOST_AUTO_TEST_CASE(whole_seconds_are_rounded_down_and_never_negative) {
    BOOST_TEST(whole_seconds(0s) == 0);
    BOOST_TEST(whole_seconds(999ms) == 0);
    BOOST_TEST(whole_seconds(1s - 1ns) == 0);
    BOOST_TEST(whole_seconds(1s) == 1);
    BOOST_TEST(whole_seconds(2s - 1ns) == 1);
    BOOST_TEST(whole_seconds(24h) == 86400);
    BOOST_TEST(whole_seconds(-1ns) == 0);
    BOOST_TEST(whole_seconds(-5s) == 0);
    BOOST_TEST(whole_seconds(Duration::max()) == 9223372036);
    BOOST_TEST(whole_seconds(Duration::min()) == 0);
}

BOOST_AUTO_TEST_CASE(never_comes_after_everything) {
    BOOST_TEST((Instant{} < kNever));
    BOOST_TEST((Instant{} + 24h * 365 * 200 < kNever));
    BOOST_TEST((kNever - 1ns < kNever));
}

BOOST_AUTO_TEST_SUITE_END()
