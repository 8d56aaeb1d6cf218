// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/control/events.h"

#include <algorithm>

#include "gateway/base/json.h"
#include "gateway/base/text.h"
#include "gateway/control/web.h"

namespace gatehouse::control {

namespace {

constexpr std::size_t kPiece = 8192;
constexpr std::size_t kLongestField = 256;

// Cut to its length, at the beginning of a character.
std::string_view cut(std::string_view text) {
    if (text.size() <= kLongestField) return text;
    std::size_t end = kLongestField;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U)
        --end;
    return text.substr(0, end);
}

}  // namespace

void EventLog::add(const Happening& happening, std::int64_t time) {
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    json.field("id", ++newest_);
    json.field("time", time);
    json.field("event", happening.event);
    for (const auto& [name, value] : happening.fields)
        json.field(name, cut(value));
    json.end_object();
    bytes_ += text.size();
    events_.push_back(std::move(text));
    while (events_.size() > kMost || bytes_ > kMostBytes) {
        bytes_ -= events_.front().size();
        events_.pop_front();
    }
}

EventStream::EventStream(EventLog& log, std::uint64_t after, Clock clock)
    : log_(log), after_(after), clock_(std::move(clock)) {
    ++log_.listeners_;
}

EventStream::~EventStream() {
    --log_.listeners_;
}

Stream::Next EventStream::next(std::string& out) {
    const Instant now = clock_();
    const std::size_t before = out.size();
    // A listener that has lost its connection comes back after so many milliseconds.
    if (!std::exchange(begun_, true)) out += "retry: 3000\n\n";
    if (after_ + 1 < log_.oldest()) {
        const std::uint64_t lost = log_.oldest() - after_ - 1;
        log_.lost_ += lost;
        after_ += lost;
        append(out, R"(data: {"event":"lost","count":)", lost, "}\n\n");
    }
    while (after_ < log_.newest() && out.size() - before < kPiece) {
        ++after_;
        append(out, "id: ", after_, "\ndata: ", log_.at(after_), "\n\n");
    }
    if (out.size() == before) {
        if (now - said_ < kBeat) return Next::later;
        out += ":\n\n";
    }
    said_ = now;
    return Next::piece;
}

bool EventLog::has_room() {
    const bool room = listeners_ < kMostListeners;
    if (!room) ++refused_;
    return room;
}

Response serve_events(EventLog& log, const Request& request, EventStream::Clock clock) {
    if (!log.has_room()) {
        return failure(503, "too many are listening to events", "close a status page");
    }
    std::uint64_t after = log.newest();
    if (const std::string* last = find_value(request.query, "last")) {
        const auto number = parse_number<std::uint64_t>(*last);
        if (!number) return failure(400, "last is not a number", "last=50 begins 50 events ago");
        after = log.newest() - std::min({*number, std::uint64_t{EventLog::kMost}, log.newest()});
        after = std::max(after, log.oldest() - 1);
    }
    if (const std::string* known = find_value(request.headers, "Last-Event-ID")) {
        const auto number = parse_number<std::uint64_t>(*known);
        // One that is yet to come is of the time before a restart: all that there is, is new.
        if (number) after = *number <= log.newest() ? *number : log.oldest() - 1;
    }
    Response out;
    out.content_type = "text/event-stream";
    out.stream = std::make_shared<EventStream>(log, after, std::move(clock));
    return out;
}

}  // namespace gatehouse::control
