// SPDX-License-Identifier: GPL-2.0-or-later
//
// STUN messages as values: RFC 8489 (and 5389) with the magic cookie, RFC 3489 without it, and the
// attributes of RFC 5780. Anything odd discards the whole message and says why. Attributes that
// only matter to authentication and ICE are recognised and skipped; nobody is authenticated here.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/ip.h"
#include "gateway/base/result.h"

namespace gatehouse {
class Random;
}

namespace gatehouse::stun {

constexpr std::size_t kHeaderBytes = 20;              // RFC 8489 5
constexpr std::uint32_t kMagicCookie = 0x2112a442;    // RFC 8489 5
constexpr std::uint16_t kBinding = 0x0001;            // RFC 8489 18.2
constexpr Port kDefaultPort{3478};                    // RFC 8489 8.1
constexpr std::size_t kMaxDatagram = 65535 - 20 - 8;  // IPv4 and UDP headers
constexpr std::size_t kMaxAttributes = 64;            // more is not a client we know
constexpr std::size_t kMaxUnknown = 16;               // types listed in an error answer
constexpr std::uint16_t kPaddingBytes = 1500;         // RFC 5780 7.6: the MTU of Ethernet

// Attribute types: RFC 8489 18.3, RFC 5780 7, RFC 3489 11.2.
namespace attribute {
constexpr std::uint16_t kMappedAddress = 0x0001;
constexpr std::uint16_t kChangeRequest = 0x0003;
constexpr std::uint16_t kSourceAddress = 0x0004;
constexpr std::uint16_t kChangedAddress = 0x0005;
constexpr std::uint16_t kUsername = 0x0006;
constexpr std::uint16_t kMessageIntegrity = 0x0008;
constexpr std::uint16_t kErrorCode = 0x0009;
constexpr std::uint16_t kUnknownAttributes = 0x000a;
constexpr std::uint16_t kRealm = 0x0014;
constexpr std::uint16_t kNonce = 0x0015;
constexpr std::uint16_t kMessageIntegritySha256 = 0x001c;
constexpr std::uint16_t kPasswordAlgorithm = 0x001d;
constexpr std::uint16_t kUserhash = 0x001e;
constexpr std::uint16_t kXorMappedAddress = 0x0020;
constexpr std::uint16_t kPadding = 0x0026;
constexpr std::uint16_t kResponsePort = 0x0027;
constexpr std::uint16_t kFirstOptional = 0x8000;  // from here on a reader may skip what it lacks
constexpr std::uint16_t kFingerprint = 0x8028;
constexpr std::uint16_t kResponseOrigin = 0x802b;
constexpr std::uint16_t kOtherAddress = 0x802c;
}  // namespace attribute

enum class MessageClass : std::uint8_t { request = 0, indication = 1, success = 2, error = 3 };

// The last 128 bits of the header. RFC 8489 calls the first 32 of them the magic cookie; in a
// classic message all 128 are the client's.
struct TransactionId {
    std::array<std::uint8_t, 16> bytes{};

    static TransactionId make(Random& random);
    bool is_classic() const;
    friend bool operator==(const TransactionId&, const TransactionId&) = default;
    friend std::strong_ordering operator<=>(const TransactionId& a, const TransactionId& b) {
        return order_of(a.bytes, b.bytes);
    }
};

// From where the client wants its answer (RFC 5780 7.2).
struct ChangeRequest {
    bool address = false;
    bool port = false;

    bool any() const { return address || port; }
    friend bool operator==(const ChangeRequest&, const ChangeRequest&) = default;
};

struct ErrorCode {
    std::uint16_t number = 0;  // 300 to 699
    std::string reason;        // as received: not yet safe to print

    friend bool operator==(const ErrorCode&, const ErrorCode&) = default;
};

struct Message {
    MessageClass kind = MessageClass::request;
    std::uint16_t method = kBinding;
    TransactionId id;

    std::optional<Endpoint> mapped;
    std::optional<Endpoint> xor_mapped;
    std::optional<Endpoint> source_address;   // classic
    std::optional<Endpoint> changed_address;  // classic
    std::optional<Endpoint> response_origin;
    std::optional<Endpoint> other_address;
    std::optional<ChangeRequest> change;
    std::optional<Port> response_port;
    std::optional<std::uint16_t> padding;  // its length
    std::optional<ErrorCode> error;
    std::vector<std::uint16_t> unknown_attributes;  // what the attribute of this name lists
    bool fingerprint = false;                       // present, and then it was right

    // Read only: types in this message that its reader had to understand and does not.
    std::vector<std::uint16_t> not_understood;

    // The endpoint that the server saw, whichever way it said so.
    std::optional<Endpoint> seen_endpoint() const { return xor_mapped ? xor_mapped : mapped; }
    // The server's other address and port.
    std::optional<Endpoint> alternate() const {
        return other_address ? other_address : changed_address;
    }
    friend bool operator==(const Message&, const Message&) = default;
};

// Why bytes are not a message.
enum class Defect : std::uint8_t {
    too_short,      // less than a header
    too_long,       // more than a datagram can hold
    not_stun,       // the two highest bits are set
    bad_length,     // the header's length is not that of the bytes, or not a multiple of 4
    bad_attribute,  // an attribute runs over the end
    too_many_attributes,
    bad_address,  // an unknown family, or a length that is not the family's
    bad_value,    // a value that its attribute forbids
    bad_error_code,
    bad_fingerprint,
    after_fingerprint,  // something follows FINGERPRINT
};

std::string_view to_string(Defect defect);  // "bad-length"

// Exactly one message, no byte more.
Result<Message, Defect> parse_message(Bytes bytes);

// The bytes of a message; empty when it would not fit a datagram. PADDING is zeros.
std::vector<std::uint8_t> write_message(const Message& message);

}  // namespace gatehouse::stun
