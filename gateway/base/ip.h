// SPDX-License-Identifier: GPL-2.0-or-later
//
// Addresses, ports and endpoints as types of their own. Numbers are in host order inside; byte
// order exists only in bytes.h and in the kernel codecs.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/bytes.h"

namespace gatehouse {

// IP protocol numbers (IANA "Assigned Internet Protocol Numbers").
enum class Proto : std::uint8_t {
    icmp = 1,
    tcp = 6,
    udp = 17,
    gre = 47,
    esp = 50,
    icmpv6 = 58,
    sctp = 132,
    udplite = 136,
};

std::string to_string(Proto proto);  // "udp"; the number for a protocol without a name here
std::optional<Proto> parse_proto(std::string_view text);

struct Port {
    std::uint16_t number = 0;

    friend auto operator<=>(Port, Port) = default;
};

std::optional<Port> parse_port(std::string_view text);  // 1 to 65535

// An inclusive range of ports; first <= last.
struct PortRange {
    Port first;
    Port last;

    std::uint32_t size() const { return std::uint32_t{last.number} - first.number + 1; }
    bool contains(Port port) const { return first <= port && port <= last; }
    std::string to_string() const;  // "8000-8010", or "8080" for a single one
    friend auto operator<=>(const PortRange&, const PortRange&) = default;
};

std::optional<PortRange> parse_port_range(std::string_view text);

struct Ip4 {
    std::uint32_t value = 0;

    static constexpr Ip4 of(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
        return {(std::uint32_t{a} << 24U) | (std::uint32_t{b} << 16U) | (std::uint32_t{c} << 8U) |
                d};
    }
    bool is_any() const { return value == 0; }
    std::string to_string() const;
    friend auto operator<=>(Ip4, Ip4) = default;
};

std::optional<Ip4> parse_ip4(std::string_view text);

struct Ip6 {
    std::array<std::uint8_t, 16> bytes{};

    bool is_v4_mapped() const;      // ::ffff:0:0/96
    Ip4 v4_tail() const;            // the last four bytes
    std::string to_string() const;  // RFC 5952, IPv4-mapped ones as "::ffff:192.0.2.1"
    friend bool operator==(const Ip6&, const Ip6&) = default;
    friend std::strong_ordering operator<=>(const Ip6& a, const Ip6& b) {
        return order_of(a.bytes, b.bytes);
    }
};

std::optional<Ip6> parse_ip6(std::string_view text);

// An address of either family.
class IpAddress {
  public:
    IpAddress() = default;
    IpAddress(Ip4 address) : v4_(address) {}
    IpAddress(const Ip6& address) : is_v6_(true), v6_(address) {}

    bool is_v4() const { return !is_v6_; }
    bool is_v6() const { return is_v6_; }
    Ip4 v4() const { return v4_; }
    const Ip6& v6() const { return v6_; }
    std::string to_string() const { return is_v6_ ? v6_.to_string() : v4_.to_string(); }
    friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

  private:
    bool is_v6_ = false;
    Ip4 v4_;
    Ip6 v6_;
};

std::optional<IpAddress> parse_ip(std::string_view text);

// What an address is good for, seen from a router at home.
enum class Reach : std::uint8_t {
    none,      // no address of a host: 0.0.0.0/8, multicast, 240.0.0.0/4
    public_,   // reachable from the internet
    private_,  // RFC 1918, link-local, loopback, benchmarks, documentation: not on the internet, so
               // there is another NAT outside
    cgnat,     // RFC 6598 100.64.0.0/10, RFC 6890 192.0.0.0/24: the NAT of a provider
};

Reach reach_of(Ip4 address);
std::string_view to_string(Reach reach);  // "none" "public" "private" "cgnat"

struct Endpoint4 {
    Ip4 address;
    Port port;

    std::string to_string() const;  // "192.0.2.1:80"
    friend auto operator<=>(const Endpoint4&, const Endpoint4&) = default;
};

std::optional<Endpoint4> parse_endpoint4(std::string_view text);

struct Endpoint {
    IpAddress address;
    Port port;

    std::string to_string() const;  // "192.0.2.1:80", "[2001:db8::1]:80"
    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

std::optional<Endpoint> parse_endpoint(std::string_view text);

struct Prefix4 {
    Ip4 address;              // as written: may have host bits
    std::uint8_t length = 0;  // 0 to 32

    Ip4 netmask() const { return {length == 0 ? 0 : 0xffffffffU << (32U - length)}; }
    Ip4 network() const { return {address.value & netmask().value}; }
    Ip4 broadcast() const { return {address.value | ~netmask().value}; }
    bool contains(Ip4 other) const { return (other.value & netmask().value) == network().value; }
    std::string to_string() const;
    friend auto operator<=>(const Prefix4&, const Prefix4&) = default;
};

std::optional<Prefix4> parse_prefix4(std::string_view text);

struct Prefix6 {
    Ip6 address;              // as written: may have host bits
    std::uint8_t length = 0;  // 0 to 128

    bool contains(const Ip6& other) const;
    std::string to_string() const;
    friend auto operator<=>(const Prefix6&, const Prefix6&) = default;
};

struct Mac {
    std::array<std::uint8_t, 6> bytes{};

    std::string to_string() const;  // "00:11:22:33:44:55"
    friend bool operator==(const Mac&, const Mac&) = default;
    friend std::strong_ordering operator<=>(const Mac& a, const Mac& b) {
        return order_of(a.bytes, b.bytes);
    }
};

std::optional<Mac> parse_mac(std::string_view text);  // also with '-' and upper case

Ip4 read_ip4(ByteReader& in);
void write_ip4(ByteWriter& out, Ip4 address);

}  // namespace gatehouse
