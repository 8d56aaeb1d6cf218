// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/random.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <limits>
#include <set>
#include <vector>

using namespace gatehouse;

namespace {

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();

// Gives the numbers it was told to.
class ScriptedRandom final : public Random {
  public:
    explicit ScriptedRandom(std::vector<std::uint64_t> numbers) : numbers_(std::move(numbers)) {}
    std::uint64_t next() override { return numbers_.at(used_++); }
    std::size_t used() const { return used_; }

  private:
    std::vector<std::uint64_t> numbers_;
    std::size_t used_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(randomness)

BOOST_AUTO_TEST_CASE(a_seed_gives_the_published_sequence) {
    // splitmix64 from 0 begins e220a8397b1dcdaf 6e789e6aa1b965f4;
    // xoshiro256** then takes rotl(second * 5, 7) * 9.
    SeededRandom random(0);
    const std::uint64_t second = 0x6e789e6aa1b965f4U * 5;
    BOOST_TEST(random.next() == ((second << 7U) | (second >> 57U)) * 9);
    BOOST_TEST(random.next() == 0xbf6e1f784956452aU);
    BOOST_TEST(random.next() == 0x1a5f849d4933e6e0U);
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_run) {
    SeededRandom a(7);
    SeededRandom b(7);
    SeededRandom other(8);
    std::size_t same = 0;
    for (int i = 0; i < 100; ++i) {
        const std::uint64_t number = a.next();
        BOOST_REQUIRE_EQUAL(number, b.next());
        if (number == other.next()) ++same;
    }
    BOOST_TEST(same == 0U);
}

BOOST_AUTO_TEST_CASE(numbers_stay_below_their_bound_and_reach_it) {
    SeededRandom random(20);
    for (const std::uint64_t n : {1U, 2U, 3U, 7U, 10U, 64U}) {
        std::set<std::uint64_t> seen;
        for (int i = 0; i < 2000; ++i)
            seen.insert(random.below(n));
        BOOST_TEST(seen.size() == n);
        BOOST_TEST(*seen.rbegin() == n - 1);
    }
    for (int i = 0; i < 1000; ++i)
        BOOST_REQUIRE_LT(random.below(kLargest), kLargest);
}

BOOST_AUTO_TEST_CASE(numbers_that_would_favour_small_results_are_thrown_away) {
    // 2^64 = 3 * k + 1: of the numbers 0 to 2^64 - 1 exactly one is too many.
    ScriptedRandom three({0, 1});
    BOOST_TEST(three.below(3) == 1U);
    BOOST_TEST(three.used() == 2U);
    // Nearly half of all numbers are too many for 2^63 + 1.
    const std::uint64_t n = (std::uint64_t{1} << 63U) + 1;
    ScriptedRandom half({n - 3, 0, n - 2, kLargest});
    BOOST_TEST(half.below(n) == n - 2);
    BOOST_TEST(half.used() == 3U);
    BOOST_TEST(half.below(n) == kLargest - n);
    // A power of two throws nothing away.
    ScriptedRandom power({0, kLargest});
    BOOST_TEST(power.below(16) == 0U);
    BOOST_TEST(power.below(16) == 15U);
}

BOOST_AUTO_TEST_CASE(small_numbers_are_equally_likely) {
    SeededRandom random(21);
    static constexpr std::size_t kBuckets = 10;
    static constexpr int kDraws = 100000;
    std::vector<double> seen(kBuckets);
    for (int i = 0; i < kDraws; ++i)
        seen[random.index(kBuckets)] += 1;
    double chi_square = 0;
    for (const double count : seen) {
        const double expected = static_cast<double>(kDraws) / kBuckets;
        chi_square += (count - expected) * (count - expected) / expected;
    }
    BOOST_TEST(chi_square < 27.9);  // 9 degrees of freedom, one seed in a thousand is worse
}

BOOST_AUTO_TEST_CASE(a_range_includes_both_ends) {
    SeededRandom random(22);
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 500; ++i)
        seen.insert(random.between(5, 7));
    BOOST_TEST((seen == std::set<std::uint64_t>{5, 6, 7}));
    BOOST_TEST(random.between(9, 9) == 9U);
    ScriptedRandom all({kLargest, 3});
    BOOST_TEST(all.between(0, kLargest) == kLargest);
    BOOST_TEST(all.between(kLargest, kLargest) == kLargest);
}

BOOST_AUTO_TEST_CASE(bytes_are_filled_to_the_last_one) {
    ScriptedRandom random({0x0807060504030201U, 0x0a09U});
    const auto ten = random.bytes<10>();
    for (std::size_t i = 0; i < ten.size(); ++i)
        BOOST_TEST(ten[i] == i + 1);
    BOOST_TEST(random.used() == 2U);
    random.fill({});
    BOOST_TEST(random.used() == 2U);
}

BOOST_AUTO_TEST_CASE(the_system_does_not_repeat_itself) {
    SystemRandom random;
    SystemRandom other;
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 200; ++i) {  // more than one block
        seen.insert(random.next());
        seen.insert(other.next());
    }
    BOOST_TEST(seen.size() == 400U);
    BOOST_TEST(seen.count(0) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
