// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/shell/notifier.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "upnp/shell/sockets.h"
#include "upnp/upstream_codec.h"

namespace gatehouse::upnp {

namespace {

constexpr std::string_view kGood = "HTTP/1.";  // then a digit, a blank and a status of 2xx
constexpr std::size_t kStatusLine = 12;

bool is_success(std::string_view answer) {
    return answer.size() >= kStatusLine && answer.starts_with(kGood) && answer[9] == '2';
}

}  // namespace

Notifier::~Notifier() {
    if (reporting_) loop_.cancel(*reporting_);
    for (const auto& [fd, delivery] : deliveries_) {
        loop_.unwatch(fd);
        loop_.cancel(delivery.timer);
    }
}

void Notifier::deliver(Notify notify) {
    if (waiting_.size() >= kMostWaiting) return report(notify.subscription, false);
    waiting_.push_back(std::move(notify));
    begin();
}

bool Notifier::is_busy(const IpAddress& host) const {
    const auto to_host = std::count_if(
        deliveries_.begin(), deliveries_.end(),
        [&host](const auto& entry) { return entry.second.notify.to.address == host; });
    return static_cast<std::size_t>(to_host) >= kMostToHost;
}

void Notifier::begin() {
    while (deliveries_.size() < kMostAtOnce) {
        const auto next = std::find_if(waiting_.begin(), waiting_.end(), [this](const Notify& one) {
            return !is_busy(one.to.address);
        });
        if (next == waiting_.end()) return;
        Notify notify = std::move(*next);
        waiting_.erase(next);
        connect(std::move(notify));
    }
}

void Notifier::connect(Notify notify) {
    auto made = begin_connection(notify.lan, notify.to);
    if (!made) return report(notify.subscription, false);
    const int fd = made->get();
    Delivery& delivery = deliveries_[fd];
    delivery.notify = std::move(notify);
    delivery.fd = std::move(*made);
    delivery.timer = loop_.after(kPatience, [this, fd] { finish(fd, false); });
    const Status watched =
        loop_.watch(fd, EPOLLOUT, [this, fd](std::uint32_t events) { go_on(fd, events); });
    if (!watched) finish(fd, false);
}

void Notifier::go_on(int fd, std::uint32_t events) {
    Delivery& delivery = deliveries_.at(fd);
    if ((events & EPOLLOUT) != 0 && delivery.sent < delivery.notify.message.size()) {
        return write(fd, delivery);
    }
    std::array<char, 4096> buffer;  // NOLINT: written before it is read
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got > 0) delivery.answer.append(buffer.data(), static_cast<std::size_t>(got));
    if (got > 0 && !is_enough(delivery)) return;
    finish(fd, is_success(delivery.answer));
}

bool Notifier::is_enough(const Delivery& delivery) {
    const std::string& answer = delivery.answer;
    if (!delivery.notify.whole) return answer.size() >= kStatusLine;
    return answer.size() > upstream::kLongestDocument || upstream::is_whole(answer);
}

void Notifier::write(int fd, Delivery& delivery) {
    const std::string_view rest = std::string_view(delivery.notify.message).substr(delivery.sent);
    const ssize_t sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN) finish(fd, false);
        return;
    }
    delivery.sent += static_cast<std::size_t>(sent);
    if (delivery.sent < delivery.notify.message.size()) return;
    loop_.unwatch(fd);
    const Status watched =
        loop_.watch(fd, EPOLLIN, [this, fd](std::uint32_t events) { go_on(fd, events); });
    if (!watched) finish(fd, false);
}

void Notifier::finish(int fd, bool delivered) {
    const auto found = deliveries_.find(fd);
    if (found == deliveries_.end()) return;
    const std::uint32_t subscription = found->second.notify.subscription;
    std::string answer = std::move(found->second.answer);
    loop_.unwatch(fd);
    loop_.cancel(found->second.timer);
    deliveries_.erase(found);
    report(subscription, delivered, std::move(answer));
}

// Later, so that an answer does not come within the call that asked for the delivery.
void Notifier::report(std::uint32_t subscription, bool delivered, std::string answer) {
    reports_.push_back({subscription, delivered, std::move(answer)});
    if (!reporting_) reporting_ = loop_.after(Duration::zero(), [this] { tell_reports(); });
}

void Notifier::tell_reports() {
    reporting_.reset();
    for (const Report& done : std::exchange(reports_, {}))
        done_(done);
    begin();
}

}  // namespace gatehouse::upnp
