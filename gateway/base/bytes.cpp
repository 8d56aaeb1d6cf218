// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/bytes.h"

#include <utility>

namespace gatehouse {

Bytes ByteReader::take(std::size_t n) {
    if (!ok_ || n > bytes_.size() - offset_) {
        ok_ = false;
        return {};
    }
    const Bytes out = bytes_.subspan(offset_, n);
    offset_ += n;
    return out;
}

void ByteReader::seek(std::size_t offset) {
    if (!ok_ || offset > bytes_.size()) {
        ok_ = false;
        return;
    }
    offset_ = offset;
}

template <class T>
T ByteReader::number() {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : take(sizeof(T)))
        value = (value << 8U) | byte;
    return static_cast<T>(value);
}

std::uint8_t ByteReader::u8() {
    return number<std::uint8_t>();
}
std::uint16_t ByteReader::u16() {
    return number<std::uint16_t>();
}
std::uint32_t ByteReader::u32() {
    return number<std::uint32_t>();
}
std::uint64_t ByteReader::u64() {
    return number<std::uint64_t>();
}

bool ByteWriter::room_for(std::size_t n) {
    if (ok_ && n <= limit_ - out_.size()) return true;
    ok_ = false;
    return false;
}

void ByteWriter::u8(std::uint8_t value) {
    if (room_for(1)) out_.push_back(value);
}

void ByteWriter::u16(std::uint16_t value) {
    if (!room_for(2)) return;
    out_.push_back(static_cast<std::uint8_t>(value >> 8U));
    out_.push_back(static_cast<std::uint8_t>(value & 0xffU));
}

void ByteWriter::u32(std::uint32_t value) {
    if (!room_for(4)) return;
    u16(static_cast<std::uint16_t>(value >> 16U));
    u16(static_cast<std::uint16_t>(value & 0xffffU));
}

void ByteWriter::u64(std::uint64_t value) {
    if (!room_for(8)) return;
    u32(static_cast<std::uint32_t>(value >> 32U));
    u32(static_cast<std::uint32_t>(value & 0xffffffffU));
}

void ByteWriter::bytes(Bytes value) {
    if (room_for(value.size())) out_.insert(out_.end(), value.begin(), value.end());
}

void ByteWriter::text(std::string_view value) {
    bytes(as_bytes(value));
}

void ByteWriter::zeros(std::size_t n) {
    if (room_for(n)) out_.resize(out_.size() + n, 0);
}

void ByteWriter::patch_u16(std::size_t offset, std::uint16_t value) {
    if (!ok_ || out_.size() < 2 || offset > out_.size() - 2) {
        ok_ = false;
        return;
    }
    out_[offset] = static_cast<std::uint8_t>(value >> 8U);
    out_[offset + 1] = static_cast<std::uint8_t>(value & 0xffU);
}

std::vector<std::uint8_t> ByteWriter::take() {
    if (!ok_) return {};
    return std::exchange(out_, {});
}

Bytes as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::vector<std::uint8_t> from_hex(std::string_view hex, bool& ok) {
    static constexpr std::string_view kBetween = ": \t\r\n";
    std::vector<std::uint8_t> out;
    int high = -1;
    ok = true;
    for (const char c : hex) {
        if (high < 0 && kBetween.find(c) != std::string_view::npos) continue;
        const int digit = hex_digit(c);
        if (digit < 0) {
            ok = false;
            return {};
        }
        if (high < 0) {
            high = digit;
        } else {
            out.push_back(static_cast<std::uint8_t>(high * 16 + digit));
            high = -1;
        }
    }
    if (high >= 0) {
        ok = false;
        return {};
    }
    return out;
}

std::string to_hex(Bytes bytes) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        out.push_back(kDigits[byte >> 4U]);
        out.push_back(kDigits[byte & 0xfU]);
    }
    return out;
}

}  // namespace gatehouse
