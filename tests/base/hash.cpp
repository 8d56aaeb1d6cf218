// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/hash.h"

#include <array>
#include <boost/test/unit_test.hpp>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/base/random.h"

using namespace gatehouse;

namespace {

// The key of the published vectors: bytes 00 to 0f.
constexpr HashKey kPublished{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};

void put_word(std::vector<std::uint8_t>& out, std::uint64_t word) {
    for (unsigned i = 0; i < 8; ++i)
        out.push_back(static_cast<std::uint8_t>(word >> (8 * i)));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hashing)

BOOST_AUTO_TEST_CASE(the_published_vectors_of_siphash_2_4_are_met) {
    // The input of row n is the bytes 00, 01 ... n - 1; the numbers are those of the reference.
    static constexpr std::array<std::uint64_t, 64> kVectors{
        0x726fdb47dd0e0e31U, 0x74f839c593dc67fdU, 0x0d6c8009d9a94f5aU, 0x85676696d7fb7e2dU,
        0xcf2794e0277187b7U, 0x18765564cd99a68dU, 0xcbc9466e58fee3ceU, 0xab0200f58b01d137U,
        0x93f5f5799a932462U, 0x9e0082df0ba9e4b0U, 0x7a5dbbc594ddb9f3U, 0xf4b32f46226bada7U,
        0x751e8fbc860ee5fbU, 0x14ea5627c0843d90U, 0xf723ca908e7af2eeU, 0xa129ca6149be45e5U,
        0x3f2acc7f57c29bdbU, 0x699ae9f52cbe4794U, 0x4bc1b3f0968dd39cU, 0xbb6dc91da77961bdU,
        0xbed65cf21aa2ee98U, 0xd0f2cbb02e3b67c7U, 0x93536795e3a33e88U, 0xa80c038ccd5ccec8U,
        0xb8ad50c6f649af94U, 0xbce192de8a85b8eaU, 0x17d835b85bbb15f3U, 0x2f2e6163076bcfadU,
        0xde4daaaca71dc9a5U, 0xa6a2506687956571U, 0xad87a3535c49ef28U, 0x32d892fad841c342U,
        0x7127512f72f27cceU, 0xa7f32346f95978e3U, 0x12e0b01abb051238U, 0x15e034d40fa197aeU,
        0x314dffbe0815a3b4U, 0x027990f029623981U, 0xcadcd4e59ef40c4dU, 0x9abfd8766a33735cU,
        0x0e3ea96b5304a7d0U, 0xad0c42d6fc585992U, 0x187306c89bc215a9U, 0xd4a60abcf3792b95U,
        0xf935451de4f21df2U, 0xa9538f0419755787U, 0xdb9acddff56ca510U, 0xd06c98cd5c0975ebU,
        0xe612a3cb9ecba951U, 0xc766e62cfcadaf96U, 0xee64435a9752fe72U, 0xa192d576b245165aU,
        0x0a8787bf8ecb74b2U, 0x81b3e73d20b49b6fU, 0x7fa8220ba3b2eceaU, 0x245731c13ca42499U,
        0xb78dbfaf3a8d83bdU, 0xea1ad565322a1a0bU, 0x60e61c23a3795013U, 0x6606d7e446282b93U,
        0x6ca4ecb15c5f91e1U, 0x9f626da15c9625f3U, 0xe51b38608ef25f57U, 0x958a324ceb064572U,
    };
    std::vector<std::uint8_t> input;
    for (const std::uint64_t expected : kVectors) {
        BOOST_TEST(siphash(kPublished, input) == expected, "length " << input.size());
        input.push_back(static_cast<std::uint8_t>(input.size()));
    }
}

BOOST_AUTO_TEST_CASE(words_hash_like_their_bytes) {
    SeededRandom random(30);
    for (int run = 0; run < 500; ++run) {
        const HashKey key = HashKey::make(random);
        const std::uint64_t a = random.next();
        const std::uint64_t b = random.next();
        std::vector<std::uint8_t> bytes;
        put_word(bytes, a);
        BOOST_REQUIRE_EQUAL(siphash_words(key, a), siphash(key, bytes));
        put_word(bytes, b);
        BOOST_REQUIRE_EQUAL(siphash_words(key, a, b), siphash(key, bytes));
    }
}

BOOST_AUTO_TEST_CASE(a_key_is_made_of_two_random_numbers) {
    SeededRandom random(31);
    SeededRandom again(31);
    const HashKey key = HashKey::make(random);
    BOOST_TEST(key.low == again.next());
    BOOST_TEST(key.high == again.next());
}

BOOST_AUTO_TEST_CASE(another_key_gives_another_hash) {
    const KeyedHash one(HashKey{1, 2});
    const KeyedHash low(HashKey{3, 2});
    const KeyedHash high(HashKey{1, 3});
    const Endpoint4 endpoint{Ip4::of(192, 168, 1, 2), Port{5060}};
    BOOST_TEST(one(endpoint) == KeyedHash(HashKey{1, 2})(endpoint));
    BOOST_TEST(one(endpoint) != low(endpoint));
    BOOST_TEST(one(endpoint) != high(endpoint));
}

BOOST_AUTO_TEST_CASE(every_part_of_a_key_counts) {
    const KeyedHash hash(kPublished);
    const Ip4 address = Ip4::of(192, 168, 1, 2);
    const Ip6 v6 = *parse_ip6("2001:db8::1");
    std::set<std::size_t> seen{
        hash(Endpoint4{address, Port{1}}),
        hash(Endpoint4{address, Port{2}}),
        hash(Endpoint4{Ip4::of(192, 168, 1, 3), Port{1}}),
        hash(address),
        hash(Port{1}),
        hash(v6),
        hash(*parse_ip6("2001:db8::2")),
        hash(*parse_ip6("2001:db9::1")),
        hash(Endpoint{v6, Port{1}}),
        hash(Endpoint{v6, Port{2}}),
        hash(*parse_mac("00:00:00:00:00:01")),
        hash(*parse_mac("02:00:00:00:00:00")),
        hash(std::string_view("a")),
        hash(std::string_view("")),
        hash(std::uint64_t{0}),
        hash(Proto::udp),
    };
    BOOST_TEST(seen.size() == 16U);
    BOOST_TEST(hash(IpAddress(address)) == hash(address));
    BOOST_TEST(hash(IpAddress(v6)) == hash(v6));
    BOOST_TEST(hash(-1) == hash(UINT64_MAX));
}

BOOST_AUTO_TEST_CASE(tables_take_the_keyed_hash) {
    const KeyedHash hash(kPublished);
    std::unordered_map<Ip4, int, KeyedHash> addresses(0, hash);
    std::unordered_map<Endpoint4, int, KeyedHash> endpoints(0, hash);
    std::unordered_map<Mac, int, KeyedHash> macs(0, hash);
    std::unordered_map<std::string, int, KeyedHash> names(0, hash);
    for (std::uint16_t i = 1; i <= 2000; ++i) {
        addresses[Ip4{i}] = i;
        endpoints[{Ip4{7}, Port{i}}] = i;
        macs[Mac{{0, 0, 0, 0, static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)}}] =
            i;
        names[std::to_string(i)] = i;
    }
    BOOST_TEST(addresses.at(Ip4{1999}) == 1999);
    BOOST_TEST((endpoints.at({Ip4{7}, Port{1999}}) == 1999));
    BOOST_TEST(macs.size() == 2000U);
    BOOST_TEST(names.at("1999") == 1999);
}

BOOST_AUTO_TEST_CASE(keys_in_arithmetic_order_spread_over_all_buckets) {
    SeededRandom random(32);
    const KeyedHash hash(HashKey::make(random));
    std::array<double, 64> low{};
    std::array<double, 64> high{};
    static constexpr std::uint32_t kKeys = 64 * 256;
    for (std::uint32_t i = 0; i < kKeys; ++i) {
        const std::size_t value = hash(Ip4{0xc0a80000U + i * 64});
        low[value % 64] += 1;
        high[value >> (8 * sizeof(std::size_t) - 6)] += 1;
    }
    for (const auto& buckets : {low, high}) {
        double chi_square = 0;
        for (const double count : buckets)
            chi_square += (count - 256) * (count - 256) / 256;
        BOOST_TEST(chi_square < 104.0);  // 63 degrees of freedom, one key in a thousand is worse
    }
}

BOOST_AUTO_TEST_SUITE_END()
