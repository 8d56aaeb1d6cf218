// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/loop/loop.h"

#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <ctime>

namespace gatehouse::loop {

namespace {

// A watch is found again by fd and serial: the fd number may be closed and opened anew by an
// earlier callback of the same turn.
std::uint64_t pack(int fd, std::uint64_t serial) {
    return (serial << 32U) | static_cast<std::uint32_t>(fd);
}

// Of the processor, by this thread.
struct Use {
    Duration computed{};
    long sleeps = 0;
    long interruptions = 0;
};

Use read_use() {
    rusage use{};
    if (::getrusage(RUSAGE_THREAD, &use) != 0) return {};
    const auto time = [](const timeval& t) -> Duration {
        return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
    };
    // NOLINTNEXTLINE: unions of glibc, with padding
    return {time(use.ru_utime) + time(use.ru_stime), use.ru_nvcsw, use.ru_nivcsw};
}

Instant read_boot_time() {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return Instant(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

}  // namespace

Fd::~Fd() {
    if (number_ >= 0) ::close(number_);
}

Result<std::unique_ptr<Loop>> Loop::make() {
    Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) return fail_with_errno("epoll_create1");
    std::unique_ptr<Loop> loop(new Loop(std::move(epoll)));
    sigemptyset(&loop->signal_set_);
    loop->read_clock();
    return loop;
}

Status Loop::watch(int fd, std::uint32_t events, FileCallback callback, Place from) {
    last_serial_ = (last_serial_ + 1) & 0xffffffffU;
    epoll_event event{};
    event.events = events;
    event.data.u64 = pack(fd, last_serial_);
    const bool known = watches_.contains(fd);
    if (::epoll_ctl(epoll_.get(), known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0) {
        return fail_with_errno("epoll_ctl");
    }
    watches_[fd] = std::make_shared<Watch>(Watch{last_serial_, std::move(callback), from});
    return {};
}

void Loop::unwatch(int fd) {
    if (watches_.erase(fd) == 0) return;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

Status Loop::on_signal(int signal, Callback callback) {
    sigaddset(&signal_set_, signal);
    if (::sigprocmask(SIG_BLOCK, &signal_set_, nullptr) != 0) return fail_with_errno("sigprocmask");
    const bool first = !signals_;
    const int fd = ::signalfd(signals_.get(), &signal_set_, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) return fail_with_errno("signalfd");
    signal_callbacks_[signal] = std::move(callback);
    if (!first) return {};
    signals_ = Fd(fd);
    return watch(fd, EPOLLIN, [this](std::uint32_t) { read_signals(); });
}

void Loop::read_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        const auto found = signal_callbacks_.find(static_cast<int>(info.ssi_signo));
        if (found != signal_callbacks_.end()) found->second();
    }
}

TimerId Loop::at(Instant at, Callback callback, Place from) {
    const TimerId id = ++last_timer_;
    timers_.emplace(std::pair(at, id), Timer{std::move(callback), from});
    deadlines_.emplace(id, at);
    return id;
}

void Loop::cancel(TimerId timer) {
    const auto found = deadlines_.find(timer);
    if (found == deadlines_.end()) return;
    timers_.erase({found->second, timer});
    deadlines_.erase(found);
}

void Loop::run_timers() {
    // A timer that is set for this very moment by a callback waits for the next turn.
    const TimerId newest = last_timer_;
    for (auto next = timers_.begin(); next != timers_.end() && next->first.first <= now_;) {
        if (next->first.second > newest) {
            ++next;
            continue;
        }
        const Timer timer = std::move(next->second);
        deadlines_.erase(next->first.second);
        timers_.erase(next);
        const Instant began = read_boot_time();
        timer.callback();
        note_part(began, timer.from);
        next = timers_.begin();
    }
}

void Loop::read_clock() {
    now_ = read_boot_time();
}

void TurnTimes::Clock::add(Duration time) {
    longest = std::max(longest, time);
    if (time > kSlow) ++slow;
}

int Loop::wait_milliseconds(Duration limit) const {
    if (!timers_.empty()) limit = std::min(limit, timers_.begin()->first.first - now_);
    if (limit <= Duration::zero()) return 0;
    // Rounded up: waking early would spin until the deadline.
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
    return static_cast<int>(std::min<std::int64_t>(ms, INT_MAX));
}

bool Loop::turn(Duration limit) {
    std::array<epoll_event, 64> events{};
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                   wait_milliseconds(limit));
    read_clock();
    const Use before = read_use();
    turn_ = {};
    if (count < 0) return errno == EINTR;
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        const int fd = static_cast<int>(event.data.u64 & 0xffffffffU);
        const auto found = watches_.find(fd);
        if (found == watches_.end() || found->second->serial != event.data.u64 >> 32U) continue;
        const std::shared_ptr<Watch> alive = found->second;
        const Instant began = read_boot_time();
        alive->callback(event.events);
        note_part(began, alive->from);
    }
    run_timers();
    const Use after = read_use();
    turn_.passed = read_boot_time() - now_;
    turn_.computed = after.computed - before.computed;
    turn_.interruptions = after.interruptions - before.interruptions;
    turn_.sleeps = after.sleeps - before.sleeps;
    turn_times_.passed.add(turn_.passed);
    turn_times_.computed.add(turn_.computed);
    if (turn_.sleeps > 0) turn_times_.blocked.add(turn_.passed);
    const Duration own = turn_.sleeps > 0 ? turn_.passed : turn_.computed;
    if (own > TurnTimes::kSlow && tell_slow_turn_) tell_slow_turn_(turn_);
    return true;
}

void Loop::note_part(Instant began, const Place& of) {
    const Duration took = read_boot_time() - began;
    if (took <= turn_.longest) return;
    turn_.longest = took;
    turn_.of = of;
}

bool Loop::run() {
    running_ = true;
    while (running_) {
        if (!turn(std::chrono::hours(1))) return false;
    }
    return true;
}

}  // namespace gatehouse::loop
