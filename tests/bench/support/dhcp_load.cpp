// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/support/dhcp_load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "tests/bench/support/batch.h"
#include "tests/lab/support/environment.h"

namespace gatehouse::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kAtOnce = 64;
constexpr std::size_t kLongest = 1500;
constexpr Duration kPatience = 1s;
constexpr int kBuffer = 8 << 20;

Instant now() {
    return Instant(
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

sockaddr_in at(Ip4 address) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(67);
    out.sin_addr.s_addr = htonl(address.value);
    return out;
}

lab::Fd relay_socket(Ip4 relay, Ip4 server) {
    lab::Fd out(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const sockaddr_in own = at(relay);
    const sockaddr_in peer = at(server);
    if (::setsockopt(out.number(), SOL_SOCKET, SO_RCVBUFFORCE, &kBuffer, sizeof kBuffer) != 0 ||
        ::setsockopt(out.number(), SOL_SOCKET, SO_SNDBUFFORCE, &kBuffer, sizeof kBuffer) != 0 ||
        ::bind(out.number(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0 ||
        ::connect(out.number(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0)
        lab::throw_errno("be a relay");
    return out;
}

}  // namespace

std::uint64_t Served::per_second() const {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    return us > 0 ? finished * 1'000'000 / static_cast<std::uint64_t>(us) : 0;
}

DhcpLoad::DhcpLoad(const lab::Host& host, Ip4 relay, Ip4 server)
    : socket_(host.inside([&] { return relay_socket(relay, server); })),
      relay_(relay),
      buffer_(kAtOnce * kLongest) {}

lab::DhcpQuestion DhcpLoad::question(std::uint32_t number) const {
    const std::uint32_t device = first_ + (number - first_number_) % devices_;
    lab::DhcpQuestion out;
    out.number = number;
    out.relay = relay_;
    const auto byte = [device](unsigned shift) {
        return static_cast<std::uint8_t>(device >> shift);
    };
    out.device.bytes = {2, 0x88, byte(24), byte(16), byte(8), byte(0)};
    return out;
}

void DhcpLoad::send(const Messages& messages) const {
    Batch<kAtOnce> vectors;
    for (std::size_t i = 0; i < messages.size(); ++i)
        vectors.set(i, const_cast<std::uint8_t*>(messages[i].data()), messages[i].size());
    // What the kernel does not take is lost, as on a cable.
    if (!messages.empty())
        ::sendmmsg(socket_.number(), vectors.heads.data(), static_cast<unsigned>(messages.size()),
                   0);
}

DhcpLoad::Messages DhcpLoad::receive(Served& served) {
    Messages out;
    Batch<kAtOnce> vectors;
    for (std::size_t i = 0; i < kAtOnce; ++i)
        vectors.set(i, buffer_.data() + i * kLongest, kLongest);
    const int count =
        ::recvmmsg(socket_.number(), vectors.heads.data(), kAtOnce, MSG_DONTWAIT, nullptr);
    const Instant arrived = now();
    for (int i = 0; i < count; ++i) {
        const auto index = static_cast<std::size_t>(i);
        const Bytes message(buffer_.data() + index * kLongest, vectors.heads[index].msg_len);
        const auto reply = lab::decode_reply(message);
        if (!reply || reply->number < first_number_ || reply->number >= number_) continue;
        const bool in_time = arrived - begun_[reply->number - first_number_] <= kPatience;
        if (reply->type == lab::DhcpType::ack && in_time) ++served.finished;
        if (reply->type != lab::DhcpType::offer) continue;
        lab::DhcpQuestion request = question(reply->number);
        request.type = lab::DhcpType::request;
        request.server = reply->server;
        request.address = reply->address;
        out.push_back(lab::encode_question(request));
    }
    return out;
}

Served DhcpLoad::run(std::uint32_t first, std::uint32_t devices, std::uint64_t per_second,
                     Duration time) {
    first_ = first;
    devices_ = std::max(1U, devices);
    first_number_ = number_;
    begun_.clear();
    Served out;
    out.time = time;
    const Instant begin = now();
    const Instant end = begin + time;
    for (Instant at = begin; at < end + kPatience; at = now()) {
        if (at < end) {
            const auto us = std::chrono::duration_cast<std::chrono::microseconds>(at - begin);
            const std::uint64_t due =
                static_cast<std::uint64_t>(us.count()) * per_second / 1'000'000;
            Messages messages;
            while (out.begun < due && messages.size() < kAtOnce) {
                begun_.push_back(at);
                messages.push_back(lab::encode_question(question(number_++)));
                ++out.begun;
            }
            send(messages);
        }
        send(receive(out));
        // Sleeping would make bursts; only when there is little to do.
        pollfd waiting{socket_.number(), POLLIN, 0};
        if (per_second <= 5000 || at >= end) ::poll(&waiting, 1, 1);
    }
    return out;
}

}  // namespace gatehouse::bench
