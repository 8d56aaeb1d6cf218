// SPDX-License-Identifier: GPL-2.0-or-later
//
// What happens in the house, for whoever listens: /api/v1/events, server-sent events (HTML Standard
// 9.2). The last events lie in one ring, from which every listener reads at its own pace: a slow
// one loses the oldest and is told how many, and never holds memory.
//   {"id":7,"time":1764095000,"event":"forward_added","proto":"tcp",...}
// id counts up from 1 with each start of the daemon; time is that of the day, in seconds; whatever
// else an event tells is text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/time.h"
#include "gateway/control/http_server.h"

namespace gatehouse::control {

struct Happening {
    using Field = std::pair<std::string_view, std::string>;

    std::string_view event;  // mapping_made, call_changed ...
    std::vector<Field> fields;

    friend bool operator==(const Happening&, const Happening&) = default;
};

class EventLog {
  public:
    static constexpr std::size_t kMost = 1000;
    static constexpr std::size_t kMostBytes = 256U << 10U;
    static constexpr std::size_t kMostListeners = 16;

    // time: of the day, in seconds.
    void add(const Happening& happening, std::int64_t time);

    std::uint64_t oldest() const { return newest() + 1 - events_.size(); }
    std::uint64_t newest() const { return newest_; }
    const std::string& at(std::uint64_t id) const {
        return events_[static_cast<std::size_t>(id - oldest())];
    }

    std::size_t listeners() const { return listeners_; }
    std::uint64_t lost() const { return lost_; }
    // Of those who wanted to listen while as many did as may.
    std::uint64_t refused() const { return refused_; }
    bool has_room();  // for one more listener, who is counted where there is none

  private:
    friend class EventStream;

    std::deque<std::string> events_;
    std::size_t bytes_ = 0;
    std::uint64_t newest_ = 0;
    std::size_t listeners_ = 0;
    std::uint64_t lost_ = 0;  // of all listeners
    std::uint64_t refused_ = 0;
};

// One listener. The log must live as long.
class EventStream final : public Stream {
  public:
    // A line without meaning says that we are there, and finds out who has gone.
    static constexpr Duration kBeat = 15s;

    using Clock = std::function<Instant()>;

    // after: the last event that the listener knows.
    EventStream(EventLog& log, std::uint64_t after, Clock clock);
    EventStream(const EventStream&) = delete;
    EventStream& operator=(const EventStream&) = delete;
    ~EventStream() override;

    Next next(std::string& out) override;

  private:
    EventLog& log_;
    std::uint64_t after_;
    Clock clock_;
    Instant said_{};  // when there was something last
    bool begun_ = false;
};

// The answer to GET /api/v1/events. It begins behind the event that the listener names as its last
// (Last-Event-ID), or with the last N ones ("?last=N"), or with what is to come.
Response serve_events(EventLog& log, const Request& request, EventStream::Clock clock);

}  // namespace gatehouse::control
