// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/message.h"

#include <algorithm>

#include "gateway/base/random.h"

namespace gatehouse::stun {
namespace {

constexpr std::uint8_t kFamily4 = 0x01;  // RFC 8489 14.1
constexpr std::uint8_t kFamily6 = 0x02;
constexpr std::uint32_t kChangeAddress = 0x4;  // RFC 5780 7.2
constexpr std::uint32_t kChangePort = 0x2;
constexpr std::uint32_t kFingerprintMask = 0x5354554e;  // RFC 8489 14.7
constexpr std::size_t kFingerprintBytes = 8;
constexpr std::size_t kMaxReason = 763;  // RFC 8489 14.8

// CRC-32 of ITU V.42, bit by bit: messages are short and few.
std::uint32_t crc32(Bytes bytes) {
    std::uint32_t crc = 0xffffffffU;
    for (const std::uint8_t byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
        }
    }
    return ~crc;
}

// Method and class share the first 14 bits (RFC 8489 5, figure 3).
MessageClass class_of(std::uint16_t type) {
    return static_cast<MessageClass>(((type >> 7U) & 2U) | ((type >> 4U) & 1U));
}

std::uint16_t method_of(std::uint16_t type) {
    return static_cast<std::uint16_t>((type & 0xfU) | ((type >> 1U) & 0x70U) |
                                      ((type >> 2U) & 0xf80U));
}

std::uint16_t type_of(MessageClass kind, std::uint16_t method) {
    const auto two = static_cast<unsigned>(kind);
    return static_cast<std::uint16_t>((method & 0xfU) | ((method & 0x70U) << 1U) |
                                      ((method & 0xf80U) << 2U) | ((two & 1U) << 4U) |
                                      ((two & 2U) << 7U));
}

// XOR-MAPPED-ADDRESS hides the endpoint behind the cookie and the transaction id.
Endpoint with_mask(const Endpoint& plain, const TransactionId& id) {
    const auto& mask = id.bytes;
    const auto port =
        static_cast<std::uint16_t>(plain.port.number ^ ((unsigned{mask[0]} << 8U) | mask[1]));
    if (plain.address.is_v4()) {
        const Ip4 key = Ip4::of(mask[0], mask[1], mask[2], mask[3]);
        return {Ip4{plain.address.v4().value ^ key.value}, {port}};
    }
    Ip6 address = plain.address.v6();
    for (std::size_t i = 0; i < mask.size(); ++i)
        address.bytes[i] ^= mask[i];
    return {address, {port}};
}

std::optional<Endpoint> read_endpoint(Bytes value) {
    ByteReader in(value);
    in.skip(1);  // must be ignored, RFC 8489 14.1
    const std::uint8_t family = in.u8();
    const Port port{in.u16()};
    Endpoint out;
    if (family == kFamily4) {
        out = {Ip4{in.u32()}, port};
    } else if (family == kFamily6) {
        out = {Ip6{in.array<16>()}, port};
    } else {
        return std::nullopt;
    }
    if (!in.ok() || !in.at_end()) return std::nullopt;
    return out;
}

// Reads the attributes of one message. The first defect ends it.
class Parser {
  public:
    explicit Parser(Bytes bytes) : bytes_(bytes), in_(bytes) {}

    Result<Message, Defect> parse();

  private:
    using Outcome = std::optional<Defect>;  // nothing: go on

    Outcome header();
    Outcome attributes();
    Outcome take(std::uint16_t type, Bytes value, std::size_t offset);
    Outcome take_endpoint(std::optional<Endpoint>& field, Bytes value, bool masked);
    Outcome take_change(Bytes value);
    Outcome take_response_port(Bytes value);
    Outcome take_error(Bytes value);
    Outcome take_unknown(Bytes value);
    Outcome take_fingerprint(Bytes value, std::size_t offset);
    Outcome take_other(std::uint16_t type);

    Bytes bytes_;
    ByteReader in_;
    Message out_;
    bool signed_ = false;  // MESSAGE-INTEGRITY was seen: what follows is not to be believed
};

Result<Message, Defect> Parser::parse() {
    if (const Outcome defect = header()) return fail(*defect);
    if (const Outcome defect = attributes()) return fail(*defect);
    return std::move(out_);
}

Parser::Outcome Parser::header() {
    if (bytes_.size() < kHeaderBytes) return Defect::too_short;
    if (bytes_.size() > kMaxDatagram) return Defect::too_long;
    const std::uint16_t type = in_.u16();
    const std::uint16_t length = in_.u16();
    if ((type & 0xc000U) != 0) return Defect::not_stun;
    if (length % 4 != 0 || length != bytes_.size() - kHeaderBytes) return Defect::bad_length;
    out_.kind = class_of(type);
    out_.method = method_of(type);
    out_.id.bytes = in_.array<16>();
    return std::nullopt;
}

Parser::Outcome Parser::attributes() {
    for (std::size_t count = 0; !in_.at_end(); ++count) {
        if (out_.fingerprint) return Defect::after_fingerprint;
        if (count == kMaxAttributes) return Defect::too_many_attributes;
        const std::size_t offset = in_.offset();
        const std::uint16_t type = in_.u16();
        const std::uint16_t length = in_.u16();
        const Bytes value = in_.take(length);
        in_.skip((4U - length % 4U) % 4U);
        if (!in_.ok()) return Defect::bad_attribute;
        if (const Outcome defect = take(type, value, offset)) return defect;
    }
    return std::nullopt;
}

Parser::Outcome Parser::take(std::uint16_t type, Bytes value, std::size_t offset) {
    if (type == attribute::kFingerprint) return take_fingerprint(value, offset);
    if (signed_) return std::nullopt;  // RFC 8489 14.5
    switch (type) {
        case attribute::kMappedAddress: return take_endpoint(out_.mapped, value, false);
        case attribute::kXorMappedAddress: return take_endpoint(out_.xor_mapped, value, true);
        case attribute::kSourceAddress: return take_endpoint(out_.source_address, value, false);
        case attribute::kChangedAddress: return take_endpoint(out_.changed_address, value, false);
        case attribute::kResponseOrigin: return take_endpoint(out_.response_origin, value, false);
        case attribute::kOtherAddress: return take_endpoint(out_.other_address, value, false);
        case attribute::kChangeRequest: return take_change(value);
        case attribute::kResponsePort: return take_response_port(value);
        case attribute::kErrorCode: return take_error(value);
        case attribute::kUnknownAttributes: return take_unknown(value);
        case attribute::kPadding:
            if (!out_.padding) out_.padding = static_cast<std::uint16_t>(value.size());
            return std::nullopt;
        default: return take_other(type);
    }
}

// Of an attribute that comes twice the first one counts (RFC 8489 14), but each must be well made.
Parser::Outcome Parser::take_endpoint(std::optional<Endpoint>& field, Bytes value, bool masked) {
    const std::optional<Endpoint> read = read_endpoint(value);
    if (!read) return Defect::bad_address;
    if (!field) field = masked ? with_mask(*read, out_.id) : *read;
    return std::nullopt;
}

Parser::Outcome Parser::take_change(Bytes value) {
    ByteReader in(value);
    const std::uint32_t flags = in.u32();
    if (!in.ok() || !in.at_end()) return Defect::bad_value;
    if ((flags & ~(kChangeAddress | kChangePort)) != 0) return Defect::bad_value;
    const ChangeRequest read{(flags & kChangeAddress) != 0, (flags & kChangePort) != 0};
    if (!out_.change) out_.change = read;
    return std::nullopt;
}

Parser::Outcome Parser::take_response_port(Bytes value) {
    ByteReader in(value);
    const Port port{in.u16()};
    // RFC 5780 7.5 draws two bytes of padding behind the port: some count them in the length.
    if (!in.ok() || (!in.at_end() && in.remaining() != 2)) return Defect::bad_value;
    if (port.number == 0) return Defect::bad_value;
    if (!out_.response_port) out_.response_port = port;
    return std::nullopt;
}

Parser::Outcome Parser::take_error(Bytes value) {
    ByteReader in(value);
    in.skip(2);
    const unsigned hundreds = in.u8() & 0x7U;
    const unsigned rest = in.u8();
    const std::string_view reason = as_text(in.rest());
    if (value.size() < 4 || hundreds < 3 || hundreds > 6 || rest > 99) {
        return Defect::bad_error_code;
    }
    if (reason.size() > kMaxReason) return Defect::bad_error_code;
    if (!out_.error) {
        out_.error = {static_cast<std::uint16_t>(hundreds * 100 + rest), std::string(reason)};
    }
    return std::nullopt;
}

Parser::Outcome Parser::take_unknown(Bytes value) {
    if (value.size() % 2 != 0) return Defect::bad_value;
    ByteReader in(value);
    while (!in.at_end()) {
        const std::uint16_t type = in.u16();
        if (out_.unknown_attributes.size() < kMaxUnknown) out_.unknown_attributes.push_back(type);
    }
    return std::nullopt;
}

Parser::Outcome Parser::take_fingerprint(Bytes value, std::size_t offset) {
    ByteReader in(value);
    const std::uint32_t claimed = in.u32();
    if (!in.ok() || !in.at_end()) return Defect::bad_fingerprint;
    if (claimed != (crc32(bytes_.first(offset)) ^ kFingerprintMask)) {
        return Defect::bad_fingerprint;
    }
    out_.fingerprint = true;
    return std::nullopt;
}

Parser::Outcome Parser::take_other(std::uint16_t type) {
    switch (type) {
        case attribute::kMessageIntegrity:
        case attribute::kMessageIntegritySha256: signed_ = true; return std::nullopt;
        case attribute::kUsername:
        case attribute::kRealm:
        case attribute::kNonce:
        case attribute::kPasswordAlgorithm:
        case attribute::kUserhash: return std::nullopt;
        default: break;
    }
    auto& list = out_.not_understood;
    if (type >= attribute::kFirstOptional || std::count(list.begin(), list.end(), type) != 0) {
        return std::nullopt;
    }
    if (list.size() == kMaxUnknown) return Defect::too_many_attributes;
    list.push_back(type);
    return std::nullopt;
}

class Writer {
  public:
    explicit Writer(const Message& message) : message_(message), out_(kMaxDatagram) {}

    std::vector<std::uint8_t> write();

  private:
    void attribute_head(std::uint16_t type, std::size_t length);
    void endpoint(std::uint16_t type, const std::optional<Endpoint>& value);
    void small_attributes();
    void error();
    void unknown_attributes();
    void fingerprint();
    void patch_length() {
        out_.patch_u16(2, static_cast<std::uint16_t>(out_.size() - kHeaderBytes));
    }

    const Message& message_;
    ByteWriter out_;
};

std::vector<std::uint8_t> Writer::write() {
    out_.u16(type_of(message_.kind, message_.method));
    out_.u16(0);
    out_.bytes(message_.id.bytes);
    error();
    unknown_attributes();
    small_attributes();
    if (message_.xor_mapped) {
        endpoint(attribute::kXorMappedAddress, with_mask(*message_.xor_mapped, message_.id));
    }
    endpoint(attribute::kMappedAddress, message_.mapped);
    endpoint(attribute::kSourceAddress, message_.source_address);
    endpoint(attribute::kChangedAddress, message_.changed_address);
    endpoint(attribute::kResponseOrigin, message_.response_origin);
    endpoint(attribute::kOtherAddress, message_.other_address);
    if (message_.padding) {
        attribute_head(attribute::kPadding, *message_.padding);
        out_.zeros((*message_.padding + std::size_t{3}) / 4 * 4);
    }
    if (message_.fingerprint) fingerprint();
    patch_length();
    return out_.take();
}

void Writer::attribute_head(std::uint16_t type, std::size_t length) {
    out_.u16(type);
    out_.u16(static_cast<std::uint16_t>(length));
}

void Writer::endpoint(std::uint16_t type, const std::optional<Endpoint>& value) {
    if (!value) return;
    const bool v4 = value->address.is_v4();
    attribute_head(type, v4 ? 8 : 20);
    out_.u8(0);
    out_.u8(v4 ? kFamily4 : kFamily6);
    out_.u16(value->port.number);
    if (v4) {
        write_ip4(out_, value->address.v4());
    } else {
        out_.bytes(value->address.v6().bytes);
    }
}

void Writer::small_attributes() {
    if (message_.change) {
        attribute_head(attribute::kChangeRequest, 4);
        out_.u32((message_.change->address ? kChangeAddress : 0) |
                 (message_.change->port ? kChangePort : 0));
    }
    if (message_.response_port) {
        attribute_head(attribute::kResponsePort, 2);
        out_.u16(message_.response_port->number);
        out_.zeros(2);
    }
}

void Writer::error() {
    if (!message_.error) return;
    const ErrorCode& error = *message_.error;
    const std::string_view reason = std::string_view(error.reason).substr(0, kMaxReason);
    attribute_head(attribute::kErrorCode, 4 + reason.size());
    out_.u16(0);
    out_.u8(static_cast<std::uint8_t>(error.number / 100));
    out_.u8(static_cast<std::uint8_t>(error.number % 100));
    out_.text(reason);
    out_.zeros((4 - reason.size() % 4) % 4);
}

void Writer::unknown_attributes() {
    std::vector<std::uint16_t> types = message_.unknown_attributes;
    if (types.empty()) return;
    if (types.size() > kMaxUnknown) types.resize(kMaxUnknown);
    // RFC 3489 11.2.10: no padding there, an odd list repeats one of its types.
    if (message_.id.is_classic() && types.size() % 2 != 0) types.push_back(types.back());
    attribute_head(attribute::kUnknownAttributes, 2 * types.size());
    for (const std::uint16_t type : types)
        out_.u16(type);
    if (types.size() % 2 != 0) out_.zeros(2);
}

// The sum covers the header with the length that already counts this attribute.
void Writer::fingerprint() {
    const std::size_t before = out_.size();
    const std::size_t length = before + kFingerprintBytes - kHeaderBytes;
    if (!out_.ok()) return;
    out_.patch_u16(2, static_cast<std::uint16_t>(length));
    const std::uint32_t sum = crc32(out_.view()) ^ kFingerprintMask;
    attribute_head(attribute::kFingerprint, 4);
    out_.u32(sum);
}

}  // namespace

TransactionId TransactionId::make(Random& random) {
    TransactionId id;
    id.bytes = random.bytes<16>();
    for (std::size_t i = 0; i < 4; ++i) {
        id.bytes[i] = static_cast<std::uint8_t>((kMagicCookie >> (24U - 8U * i)) & 0xffU);
    }
    return id;
}

bool TransactionId::is_classic() const {
    ByteReader in{Bytes(bytes)};
    return in.u32() != kMagicCookie;
}

std::string_view to_string(Defect defect) {
    switch (defect) {
        case Defect::too_short: return "too-short";
        case Defect::too_long: return "too-long";
        case Defect::not_stun: return "not-stun";
        case Defect::bad_length: return "bad-length";
        case Defect::bad_attribute: return "bad-attribute";
        case Defect::too_many_attributes: return "too-many-attributes";
        case Defect::bad_address: return "bad-address";
        case Defect::bad_value: return "bad-value";
        case Defect::bad_error_code: return "bad-error-code";
        case Defect::bad_fingerprint: return "bad-fingerprint";
        case Defect::after_fingerprint: return "after-fingerprint";
    }
    return "unknown";
}

Result<Message, Defect> parse_message(Bytes bytes) {
    return Parser(bytes).parse();
}

std::vector<std::uint8_t> write_message(const Message& message) {
    return Writer(message).write();
}

}  // namespace gatehouse::stun
