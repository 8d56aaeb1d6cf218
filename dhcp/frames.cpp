// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/frames.h"

#include "gateway/base/checksum.h"

namespace gatehouse::dhcp {

namespace {

constexpr std::uint16_t kIpType = 0x0800;
constexpr std::uint16_t kArpType = 0x0806;
constexpr std::uint16_t kUdpHeader = 8;
constexpr std::uint16_t kIpHeader = 20;
constexpr std::uint8_t kHops = 64;

void write_ethernet(ByteWriter& out, const Mac& to, const Mac& from, std::uint16_t type) {
    out.bytes(to.bytes);
    out.bytes(from.bytes);
    out.u16(type);
}

std::vector<std::uint8_t> udp_segment(Ip4 source, Ip4 destination, Port from, Port to,
                                      Bytes payload) {
    ByteWriter out;
    out.u16(from.number);
    out.u16(to.number);
    out.u16(static_cast<std::uint16_t>(kUdpHeader + payload.size()));
    out.u16(0);
    out.bytes(payload);
    out.patch_u16(6, udp_field(transport_checksum(source, destination, Proto::udp, out.view())));
    return out.take();
}

}  // namespace

std::vector<std::uint8_t> write_udp_frame(const Mac& from, const Mac& to, Ip4 source,
                                          Ip4 destination, Port source_port, Port destination_port,
                                          Bytes payload) {
    ByteWriter header;
    header.u16(0x4500);
    header.u16(static_cast<std::uint16_t>(kIpHeader + kUdpHeader + payload.size()));
    header.u32(0);
    header.u8(kHops);
    header.u8(static_cast<std::uint8_t>(Proto::udp));
    header.u16(0);
    write_ip4(header, source);
    write_ip4(header, destination);
    header.patch_u16(10, ip4_header_checksum(header.view()));
    ByteWriter out;
    write_ethernet(out, to, from, kIpType);
    out.bytes(header.view());
    out.bytes(udp_segment(source, destination, source_port, destination_port, payload));
    return out.take();
}

std::vector<std::uint8_t> write_arp_probe(const Mac& from, Ip4 address) {
    ByteWriter out;
    write_ethernet(out, kBroadcastMac, from, kArpType);
    out.u16(1);        // Ethernet
    out.u16(kIpType);  // and IPv4,
    out.u16(0x0604);   // with addresses of six and four bytes
    out.u16(1);        // a question
    out.bytes(from.bytes);
    out.u32(0);
    out.zeros(6);
    write_ip4(out, address);
    return out.take();
}

std::optional<ArpClaim> parse_arp(Bytes frame) {
    ByteReader in(frame);
    in.skip(12);
    const std::uint16_t type = in.u16();
    const std::uint16_t hardware = in.u16();
    const std::uint16_t protocol = in.u16();
    const std::uint16_t sizes = in.u16();
    const std::uint16_t operation = in.u16();
    ArpClaim out;
    out.mac.bytes = in.array<6>();
    out.address = read_ip4(in);
    const bool known = type == kArpType && hardware == 1 && protocol == kIpType &&
                       sizes == 0x0604 && (operation == 1 || operation == 2);
    if (!in.ok() || !known || out.address.is_any()) return std::nullopt;
    return out;
}

}  // namespace gatehouse::dhcp
