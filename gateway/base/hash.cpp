// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/hash.h"

#include <array>
#include <bit>

#include "gateway/base/random.h"

namespace gatehouse {

namespace {

// Up to eight bytes as a little-endian number, the missing ones zero.
std::uint64_t little_endian(Bytes bytes) {
    std::uint64_t out = 0;
    for (std::size_t i = bytes.size(); i > 0; --i)
        out = (out << 8U) | bytes[i - 1];
    return out;
}

class SipState {
  public:
    explicit SipState(const HashKey& key)
        : v_{key.low ^ 0x736f6d6570736575U, key.high ^ 0x646f72616e646f6dU,
             key.low ^ 0x6c7967656e657261U, key.high ^ 0x7465646279746573U} {}

    void word(std::uint64_t m) {
        v_[3] ^= m;
        round();
        round();
        v_[0] ^= m;
    }

    // The last word holds what is left of the input and, on top, its length.
    std::uint64_t finish(std::uint64_t rest, std::size_t length) {
        word(rest | (std::uint64_t{length & 0xffU} << 56U));
        v_[2] ^= 0xffU;
        for (int i = 0; i < 4; ++i)
            round();
        return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
    }

  private:
    template <int turn_b, int turn_d>
    void half(std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
        v_[a] += v_[b];
        v_[c] += v_[d];
        v_[b] = std::rotl(v_[b], turn_b) ^ v_[a];
        v_[d] = std::rotl(v_[d], turn_d) ^ v_[c];
        v_[a] = std::rotl(v_[a], 32);
    }

    void round() {
        half<13, 16>(0, 1, 2, 3);
        half<17, 21>(2, 1, 0, 3);
    }

    std::array<std::uint64_t, 4> v_;
};

}  // namespace

HashKey HashKey::make(Random& random) {
    const std::uint64_t low = random.next();
    return {low, random.next()};
}

std::uint64_t siphash(const HashKey& key, Bytes bytes) {
    SipState state(key);
    Bytes left = bytes;
    for (; left.size() >= 8; left = left.subspan(8))
        state.word(little_endian(left.first(8)));
    return state.finish(little_endian(left), bytes.size());
}

std::uint64_t siphash_words(const HashKey& key, std::uint64_t a) {
    SipState state(key);
    state.word(a);
    return state.finish(0, 8);
}

std::uint64_t siphash_words(const HashKey& key, std::uint64_t a, std::uint64_t b) {
    SipState state(key);
    state.word(a);
    state.word(b);
    return state.finish(0, 16);
}

std::size_t KeyedHash::operator()(const Mac& mac) const {
    return place(words(little_endian(mac.bytes)));
}

std::size_t KeyedHash::operator()(const Ip6& address) const {
    const Bytes bytes = address.bytes;
    return place(words(little_endian(bytes.first(8)), little_endian(bytes.subspan(8))));
}

std::size_t KeyedHash::operator()(const Endpoint& endpoint) const {
    return place(words((*this)(endpoint.address), endpoint.port.number));
}

}  // namespace gatehouse
