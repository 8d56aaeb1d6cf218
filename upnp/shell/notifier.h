// SPDX-License-Identifier: GPL-2.0-or-later
//
// Delivers event messages: a connection on the subscriber's own network, one request, the first
// line of the answer (or, where it is wanted, all of it), and the end, within kPatience. At most
// kMostAtOnce are under way, kMostToHost of them to one host, so that hosts which do not answer
// hold up nobody else for long. The others wait; what finds kMostWaiting before it is given up.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "gateway/loop/loop.h"
#include "upnp/events.h"

namespace gatehouse::upnp {

class Notifier {
  public:
    static constexpr std::size_t kMostAtOnce = 16;
    static constexpr std::size_t kMostToHost = 4;
    static constexpr std::size_t kMostWaiting = 64;
    static constexpr Duration kPatience = 5s;

    struct Report {
        std::uint32_t subscription = 0;
        bool delivered = false;
        std::string answer;  // as much of it as came
    };
    using Done = std::function<void(const Report&)>;

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
    void connect(Notify notify);
    bool is_busy(const IpAddress& host) const;
    void go_on(int fd, std::uint32_t events);
    static bool is_enough(const Delivery& delivery);
    void write(int fd, Delivery& delivery);
    void finish(int fd, bool delivered);
    void report(std::uint32_t subscription, bool delivered, std::string answer = {});
    void tell_reports();

    loop::Loop& loop_;
    Done done_;
    std::deque<Notify> waiting_;
    std::map<int, Delivery> deliveries_;
    std::vector<Report> reports_;
    std::optional<loop::TimerId> reporting_;
};

}  // namespace gatehouse::upnp
