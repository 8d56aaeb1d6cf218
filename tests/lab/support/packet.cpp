// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/packet.h"

#include <algorithm>

#include "gateway/base/checksum.h"
#include "gateway/base/text.h"
#include "tests/lab/support/host.h"

namespace gatehouse::lab {
namespace {

constexpr std::size_t kEthernetHeader = 14;
constexpr std::uint16_t kMoreFragments = 0x2000;  // RFC 791 section 3.1
constexpr std::uint16_t kFragmentOffset = 0x1fff;

Prefix4 prefix(std::string_view text) {
    const auto parsed = parse_prefix4(text);
    if (!parsed) throw LabError(concat("not a prefix: '", text, "'"));
    return *parsed;
}

bool is_at(const Endpoint& endpoint, const At& wanted) {
    return endpoint.address == wanted.endpoint.address &&
           (wanted.endpoint.port.number == 0 || endpoint.port == wanted.endpoint.port);
}

// Errors that carry the packet they are about (RFC 792).
bool is_icmp_error(std::uint8_t type) {
    return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

// The head of an IPv4 packet inside an ICMP error: at least 8 bytes of its transport header.
Flow read_embedded(ByteReader in) {
    Flow flow;
    const std::size_t header = (in.u8() & 0x0fU) * std::size_t{4};
    in.skip(8);
    flow.proto = static_cast<Proto>(in.u8());
    in.skip(2);
    flow.source.address = gatehouse::read_ip4(in);
    flow.destination.address = gatehouse::read_ip4(in);
    in.skip(std::max<std::size_t>(header, 20) - 20);
    flow.source.port.number = in.u16();
    flow.destination.port.number = in.u16();
    return in.ok() ? flow : Flow{};
}

std::string flag_letters(std::uint8_t flags) {
    std::string out;
    const std::pair<std::uint8_t, char> letters[] = {
        {kSyn, 'S'}, {kAck, 'A'}, {kFin, 'F'}, {kRst, 'R'}, {kPsh, 'P'}};
    for (const auto& [bit, letter] : letters) {
        if ((flags & bit) != 0) out.push_back(letter);
    }
    return out;
}

}  // namespace

Packet::Packet(std::vector<std::uint8_t> frame, bool is_outgoing)
    : outgoing(is_outgoing), frame_(std::move(frame)) {
    ByteReader in(frame_);
    mac_destination.bytes = in.array<6>();
    mac_source.bytes = in.array<6>();
    ether_type = in.u16();
    if (is_ip4()) read_ip4(in);
    if (is_ip6()) read_ip6(in);
}

void Packet::read_ip4(ByteReader& in) {
    const std::size_t start = in.offset();
    const std::size_t header = (in.u8() & 0x0fU) * std::size_t{4};
    tos = in.u8();
    const std::uint16_t length = in.u16();
    in.skip(2);
    const std::uint16_t fragment = in.u16();
    ttl = in.u8();
    flow.proto = static_cast<Proto>(in.u8());
    in.skip(2);
    flow.source.address = gatehouse::read_ip4(in);
    flow.destination.address = gatehouse::read_ip4(in);
    is_fragment = (fragment & (kMoreFragments | kFragmentOffset)) != 0;
    if (!in.ok() || header < 20 || length < header) return;
    in.seek(start + header);
    // Short frames are padded; the length of the packet says where it ends.
    payload_size_ = std::min<std::size_t>(length - header, in.remaining());
    payload_at_ = in.offset();
    if ((fragment & kFragmentOffset) == 0) read_transport(in);
}

void Packet::read_ip6(ByteReader& in) {
    in.skip(4);
    const std::uint16_t length = in.u16();
    flow.proto = static_cast<Proto>(in.u8());
    ttl = in.u8();
    Ip6 source, destination;
    source.bytes = in.array<16>();
    destination.bytes = in.array<16>();
    flow.source.address = source;
    flow.destination.address = destination;
    if (!in.ok()) return;
    payload_size_ = std::min<std::size_t>(length, in.remaining());
    payload_at_ = in.offset();
    read_transport(in);
}

void Packet::read_transport(ByteReader& in) {
    const std::size_t start = in.offset();
    if (is_tcp() || is_udp()) {
        flow.source.port.number = in.u16();
        flow.destination.port.number = in.u16();
        if (is_tcp()) {
            read_tcp(in);
        } else {
            in.skip(4);
        }
    } else if (is_icmp() || is_icmpv6()) {
        read_icmp(in);
    }
    const std::size_t used = in.ok() ? in.offset() - start : payload_size_;
    payload_at_ += std::min(used, payload_size_);
    payload_size_ -= std::min(used, payload_size_);
}

void Packet::read_tcp(ByteReader& in) {
    const std::size_t start = in.offset() - 4;
    tcp_sequence = in.u32();
    tcp_acknowledgement = in.u32();
    const std::size_t header = (in.u8() >> 4U) * std::size_t{4};
    tcp_flags = in.u8();
    in.seek(start + std::max<std::size_t>(header, 20));
}

void Packet::read_icmp(ByteReader& in) {
    icmp_type = in.u8();
    icmp_code = in.u8();
    in.skip(2);
    icmp_identifier = in.u16();
    icmp_sequence = in.u16();
    if (is_icmp() && is_icmp_error(icmp_type)) about = read_embedded(in);
}

bool Packet::ip4_source_in(std::string_view text) const {
    return is_ip4() && prefix(text).contains(flow.source.address.v4());
}

bool Packet::ip4_destination_in(std::string_view text) const {
    return is_ip4() && prefix(text).contains(flow.destination.address.v4());
}

bool Packet::is_from(std::string_view wanted) const {
    return is_ip() && is_at(flow.source, At(wanted));
}

bool Packet::is_to(std::string_view wanted) const {
    return is_ip() && is_at(flow.destination, At(wanted));
}

std::string_view Packet::payload() const {
    return as_text(frame()).substr(payload_at_, payload_size_);
}

std::string Packet::to_string() const {
    const std::string way = outgoing ? "out " : "in ";
    if (!is_ip()) {
        return concat(way, is_arp() ? "arp" : "ether", ' ', mac_source.to_string(), " > ",
                      mac_destination.to_string(), ", ", frame_.size(), " bytes");
    }
    std::string out = concat(way, gatehouse::to_string(flow.proto), ' ', flow.source.to_string(),
                             " > ", flow.destination.to_string());
    if (is_tcp()) append(out, " [", flag_letters(tcp_flags), "]");
    if (is_icmp() || is_icmpv6()) {
        append(out, " type ", icmp_type, " code ", icmp_code, " id ", icmp_identifier);
    }
    append(out, ", ", payload().size(), " bytes");
    return out;
}

Frame ip4_frame(const FrameHead& head, Proto proto, Bytes payload) {
    ByteWriter out;
    out.bytes(head.to.bytes);
    out.bytes(head.from.bytes);
    out.u16(kEtherIp4);
    out.u8(0x45);
    out.u8(0);
    out.u16(static_cast<std::uint16_t>(20 + payload.size()));
    out.u32(0x0000'4000);  // no identification, don't fragment
    out.u8(head.ttl);
    out.u8(static_cast<std::uint8_t>(proto));
    out.u16(0);
    write_ip4(out, head.source);
    write_ip4(out, head.destination);
    out.patch_u16(kEthernetHeader + 10, ip4_header_checksum(out.view().subspan(kEthernetHeader)));
    out.bytes(payload);
    return out.take();
}

Frame udp4_frame(const FrameHead& head, Port from, Port to, std::string_view payload) {
    ByteWriter out;
    out.u16(from.number);
    out.u16(to.number);
    out.u16(static_cast<std::uint16_t>(8 + payload.size()));
    out.u16(0);
    out.text(payload);
    out.patch_u16(
        6, udp_field(transport_checksum(head.source, head.destination, Proto::udp, out.view())));
    return ip4_frame(head, Proto::udp, out.view());
}

Frame tcp4_frame(const FrameHead& head, const TcpFields& tcp, std::string_view payload) {
    ByteWriter out;
    out.u16(tcp.from.number);
    out.u16(tcp.to.number);
    out.u32(tcp.sequence);
    out.u32(tcp.acknowledgement);
    out.u8(0x50);
    out.u8(tcp.flags);
    out.u16(tcp.window);
    out.u32(0);
    out.text(payload);
    out.patch_u16(16, transport_checksum(head.source, head.destination, Proto::tcp, out.view()));
    return ip4_frame(head, Proto::tcp, out.view());
}

std::vector<std::uint8_t> icmp_message(std::uint8_t type, std::uint8_t code, std::uint32_t rest,
                                       std::string_view payload) {
    ByteWriter out;
    out.u8(type);
    out.u8(code);
    out.u16(0);
    out.u32(rest);
    out.text(payload);
    out.patch_u16(2, checksum(out.view()));
    return out.take();
}

Frame icmp4_frame(const FrameHead& head, std::uint8_t type, std::uint8_t code, std::uint32_t rest,
                  std::string_view payload) {
    return ip4_frame(head, Proto::icmp, icmp_message(type, code, rest, payload));
}

}  // namespace gatehouse::lab
