// SPDX-License-Identifier: GPL-2.0-or-later
//
// The control server and its client, on a socket in a folder of their own.
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <thread>

#include "gateway/base/text.h"
#include "gateway/control/client.h"
#include "gateway/control/http_server.h"

using namespace gatehouse;
using namespace gatehouse::control;

namespace {

// A server in its loop on a thread, so that the blocking client can be used as it is.
class Served {
  public:
    explicit Served(HttpServer::Judge judge = peer_may_write) {
        BOOST_REQUIRE(::mkdtemp(folder_.data()) != nullptr);
        path_ = folder_ + "/socket";
        auto loop = loop::Loop::make();
        auto listening = listen_unix(path_);
        BOOST_REQUIRE(loop.ok());
        BOOST_REQUIRE_MESSAGE(listening.ok(), path_);
        loop_ = std::move(*loop);
        auto server = HttpServer::make(*loop_, std::move(*listening), std::move(judge),
                                       [](const Request& request) { return echo(request); });
        BOOST_REQUIRE(server.ok());
        server_ = std::move(*server);
        thread_ = std::thread([this] {
            while (!done_) {
                loop_->turn(10ms);
                server_->wake(5ms);
            }
        });
    }
    ~Served() {
        done_ = true;
        thread_.join();
        server_.reset();
        ::unlink(path_.c_str());
        ::rmdir(folder_.c_str());
    }
    Served(const Served&) = delete;
    Served& operator=(const Served&) = delete;

    const std::string& path() const { return path_; }

  private:
    // Ten pieces, each after a turn or more in which there was none.
    class Slow final : public Stream {
      public:
        Next next(std::string& out) override {
            if (++turns_ > 30) return Next::end;
            if (turns_ % 3 != 0) return Next::again;
            out += concat("piece ", turns_ / 3, "\n");
            return Next::piece;
        }

      private:
        int turns_ = 0;
    };
    // Waits for a wake and says so.
    class Waiting final : public Stream {
      public:
        Next next(std::string& out) override {
            if (asked_++ == 0) return Next::later;
            if (asked_ > 2) return Next::end;
            out += "woken";
            return Next::piece;
        }

      private:
        int asked_ = 0;
    };

    static Response echo(const Request& request) {
        Response stream;
        if (request.path == "/slow") stream.stream = std::make_shared<Slow>();
        if (request.path == "/waiting") stream.stream = std::make_shared<Waiting>();
        if (stream.stream) return stream;
        if (request.path == "/query") {
            std::string text;
            for (const auto& [name, value] : request.query)
                text += concat(name, '=', value, ';');
            return {200, "text/plain", text};
        }
        if (request.path == "/missing") return {404, "application/json", "{}"};
        if (request.path == "/large") return {200, "text/plain", std::string(3000000, 'x')};
        return {200, "text/plain",
                request.method + " " + request.path + " " + request.body +
                    (request.may_write ? " writes" : " reads")};
    }

    std::string folder_ = "/tmp/gatehouse-test-XXXXXX";
    std::string path_;
    std::unique_ptr<loop::Loop> loop_;
    std::unique_ptr<HttpServer> server_;
    std::atomic<bool> done_ = false;
    std::thread thread_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_request_is_answered) {
    const Served served;
    const auto answer = ask(served.path(), "GET", "/api/v1/status");
    BOOST_REQUIRE_MESSAGE(answer.ok(), (answer.ok() ? "" : answer.error().text));
    BOOST_TEST(answer->status == 200U);
    BOOST_TEST(answer->body == "GET /api/v1/status  writes");
}

BOOST_AUTO_TEST_CASE(a_body_arrives_whole) {
    const Served served;
    const std::string body(15000, 'b');
    const auto answer = ask(served.path(), "POST", "/x", body);
    BOOST_REQUIRE(answer.ok());
    BOOST_TEST((answer->body == "POST /x " + body + " writes"));
}

BOOST_AUTO_TEST_CASE(a_body_that_is_too_long_is_refused) {
    const Served served;
    const auto answer =
        ask(served.path(), "POST", "/x", std::string(HttpLimits{}.longest_body + 1, 'b'));
    BOOST_REQUIRE(answer.ok());
    BOOST_TEST(answer->status == 413U);
}

BOOST_AUTO_TEST_CASE(a_large_answer_arrives_whole) {
    const Served served;
    const auto answer = ask(served.path(), "GET", "/large");
    BOOST_REQUIRE(answer.ok());
    BOOST_TEST(answer->body.size() == 3000000U);
}

BOOST_AUTO_TEST_CASE(a_stream_arrives_whole_however_slowly_it_comes) {
    const Served served;
    const auto answer = ask(served.path(), "GET", "/slow");
    BOOST_REQUIRE(answer.ok());
    std::string whole;
    for (int i = 1; i <= 10; ++i)
        whole += concat("piece ", i, "\n");
    BOOST_TEST(answer->body == whole);
}

BOOST_AUTO_TEST_CASE(a_stream_that_waits_goes_on_when_it_is_woken) {
    const Served served;
    const auto answer = ask(served.path(), "GET", "/waiting");
    BOOST_REQUIRE(answer.ok());
    BOOST_TEST(answer->body == "woken");
}

BOOST_AUTO_TEST_CASE(a_server_ends_while_streams_wait_and_come) {
    for (const char* path : {"/slow", "/waiting"}) {
        std::thread client;
        {
            const Served served;
            client =
                std::thread([path, socket = served.path()] { (void)ask(socket, "GET", path); });
        }
        client.join();
    }
}

BOOST_AUTO_TEST_CASE(the_query_is_no_part_of_the_path) {
    const Served served;
    const auto answer = ask(served.path(), "GET", "/query?limit=10&a=%20b");
    BOOST_REQUIRE(answer.ok());
    BOOST_TEST(answer->body == "limit=10;a= b;");
}

BOOST_AUTO_TEST_CASE(who_may_write_is_decided_by_the_judge) {
    const Served served([](int) { return false; });
    const auto answer = ask(served.path(), "POST", "/x");
    BOOST_REQUIRE(answer.ok());
    BOOST_TEST(answer->body == "POST /x  reads");
}

BOOST_AUTO_TEST_CASE(many_requests_one_after_the_other_leave_nothing_behind) {
    const Served served;
    for (int i = 0; i < 300; ++i) {
        const auto answer = ask(served.path(), "GET", "/missing");
        BOOST_REQUIRE(answer.ok());
        BOOST_REQUIRE(answer->status == 404U);
    }
}

BOOST_AUTO_TEST_CASE(a_daemon_that_is_not_there_is_a_clear_error) {
    const auto answer = ask("/tmp/gatehouse-nobody.sock", "GET", "/");
    BOOST_REQUIRE(!answer.ok());
    BOOST_TEST(answer.error().text ==
               "gatehouse is not running (nobody answers at /tmp/gatehouse-nobody.sock); "
               "--socket names another socket");
}

BOOST_AUTO_TEST_CASE(a_socket_path_that_is_too_long_is_a_clear_error) {
    const std::string path = "/tmp/" + std::string(200, 'p');
    BOOST_TEST(ask(path, "GET", "/").error().text == "the socket path is too long: " + path);
    BOOST_TEST(listen_unix(path).error().text ==
               "the path of the control socket is too long: " + path);
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_not_http_is_refused) {
    for (const std::string text :
         {"", "hello", "HTTP/1.0 200 OK", "HTTP/1.0 x\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
        BOOST_TEST(!parse_answer(text).ok(), text);
    }
    const auto good = parse_answer("HTTP/1.1 404 Not Found\r\nA: b\r\n\r\nbody\r\n\r\n");
    BOOST_REQUIRE(good.ok());
    BOOST_TEST(good->status == 404U);
    BOOST_TEST(good->body == "body\r\n\r\n");
}
