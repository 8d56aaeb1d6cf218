// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/timer_queue.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "gateway/base/hash.h"
#include "gateway/base/random.h"

using namespace gatehouse;

namespace {

Instant at(std::int64_t n) {
    return Instant(Duration(n));
}

std::string pop_all(TimerQueue<std::string>& queue, Instant now) {
    std::string out;
    while (const auto key = queue.pop_expired(now))
        out += *key;
    return out;
}

// The same promises kept with a list that is searched from end to end.
class NaiveQueue {
  public:
    void set(std::uint32_t key, Instant deadline) {
        cancel(key);
        if (deadline != kNever) rows_.push_back({key, deadline});
    }
    bool cancel(std::uint32_t key) {
        return std::erase_if(rows_, [key](const Row& row) { return row.key == key; }) > 0;
    }
    std::optional<Instant> next() const {
        const auto first = earliest();
        return first == rows_.end() ? std::nullopt : std::optional(first->deadline);
    }
    std::optional<std::uint32_t> pop_expired(Instant now) {
        const auto first = earliest();
        if (first == rows_.end() || first->deadline > now) return std::nullopt;
        const std::uint32_t key = first->key;
        rows_.erase(first);
        return key;
    }
    std::optional<Instant> deadline(std::uint32_t key) const {
        for (const Row& row : rows_) {
            if (row.key == key) return row.deadline;
        }
        return std::nullopt;
    }
    std::size_t size() const { return rows_.size(); }

  private:
    struct Row {
        std::uint32_t key;
        Instant deadline;
    };

    // Rows are in the order of their setting, and min_element takes the first of equals.
    std::vector<Row>::const_iterator earliest() const {
        return std::min_element(rows_.begin(), rows_.end(),
                                [](const Row& a, const Row& b) { return a.deadline < b.deadline; });
    }

    std::vector<Row> rows_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(timer_queue)

BOOST_AUTO_TEST_CASE(an_empty_queue_has_nothing_next) {
    TimerQueue<int> queue;
    BOOST_TEST(queue.empty());
    BOOST_TEST(!queue.next());
    BOOST_TEST(!queue.pop_expired(kNever));
    BOOST_TEST(!queue.cancel(1));
    BOOST_TEST(!queue.deadline(1));
}

BOOST_AUTO_TEST_CASE(a_deadline_is_over_when_it_is_reached) {
    TimerQueue<std::string> queue;
    queue.set("a", at(10));
    BOOST_TEST((queue.next() == at(10)));
    BOOST_TEST(!queue.pop_expired(at(9)));
    BOOST_TEST((queue.pop_expired(at(10)) == "a"));
    BOOST_TEST(queue.empty());
}

BOOST_AUTO_TEST_CASE(keys_come_out_by_deadline) {
    TimerQueue<std::string> queue;
    queue.set("c", at(30));
    queue.set("a", at(10));
    queue.set("d", at(40));
    queue.set("b", at(20));
    BOOST_TEST(pop_all(queue, at(30)) == "abc");
    BOOST_TEST((queue.next() == at(40)));
}

BOOST_AUTO_TEST_CASE(equal_deadlines_come_out_in_the_order_of_setting) {
    TimerQueue<std::string> queue;
    for (const char* key : {"e", "b", "d", "a", "c"})
        queue.set(key, at(5));
    queue.set("b", at(5));  // set again: behind the others
    BOOST_TEST(pop_all(queue, at(5)) == "edacb");
}

BOOST_AUTO_TEST_CASE(setting_again_replaces_the_deadline_both_ways) {
    TimerQueue<std::string> queue;
    queue.set("a", at(10));
    queue.set("b", at(20));
    queue.set("a", at(30));
    BOOST_TEST(queue.size() == 2U);
    BOOST_TEST((queue.deadline("a") == at(30)));
    BOOST_TEST(pop_all(queue, at(20)) == "b");
    queue.set("a", at(5));
    BOOST_TEST(pop_all(queue, at(5)) == "a");
    BOOST_TEST(queue.empty());
}

BOOST_AUTO_TEST_CASE(a_cancelled_key_does_not_come_out) {
    TimerQueue<std::string> queue;
    queue.set("a", at(1));
    queue.set("b", at(2));
    BOOST_TEST(queue.cancel("a"));
    BOOST_TEST(!queue.cancel("a"));
    BOOST_TEST((queue.next() == at(2)));
    BOOST_TEST(pop_all(queue, at(9)) == "b");
}

BOOST_AUTO_TEST_CASE(never_disarms_a_key) {
    TimerQueue<std::string> queue;
    queue.set("a", kNever);
    BOOST_TEST(queue.empty());
    queue.set("a", at(1));
    queue.set("a", kNever);
    BOOST_TEST(queue.empty());
    BOOST_TEST(!queue.next());
    queue.set("a", kNever - 1ns);
    BOOST_TEST(!queue.pop_expired(kNever - 2ns));
    BOOST_TEST((queue.pop_expired(kNever - 1ns) == "a"));
}

BOOST_AUTO_TEST_CASE(a_key_may_be_armed_again_while_expired_ones_are_popped) {
    TimerQueue<int> queue;
    queue.set(1, at(1));
    int ticks = 0;
    const Instant now = at(10);
    while (const auto key = queue.pop_expired(now)) {
        ++ticks;
        queue.set(*key, at(1 + 3 * ticks));
    }
    BOOST_TEST(ticks == 4);  // at 1, 4, 7 and 10
    BOOST_TEST((queue.next() == at(13)));
}

BOOST_AUTO_TEST_CASE(clearing_forgets_all) {
    TimerQueue<int> queue;
    for (int key = 0; key < 10; ++key)
        queue.set(key, at(key));
    queue.clear();
    BOOST_TEST(queue.empty());
    BOOST_TEST(!queue.deadline(3));
    queue.set(3, at(1));
    BOOST_TEST((queue.pop_expired(at(1)) == 3));
}

BOOST_AUTO_TEST_CASE(keys_of_strangers_are_hashed_under_a_secret) {
    TimerQueue<Endpoint4, KeyedHash> queue(KeyedHash(HashKey{1, 2}));
    const Endpoint4 phone{Ip4::of(192, 168, 1, 20), Port{5060}};
    queue.set(phone, at(1));
    BOOST_TEST((queue.pop_expired(at(1)) == phone));
}

BOOST_AUTO_TEST_CASE(random_operations_agree_with_the_naive_queue) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        SeededRandom random(100 + seed);
        const std::uint64_t keys = random.between(1, 150);
        const std::uint64_t horizon = random.between(1, 200);  // small: many equal deadlines
        TimerQueue<std::uint32_t> queue;
        NaiveQueue naive;
        std::int64_t now = 0;
        for (int step = 0; step < 8000; ++step) {
            const auto key = static_cast<std::uint32_t>(random.below(keys));
            switch (random.below(8)) {
                case 0: BOOST_REQUIRE_EQUAL(queue.cancel(key), naive.cancel(key)); break;
                case 1: {
                    now += static_cast<std::int64_t>(random.below(horizon / 4 + 1));
                    for (;;) {
                        const auto popped = queue.pop_expired(at(now));
                        BOOST_REQUIRE(popped == naive.pop_expired(at(now)));
                        if (!popped) break;
                    }
                    break;
                }
                case 2:
                    queue.set(key, kNever);
                    naive.set(key, kNever);
                    break;
                default: {
                    const Instant deadline =
                        at(now + static_cast<std::int64_t>(random.below(horizon)));
                    queue.set(key, deadline);
                    naive.set(key, deadline);
                }
            }
            BOOST_REQUIRE(queue.next() == naive.next());
            BOOST_REQUIRE(queue.deadline(key) == naive.deadline(key));
            BOOST_REQUIRE_EQUAL(queue.size(), naive.size());
        }
        while (const auto popped = queue.pop_expired(kNever)) {
            BOOST_REQUIRE(popped == naive.pop_expired(kNever));
        }
        BOOST_REQUIRE_EQUAL(naive.size(), 0U);
    }
}

BOOST_AUTO_TEST_SUITE_END()
