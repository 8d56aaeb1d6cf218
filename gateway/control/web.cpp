// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/control/web.h"

#include <sys/socket.h>

#include <algorithm>

#include "gateway/base/hash.h"
#include "gateway/base/json.h"
#include "gateway/base/text.h"
#include "gateway/loop/socket_address.h"

namespace gatehouse::control {

namespace {

constexpr int kBacklog = 64;
// What a browser is told to keep is compared with a request each time, so its key is no secret.
constexpr HashKey kTagKey{};

// "name" of "name:80", "192.0.2.1:80" or "[2001:db8::1]:80"; a dot at its end is left out.
std::string_view host_of(std::string_view text) {
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        const bool good =
            end != std::string_view::npos && (end + 1 == text.size() || text[end + 1] == ':');
        return good ? text.substr(1, end - 1) : std::string_view();
    }
    std::string_view host = text.substr(0, text.find(':'));
    if (host.ends_with('.')) host.remove_suffix(1);
    return host;
}

bool is_ours(std::string_view host, std::span<const std::string> names) {
    if (parse_ip(host) || equal_ignoring_case(host, "localhost")) return true;
    return std::any_of(names.begin(), names.end(),
                       [host](const std::string& name) { return equal_ignoring_case(host, name); });
}

std::size_t count(const Headers& headers, std::string_view name) {
    return static_cast<std::size_t>(std::count_if(
        headers.begin(), headers.end(),
        [name](const auto& header) { return equal_ignoring_case(header.first, name); }));
}

}  // namespace

HttpLimits web_limits() {
    HttpLimits out;
    out.longest_body = 1024;
    out.connections = 64;
    out.of_host = 16;
    out.idle_seconds = 20;
    out.with_head = true;
    return out;
}

Result<loop::Fd> listen_web(const Endpoint& local, const std::string& interface) {
    const loop::SocketAddress address(local);
    loop::Fd fd(::socket(address.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    const auto length = static_cast<socklen_t>(interface.size());
    const bool ready =
        fd && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (interface.empty() ||
         ::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, interface.data(), length) == 0) &&
        ::bind(fd.get(), address.get(), address.size) == 0 && ::listen(fd.get(), kBacklog) == 0;
    if (!ready) return fail_with_errno(local.to_string());
    return fd;
}

std::optional<Response> refuse_web(const Request& request, std::span<const std::string> names) {
    if (request.method != "GET" && request.method != "HEAD") {
        Response out = failure(405, "the web shows and changes nothing",
                               "use the gatehouse command on the router");
        out.headers.emplace_back("Allow", "GET, HEAD");
        return out;
    }
    const std::string* host = find_value(request.headers, "Host");
    if (host == nullptr || count(request.headers, "Host") != 1) {
        return failure(400, "the request does not say whom it is for");
    }
    if (!is_ours(host_of(*host), names)) {
        return failure(403, "this is not a name of the router",
                       "use its address, or add the name as list name in config web");
    }
    const std::string* site = find_value(request.headers, "Sec-Fetch-Site");
    const std::string* origin = find_value(request.headers, "Origin");
    const bool foreign = (site != nullptr && *site == "cross-site") ||
                         (origin != nullptr && *origin != concat("http://", *host));
    if (foreign && request.path != "/") {
        return failure(403, "the page of another site may not look here",
                       "open the status page itself");
    }
    return std::nullopt;
}

void guard(Response& response) {
    static constexpr std::string_view kPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    const auto add = [&response](const char* name, std::string_view value) {
        response.headers.emplace_back(name, std::string(value));
    };
    add("Content-Security-Policy", kPolicy);
    add("X-Frame-Options", "DENY");
    add("Referrer-Policy", "no-referrer");
    add("Cross-Origin-Resource-Policy", "same-origin");
}

void tag(const Request& request, Response& response) {
    if (response.status != 200 || response.stream || response.body.empty()) return;
    if (request.method != "GET" && request.method != "HEAD") return;
    const std::string tag = concat('"', siphash(kTagKey, as_bytes(response.body)), '"');
    response.headers.emplace_back("ETag", tag);
    response.headers.emplace_back("Cache-Control", "no-cache");
    const std::string* has = find_value(request.headers, "If-None-Match");
    if (has == nullptr || (*has != tag && *has != "*")) return;
    response.status = 304;
    response.body.clear();
    response.content_type.clear();
}

Response failure(unsigned status, std::string_view what, std::string_view hint) {
    Response out;
    out.status = status;
    JsonWriter json(out.body);
    json.begin_object();
    json.field("error", what);
    if (!hint.empty()) json.field("hint", hint);
    json.end_object();
    return out;
}

}  // namespace gatehouse::control
