// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/control/http_server.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>

#include "gateway/base/text.h"
#include "gateway/loop/socket_address.h"

namespace gatehouse::control {

namespace {

MHD_Result add_header(void* self, MHD_ValueKind /*kind*/, const char* name, const char* value) {
    auto* headers = static_cast<Headers*>(self);
    headers->emplace_back(name, value == nullptr ? "" : value);
    return MHD_YES;
}

using NameOf = int (*)(int, sockaddr*, socklen_t*);

Endpoint endpoint_of(int fd, NameOf name_of) {
    loop::SocketAddress address;
    if (name_of(fd, address.get(), &address.size) != 0) return {};
    return address.endpoint().value_or(Endpoint{});
}

// What libmicrohttpd asks for in one go; with the head it must fit into a connection's memory.
constexpr std::size_t kBlock = 8192;

}  // namespace

const std::string* find_value(const Headers& headers, std::string_view name) {
    const auto found = std::find_if(headers.begin(), headers.end(), [name](const auto& header) {
        return equal_ignoring_case(header.first, name);
    });
    return found == headers.end() ? nullptr : &found->second;
}

struct HttpServer::Inner {
    // One request while its body arrives.
    struct Pending {
        std::string body;
        std::size_t received = 0;
        std::optional<Response> answer;  // that was put off, once it is there
    };
    // A stream on its way.
    struct Flow {
        Inner& inner;
        MHD_Connection* connection;
        std::shared_ptr<Stream> stream;
        std::string piece{};
        std::size_t sent = 0;
        bool again = false;  // among the waiting ones: in the next turn
    };

    Inner(loop::Loop& l, Judge j, Handler h, const HttpLimits& m)
        : loop(l), judge(std::move(j)), handler(std::move(h)), limits(m) {}

    static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url,
                                 const char* method, const char* version, const char* data,
                                 size_t* size, void** state);
    static void on_completed(void* self, MHD_Connection* connection, void** state,
                             MHD_RequestTerminationCode code);
    struct Suspended {
        MHD_Connection* connection;
        Pending* pending;
    };
    MHD_Result answer(MHD_Connection* connection, const char* url, const char* method,
                      Pending& pending);
    MHD_Result queue(MHD_Connection* connection, Response& response);
    static ssize_t on_block(void* self, std::uint64_t position, char* out, std::size_t most);
    static void on_sent(void* self);
    MHD_Response* response_of(MHD_Connection* connection, Response& response);
    void wait(Flow& flow, bool again);
    void resume(bool all);
    void turn();
    void turn_soon();

    loop::Loop& loop;
    Judge judge;
    Handler handler;
    HttpLimits limits;
    MHD_Daemon* mhd = nullptr;
    int epoll = -1;
    std::optional<loop::TimerId> timer;
    std::map<std::uint64_t, Suspended> suspended;
    std::vector<Flow*> waiting;  // suspended connections
    std::optional<loop::TimerId> soon;
    std::optional<loop::TimerId> waking;
    bool stopping = false;
};

ssize_t HttpServer::Inner::on_block(void* self, std::uint64_t /*position*/, char* out,
                                    std::size_t most) {
    auto& flow = *static_cast<Flow*>(self);
    if (flow.inner.stopping) return MHD_CONTENT_READER_END_OF_STREAM;
    if (flow.sent == flow.piece.size()) {
        flow.piece.clear();
        flow.sent = 0;
        const Stream::Next next = flow.stream->next(flow.piece);
        if (next == Stream::Next::end) return MHD_CONTENT_READER_END_OF_STREAM;
        if (next != Stream::Next::piece) {
            flow.inner.wait(flow, next == Stream::Next::again);
            return 0;
        }
    }
    const std::size_t size = std::min(most, flow.piece.size() - flow.sent);
    flow.piece.copy(out, size, flow.sent);
    flow.sent += size;
    return static_cast<ssize_t>(size);
}

void HttpServer::Inner::on_sent(void* self) {
    auto* flow = static_cast<Flow*>(self);
    auto& waiting = flow->inner.waiting;
    waiting.erase(std::remove(waiting.begin(), waiting.end(), flow), waiting.end());
    delete flow;
}

// A connection that waits is not looked at, and has no deadline, until it is resumed.
void HttpServer::Inner::wait(Flow& flow, bool again) {
    MHD_suspend_connection(flow.connection);
    flow.again = again;
    waiting.push_back(&flow);
    if (!again || soon) return;
    soon = loop.after(Duration::zero(), [this] {
        soon.reset();
        resume(false);
        turn();
    });
}

void HttpServer::Inner::resume(bool all) {
    const auto goes = [all](const Flow* flow) { return all || flow->again; };
    for (const Flow* flow : waiting) {
        if (goes(flow)) MHD_resume_connection(flow->connection);
    }
    waiting.erase(std::remove_if(waiting.begin(), waiting.end(), goes), waiting.end());
}

void HttpServer::wake(Duration delay) {
    if (inner_->waking || inner_->waiting.empty()) return;
    inner_->waking = inner_->loop.after(delay, [inner = inner_.get()] {
        inner->waking.reset();
        inner->resume(true);
        inner->turn();
    });
}

MHD_Result HttpServer::Inner::on_request(void* self, MHD_Connection* connection, const char* url,
                                         const char* method, const char* /*version*/,
                                         const char* data, size_t* size, void** state) {
    auto* inner = static_cast<Inner*>(self);
    auto* pending = static_cast<Pending*>(*state);
    if (pending == nullptr) {
        *state = new Pending;
        return MHD_YES;
    }
    if (*size == 0) return inner->answer(connection, url, method, *pending);
    // What is too long is read to its end, so that the client hears why, but not for ever.
    constexpr std::size_t kPatience = 4;
    pending->received += *size;
    if (pending->received > kPatience * inner->limits.longest_body) return MHD_NO;
    if (pending->received <= inner->limits.longest_body) pending->body.append(data, *size);
    *size = 0;
    return MHD_YES;
}

void HttpServer::Inner::on_completed(void* /*self*/, MHD_Connection* /*connection*/, void** state,
                                     MHD_RequestTerminationCode /*code*/) {
    delete static_cast<Pending*>(*state);
    *state = nullptr;
}

MHD_Result HttpServer::Inner::answer(MHD_Connection* connection, const char* url,
                                     const char* method, Pending& pending) {
    if (pending.answer) return queue(connection, *pending.answer);
    Response response;
    if (pending.received > limits.longest_body) {
        response = {413, "application/json", R"({"error":"the body is too long"})"};
    } else {
        const MHD_ConnectionInfo* info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        const bool may_write = info != nullptr && judge(info->connect_fd);
        Request request{method, url, pending.body, may_write};
        MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &add_header, &request.query);
        if (limits.with_head && info != nullptr) {
            MHD_get_connection_values(connection, MHD_HEADER_KIND, &add_header, &request.headers);
            request.peer = endpoint_of(info->connect_fd, ::getpeername);
            request.local = endpoint_of(info->connect_fd, ::getsockname);
        }
        response = handler(request);
    }
    if (response.later != 0) {
        MHD_suspend_connection(connection);
        suspended[response.later] = {connection, &pending};
        return MHD_YES;
    }
    return queue(connection, response);
}

MHD_Result HttpServer::Inner::queue(MHD_Connection* connection, Response& response) {
    MHD_Response* out = response_of(connection, response);
    if (out == nullptr) return MHD_NO;
    if (!response.content_type.empty()) {
        MHD_add_response_header(out, "Content-Type", response.content_type.c_str());
    }
    for (const auto& [name, value] : response.headers)
        MHD_add_response_header(out, name.c_str(), value.c_str());
    if (find_value(response.headers, "Cache-Control") == nullptr) {
        MHD_add_response_header(out, "Cache-Control", "no-store");
    }
    MHD_add_response_header(out, "X-Content-Type-Options", "nosniff");
    const MHD_Result queued = MHD_queue_response(connection, response.status, out);
    MHD_destroy_response(out);
    return queued;
}

MHD_Response* HttpServer::Inner::response_of(MHD_Connection* connection, Response& response) {
    if (!response.stream) {
        return MHD_create_response_from_buffer(response.body.size(), response.body.data(),
                                               MHD_RESPMEM_MUST_COPY);
    }
    auto* flow = new Flow{*this, connection, response.stream};
    MHD_Response* out =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, kBlock, &on_block, flow, &on_sent);
    if (out == nullptr) delete flow;
    return out;
}

void HttpServer::Inner::turn() {
    MHD_run(mhd);
    if (timer) loop.cancel(*timer);
    timer.reset();
    MHD_UNSIGNED_LONG_LONG wait = 0;
    if (MHD_get_timeout(mhd, &wait) != MHD_YES) return;
    timer = loop.after(std::chrono::milliseconds(wait), [this] {
        timer.reset();
        turn();
    });
}

// Not at once: whoever finishes a request may do so while another one is being answered.
void HttpServer::Inner::turn_soon() {
    if (timer) loop.cancel(*timer);
    timer = loop.after(Duration::zero(), [this] {
        timer.reset();
        turn();
    });
}

bool HttpServer::finish(std::uint64_t later, Response response) {
    const auto found = inner_->suspended.find(later);
    if (found == inner_->suspended.end()) return false;
    found->second.pending->answer = std::move(response);
    MHD_resume_connection(found->second.connection);
    inner_->suspended.erase(found);
    inner_->turn_soon();
    return true;
}

HttpServer::HttpServer(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}

HttpServer::~HttpServer() {
    inner_->stopping = true;
    inner_->resume(true);
    for (const auto& timer : {inner_->timer, inner_->soon, inner_->waking}) {
        if (timer) inner_->loop.cancel(*timer);
    }
    if (inner_->epoll >= 0) inner_->loop.unwatch(inner_->epoll);
    for (const auto& [later, one] : inner_->suspended)
        MHD_resume_connection(one.connection);
    inner_->suspended.clear();
    if (inner_->mhd != nullptr) MHD_stop_daemon(inner_->mhd);
}

Result<std::unique_ptr<HttpServer>> HttpServer::make(loop::Loop& loop, loop::Fd listening,
                                                     Judge judge, Handler handler,
                                                     const HttpLimits& limits) {
    auto inner = std::make_unique<Inner>(loop, std::move(judge), std::move(handler), limits);
    // From here on the socket belongs to libmicrohttpd, which closes it when it stops.
    inner->mhd = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, nullptr, nullptr, &Inner::on_request,
        inner.get(), MHD_OPTION_LISTEN_SOCKET, listening.get(), MHD_OPTION_NOTIFY_COMPLETED,
        &Inner::on_completed, nullptr, MHD_OPTION_CONNECTION_LIMIT, limits.connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, limits.of_host, MHD_OPTION_CONNECTION_TIMEOUT,
        limits.idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits.memory,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (inner->mhd == nullptr) return fail("the HTTP server does not start");
    listening.release();
    const MHD_DaemonInfo* info = MHD_get_daemon_info(inner->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == nullptr) return fail("the HTTP server has no epoll descriptor");
    Inner* raw = inner.get();
    raw->epoll = info->epoll_fd;
    const Status watched = loop.watch(raw->epoll, EPOLLIN, [raw](std::uint32_t) { raw->turn(); });
    if (!watched) return watched.failure();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(inner)));
}

namespace {

// The socket with this path that whoever started this process has opened for it (sd_listen_fds(3));
// an empty one where there is none.
loop::Fd handed_over(const std::string& path) {
    constexpr int kFirst = 3;
    const auto number = [](const char* name) {
        const char* text = std::getenv(name);
        return text == nullptr ? std::nullopt : parse_number<pid_t>(text);
    };
    sockaddr_un address{};
    socklen_t size = sizeof address;
    if (number("LISTEN_PID") != ::getpid() || number("LISTEN_FDS") != 1 ||
        ::getsockname(kFirst, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
        address.sun_family != AF_UNIX || path != address.sun_path ||
        ::fcntl(kFirst, F_SETFD, FD_CLOEXEC) != 0 || ::fcntl(kFirst, F_SETFL, O_NONBLOCK) != 0) {
        return {};
    }
    return loop::Fd(kFirst);
}

}  // namespace

Result<loop::Fd> listen_unix(const std::string& path) {
    if (loop::Fd given = handed_over(path)) return given;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return fail(concat("the path of the control socket is too long: ", path));
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    loop::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto refused = [&path] { return fail_with_errno(path); };
    if (!fd) return refused();
    ::unlink(path.c_str());
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return refused();
    }
    static constexpr mode_t kEverybody = 0666;
    if (::chmod(path.c_str(), kEverybody) != 0 || ::listen(fd.get(), 16) != 0) return refused();
    return fd;
}

bool peer_may_write(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    return peer.uid == 0 || peer.uid == ::geteuid();
}

}  // namespace gatehouse::control
