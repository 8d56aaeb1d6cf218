// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/checksum.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "gateway/base/random.h"

using namespace gatehouse;

namespace {

std::vector<std::uint8_t> hex(std::string_view text) {
    bool ok = false;
    auto out = from_hex(text, ok);
    BOOST_REQUIRE(ok);
    return out;
}

std::uint16_t get_u16(Bytes bytes, std::size_t at) {
    return static_cast<std::uint16_t>((bytes[at] << 8U) | bytes[at + 1]);
}

void put_u16(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint16_t value) {
    bytes[at] = static_cast<std::uint8_t>(value >> 8U);
    bytes[at + 1] = static_cast<std::uint8_t>(value & 0xffU);
}

// The definition, slowly: ones-complement addition one pair of bytes at a time.
std::uint16_t naive_checksum(Bytes bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        sum += i % 2 == 0 ? std::uint32_t{bytes[i]} << 8U : bytes[i];
        if (sum > 0xffff) sum -= 0xffff;
    }
    return static_cast<std::uint16_t>(~sum & 0xffffU);
}

// Bytes that carry and cancel often: many of them 00 or ff.
std::vector<std::uint8_t> random_bytes(Random& random, std::size_t size) {
    std::vector<std::uint8_t> out(size);
    random.fill(out);
    for (std::uint8_t& byte : out) {
        const std::uint64_t choice = random.below(4);
        if (choice == 0) byte = 0;
        if (choice == 1) byte = 0xff;
    }
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checksums)

BOOST_AUTO_TEST_CASE(known_sums_are_found) {
    const std::vector<std::pair<std::string, std::uint16_t>> cases{
        {"", 0xffff},
        {"00", 0xffff},
        {"0000", 0xffff},
        {"ffff", 0x0000},
        {"ffffffff", 0x0000},
        {"01", 0xfeff},
        {"0001", 0xfffe},
        {"ffff0001", 0xfffe},
        {"0001f203f4f5f6f7", 0x220d},
        {"0001f203f4f5f6", 0x2304},
    };
    for (const auto& [text, expected] : cases)
        BOOST_TEST(checksum(hex(text)) == expected, text);
}

BOOST_AUTO_TEST_CASE(the_header_checksum_ignores_what_stands_in_its_field) {
    // 192.168.0.1 to 192.168.0.199, UDP, 115 bytes, do not fragment
    const auto right = hex("45000073 00004000 4011 b861 c0a80001 c0a800c7");
    const auto wrong = hex("45000073 00004000 4011 ffff c0a80001 c0a800c7");
    BOOST_TEST(ip4_header_checksum(right) == 0xb861U);
    BOOST_TEST(ip4_header_checksum(wrong) == 0xb861U);
    BOOST_TEST(checksum(right) == 0U);
    BOOST_TEST(checksum(wrong) != 0U);
    // with a router alert option
    auto options = hex("46000020 00010000 0102 0000 c0a80001 e0000016 94040000");
    put_u16(options, 10, ip4_header_checksum(options));
    BOOST_TEST(checksum(options) == 0U);
    BOOST_TEST(ip4_header_checksum(Bytes(right).first(19)) == 0U);
    BOOST_TEST(ip4_header_checksum({}) == 0U);
}

BOOST_AUTO_TEST_CASE(pieces_of_any_length_sum_like_the_whole) {
    SeededRandom random(10);
    for (int run = 0; run < 3000; ++run) {
        const auto bytes = random_bytes(random, random.index(200));
        Checksum sum;
        for (Bytes left = bytes; !left.empty();) {
            const std::size_t size = random.index(left.size() + 1);
            sum.add(left.first(size));
            left = left.subspan(size);
        }
        BOOST_REQUIRE_EQUAL(sum.value(), naive_checksum(bytes));
        BOOST_REQUIRE_EQUAL(checksum(bytes), naive_checksum(bytes));
    }
}

BOOST_AUTO_TEST_CASE(numbers_can_be_added_after_an_odd_piece) {
    const auto odd = hex("010203");
    BOOST_TEST(Checksum().add(odd).add_u16(0x0405).add_u32(0x06070809).value() ==
               checksum(hex("010203040506070809")));
}

BOOST_AUTO_TEST_CASE(the_largest_packet_of_ones_does_not_overflow) {
    const std::vector<std::uint8_t> bytes(65535, 0xff);
    BOOST_TEST(checksum(bytes) == naive_checksum(bytes));
    Checksum sum;
    for (int i = 0; i < 100; ++i)
        sum.add(bytes).add(hex("ff"));
    BOOST_TEST(sum.value() == 0U);
}

BOOST_AUTO_TEST_CASE(the_pseudo_header_is_that_of_its_family) {
    const Ip4 source = Ip4::of(192, 0, 2, 1);
    const Ip4 destination = Ip4::of(198, 51, 100, 2);
    BOOST_TEST(pseudo_header(source, destination, Proto::udp, 9).value() ==
               checksum(hex("c0000201 c6336402 0011 0009")));
    BOOST_TEST(
        pseudo_header(*parse_ip6("2001:db8::1"), *parse_ip6("fe80::2"), Proto::icmpv6, 0x12345)
            .value() == checksum(hex("20010db8000000000000000000000001"
                                     "fe800000000000000000000000000002"
                                     "00012345 0000003a")));
}

BOOST_AUTO_TEST_CASE(a_segment_with_its_checksum_sums_to_zero) {
    struct Case {
        Proto proto;
        std::size_t field;
        std::size_t header;
    };
    static constexpr Case kCases[] = {
        {Proto::tcp, 16, 20}, {Proto::udp, 6, 8}, {Proto::icmpv6, 2, 4}};
    SeededRandom random(11);
    for (const auto& [proto, field, header] : kCases) {
        for (int run = 0; run < 300; ++run) {
            auto segment = random_bytes(random, header + random.index(64));
            const Ip4 source{static_cast<std::uint32_t>(random.next())};
            const Ip4 destination{static_cast<std::uint32_t>(random.next())};
            put_u16(segment, field, 0);
            std::uint16_t value = transport_checksum(source, destination, proto, segment);
            put_u16(segment, field, proto == Proto::udp ? udp_field(value) : value);
            BOOST_REQUIRE_EQUAL(transport_checksum(source, destination, proto, segment), 0U);

            const Ip6 from{random.bytes<16>()};
            const Ip6 to{random.bytes<16>()};
            put_u16(segment, field, 0);
            value = transport_checksum(from, to, proto, segment);
            put_u16(segment, field, proto == Proto::udp ? udp_field(value) : value);
            BOOST_REQUIRE_EQUAL(transport_checksum(from, to, proto, segment), 0U);
        }
    }
}

BOOST_AUTO_TEST_CASE(udp_never_sends_zero_for_a_computed_checksum) {
    BOOST_TEST(udp_field(0) == 0xffffU);
    BOOST_TEST(udp_field(1) == 1U);
    BOOST_TEST(udp_field(0xffff) == 0xffffU);
}

BOOST_AUTO_TEST_CASE(the_example_of_rfc1624_gives_zero_and_not_minus_zero) {
    BOOST_TEST(update_checksum(0xdd2f, std::uint16_t{0x5555}, std::uint16_t{0x3285}) == 0x0000U);
}

BOOST_AUTO_TEST_CASE(an_update_of_16_bits_is_the_recomputed_checksum) {
    SeededRandom random(12);
    for (int run = 0; run < 20000; ++run) {
        auto packet = random_bytes(random, 20 + 2 * random.index(20));
        packet[0] = 0x45;  // a header is never all zeros
        put_u16(packet, 10, ip4_header_checksum(packet));
        const std::size_t at = 12 + 2 * random.index((packet.size() - 12) / 2);
        const std::uint16_t before = get_u16(packet, at);
        const auto replacement = random_bytes(random, 2);
        const std::uint16_t after = get_u16(replacement, 0);
        const std::uint16_t updated = update_checksum(get_u16(packet, 10), before, after);
        put_u16(packet, at, after);
        BOOST_REQUIRE_EQUAL(updated, ip4_header_checksum(packet));
        BOOST_REQUIRE_NE(updated, 0xffffU);
    }
}

BOOST_AUTO_TEST_CASE(an_update_of_32_bits_is_the_recomputed_checksum) {
    SeededRandom random(13);
    for (int run = 0; run < 20000; ++run) {
        auto header = random_bytes(random, 20);
        header[0] = 0x45;
        put_u16(header, 10, ip4_header_checksum(header));
        const std::size_t at = random.below(2) == 0 ? 12 : 16;
        ByteReader reader(header);
        reader.seek(at);
        const Ip4 before = read_ip4(reader);
        const auto replacement = random_bytes(random, 4);
        std::copy(replacement.begin(), replacement.end(),
                  header.begin() + static_cast<std::ptrdiff_t>(at));
        reader.seek(at);
        const Ip4 after = read_ip4(reader);
        const std::uint16_t updated = update_checksum(get_u16(header, 10), before, after);
        BOOST_REQUIRE_EQUAL(updated, ip4_header_checksum(header));
        BOOST_REQUIRE_EQUAL(updated,
                            update_checksum(get_u16(header, 10), before.value, after.value));
    }
}

BOOST_AUTO_TEST_CASE(a_rewritten_udp_endpoint_gives_the_recomputed_checksum) {
    SeededRandom random(14);
    std::size_t minus_zeros = 0;
    for (int run = 0; run < 20000; ++run) {
        auto segment = random_bytes(random, 10);
        const auto addresses = random_bytes(random, 12);
        ByteReader reader(addresses);
        const Ip4 source = read_ip4(reader);
        const Ip4 destination = read_ip4(reader);
        const Ip4 outside = read_ip4(reader);
        put_u16(segment, 6, 0);
        if (run % 2 == 0) {  // make the checksum zero, which UDP sends as 0xffff
            put_u16(segment, 8, 0);
            put_u16(segment, 8, transport_checksum(source, destination, Proto::udp, segment));
        }
        const std::uint16_t field =
            udp_field(transport_checksum(source, destination, Proto::udp, segment));
        if (field == 0xffff) ++minus_zeros;
        const Port before{get_u16(segment, 0)};
        const Port after{static_cast<std::uint16_t>(random.next())};
        const std::uint16_t updated =
            update_udp_checksum(update_udp_checksum(field, source, outside), before, after);
        put_u16(segment, 0, after.number);
        BOOST_REQUIRE_EQUAL(
            updated, udp_field(transport_checksum(outside, destination, Proto::udp, segment)));
        put_u16(segment, 6, updated);
        BOOST_REQUIRE_EQUAL(transport_checksum(outside, destination, Proto::udp, segment), 0U);
    }
    BOOST_TEST(minus_zeros >= 10000U);
}

BOOST_AUTO_TEST_CASE(a_udp_packet_without_checksum_stays_without) {
    BOOST_TEST(update_udp_checksum(0, Ip4::of(10, 0, 0, 1), Ip4::of(192, 0, 2, 1)) == 0U);
    BOOST_TEST(update_udp_checksum(0, Port{1}, Port{2}) == 0U);
    BOOST_TEST(update_udp_checksum(0, std::uint32_t{1}, std::uint32_t{2}) == 0U);
}

BOOST_AUTO_TEST_CASE(every_value_of_a_field_can_be_updated) {
    // All values of the field before, for edges of the checksum and of the value after.
    static constexpr std::uint16_t kEdges[] = {0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff};
    for (const std::uint16_t rest : kEdges) {
        for (const std::uint16_t after : kEdges) {
            if (rest == 0 && after == 0) continue;  // no packet is all zeros
            for (std::uint32_t value = 0; value <= 0xffff; ++value) {
                const auto before = static_cast<std::uint16_t>(value);
                if (rest == 0 && before == 0) continue;
                const std::uint16_t field = Checksum().add_u16(rest).add_u16(before).value();
                const std::uint16_t updated = update_checksum(field, before, after);
                if (updated == Checksum().add_u16(rest).add_u16(after).value()) continue;
                BOOST_REQUIRE_MESSAGE(false, rest << ' ' << before << ' ' << after);
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
