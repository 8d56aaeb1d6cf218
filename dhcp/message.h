// SPDX-License-Identifier: GPL-2.0-or-later
//
// DHCP messages (RFC 2131) as values, and their way to and from bytes. Options that were split are
// whole again (RFC 3396), those that overflowed into `file` and `sname` are back among the others
// (option 52), and both happens on the way out where a message is too long otherwise. A message
// that contradicts itself is refused as a whole.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/ip.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"

namespace gatehouse::dhcp {

// RFC 2132 section 9.6.
enum class MessageType : std::uint8_t {
    discover = 1,
    offer = 2,
    request = 3,
    decline = 4,
    ack = 5,
    nak = 6,
    release = 7,
    inform = 8,
};
std::string_view to_string(MessageType type);  // "discover" ...

// Option numbers, each with its RFC; RFC 2132 where there is none.
namespace option {
constexpr std::uint8_t kPad = 0;
constexpr std::uint8_t kSubnetMask = 1;
constexpr std::uint8_t kRouter = 3;
constexpr std::uint8_t kDns = 6;
constexpr std::uint8_t kHostName = 12;
constexpr std::uint8_t kDomain = 15;
constexpr std::uint8_t kMtu = 26;
constexpr std::uint8_t kBroadcast = 28;
constexpr std::uint8_t kNtp = 42;
constexpr std::uint8_t kRequestedAddress = 50;
constexpr std::uint8_t kLeaseTime = 51;
constexpr std::uint8_t kOverload = 52;
constexpr std::uint8_t kMessageType = 53;
constexpr std::uint8_t kServerId = 54;
constexpr std::uint8_t kParameters = 55;
constexpr std::uint8_t kText = 56;
constexpr std::uint8_t kMaxSize = 57;
constexpr std::uint8_t kRenewalTime = 58;
constexpr std::uint8_t kRebindingTime = 59;
constexpr std::uint8_t kClientId = 61;
constexpr std::uint8_t kBootServer = 66;
constexpr std::uint8_t kBootFile = 67;
constexpr std::uint8_t kRapidCommit = 80;       // RFC 4039
constexpr std::uint8_t kFqdn = 81;              // RFC 4702
constexpr std::uint8_t kRelayAgent = 82;        // RFC 3046
constexpr std::uint8_t kIpv6Only = 108;         // RFC 8925
constexpr std::uint8_t kCaptivePortal = 114;    // RFC 8910
constexpr std::uint8_t kSubnetSelection = 118;  // RFC 3011
constexpr std::uint8_t kSearch = 119;           // RFC 3397
constexpr std::uint8_t kSipServers = 120;       // RFC 3361
constexpr std::uint8_t kRoutes = 121;           // RFC 3442
constexpr std::uint8_t kRoutesMicrosoft = 249;  // the same, as Windows XP asks for it
constexpr std::uint8_t kEnd = 255;
}  // namespace option

struct Option {
    std::uint8_t code = 0;
    std::vector<std::uint8_t> data;

    friend bool operator==(const Option&, const Option&) = default;
};

// The options of a message in their order, each code once.
class Options {
  public:
    // Appends to the option of this code, which comes last where it is new.
    void append(std::uint8_t code, Bytes data);
    // Replaces it.
    void set(std::uint8_t code, Bytes data);
    void set_u8(std::uint8_t code, std::uint8_t value);
    void set_u16(std::uint8_t code, std::uint16_t value);
    void set_u32(std::uint8_t code, std::uint32_t value);
    void set_text(std::uint8_t code, std::string_view value) { set(code, as_bytes(value)); }

    const Option* find(std::uint8_t code) const;
    bool has(std::uint8_t code) const { return find(code) != nullptr; }
    // Nothing where the option is missing or is not as long as the type.
    std::optional<std::uint8_t> u8(std::uint8_t code) const;
    std::optional<std::uint16_t> u16(std::uint8_t code) const;
    std::optional<std::uint32_t> u32(std::uint8_t code) const;
    std::optional<Ip4> ip4(std::uint8_t code) const;
    // Empty where the option is missing.
    Bytes bytes(std::uint8_t code) const;

    const std::vector<Option>& all() const { return options_; }
    friend bool operator==(const Options&, const Options&) = default;

  private:
    Option& at(std::uint8_t code);

    std::vector<Option> options_;
};

constexpr std::uint8_t kRequestOp = 1;
constexpr std::uint8_t kReplyOp = 2;
constexpr std::uint16_t kBroadcastFlag = 0x8000;
constexpr std::uint8_t kEthernet = 1;  // hardware type, RFC 1700

struct Message {
    std::uint8_t op = kRequestOp;
    std::uint8_t htype = kEthernet;
    std::uint8_t hlen = 6;
    std::uint8_t hops = 0;
    std::uint32_t xid = 0;
    std::uint16_t secs = 0;
    std::uint16_t flags = 0;
    Ip4 ciaddr;
    Ip4 yiaddr;
    Ip4 siaddr;
    Ip4 giaddr;
    std::array<std::uint8_t, 16> chaddr{};
    std::string sname;  // without NUL; empty where it holds options
    std::string file;
    Options options;

    std::optional<MessageType> type() const;
    bool wants_broadcast() const { return (flags & kBroadcastFlag) != 0; }
    // The hardware address, where it has the six bytes of Ethernet.
    std::optional<Mac> mac() const;
    friend bool operator==(const Message&, const Message&) = default;
};

// Why a packet is no message.
enum class BadMessage : std::uint8_t {
    too_short,
    too_long,
    hardware,  // an address longer than its field
    cookie,    // plain BOOTP, or none of both
    option,    // one that reaches beyond its field
};
std::string_view to_string(BadMessage reason);

constexpr std::size_t kLongestMessage = 4096;
constexpr std::size_t kLeastReply = 300;  // BOOTP clients discard shorter ones (RFC 1542 2.1)

Result<Message, BadMessage> parse_message(Bytes packet);

// At most `most` bytes, at least kLeastReply; options that find no room are left out, the last ones
// first. The relay agent option stands at the end whatever comes (RFC 3046 2.2).
std::vector<std::uint8_t> write_message(const Message& message, std::size_t most);

}  // namespace gatehouse::dhcp
