// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/loop/loop.h"

#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <ctime>

using namespace gatehouse;
using namespace gatehouse::loop;

namespace {

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        BOOST_REQUIRE(::pipe(ends.data()) == 0);
        reading = Fd(ends[0]);
        writing = Fd(ends[1]);
    }
    void put() const { BOOST_REQUIRE(::write(writing.get(), "x", 1) == 1); }
    Fd reading;
    Fd writing;
};

std::unique_ptr<Loop> make_loop() {
    auto made = Loop::make();
    BOOST_REQUIRE(made.ok());
    return std::move(*made);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_readable_file_calls_back_until_it_is_read) {
    const auto loop = make_loop();
    const Pipe pipe;
    int calls = 0;
    BOOST_REQUIRE(loop->watch(pipe.reading.get(), EPOLLIN, [&](std::uint32_t) { ++calls; }).ok());
    loop->turn(0s);
    BOOST_TEST(calls == 0);
    pipe.put();
    loop->turn(1s);
    loop->turn(1s);
    BOOST_TEST(calls == 2);
    loop->unwatch(pipe.reading.get());
    loop->turn(0s);
    BOOST_TEST(calls == 2);
}

BOOST_AUTO_TEST_CASE(a_watch_that_an_earlier_callback_of_the_turn_took_away_is_not_called) {
    const auto loop = make_loop();
    const Pipe one;
    const Pipe two;
    int calls = 0;
    const auto take_both_away = [&](std::uint32_t) {
        ++calls;
        loop->unwatch(one.reading.get());
        loop->unwatch(two.reading.get());
    };
    BOOST_REQUIRE(loop->watch(one.reading.get(), EPOLLIN, take_both_away).ok());
    BOOST_REQUIRE(loop->watch(two.reading.get(), EPOLLIN, take_both_away).ok());
    one.put();
    two.put();
    loop->turn(1s);
    loop->turn(0s);
    BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(a_descriptor_number_used_again_does_not_get_the_events_of_the_old_one) {
    const auto loop = make_loop();
    const Pipe trigger;
    Pipe old;
    int old_calls = 0;
    int new_calls = 0;
    const int number = old.reading.get();
    const auto replace = [&](std::uint32_t) {
        loop->unwatch(trigger.reading.get());
        loop->unwatch(number);
        BOOST_REQUIRE(::dup2(trigger.writing.get(), number) == number);
        BOOST_REQUIRE(loop->watch(number, EPOLLIN, [&](std::uint32_t) { ++new_calls; }).ok());
    };
    BOOST_REQUIRE(loop->watch(trigger.reading.get(), EPOLLIN, replace).ok());
    BOOST_REQUIRE(loop->watch(number, EPOLLIN, [&](std::uint32_t) { ++old_calls; }).ok());
    trigger.put();
    old.put();
    loop->turn(1s);
    BOOST_TEST(new_calls == 0);
    BOOST_TEST(old_calls <= 1);
}

BOOST_AUTO_TEST_CASE(a_closed_descriptor_is_refused_with_a_reason) {
    const auto loop = make_loop();
    const Status watched = loop->watch(9999, EPOLLIN, [](std::uint32_t) {});
    BOOST_REQUIRE(!watched.ok());
    BOOST_TEST(watched.error().text == "epoll_ctl: Bad file descriptor");
}

BOOST_AUTO_TEST_CASE(timers_fire_once_in_the_order_of_their_deadlines) {
    const auto loop = make_loop();
    std::string order;
    loop->after(2ms, [&] { order += 'b'; });
    loop->after(1ms, [&] { order += 'a'; });
    loop->after(2ms, [&] { order += 'c'; });
    for (int i = 0; i < 100 && order.size() < 3; ++i)
        loop->turn(100ms);
    loop->turn(5ms);
    BOOST_TEST(order == "abc");
}

BOOST_AUTO_TEST_CASE(no_timer_fires_before_its_deadline) {
    const auto loop = make_loop();
    const Instant deadline = loop->now() + 20ms;
    bool fired = false;
    loop->at(deadline, [&] {
        fired = true;
        BOOST_TEST((loop->now() >= deadline));
    });
    for (int i = 0; i < 100 && !fired; ++i)
        loop->turn(1s);
    BOOST_TEST(fired);
}

BOOST_AUTO_TEST_CASE(a_cancelled_timer_never_fires_also_when_cancelled_by_one_of_the_same_moment) {
    const auto loop = make_loop();
    int fired = 0;
    const Instant at = loop->now();
    TimerId second = 0;
    loop->at(at, [&] {
        ++fired;
        loop->cancel(second);
    });
    second = loop->at(at, [&] { ++fired; });
    loop->cancel(loop->at(at, [&] { ++fired; }));
    loop->turn(0s);
    loop->turn(0s);
    BOOST_TEST(fired == 1);
}

BOOST_AUTO_TEST_CASE(a_timer_set_for_now_by_a_timer_waits_for_the_next_turn) {
    const auto loop = make_loop();
    int fired = 0;
    std::function<void()> again = [&] {
        ++fired;
        loop->after(0s, again);
    };
    loop->after(0s, again);
    loop->turn(0s);
    BOOST_TEST(fired == 1);
    loop->turn(0s);
    BOOST_TEST(fired == 2);
}

BOOST_AUTO_TEST_CASE(the_clock_stands_still_within_a_turn) {
    const auto loop = make_loop();
    Instant first;
    loop->after(0s, [&] {
        first = loop->now();
        ::usleep(2000);
        BOOST_TEST((loop->now() == first));
    });
    loop->turn(0s);
    loop->turn(0s);
    BOOST_TEST((loop->now() > first));
}

BOOST_AUTO_TEST_CASE(a_signal_calls_back_instead_of_its_default_action) {
    const auto loop = make_loop();
    int hangups = 0;
    int users = 0;
    BOOST_REQUIRE(loop->on_signal(SIGHUP, [&] { ++hangups; }).ok());
    BOOST_REQUIRE(loop->on_signal(SIGUSR1, [&] { ++users; }).ok());
    BOOST_REQUIRE(::kill(::getpid(), SIGHUP) == 0);
    BOOST_REQUIRE(::kill(::getpid(), SIGUSR1) == 0);
    loop->turn(1s);
    BOOST_TEST(hangups == 1);
    BOOST_TEST(users == 1);
}

BOOST_AUTO_TEST_CASE(run_goes_on_until_it_is_stopped) {
    const auto loop = make_loop();
    int turns = 0;
    std::function<void()> step = [&] {
        if (++turns == 3) return loop->stop();
        loop->after(0s, step);
    };
    loop->after(0s, step);
    BOOST_TEST(loop->run());
    BOOST_TEST(turns == 3);
}

BOOST_AUTO_TEST_CASE(a_turn_that_waits_is_long_and_one_that_computes_is_so_by_both_clocks) {
    const auto loop = make_loop();
    const Duration slow = TurnTimes::kSlow;
    const TurnTimes& times = loop->turn_times();
    loop->turn(100ms);  // the wait itself does not count
    BOOST_TEST(times.passed.slow == 0U);
    loop->after(0s, [&] { ::usleep(30'000); });
    loop->turn(0s);
    BOOST_TEST(times.passed.slow == 1U);
    BOOST_TEST(times.computed.slow == 0U);
    BOOST_TEST(times.blocked.slow == 1U);
    BOOST_TEST((times.passed.longest > slow && times.computed.longest < slow));
    loop->after(0s, [&] {
        const std::clock_t end = std::clock() + 30 * CLOCKS_PER_SEC / 1000;
        while (std::clock() < end) {
        }
    });
    loop->turn(0s);
    BOOST_TEST(times.passed.slow == 2U);
    BOOST_TEST(times.computed.slow == 1U);
    BOOST_TEST(times.blocked.slow == 1U);
    BOOST_TEST((times.computed.longest > slow));
}

BOOST_AUTO_TEST_CASE(a_turn_that_is_too_long_is_told_with_what_took_the_most_of_it) {
    const auto loop = make_loop();
    std::vector<SlowTurn> told;
    loop->on_slow_turn([&](const SlowTurn& turn) { told.push_back(turn); });
    const auto compute = [](std::clock_t milliseconds) {
        const std::clock_t end = std::clock() + milliseconds * CLOCKS_PER_SEC / 1000;
        while (std::clock() < end) {
        }
    };
    loop->after(0s, [&] { compute(2); });
    loop->turn(0s);
    BOOST_TEST(told.empty());
    loop->after(0s, [&] { ::usleep(30'000); });
    loop->turn(0s);
    BOOST_REQUIRE(told.size() == 1U);
    BOOST_TEST(told.front().sleeps > 0);
    BOOST_TEST((told.front().computed < TurnTimes::kSlow));
    told.clear();
    loop->after(0s, [&] { compute(2); });
    const auto here = Place::here();
    loop->after(0s, [&] { compute(30); });
    loop->after(0s, [&] { compute(2); });
    loop->turn(0s);
    BOOST_REQUIRE(told.size() == 1U);
    BOOST_TEST(told.front().of.line == here.line + 1);
    BOOST_TEST(std::string_view(told.front().of.file).ends_with("loop_test.cpp"));
    BOOST_TEST((told.front().computed > TurnTimes::kSlow));
    BOOST_TEST((told.front().longest > 20ms && told.front().passed >= told.front().longest));
}
