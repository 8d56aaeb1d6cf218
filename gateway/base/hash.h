// SPDX-License-Identifier: GPL-2.0-or-later
//
// Hashing of keys that strangers choose: SipHash-2-4 (Aumasson and Bernstein, 2012) under a secret
// of this run, so nobody can aim at one bucket of a table.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "gateway/base/bytes.h"
#include "gateway/base/ip.h"

namespace gatehouse {

class Random;

struct HashKey {
    std::uint64_t low = 0;   // bytes 0 to 7 of the key, little-endian
    std::uint64_t high = 0;  // bytes 8 to 15

    static HashKey make(Random& random);
};

std::uint64_t siphash(const HashKey& key, Bytes bytes);
// The same as siphash() over the little-endian bytes of the words, without a loop or a copy.
std::uint64_t siphash_words(const HashKey& key, std::uint64_t a);
std::uint64_t siphash_words(const HashKey& key, std::uint64_t a, std::uint64_t b);

// The hash of a std::unordered_map: std::unordered_map<Ip4, Host, KeyedHash> hosts(0, hash);
// There is no default key on purpose. A key type of a room adds its own functor and packs its
// fields into words(). The calls are not noexcept: libstdc++ then keeps the hash in each node and
// does not compute it again while it walks a bucket.
class KeyedHash {
  public:
    explicit KeyedHash(const HashKey& key) : key_(key) {}

    // Of 64 bits, so that a choice by them is the same on every machine.
    std::uint64_t words(std::uint64_t a) const { return siphash_words(key_, a); }
    std::uint64_t words(std::uint64_t a, std::uint64_t b) const {
        return siphash_words(key_, a, b);
    }

    template <std::integral T>
    std::size_t operator()(T number) const {
        return place(words(static_cast<std::uint64_t>(number)));
    }
    template <class E>
    requires std::is_enum_v<E> std::size_t operator()(E value) const {
        return place(words(static_cast<std::uint64_t>(value)));
    }
    std::size_t operator()(Port port) const { return place(words(port.number)); }
    std::size_t operator()(Ip4 address) const { return place(words(address.value)); }
    std::size_t operator()(const Endpoint4& endpoint) const {
        return place(words((std::uint64_t{endpoint.address.value} << 16U) | endpoint.port.number));
    }
    std::size_t operator()(const Mac& mac) const;
    std::size_t operator()(const Ip6& address) const;
    std::size_t operator()(const IpAddress& address) const {
        return address.is_v4() ? (*this)(address.v4()) : (*this)(address.v6());
    }
    std::size_t operator()(const Endpoint& endpoint) const;
    std::size_t operator()(std::string_view text) const {
        return place(siphash(key_, as_bytes(text)));
    }

  private:
    static std::size_t place(std::uint64_t hash) { return static_cast<std::size_t>(hash); }

    HashKey key_;
};

}  // namespace gatehouse
