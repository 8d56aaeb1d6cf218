// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/base/ip.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "gateway/base/text.h"

namespace gatehouse {

namespace {

struct ProtoName {
    Proto proto;
    std::string_view name;
};

constexpr std::array kProtoNames{
    ProtoName{Proto::icmp, "icmp"}, ProtoName{Proto::tcp, "tcp"},
    ProtoName{Proto::udp, "udp"},   ProtoName{Proto::gre, "gre"},
    ProtoName{Proto::esp, "esp"},   ProtoName{Proto::icmpv6, "icmpv6"},
    ProtoName{Proto::sctp, "sctp"}, ProtoName{Proto::udplite, "udplite"},
};

// A decimal number as it stands in an address: no leading zero, which some readers take as octal.
template <class T>
std::optional<T> parse_plain(std::string_view text) {
    if (text.size() > 1 && text[0] == '0') return std::nullopt;
    return parse_number<T>(text);
}

}  // namespace

std::string to_string(Proto proto) {
    for (const auto& [known, name] : kProtoNames) {
        if (known == proto) return std::string(name);
    }
    return std::to_string(static_cast<unsigned>(proto));
}

std::optional<Proto> parse_proto(std::string_view text) {
    for (const auto& [proto, name] : kProtoNames) {
        if (name == text) return proto;
    }
    return std::nullopt;
}

std::optional<Port> parse_port(std::string_view text) {
    const auto number = parse_plain<std::uint16_t>(text);
    if (!number || *number == 0) return std::nullopt;
    return Port{*number};
}

std::string PortRange::to_string() const {
    std::string out = std::to_string(first.number);
    if (first != last) append(out, '-', last.number);
    return out;
}

std::optional<PortRange> parse_port_range(std::string_view text) {
    const std::size_t dash = text.find('-');
    const auto first = parse_port(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
    if (!first || !last || *last < *first) return std::nullopt;
    return PortRange{*first, *last};
}

std::string Ip4::to_string() const {
    return concat((value >> 24U) & 0xffU, '.', (value >> 16U) & 0xffU, '.', (value >> 8U) & 0xffU,
                  '.', value & 0xffU);
}

std::optional<Ip4> parse_ip4(std::string_view text) {
    const auto parts = split(text, '.');
    if (parts.size() != 4) return std::nullopt;
    std::uint32_t value = 0;
    for (const std::string_view part : parts) {
        const auto number = parse_plain<std::uint8_t>(part);
        if (!number) return std::nullopt;
        value = (value << 8U) | *number;
    }
    return Ip4{value};
}

bool Ip6::is_v4_mapped() const {
    static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

Ip4 Ip6::v4_tail() const {
    return Ip4::of(bytes[12], bytes[13], bytes[14], bytes[15]);
}

std::string Ip6::to_string() const {
    if (is_v4_mapped()) return concat("::ffff:", v4_tail().to_string());
    std::array<unsigned, 8> groups{};
    for (std::size_t i = 0; i < 8; ++i)
        groups[i] = (bytes[2 * i] * 256U) | bytes[2 * i + 1];
    // RFC 5952 section 4.2: the longest run of at least two zero groups, the first of equals.
    std::size_t best = 8;
    std::size_t best_length = 1;
    for (std::size_t i = 0; i < 8; ++i) {
        std::size_t length = 0;
        while (i + length < 8 && groups[i + length] == 0)
            ++length;
        if (length > best_length) {
            best = i;
            best_length = length;
        }
    }
    std::string out;
    for (std::size_t i = 0; i < 8;) {
        if (i == best) {
            out += "::";
            i += best_length;
            continue;
        }
        if (!out.empty() && out.back() != ':') out.push_back(':');
        std::array<char, 4> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), groups[i], 16);
        out.append(digits.data(), end.ptr);
        ++i;
    }
    return out;
}

namespace {

// The groups of one side of "::", appended to the first bytes of out; false where one is no group.
// Only the end of an address may be written as an IPv4 one.
bool parse_groups(std::string_view text, bool at_end, std::array<std::uint8_t, 16>& out,
                  std::size_t& used) {
    if (text.empty()) return true;
    const auto parts = split(text, ':');
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::string_view part = parts[i];
        if (at_end && i + 1 == parts.size() && part.find('.') != std::string_view::npos) {
            const auto v4 = parse_ip4(part);
            if (!v4 || used > 12) return false;
            for (unsigned shift = 32; shift > 0; shift -= 8) {
                out[used++] = static_cast<std::uint8_t>((v4->value >> (shift - 8)) & 0xffU);
            }
            continue;
        }
        unsigned value = 0;
        const char* end = part.data() + part.size();
        const auto [stop, error] = std::from_chars(part.data(), end, value, 16);
        if (part.empty() || part.size() > 4 || error != std::errc{} || stop != end || used > 14) {
            return false;
        }
        out[used++] = static_cast<std::uint8_t>(value >> 8U);
        out[used++] = static_cast<std::uint8_t>(value & 0xffU);
    }
    return true;
}

}  // namespace

std::optional<Ip6> parse_ip6(std::string_view text) {
    Ip6 out;
    std::size_t used = 0;
    const std::size_t gap = text.find("::");
    const bool whole = gap == std::string_view::npos;
    if (!parse_groups(text.substr(0, gap), whole, out.bytes, used)) return std::nullopt;
    if (whole) return used == 16 ? std::optional(out) : std::nullopt;
    std::array<std::uint8_t, 16> tail{};
    std::size_t tail_used = 0;
    if (!parse_groups(text.substr(gap + 2), true, tail, tail_used)) return std::nullopt;
    if (used + tail_used > 14) return std::nullopt;
    const auto length = static_cast<std::ptrdiff_t>(tail_used);
    std::copy(tail.begin(), tail.begin() + length, out.bytes.end() - length);
    return out;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
    if (const auto v4 = parse_ip4(text)) return IpAddress(*v4);
    if (const auto v6 = parse_ip6(text)) return IpAddress(*v6);
    return std::nullopt;
}

Reach reach_of(Ip4 address) {
    struct Row {
        Prefix4 prefix;
        Reach reach = Reach::none;
    };
    // IANA IPv4 Special-Purpose Address Registry, what is not globally reachable.
    static constexpr std::array kSpecial{
        Row{{Ip4::of(0, 0, 0, 0), 8}, Reach::none},            // RFC 791 "this network"
        Row{{Ip4::of(10, 0, 0, 0), 8}, Reach::private_},       // RFC 1918
        Row{{Ip4::of(100, 64, 0, 0), 10}, Reach::cgnat},       // RFC 6598
        Row{{Ip4::of(127, 0, 0, 0), 8}, Reach::private_},      // RFC 1122 loopback
        Row{{Ip4::of(169, 254, 0, 0), 16}, Reach::private_},   // RFC 3927 link-local
        Row{{Ip4::of(172, 16, 0, 0), 12}, Reach::private_},    // RFC 1918
        Row{{Ip4::of(192, 0, 0, 0), 24}, Reach::cgnat},        // RFC 6890, RFC 7335 for DS-Lite
        Row{{Ip4::of(192, 0, 2, 0), 24}, Reach::private_},     // RFC 5737 documentation
        Row{{Ip4::of(192, 168, 0, 0), 16}, Reach::private_},   // RFC 1918
        Row{{Ip4::of(198, 18, 0, 0), 15}, Reach::private_},    // RFC 2544 benchmarks
        Row{{Ip4::of(198, 51, 100, 0), 24}, Reach::private_},  // RFC 5737 documentation
        Row{{Ip4::of(203, 0, 113, 0), 24}, Reach::private_},   // RFC 5737 documentation
        Row{{Ip4::of(224, 0, 0, 0), 4}, Reach::none},          // RFC 5771 multicast
        Row{{Ip4::of(240, 0, 0, 0), 4}, Reach::none},          // RFC 1112 reserved, broadcast
    };
    for (const Row& row : kSpecial) {
        if (row.prefix.contains(address)) return row.reach;
    }
    return Reach::public_;
}

std::string_view to_string(Reach reach) {
    switch (reach) {
        case Reach::none: return "none";
        case Reach::public_: return "public";
        case Reach::private_: return "private";
        case Reach::cgnat: return "cgnat";
    }
    return "none";
}

std::string Endpoint4::to_string() const {
    return concat(address.to_string(), ':', port.number);
}

std::optional<Endpoint4> parse_endpoint4(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto address = parse_ip4(text.substr(0, colon));
    const auto port = parse_port(text.substr(colon + 1));
    if (!address || !port) return std::nullopt;
    return Endpoint4{*address, *port};
}

std::string Endpoint::to_string() const {
    if (address.is_v4()) return concat(address.to_string(), ':', port.number);
    return concat('[', address.to_string(), "]:", port.number);
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
    if (!text.empty() && text.front() == '[') {
        const std::size_t close = text.find("]:");
        if (close == std::string_view::npos) return std::nullopt;
        const auto address = parse_ip6(text.substr(1, close - 1));
        const auto port = parse_port(text.substr(close + 2));
        if (!address || !port) return std::nullopt;
        return Endpoint{*address, *port};
    }
    const auto v4 = parse_endpoint4(text);
    if (!v4) return std::nullopt;
    return Endpoint{v4->address, v4->port};
}

std::string Prefix4::to_string() const {
    return concat(address.to_string(), '/', length);
}

std::optional<Prefix4> parse_prefix4(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = parse_ip4(text.substr(0, slash));
    if (!address) return std::nullopt;
    if (slash == std::string_view::npos) return Prefix4{*address, 32};
    const auto length = parse_plain<std::uint8_t>(text.substr(slash + 1));
    if (!length || *length > 32) return std::nullopt;
    return Prefix4{*address, *length};
}

bool Prefix6::contains(const Ip6& other) const {
    const std::size_t whole = length / 8;
    if (!std::equal(other.bytes.begin(), other.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                    address.bytes.begin())) {
        return false;
    }
    const unsigned rest = length % 8U;
    const unsigned mask = (0xffU << (8U - rest)) & 0xffU;
    return rest == 0 || ((other.bytes[whole] ^ address.bytes[whole]) & mask) == 0;
}

std::string Prefix6::to_string() const {
    return concat(address.to_string(), '/', length);
}

std::string Mac::to_string() const {
    std::string out;
    for (const std::uint8_t byte : bytes) {
        if (!out.empty()) out.push_back(':');
        out += to_hex({&byte, 1});
    }
    return out;
}

std::optional<Mac> parse_mac(std::string_view text) {
    if (text.size() != 17) return std::nullopt;
    const char separator = text[2];
    if (separator != ':' && separator != '-') return std::nullopt;
    Mac out;
    const auto parts = split(text, separator);
    if (parts.size() != out.bytes.size()) return std::nullopt;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        bool ok = false;
        const auto byte = from_hex(parts[i], ok);
        if (!ok || byte.size() != 1 || parts[i].size() != 2) return std::nullopt;
        out.bytes[i] = byte[0];
    }
    return out;
}

Ip4 read_ip4(ByteReader& in) {
    return {in.u32()};
}
void write_ip4(ByteWriter& out, Ip4 address) {
    out.u32(address.value);
}

}  // namespace gatehouse
