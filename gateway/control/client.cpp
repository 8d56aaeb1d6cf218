// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/control/client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/loop/loop.h"

namespace gatehouse::control {

namespace {

constexpr std::size_t kLongestAnswer = 256UL << 20U;
constexpr int kPatienceSeconds = 20;

Result<loop::Fd> connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return fail("the socket path is too long: " + path);
    std::memcpy(address.sun_path, path.data(), path.size());
    loop::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{kPatienceSeconds, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        return fd;
    }
    if (errno == ENOENT || errno == ECONNREFUSED) {
        return fail(concat("gatehouse is not running (nobody answers at ", path,
                           "); --socket names another socket"));
    }
    return fail_with_errno(path);
}

Status send_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return fail_with_errno("asking the daemon");
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
}

Result<std::string> receive_all(int fd) {
    std::string out;
    std::array<char, 16384> buffer{};
    for (;;) {
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got == 0) return out;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return fail("the daemon does not answer");
        if (got < 0) return fail_with_errno("the daemon's answer");
        out.append(buffer.data(), static_cast<std::size_t>(got));
        if (out.size() > kLongestAnswer) return fail("the daemon's answer is too long");
    }
}

}  // namespace

Result<Answer> parse_answer(std::string_view text) {
    const std::size_t head = text.find("\r\n\r\n");
    if (head == std::string_view::npos || !text.starts_with("HTTP/1.")) {
        return fail("the daemon's answer is not HTTP");
    }
    const std::size_t blank = text.find(' ');
    const auto status = parse_number<unsigned>(text.substr(blank + 1, 3));
    if (!status) return fail("the daemon's answer has no status");
    return Answer{*status, std::string(text.substr(head + 4))};
}

Status follow_events(const std::string& socket_path,
                     const std::function<void(std::string_view json)>& on_event) {
    const auto fd = connect_to(socket_path);
    if (!fd) return fd.failure();
    const Status sent =
        send_all(fd->get(), "GET /api/v1/events HTTP/1.0\r\nHost: gatehouse\r\n\r\n");
    if (!sent) return sent;
    constexpr std::string_view kData = "data: ";
    std::string text;
    std::array<char, 16384> buffer{};
    for (bool in_head = true;;) {
        const ssize_t got = ::recv(fd->get(), buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(got));
        const std::size_t head = in_head ? text.find("\r\n\r\n") : 0;
        if (head == std::string::npos) continue;
        if (std::exchange(in_head, false)) {
            if (!text.starts_with("HTTP/1.1 200") && !text.starts_with("HTTP/1.0 200")) {
                return fail("the daemon does not tell its events: too many are listening");
            }
            text.erase(0, head + 4);
        }
        std::size_t begin = 0;
        for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos;
             begin = end + 1) {
            const auto line = std::string_view(text).substr(begin, end - begin);
            if (line.starts_with(kData)) on_event(line.substr(kData.size()));
        }
        text.erase(0, begin);
    }
    return fail("the daemon has ended the connection");
}

Result<Answer> ask(const std::string& socket_path, std::string_view method, std::string_view path,
                   std::string_view body) {
    const auto fd = connect_to(socket_path);
    if (!fd) return fd.failure();
    // HTTP/1.0: the answer ends with the connection, never in chunks.
    const Status sent =
        send_all(fd->get(), concat(method, " ", path, " HTTP/1.0\r\nHost: gatehouse\r\n",
                                   "Content-Length: ", body.size(), "\r\n\r\n", body));
    if (!sent) return sent.failure();
    const auto text = receive_all(fd->get());
    if (!text) return text.failure();
    return parse_answer(*text);
}

}  // namespace gatehouse::control
