// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/message.h"

#include <algorithm>
#include <cstring>

namespace gatehouse::kernel {

namespace {

constexpr std::size_t kMessageHeader = 16;   // length, type, flags, sequence, port
constexpr std::size_t kAttributeHeader = 4;  // length, type
constexpr std::size_t kAlign = 4;
constexpr std::uint16_t kNested = 0x8000;    // NLA_F_NESTED
constexpr std::uint16_t kTypeMask = 0x3fff;  // without NLA_F_NESTED, NLA_F_NET_BYTEORDER

constexpr std::size_t aligned(std::size_t n) {
    return (n + kAlign - 1) & ~(kAlign - 1);
}

template <class T>
T from_host(Bytes bytes, std::size_t offset) {
    T value{};
    if (bytes.size() < sizeof(T) || offset > bytes.size() - sizeof(T)) return value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

template <class T>
void to_host(std::vector<std::uint8_t>& out, std::size_t offset, T value) {
    std::memcpy(out.data() + offset, &value, sizeof(T));
}

template <class T>
std::array<std::uint8_t, sizeof(T)> big_endian(T value) {
    std::array<std::uint8_t, sizeof(T)> out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<std::uint8_t>(value >> (8U * (out.size() - 1 - i)));
    }
    return out;
}

}  // namespace

std::uint16_t host16(Bytes bytes, std::size_t offset) {
    return from_host<std::uint16_t>(bytes, offset);
}

std::uint32_t host32(Bytes bytes, std::size_t offset) {
    return from_host<std::uint32_t>(bytes, offset);
}

std::optional<MessageView> MessageReader::next() {
    if (!ok_ || rest_.empty()) return std::nullopt;
    const std::size_t length = host32(rest_, 0);
    if (rest_.size() < kMessageHeader || length < kMessageHeader || length > rest_.size()) {
        ok_ = false;
        return std::nullopt;
    }
    const MessageView message{host16(rest_, 4), host16(rest_, 6), host32(rest_, 8),
                              host32(rest_, 12),
                              rest_.subspan(kMessageHeader, length - kMessageHeader)};
    rest_ = rest_.subspan(std::min(aligned(length), rest_.size()));
    return message;
}

std::optional<Attribute> AttributeReader::next() {
    if (!ok_ || rest_.empty()) return std::nullopt;
    const std::size_t length = host16(rest_, 0);
    if (rest_.size() < kAttributeHeader || length < kAttributeHeader || length > rest_.size()) {
        ok_ = false;
        return std::nullopt;
    }
    const Attribute attribute{static_cast<std::uint16_t>(host16(rest_, 2) & kTypeMask),
                              rest_.subspan(kAttributeHeader, length - kAttributeHeader)};
    rest_ = rest_.subspan(std::min(aligned(length), rest_.size()));
    return attribute;
}

Attributes::Attributes(Bytes payload) {
    AttributeReader reader(payload);
    while (const auto attribute = reader.next()) {
        if (attribute->type > kMaxType) continue;
        values_[attribute->type] = attribute->value;
        present_[attribute->type] = true;
    }
    ok_ = reader.ok();
}

std::optional<std::uint8_t> Attributes::u8(std::size_t type) const {
    const Bytes value = at(type);
    if (value.size() != 1) return std::nullopt;
    return value[0];
}

std::optional<std::uint16_t> Attributes::be16(std::size_t type) const {
    if (at(type).size() != 2) return std::nullopt;
    return ByteReader(at(type)).u16();
}

std::optional<std::uint32_t> Attributes::be32(std::size_t type) const {
    if (at(type).size() != 4) return std::nullopt;
    return ByteReader(at(type)).u32();
}

std::optional<std::uint64_t> Attributes::be64(std::size_t type) const {
    if (at(type).size() != 8) return std::nullopt;
    return ByteReader(at(type)).u64();
}

std::optional<std::uint32_t> Attributes::host32(std::size_t type) const {
    if (at(type).size() != 4) return std::nullopt;
    return kernel::host32(at(type), 0);
}

std::string Attributes::text(std::size_t type) const {
    const Bytes value = at(type);
    return {value.begin(), std::find(value.begin(), value.end(), std::uint8_t{0})};
}

MessageWriter::MessageWriter(std::uint16_t type, std::uint16_t flags) : out_(kMessageHeader) {
    to_host(out_, 4, type);
    to_host(out_, 6, flags);
}

void MessageWriter::pad() {
    out_.resize(aligned(out_.size()));
}

void MessageWriter::raw(Bytes bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    pad();
}

void MessageWriter::netfilter_header(std::uint8_t family, std::uint16_t resource) {
    const auto id = big_endian(resource);
    raw(std::array<std::uint8_t, 4>{family, 0, id[0], id[1]});
}

void MessageWriter::header(std::uint16_t type, std::size_t length) {
    const std::size_t at = out_.size();
    if (length > UINT16_MAX - kAttributeHeader) ok_ = false;
    out_.resize(at + kAttributeHeader);
    to_host(out_, at, static_cast<std::uint16_t>(length + kAttributeHeader));
    to_host(out_, at + 2, type);
}

void MessageWriter::attribute(std::uint16_t type, Bytes value) {
    header(type, value.size());
    raw(value);
}

void MessageWriter::u8(std::uint16_t type, std::uint8_t value) {
    attribute(type, {&value, 1});
}

void MessageWriter::be16(std::uint16_t type, std::uint16_t value) {
    attribute(type, big_endian(value));
}

void MessageWriter::be32(std::uint16_t type, std::uint32_t value) {
    attribute(type, big_endian(value));
}

void MessageWriter::be64(std::uint16_t type, std::uint64_t value) {
    attribute(type, big_endian(value));
}

void MessageWriter::text(std::uint16_t type, std::string_view value) {
    header(type, value.size() + 1);
    const Bytes bytes = as_bytes(value);
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    out_.push_back(0);
    pad();
}

std::size_t MessageWriter::begin(std::uint16_t type) {
    const std::size_t at = out_.size();
    header(static_cast<std::uint16_t>(type | kNested), 0);
    return at;
}

void MessageWriter::end(std::size_t begun) {
    const std::size_t length = out_.size() - begun;
    if (length > UINT16_MAX) ok_ = false;
    to_host(out_, begun, static_cast<std::uint16_t>(length));
}

std::vector<std::uint8_t> MessageWriter::take() {
    if (!ok_) return {};
    to_host(out_, 0, static_cast<std::uint32_t>(out_.size()));
    return std::move(out_);
}

void stamp(std::vector<std::uint8_t>& message, std::uint32_t sequence, std::uint16_t more_flags) {
    if (message.size() < kMessageHeader) return;
    to_host(message, 6, static_cast<std::uint16_t>(host16(message, 6) | more_flags));
    to_host(message, 8, sequence);
}

}  // namespace gatehouse::kernel
