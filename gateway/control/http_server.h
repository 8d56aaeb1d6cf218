// SPDX-License-Identifier: GPL-2.0-or-later
//
// The HTTP server of the control API and of the rooms: libmicrohttpd turning inside our loop, on a
// listening socket that somebody else opened. A handler answers each complete request with a body,
// with a stream, whose pieces are fetched one for each turn of the loop, or with a number under
// which the answer follows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/loop/loop.h"

namespace gatehouse::control {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
    std::string method;
    std::string path;
    std::string body;
    bool may_write = false;  // decided by who is at the other end
    Headers query{};         // behind the '?'
    // Where the limits ask for them.
    Headers headers{};
    Endpoint peer{};
    Endpoint local{};
};

// The value of the first header or parameter of that name, whatever its case; nullptr: none.
const std::string* find_value(const Headers& headers, std::string_view name);

// A body that comes in pieces, so that a long one neither stops the loop nor lies in memory.
class Stream {
  public:
    enum class Next : std::uint8_t {
        piece,  // something was appended
        again,  // nothing yet; in the next turn
        later,  // nothing yet; after HttpServer::wake()
        end,
    };

    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    virtual ~Stream() = default;
    // Appends the next piece, of some kilobytes.
    virtual Next next(std::string& out) = 0;
};

struct Response {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body;
    Headers headers{};                 // beside the type
    std::shared_ptr<Stream> stream{};  // instead of the body
    std::uint64_t later = 0;  // where not 0: the answer comes by finish() under this number
};

// What a server bears. Whoever holds more connections than its share loses the further ones; the
// others do not notice.
struct HttpLimits {
    std::size_t longest_body = std::size_t{4} << 20U;  // a whole configuration
    std::size_t memory = 32768;                        // of a connection, for the head
    unsigned connections = 64;
    unsigned of_host = 0;  // connections from one address; 0: any number
    unsigned idle_seconds = 10;
    bool with_head = false;  // whether requests carry headers and endpoints
};

class HttpServer {
  public:
    using Handler = std::function<Response(const Request&)>;
    // Tells from a connected socket whether its peer may change things.
    using Judge = std::function<bool(int fd)>;

    // Serves until destroyed; the loop must outlive it.
    static Result<std::unique_ptr<HttpServer>> make(loop::Loop& loop, loop::Fd listening,
                                                    Judge judge, Handler handler,
                                                    const HttpLimits& limits = {});
    ~HttpServer();
    // The answer to a request that was put off; false where there is none of this number.
    bool finish(std::uint64_t later, Response response);
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    // Asks the streams that have said "later" again, all in one turn, after this long.
    void wake(Duration delay);

  private:
    struct Inner;
    explicit HttpServer(std::unique_ptr<Inner> inner);

    std::unique_ptr<Inner> inner_;
};

// A listening unix socket at path, whose old file is removed first. Everybody on this machine may
// connect and read; whether they may write is for peer_may_write() to say.
Result<loop::Fd> listen_unix(const std::string& path);

// Root, or the user that the daemon runs as.
bool peer_may_write(int fd);

}  // namespace gatehouse::control
