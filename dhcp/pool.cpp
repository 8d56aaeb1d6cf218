// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/pool.h"

#include <algorithm>
#include <bit>

#include "dhcp/lease.h"

namespace gatehouse::dhcp {

bool is_host_of(const Prefix4& network, Ip4 address) {
    if (!network.contains(address) || address == kNoHost) return false;
    // Networks of two addresses have no broadcast (RFC 3021).
    if (network.length >= 31) return true;
    return address != network.network() && address != network.broadcast();
}

Pool::Pool(const Prefix4& network, std::uint32_t start, std::uint32_t limit,
           const std::function<bool(Ip4)>& barred) {
    const std::uint64_t base = network.network().value;
    const std::uint64_t first = base + start;
    const std::uint64_t end = std::min(first + limit, std::uint64_t{network.broadcast().value} + 1);
    if (first >= end) return;
    first_ = Ip4{static_cast<std::uint32_t>(first)};
    count_ = static_cast<std::uint32_t>(end - first);
    // What lies beyond the range in the last word counts as taken.
    barred_.assign((count_ + 63) / 64, ~std::uint64_t{0});
    for (std::uint32_t place = 0; place < count_; ++place) {
        const Ip4 address{first_.value + place};
        const std::uint32_t tail = address.value & 0xffU;
        const bool odd = network.length < 24 && (tail == 0 || tail == 0xff);
        if (!is_host_of(network, address) || odd || barred(address)) continue;
        set(barred_, place, false);
        ++size_;
    }
    taken_ = barred_;
    free_ = size_;
}

bool Pool::test(const Bits& bits, Ip4 address) const {
    const std::uint32_t place = address.value - first_.value;
    return ((bits[place / 64] >> (place % 64)) & 1U) != 0;
}

void Pool::set(Bits& bits, std::uint32_t place, bool value) {
    const std::uint64_t bit = std::uint64_t{1} << (place % 64);
    if (value) {
        bits[place / 64] |= bit;
    } else {
        bits[place / 64] &= ~bit;
    }
}

bool Pool::contains(Ip4 address) const {
    return in_range(address) && !test(barred_, address);
}

void Pool::take(Ip4 address) {
    if (!is_free(address)) return;
    set(taken_, address.value - first_.value, true);
    --free_;
}

void Pool::give_back(Ip4 address) {
    if (!contains(address) || !test(taken_, address)) return;
    set(taken_, address.value - first_.value, false);
    ++free_;
}

std::optional<Ip4> Pool::choose(std::uint64_t hash) const {
    if (free_ == 0) return std::nullopt;
    const auto place = static_cast<std::uint32_t>(hash % count_);
    // The rest of the first word, the other words, and the first word again.
    std::size_t word = place / 64;
    std::uint64_t open = ~taken_[word] & (~std::uint64_t{0} << (place % 64));
    for (std::size_t i = 0; i <= taken_.size(); ++i) {
        if (open != 0) {
            const auto bit = static_cast<std::uint32_t>(std::countr_zero(open));
            return Ip4{first_.value + static_cast<std::uint32_t>(word) * 64 + bit};
        }
        word = (word + 1) % taken_.size();
        open = ~taken_[word];
    }
    return std::nullopt;
}

std::optional<Ip4> Pool::oldest_ended() const {
    if (ended_.empty()) return std::nullopt;
    return ended_.begin()->second;
}

std::optional<Ip4> Pool::oldest_offer(Instant until) const {
    if (offers_.empty() || offers_.begin()->first > until) return std::nullopt;
    return offers_.begin()->second;
}

}  // namespace gatehouse::dhcp
