// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/first_packet.h"

namespace gatehouse::nat {

namespace {

constexpr std::uint8_t kEchoRequest = 8;   // RFC 792
constexpr std::uint16_t kOffset = 0x1fff;  // of a fragment, in the IPv4 header (RFC 791)

}  // namespace

std::optional<FirstPacket> parse_first_packet(Bytes packet, std::uint32_t token) {
    ByteReader in(packet);
    const unsigned first = in.u8();
    const std::size_t header = std::size_t{first & 0xfU} * 4;
    in.skip(5);
    const unsigned fragment = in.u16();
    in.skip(1);
    FirstPacket out;
    out.token = token;
    out.proto = static_cast<Proto>(in.u8());
    in.skip(2);
    out.inside.address = read_ip4(in);
    out.remote.address = read_ip4(in);
    if (first >> 4U != 4 || header < 20 || (fragment & kOffset) != 0) return std::nullopt;
    in.seek(header);
    if (out.proto == Proto::icmp) {
        const bool echo = in.u8() == kEchoRequest;
        in.skip(3);
        out.inside.port = out.remote.port = Port{in.u16()};
        if (!echo) return std::nullopt;
    } else if (out.proto == Proto::tcp || out.proto == Proto::udp) {
        out.inside.port = Port{in.u16()};
        out.remote.port = Port{in.u16()};
    } else {
        return std::nullopt;
    }
    return in.ok() ? std::optional(out) : std::nullopt;
}

}  // namespace gatehouse::nat
