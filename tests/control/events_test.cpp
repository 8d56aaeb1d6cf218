// SPDX-License-Identifier: GPL-2.0-or-later
//
// The ring of events and its listeners.
#include "gateway/control/events.h"

#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "gateway/control/json_value.h"
#include "gateway/control/show.h"

using namespace gatehouse;
using namespace gatehouse::control;
using Next = Stream::Next;

namespace {

Happening forward(int port) {
    return {"forward_added", {{"proto", "tcp"}, {"outside", concat("11.0.0.1:", port)}}};
}

struct Listener {
    EventLog log;
    Instant now{Instant{} + 1000s};

    Response listen(const Request& request = {}) {
        return serve_events(log, request, [this] { return now; });
    }
};

std::string all_of(Stream& stream) {
    std::string out;
    while (stream.next(out) == Next::piece) {
    }
    return out;
}

Request last(const std::string& n) {
    Request request;
    request.query = {{"last", n}};
    return request;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(events)

BOOST_AUTO_TEST_CASE(a_listener_hears_what_comes_after_it_began) {
    Listener house;
    house.log.add(forward(1), 1000);
    const Response answer = house.listen();
    BOOST_TEST(answer.content_type == "text/event-stream");
    BOOST_TEST(all_of(*answer.stream) == "retry: 3000\n\n");
    house.log.add(forward(2), 1001);
    BOOST_TEST(all_of(*answer.stream) ==
               "id: 2\ndata: {\"id\":2,\"time\":1001,\"event\":\"forward_added\",\"proto\":"
               "\"tcp\",\"outside\":\"11.0.0.1:2\"}\n\n");
    BOOST_TEST(all_of(*answer.stream) == "");
}

BOOST_AUTO_TEST_CASE(one_that_comes_back_hears_what_it_missed) {
    Listener house;
    for (int i = 1; i <= 5; ++i)
        house.log.add(forward(i), 1000);
    Request request;
    request.headers = {{"last-event-id", "3"}};
    const std::string heard = all_of(*house.listen(request).stream);
    BOOST_TEST(heard.find("id: 3\n") == std::string::npos);
    BOOST_TEST(heard.find("id: 4\n") != std::string::npos);
    BOOST_TEST(heard.find("id: 5\n") != std::string::npos);
    // Of a daemon that has been restarted since.
    request.headers = {{"Last-Event-ID", "900"}};
    BOOST_TEST(all_of(*house.listen(request).stream).find("id: 1\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_last_ones_can_be_asked_for) {
    Listener house;
    for (int i = 1; i <= 5; ++i)
        house.log.add(forward(i), 1000);
    const std::string heard = all_of(*house.listen(last("2")).stream);
    BOOST_TEST(heard.find("id: 3\n") == std::string::npos);
    BOOST_TEST(heard.find("id: 4\n") != std::string::npos);
    BOOST_TEST(all_of(*house.listen(last("999999999999")).stream).find("id: 1\n") !=
               std::string::npos);
    BOOST_TEST(house.listen(last("x")).status == 400U);
}

BOOST_AUTO_TEST_CASE(a_slow_listener_loses_the_oldest_and_is_told_so_and_holds_no_memory) {
    Listener house;
    const Response answer = house.listen();
    BOOST_TEST(all_of(*answer.stream) == "retry: 3000\n\n");
    for (int i = 0; i < 5000; ++i)
        house.log.add(forward(i), 1000);
    BOOST_TEST(house.log.newest() - house.log.oldest() + 1 == EventLog::kMost);
    const std::string heard = all_of(*answer.stream);
    BOOST_TEST(heard.starts_with("data: {\"event\":\"lost\",\"count\":4000}\n\nid: 4001\n"));
    BOOST_TEST(heard.find("id: 5000\n") != std::string::npos);
    BOOST_TEST(house.log.lost() == 4000U);
}

BOOST_AUTO_TEST_CASE(long_texts_of_strangers_do_not_fill_the_ring) {
    Listener house;
    for (int i = 0; i < 1000; ++i) {
        house.log.add({"refused", {{"what", std::string(100000, 'x')}, {"a", "\xff\n\r"}}}, 1);
    }
    const Response answer = house.listen(last("1000"));
    const std::string heard = all_of(*answer.stream);
    BOOST_TEST(heard.size() < EventLog::kMostBytes + 50000);
    // One event is one line, whatever is in it.
    BOOST_TEST(heard.find(R"(\n\r)") != std::string::npos);
    BOOST_TEST(heard.find("\n\r") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_piece_is_long) {
    Listener house;
    const Response answer = house.listen();
    for (int i = 0; i < 900; ++i)
        house.log.add(forward(i), 1000);
    std::size_t longest = 0;
    for (std::string piece; answer.stream->next(piece) == Next::piece; piece.clear())
        longest = std::max(longest, piece.size());
    BOOST_TEST(longest < 10000U);
}

BOOST_AUTO_TEST_CASE(a_quiet_stream_says_now_and_then_that_it_is_there) {
    Listener house;
    const Response answer = house.listen();
    all_of(*answer.stream);
    std::string out;
    house.now += 14s;
    BOOST_TEST((answer.stream->next(out) == Next::later));
    house.now += 1s;
    BOOST_TEST((answer.stream->next(out) == Next::piece));
    BOOST_TEST(out == ":\n\n");
}

BOOST_AUTO_TEST_CASE(so_many_may_listen_and_whoever_goes_makes_room) {
    Listener house;
    std::vector<Response> answers;
    for (std::size_t i = 0; i < EventLog::kMostListeners; ++i)
        answers.push_back(house.listen());
    BOOST_TEST(house.listen().status == 503U);
    answers.pop_back();
    BOOST_TEST(house.listen().status == 200U);
    answers.clear();
    BOOST_TEST(house.log.listeners() == 0U);
}

BOOST_AUTO_TEST_CASE(a_person_reads_an_event_as_one_line) {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    const auto event = parse_json(
        R"({"id":7,"time":45296,"event":"forward_added","proto":"tcp","what":"a\u001b[31m"})");
    BOOST_TEST(show_event(*event) ==
               concat("12:34:56  forward_added    proto=tcp what=", printable("a\x1b[31m"), "\n"));
    BOOST_TEST(show_event(*parse_json(R"({"event":"lost","count":5})")) ==
               "--:--:--  lost             count=5\n");
}

BOOST_AUTO_TEST_SUITE_END()
