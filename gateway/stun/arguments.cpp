// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/arguments.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/stun/reach.h"

namespace gatehouse::stun {
namespace {

constexpr std::uint32_t kShortestWait = 10;  // milliseconds
constexpr std::uint32_t kLongestWait = 5000;
constexpr std::size_t kLongestName = 253;  // RFC 1035 2.3.4, as text

// Walks over arguments; "--name value" and "--name=value" are the same.
class Walk {
  public:
    explicit Walk(Arguments arguments) : rest_(arguments) {}

    bool next() {
        if (rest_.empty()) return false;
        name_ = rest_.front();
        rest_ = rest_.subspan(1);
        glued_.reset();
        const std::size_t equals = name_.find('=');
        if (name_.starts_with("--") && equals != std::string_view::npos) {
            glued_ = name_.substr(equals + 1);
            name_ = name_.substr(0, equals);
        }
        return true;
    }
    std::string_view name() const { return name_; }
    bool is_option() const { return name_.starts_with("-"); }
    bool has_glued_value() const { return glued_.has_value(); }
    Result<std::string_view> value() {
        if (glued_) return *glued_;
        if (rest_.empty()) return fail(concat(name_, " needs a value"));
        const std::string_view out = rest_.front();
        rest_ = rest_.subspan(1);
        return out;
    }

  private:
    Arguments rest_;
    std::string_view name_;
    std::optional<std::string_view> glued_;
};

Failure<Error> wrong(std::string_view name, std::string_view value, std::string_view what) {
    return fail(concat(name, " ", printable(value), " is not ", what));
}

Result<IpAddress> address_value(Walk& walk) {
    const auto value = walk.value();
    if (!value) return value.failure();
    const auto address = parse_ip(*value);
    if (!address) return wrong(walk.name(), *value, "an address");
    if (reach_of(*address) == Reach::none) {
        return wrong(walk.name(), *value, "an address that a host can have");
    }
    return *address;
}

Result<Port> port_value(Walk& walk) {
    const auto value = walk.value();
    if (!value) return value.failure();
    const auto port = parse_port(*value);
    if (!port) return wrong(walk.name(), *value, "a port from 1 to 65535");
    return *port;
}

Status take_server_option(Walk& walk, ServerConfig& config, std::size_t& addresses) {
    if (walk.name() == "--address") {
        const auto address = address_value(walk);
        if (!address) return address.failure();
        if (addresses == 0) {
            config.address = *address;
        } else if (addresses == 1) {
            config.alternate_address = *address;
        } else {
            return fail("--address can be given twice at most");
        }
        ++addresses;
        return {};
    }
    if (walk.name() != "--port" && walk.name() != "--alt-port") {
        return fail(concat("unknown argument ", printable(walk.name())));
    }
    const auto port = port_value(walk);
    if (!port) return port.failure();
    (walk.name() == "--port" ? config.port : config.alternate_port) = *port;
    return {};
}

// "name", "name:port", "192.0.2.1:port", "2001:db8::1", "[2001:db8::1]:port"
Status take_server(std::string_view text, ProbeOptions& options) {
    std::string_view host = text;
    std::optional<std::string_view> port;
    if (text.starts_with("[")) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return fail(concat("no ] in ", printable(text)));
        host = text.substr(1, end - 1);
        const std::string_view tail = text.substr(end + 1);
        if (!parse_ip6(host) || (!tail.empty() && tail.front() != ':')) {
            return fail(concat(printable(text), " is not [address]:port"));
        }
        if (!tail.empty()) port = tail.substr(1);
    } else if (std::count(text.begin(), text.end(), ':') == 1) {
        const std::size_t colon = text.find(':');
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    const bool clean =
        std::all_of(host.begin(), host.end(), [](char c) { return c > ' ' && c < 127; });
    if (host.empty() || host.size() > kLongestName || !clean) {
        return fail(concat(printable(text), " is not the name or address of a server"));
    }
    options.host = std::string(host);
    if (!port) return {};
    const auto number = parse_port(*port);
    if (!number) return fail(concat(printable(*port), " is not a port from 1 to 65535"));
    options.port = *number;
    return {};
}

Status take_probe_option(Walk& walk, ProbeOptions& options) {
    if (walk.name() == "--json" || walk.name() == "--lifetime") {
        if (walk.has_glued_value()) return fail(concat(walk.name(), " takes no value"));
        (walk.name() == "--json" ? options.json : options.lifetime) = true;
        return {};
    }
    if (walk.name() == "--local") {
        const auto address = address_value(walk);
        if (!address) return address.failure();
        options.local = *address;
        return {};
    }
    if (walk.name() != "--wait") return fail(concat("unknown argument ", printable(walk.name())));
    const auto value = walk.value();
    if (!value) return value.failure();
    const auto wait = parse_number<std::uint32_t>(*value);
    if (!wait || *wait < kShortestWait || *wait > kLongestWait) {
        return wrong("--wait", *value, "a number of milliseconds from 10 to 5000");
    }
    options.first_wait = std::chrono::milliseconds(*wait);
    return {};
}

}  // namespace

const char* const kServerUsage =
    "usage: gatehouse stun-server --address A1 [--address A2] [--port 3478] [--alt-port 3479]\n"
    "Answers STUN over UDP and TCP until it is stopped. Discovery of NAT behaviour needs two\n"
    "addresses of this machine.\n";

const char* const kProbeUsage =
    "usage: gatehouse probe SERVER[:PORT] [--json] [--lifetime] [--local ADDRESS] [--wait MS]\n"
    "Tells what kind of NAT lies between this machine and a STUN server.\n"
    "  --lifetime       also how long a silent mapping lives: this takes many minutes\n"
    "  --local ADDRESS  the address of this machine to send from\n"
    "  --wait MS        how long to wait before a question is asked again, at first (300)\n";

Result<ServerConfig> parse_server_arguments(Arguments arguments) {
    ServerConfig config;
    std::size_t addresses = 0;
    Walk walk(arguments);
    while (walk.next()) {
        const Status status = take_server_option(walk, config, addresses);
        if (!status) return fail(status.error());
    }
    if (addresses == 0) return fail("--address is missing");
    if (config.alternate_address) {
        if (*config.alternate_address == config.address) {
            return fail("the two addresses are the same");
        }
        if (config.alternate_address->is_v4() != config.address.is_v4()) {
            return fail("the two addresses must both be IPv4 or both be IPv6");
        }
    }
    if (config.port == config.alternate_port) return fail("the two ports are the same");
    return config;
}

Result<ProbeOptions> parse_probe_arguments(Arguments arguments) {
    ProbeOptions options;
    Walk walk(arguments);
    while (walk.next()) {
        if (!walk.is_option()) {
            if (!options.host.empty()) return fail("only one server can be asked");
            const Status status = take_server(walk.name(), options);
            if (!status) return fail(status.error());
            continue;
        }
        const Status status = take_probe_option(walk, options);
        if (!status) return fail(status.error());
    }
    if (options.host.empty()) return fail("the server is missing");
    return options;
}

}  // namespace gatehouse::stun
