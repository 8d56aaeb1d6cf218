// SPDX-License-Identifier: GPL-2.0-or-later
//
// The HTTP server of the control API: libmicrohttpd turning inside our loop, on a listening socket
// that somebody else opened. A handler answers each complete request at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/loop/loop.h"

namespace gatehouse::control {

struct Request {
    std::string method;
    std::string path;
    std::string body;
    bool may_write = false;  // decided by who is at the other end
};

struct Response {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body;
};

class HttpServer {
  public:
    static constexpr std::size_t kLongestBody = 4UL << 20U;  // a whole configuration
    static constexpr unsigned kMostConnections = 64;
    static constexpr unsigned kIdleSeconds = 10;

    using Handler = std::function<Response(const Request&)>;
    // Tells from a connected socket whether its peer may change things.
    using Judge = std::function<bool(int fd)>;

    // Serves until destroyed; the loop must outlive it.
    static Result<std::unique_ptr<HttpServer>> make(loop::Loop& loop, loop::Fd listening,
                                                    Judge judge, Handler handler);
    ~HttpServer();
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
