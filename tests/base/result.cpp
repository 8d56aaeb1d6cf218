// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/result.h"

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

using namespace gatehouse;

namespace {

enum class Reason { too_long, unknown };

Result<int, Reason> small_number(int value) {
    if (value > 9) return fail(Reason::too_long);
    return value;
}

Result<std::string> name_of(int value) {
    if (value == 0) return fail("no name");
    if (value < 0) return fail(std::string("negative: ") + std::to_string(value));
    return std::string("n") + std::to_string(value);
}

Status check(int value) {
    const auto name = name_of(value);
    if (!name) return name.failure();
    return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(result)

BOOST_AUTO_TEST_CASE(a_result_holds_a_value_or_a_reason) {
    const auto good = small_number(9);
    BOOST_TEST(good.ok());
    BOOST_TEST(static_cast<bool>(good));
    BOOST_TEST(*good == 9);
    BOOST_TEST(good.value_or(1) == 9);
    const auto bad = small_number(10);
    BOOST_TEST(!bad.ok());
    BOOST_TEST((bad.error() == Reason::too_long));
    BOOST_TEST(bad.value_or(1) == 1);
}

BOOST_AUTO_TEST_CASE(a_reason_in_words_is_made_of_any_text) {
    BOOST_TEST(name_of(0).error().text == "no name");
    BOOST_TEST(name_of(-3).error().text == "negative: -3");
    BOOST_TEST(name_of(5)->size() == 2U);
    const Error known{"seen before"};
    const Status again = fail(known);
    BOOST_TEST((again.error() == known));
}

BOOST_AUTO_TEST_CASE(a_failed_system_call_is_told_with_what_was_attempted) {
    errno = EADDRINUSE;
    const Status bound = fail_with_errno("bind");
    BOOST_TEST(bound.error().text == std::string("bind: ") + std::strerror(EADDRINUSE));
}

BOOST_AUTO_TEST_CASE(a_reason_is_handed_on_to_another_type_of_result) {
    BOOST_TEST(check(1).ok());
    BOOST_TEST(check(0).error().text == "no name");
    const Result<std::vector<int>> other = check(-1).failure();
    BOOST_TEST(other.error().text == "negative: -1");
}

BOOST_AUTO_TEST_CASE(value_and_reason_may_be_of_the_same_type) {
    const Result<std::string, std::string> good = std::string("value");
    const Result<std::string, std::string> bad = Failure<std::string>{"reason"};
    BOOST_TEST(*good == "value");
    BOOST_TEST(bad.error() == "reason");
}

BOOST_AUTO_TEST_CASE(a_value_that_cannot_be_copied_is_moved_out) {
    Result<std::unique_ptr<int>> owned = std::make_unique<int>(7);
    const std::unique_ptr<int> taken = *std::move(owned);
    BOOST_TEST(*taken == 7);
}

BOOST_AUTO_TEST_CASE(a_value_can_be_changed_in_place) {
    Result<std::string> text = name_of(1);
    *text += "!";
    text->push_back('?');
    BOOST_TEST(text.value() == "n1!?");
}

BOOST_AUTO_TEST_SUITE_END()
