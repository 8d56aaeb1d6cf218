// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/datagram.h"

#include "gateway/base/checksum.h"

namespace gatehouse::sip {

namespace {

// Offsets in the IPv4 header (RFC 791).
constexpr std::size_t kTotalLength = 2;
constexpr std::size_t kIdentification = 4;
constexpr std::size_t kFragment = 6;
constexpr std::size_t kHeaderChecksum = 10;
constexpr std::size_t kSource = 12;
constexpr std::uint16_t kDontFragment = 0x4000;
constexpr std::uint16_t kMoreFragments = 0x2000;
constexpr std::uint16_t kFragmentOffset = 0x1fff;

constexpr std::size_t kUdpHeader = 8;  // RFC 768

}  // namespace

std::optional<UdpPacket> parse_udp(Bytes packet) {
    ByteReader in(packet);
    const unsigned first = in.u8();
    const std::size_t header = std::size_t{first & 0xfU} * 4;
    in.skip(1);
    const std::size_t total = in.u16();
    in.skip(2);
    const std::uint16_t fragment = in.u16();
    in.skip(1);
    const auto proto = static_cast<Proto>(in.u8());
    in.skip(2);
    UdpPacket out;
    out.source.address = read_ip4(in);
    out.destination.address = read_ip4(in);
    in.seek(header);
    out.source.port = Port{in.u16()};
    out.destination.port = Port{in.u16()};
    const std::size_t length = in.u16();
    out.headers = header + kUdpHeader;
    const bool whole = (fragment & (kMoreFragments | kFragmentOffset)) == 0;
    const bool fits = length >= kUdpHeader && header + length == total && total <= packet.size();
    if (!in.ok() || first >> 4U != 4 || header < 20 || proto != Proto::udp || !whole || !fits) {
        return std::nullopt;
    }
    out.payload = as_text(packet.subspan(out.headers, length - kUdpHeader));
    return out;
}

std::vector<std::uint8_t> write_udp(Endpoint4 source, Endpoint4 destination,
                                    std::string_view payload) {
    constexpr std::uint16_t kVersionAndLength = 0x4500;  // 20 bytes without options
    constexpr std::uint8_t kTimeToLive = 64;
    ByteWriter out;
    out.u16(kVersionAndLength);
    out.zeros(kFragment - kTotalLength);
    out.u16(kDontFragment);
    out.u8(kTimeToLive);
    out.u8(static_cast<std::uint8_t>(Proto::udp));
    out.zeros(kSource - kHeaderChecksum);
    for (const Endpoint4& one : {source, destination})
        out.u32(one.address.value);
    for (const Endpoint4& one : {source, destination})
        out.u16(one.port.number);
    out.zeros(kUdpHeader / 2);
    return with_payload(out.view(), payload, payload.size(), 0);
}

std::vector<std::uint8_t> with_payload(Bytes headers, std::string_view payload, std::size_t before,
                                       std::uint16_t identification) {
    const std::size_t ip = headers.size() - kUdpHeader;
    ByteWriter out;
    out.bytes(headers);
    out.text(payload);
    const auto length = static_cast<std::uint16_t>(kUdpHeader + payload.size());
    out.patch_u16(kTotalLength, static_cast<std::uint16_t>(ip + length));
    ByteReader in(headers);
    in.seek(kIdentification);
    const std::uint16_t id = in.u16();
    const std::uint16_t fragment = in.u16();
    if (payload.size() > before && (fragment & kDontFragment) != 0) {
        out.patch_u16(kFragment, static_cast<std::uint16_t>(fragment & ~kDontFragment));
        if (id == 0) out.patch_u16(kIdentification, identification);
    }
    out.patch_u16(kHeaderChecksum, ip4_header_checksum(out.view().first(ip)));
    out.patch_u16(ip + 4, length);
    out.patch_u16(ip + 6, 0);
    in.seek(kSource);
    const Ip4 source = read_ip4(in);
    const Ip4 destination = read_ip4(in);
    const std::uint16_t sum =
        transport_checksum(source, destination, Proto::udp, out.view().subspan(ip));
    out.patch_u16(ip + 6, udp_field(sum));
    return out.take();
}

}  // namespace gatehouse::sip
