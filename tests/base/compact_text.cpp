// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/compact_text.h"

#include <boost/test/unit_test.hpp>
#include <vector>

using namespace gatehouse;

BOOST_AUTO_TEST_SUITE(compact_text)

BOOST_AUTO_TEST_CASE(a_text_of_any_length_comes_back) {
    for (const std::size_t length : {0U, 1U, 14U, 15U, 16U, 17U, 255U, 70000U}) {
        BOOST_TEST_CONTEXT(length << " bytes") {
            std::string text(length, 'x');
            if (length > 2) text[1] = '\0';
            const CompactText compact(text);
            BOOST_CHECK(compact == text);
            BOOST_TEST(compact.empty() == text.empty());
            BOOST_TEST(compact.view().size() == length);
        }
    }
}

BOOST_AUTO_TEST_CASE(copies_and_moves_leave_each_their_own) {
    const std::string_view short_one = "phone";
    const std::string_view long_one = "a name of more than fifteen characters";
    for (const std::string_view first : {short_one, long_one}) {
        for (const std::string_view second : {short_one, long_one}) {
            CompactText a(first);
            CompactText b(second);
            a = b;
            BOOST_CHECK(a == second && b == second);
            b = first;
            BOOST_CHECK(a == second && b == first);
            CompactText& same = a;
            a = same;
            BOOST_CHECK(a == second);
            std::vector<CompactText> moved;
            moved.push_back(std::move(a));
            moved.push_back(b);
            moved.erase(moved.begin());
            BOOST_CHECK(moved.front() == first);
            BOOST_CHECK(moved.front() == b);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
