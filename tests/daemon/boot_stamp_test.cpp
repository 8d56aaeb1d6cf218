// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/boot_stamp.h"

#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "gateway/daemon/saved_sip.h"

using namespace gatehouse;
using namespace gatehouse::daemon;

namespace {

constexpr Instant kWritten{1000s};
constexpr Instant kLater{1600s};
constexpr Instant kSoon{20s};  // after another boot

}  // namespace

BOOST_AUTO_TEST_SUITE(boot_stamp)

BOOST_AUTO_TEST_CASE(in_the_same_boot_time_has_gone_on) {
    const std::string text = write_boot_stamp("boot-a", kWritten) + "first\nsecond";
    BOOST_TEST(text == "boot-a 1000\nfirst\nsecond");
    const auto stamped = read_boot_stamp(text, "boot-a", kLater);
    BOOST_REQUIRE(stamped.has_value());
    BOOST_TEST(stamped->text == "first\nsecond");
    BOOST_TEST((stamped->now == kLater));
}

BOOST_AUTO_TEST_CASE(after_another_boot_it_goes_on_from_where_it_was_written) {
    const auto stamped = read_boot_stamp("boot-a 1000\nx", "boot-b", kSoon);
    BOOST_REQUIRE(stamped.has_value());
    BOOST_TEST((stamped->now == kWritten));
}

BOOST_AUTO_TEST_CASE(a_machine_that_does_not_name_its_boots_has_one) {
    const auto stamped = read_boot_stamp(write_boot_stamp("", kWritten), "", kLater);
    BOOST_REQUIRE(stamped.has_value());
    BOOST_TEST((stamped->now == kLater));
    BOOST_TEST(stamped->text == "");
}

BOOST_AUTO_TEST_CASE(what_is_no_such_line_is_none) {
    for (const char* text : {"", "\n", "boot-a\n", "boot-a 1 2\n", "boot-a -1\n", "boot-a 1s\n",
                             "boot-a 4294967296\n", "192.168.1.20:5060 11.0.9.1:5060 5060 9 a\n"})
        BOOST_TEST(!read_boot_stamp(text, "boot-a", kLater).has_value(), text);
}

// UNTIL in the second line: 3600 seconds after it was written.
BOOST_AUTO_TEST_CASE(a_registration_has_the_time_left_that_no_wall_clock_tells) {
    const std::string text = "boot-a 1000\n192.168.1.20:5060 11.0.9.1:5060 5060 4600 sip:a@x\n";
    const auto left = [&text](std::string_view boot, Instant now) {
        const sip::Restored restored = read_saved_sip(text, "", boot, now);
        return restored.registrations.size() == 1 ? whole_seconds(restored.registrations[0].left)
                                                  : 0;
    };
    BOOST_TEST(left("boot-a", kLater) == 3000);
    BOOST_TEST(left("boot-a", kWritten + 1h) == 0);
    BOOST_TEST(left("boot-b", kSoon) == 3600);
    BOOST_TEST(left("boot-b", kWritten + 24h) == 3600);
}

BOOST_AUTO_TEST_SUITE_END()
