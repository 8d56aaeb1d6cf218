// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/chaos/traffic.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <algorithm>

#include "gateway/base/text.h"

namespace gatehouse::chaos {

namespace {

// Before a socket is asked with a buffer.
bool has_something(int socket) {
    pollfd one{socket, POLLIN, 0};
    return ::poll(&one, 1, 0) == 1;
}

std::optional<Datagram> next(const UdpSocket& socket) {
    if (!has_something(socket.number())) return std::nullopt;
    return socket.receive(0ms);
}

std::optional<std::string> next(TcpConnection& connection) {
    if (!has_something(connection.number())) return std::nullopt;
    return connection.receive(0ms);
}

// Errors that the path reports meanwhile end no connection.
bool is_open(const TcpConnection& connection) {
    tcp_info info{};
    socklen_t size = sizeof info;
    return ::getsockopt(connection.number(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_state == TCP_ESTABLISHED;
}

constexpr std::size_t kPerDevice = 4;
constexpr const char* kFirst = "11.0.0.2:7001";
constexpr const char* kSecond = "11.0.0.3:7001";

}  // namespace

Traffic::Traffic(House& house, const std::vector<const Host*>& devices)
    : house_(house),
      devices_(devices),
      listener_(house.internet.listen("11.0.0.2:7000")),
      first_(house.internet.udp(kFirst)),
      second_(house.internet.udp(kSecond)),
      stranger_(house.internet.udp("11.0.0.4:7001")),
      media_(house.internet.udp("11.0.0.3:9000")),
      audio_(devices.front()->udp("0.0.0.0:40000")) {
    for (std::size_t i = 0; i < devices.size() * kPerDevice; ++i) {
        flows_.push_back({devices[i / kPerDevice]->udp(concat("0.0.0.0:", 5000 + i)), {}, {}, 0});
    }
    connect();
    thread_ = std::thread([this] { live(); });
}

Traffic::~Traffic() {
    ends_ = true;
    thread_.join();
}

void Traffic::connect() {
    const std::lock_guard lock(mutex_);
    for (const Host* device : devices_) {
        for (std::size_t i = 0; i < kPerDevice; ++i) {
            TcpPair pair = tcp_pair(*device, listener_);
            if (!pair.server) note(concat(device->name(), " gets no connection"));
            connections_.push_back({std::move(pair.client), std::move(pair.server), {}, 0});
        }
    }
    is_connected_ = true;
}

Verdict Traffic::hush() {
    {
        const std::lock_guard lock(mutex_);
        is_hushed_ = true;
    }
    return eventually(
        [this] {
            const std::lock_guard lock(mutex_);
            return Verdict(std::all_of(connections_.begin(), connections_.end(),
                                       [](const Connection& one) { return one.unheard.empty(); }));
        },
        5s);
}

void Traffic::speak_again() {
    const std::lock_guard lock(mutex_);
    is_hushed_ = false;
}

void Traffic::live() {
    while (!ends_) {
        {
            const std::lock_guard lock(mutex_);
            turn();
        }
        std::this_thread::sleep_for(20ms);
    }
}

void Traffic::note(std::string what) {
    if (problem_.empty()) problem_ = std::move(what);
}

void Traffic::turn() {
    ++turn_;
    if (is_connected_) {
        for (Connection& one : connections_)
            turn(one);
    }
    hear(first_, &Flow::at_first);
    hear(second_, &Flow::at_second);
    while (next(media_))
        ++audio_out_;
    while (const auto got = next(audio_)) {
        if (got->from.to_string() != "11.0.0.3:9000") note(concat("audio of ", got->data));
        ++audio_in_;
    }
    for (std::size_t i = 0; i < flows_.size(); ++i) {
        while (const auto got = next(flows_[i].socket)) {
            if (got->data != std::to_string(i)) {
                note(concat("flow ", i, " heard '", got->data, "' of ", got->from.to_string()));
            }
            ++flows_[i].answers;
        }
    }
    if (turn_ % 10 == 0) speak();
}

void Traffic::turn(Connection& connection) {
    if (!is_open(connection.client) || !connection.server || !is_open(*connection.server)) {
        return note(concat("a connection of ", connection.client.local().to_string(), " broke"));
    }
    if (connection.unheard.empty() && turn_ % 5 == 0 && !is_hushed_) {
        connection.unheard = concat("turn ", turn_, "\n");
        if (!connection.client.send(connection.unheard, 0ms)) note("a connection takes nothing");
    }
    if (const auto got = next(*connection.server)) connection.server->send(*got, 0ms);
    const auto back = next(connection.client);
    if (!back) return;
    if (back->empty() || !connection.unheard.starts_with(*back)) {
        return note(concat("'", *back, "' came back instead of '", connection.unheard, "'"));
    }
    connection.unheard.erase(0, back->size());
    if (connection.unheard.empty()) ++connection.echoes;
}

void Traffic::hear(const UdpSocket& server, std::string Flow::*face) {
    while (const auto got = next(server)) {
        const auto number = parse_number<std::size_t>(got->data);
        if (!number || *number >= flows_.size()) continue;
        flows_[*number].*face = got->from.to_string();
        server.send_to(got->from, got->data);
    }
}

void Traffic::speak() {
    for (std::size_t i = 0; i < flows_.size(); ++i) {
        flows_[i].socket.send_to(kFirst, std::to_string(i));
        flows_[i].socket.send_to(kSecond, std::to_string(i));
        for (const std::string& face : {flows_[i].at_first, flows_[i].at_second}) {
            if (!face.empty()) stranger_.send_to(face, "an intruder");
        }
    }
    if (talk_to_.empty()) return;
    // No stranger tries this port: where the peer seems silent, it is learned from whoever speaks
    // (alg/latch.h).
    media_.send_to(talk_to_, "audio");
    audio_.send_to("11.0.0.3:9000", "audio");
}

std::string Traffic::problem() const {
    const std::lock_guard lock(mutex_);
    return problem_;
}

std::string Traffic::missing(const std::string& address) const {
    for (const Connection& one : connections_) {
        if (one.echoes == 0) return concat("no echo on ", one.client.local().to_string());
    }
    for (std::size_t i = 0; i < flows_.size(); ++i) {
        const Flow& flow = flows_[i];
        if (flow.answers == 0) return concat("no answer to flow ", i);
        if (flow.at_first != flow.at_second || !flow.at_first.starts_with(address + ":")) {
            return concat("flow ", i, " is ", flow.at_first, " and ", flow.at_second);
        }
    }
    if (talk_to_.empty()) return {};
    if (audio_in_ == 0 || audio_out_ == 0) {
        return concat("audio: ", audio_in_, " in, ", audio_out_, " out by ", talk_to_);
    }
    return {};
}

Verdict Traffic::flows(const std::string& address, Duration limit) {
    {
        // Only what comes from now on counts.
        const std::lock_guard lock(mutex_);
        for (Connection& one : connections_)
            one.echoes = 0;
        for (Flow& one : flows_)
            one = {std::move(one.socket), {}, {}, 0};
        audio_in_ = audio_out_ = 0;
    }
    return eventually(
        [&]() -> Verdict {
            const std::lock_guard lock(mutex_);
            const std::string what = problem_.empty() ? missing(address) : problem_;
            return what.empty() ? Verdict(true) : no_because(what);
        },
        limit);
}

std::map<std::size_t, std::string> Traffic::faces() const {
    const std::lock_guard lock(mutex_);
    std::map<std::size_t, std::string> out;
    for (std::size_t i = 0; i < flows_.size(); ++i)
        out[i] = flows_[i].at_first;
    return out;
}

void Traffic::hang_up() {
    const std::lock_guard lock(mutex_);
    is_connected_ = false;
    connections_.clear();
    talk_to_.clear();
}

void Traffic::talk_to(const std::string& outside) {
    const std::lock_guard lock(mutex_);
    talk_to_ = outside;
}

}  // namespace gatehouse::chaos
