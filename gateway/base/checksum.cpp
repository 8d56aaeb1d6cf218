// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/checksum.h"

namespace gatehouse {

namespace {

// Ones-complement addition: what is carried out of 16 bits comes back in at the bottom.
constexpr std::uint16_t fold(std::uint64_t sum) {
    while (sum > 0xffffU)
        sum = (sum & 0xffffU) + (sum >> 16U);
    return static_cast<std::uint16_t>(sum);
}

constexpr std::uint16_t invert(std::uint16_t value) {
    return static_cast<std::uint16_t>(~value & 0xffffU);
}

constexpr std::uint16_t high_half(std::uint32_t value) {
    return static_cast<std::uint16_t>(value >> 16U);
}

constexpr std::uint16_t low_half(std::uint32_t value) {
    return static_cast<std::uint16_t>(value & 0xffffU);
}

}  // namespace

Checksum& Checksum::add(Bytes piece) {
    if (odd_ && !piece.empty()) {
        sum_ += piece[0];
        piece = piece.subspan(1);
        odd_ = false;
    }
    std::size_t i = 0;
    for (; i + 1 < piece.size(); i += 2)
        sum_ += (std::uint32_t{piece[i]} << 8U) | piece[i + 1];
    if (i < piece.size()) {
        sum_ += std::uint32_t{piece[i]} << 8U;
        odd_ = true;
    }
    return *this;
}

Checksum& Checksum::add_u16(std::uint16_t value) {
    const std::array<std::uint8_t, 2> bytes{static_cast<std::uint8_t>(value >> 8U),
                                            static_cast<std::uint8_t>(value & 0xffU)};
    return add(bytes);
}

Checksum& Checksum::add_u32(std::uint32_t value) {
    return add_u16(high_half(value)).add_u16(low_half(value));
}

std::uint16_t Checksum::value() const {
    return invert(fold(sum_));
}

std::uint16_t checksum(Bytes bytes) {
    return Checksum().add(bytes).value();
}

std::uint16_t ip4_header_checksum(Bytes header) {
    static constexpr std::size_t kField = 10;
    if (header.size() < 20) return 0;
    return Checksum().add(header.first(kField)).add(header.subspan(kField + 2)).value();
}

Checksum pseudo_header(Ip4 source, Ip4 destination, Proto proto, std::uint16_t length) {
    Checksum sum;
    sum.add_u32(source.value).add_u32(destination.value);
    return sum.add_u16(static_cast<std::uint16_t>(proto)).add_u16(length);
}

Checksum pseudo_header(const Ip6& source, const Ip6& destination, Proto proto,
                       std::uint32_t length) {
    Checksum sum;
    sum.add(source.bytes).add(destination.bytes);
    return sum.add_u32(length).add_u32(static_cast<std::uint32_t>(proto));
}

std::uint16_t transport_checksum(Ip4 source, Ip4 destination, Proto proto, Bytes segment) {
    const auto length = static_cast<std::uint16_t>(segment.size());
    return pseudo_header(source, destination, proto, length).add(segment).value();
}

std::uint16_t transport_checksum(const Ip6& source, const Ip6& destination, Proto proto,
                                 Bytes segment) {
    const auto length = static_cast<std::uint32_t>(segment.size());
    return pseudo_header(source, destination, proto, length).add(segment).value();
}

std::uint16_t update_checksum(std::uint16_t field, std::uint16_t before, std::uint16_t after) {
    // RFC 1624 equation 3. Equation 4 would subtract and meets 0xffff where 0 belongs.
    return invert(fold(std::uint64_t{invert(field)} + invert(before) + after));
}

std::uint16_t update_checksum(std::uint16_t field, std::uint32_t before, std::uint32_t after) {
    const std::uint64_t sum = std::uint64_t{invert(field)} + invert(high_half(before)) +
                              invert(low_half(before)) + high_half(after) + low_half(after);
    return invert(fold(sum));
}

std::uint16_t update_checksum(std::uint16_t field, Ip4 before, Ip4 after) {
    return update_checksum(field, before.value, after.value);
}

std::uint16_t update_checksum(std::uint16_t field, Port before, Port after) {
    return update_checksum(field, before.number, after.number);
}

}  // namespace gatehouse
