// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/limiter.h"

#include <algorithm>

namespace gatehouse::stun {
namespace {

constexpr std::size_t kNetwork6Bytes = 7;  // a /56: what one home gets

}  // namespace

bool Bucket::take(const Rate& rate, Instant now) {
    const Duration token = Duration(1s) / std::max(rate.per_second, 1U);
    const Instant full_at = std::max(full_at_, now) + token;
    if (full_at > now + token * rate.burst) return false;
    full_at_ = full_at;
    return true;
}

Limiter::Limiter(const Allowances& allowances, const HashKey& secret)
    : allowances_(allowances), hash_(secret), places_(kPlaces) {}

Limiter::Place& Limiter::place_of(const IpAddress& source) {
    const auto place = [this](std::uint64_t network) -> Place& {
        return places_[static_cast<std::size_t>(hash_.words(network) % kPlaces)];
    };
    if (source.is_v4()) return place(source.v4().value >> 8U);
    std::uint64_t network = 1;  // apart from every IPv4 network
    for (std::size_t i = 0; i < kNetwork6Bytes; ++i) {
        network = (network << 8U) | source.v6().bytes[i];
    }
    return place(network);
}

bool Limiter::may_answer(const IpAddress& source, Instant now) {
    return place_of(source).answers.take(allowances_.per_network, now) &&
           all_.answers.take(allowances_.all, now);
}

bool Limiter::may_answer_large(const IpAddress& source, Instant now) {
    return place_of(source).large.take(allowances_.per_network_large, now) &&
           all_.large.take(allowances_.all_large, now);
}

}  // namespace gatehouse::stun
