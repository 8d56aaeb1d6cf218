// SPDX-License-Identifier: GPL-2.0-or-later
//
// The HTTP server of the control API and of the rooms: libmicrohttpd turning inside our loop, on a
// listening socket that somebody else opened. A handler answers each complete request at once, or
// gives it a number under which the answer follows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/result.h"
#include "gateway/loop/loop.h"

namespace gatehouse::control {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
    std::string method;
    std::string path;
    std::string body;
    bool may_write = false;  // decided by who is at the other end
    // Where the limits ask for them.
    Headers headers{};
    Endpoint peer{};
    Endpoint local{};
};

struct Response {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body;
    Headers headers{};        // beside the type
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
