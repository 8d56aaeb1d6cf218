// SPDX-License-Identifier: GPL-2.0-or-later
//
// Delivers event messages: a connection on the subscriber's own network, one request, the first
// line of the answer, and the end, within kPatience. At most kMostAtOnce are under way, the others
// wait.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "gateway/loop/loop.h"
#include "upnp/events.h"

namespace gatehouse::upnp {

class Notifier {
  public:
    static constexpr std::size_t kMostAtOnce = 16;
    static constexpr Duration kPatience = 5s;

    using Done = std::function<void(const NotifyDone&)>;

    // The loop must live as long.
    Notifier(loop::Loop& loop, Done done) : loop_(loop), done_(std::move(done)) {}
    ~Notifier();
    Notifier(const Notifier&) = delete;
    Notifier& operator=(const Notifier&) = delete;

    void deliver(Notify notify);

  private:
    struct Delivery {
        Notify notify;
        loop::Fd fd;
        std::size_t sent = 0;
        std::string answer;
        loop::TimerId timer = 0;
    };

    void begin();
    void go_on(int fd, std::uint32_t events);
    void write(int fd, Delivery& delivery);
    void finish(int fd, bool delivered);
    void report(std::uint32_t subscription, bool delivered);

    loop::Loop& loop_;
    Done done_;
    std::deque<Notify> waiting_;
    std::map<int, Delivery> deliveries_;
};

}  // namespace gatehouse::upnp
