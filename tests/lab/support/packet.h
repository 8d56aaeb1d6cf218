// SPDX-License-Identifier: GPL-2.0-or-later
//
// One Ethernet frame of the lab and a small view of it: addresses, ports, flags, payload. Fields
// that a frame does not have are zero or empty, so predicates need no guards:
//     capture.none([](const Packet& p) { return p.ip4_source_in("192.168.0.0/16"); })
// And frames to send that no honest host would.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/ip.h"

namespace gatehouse::lab {

// Ethernet types (IEEE 802 numbers).
constexpr std::uint16_t kEtherIp4 = 0x0800;
constexpr std::uint16_t kEtherArp = 0x0806;
constexpr std::uint16_t kEtherIp6 = 0x86dd;

// Bits of the TCP header (RFC 9293 section 3.1).
constexpr std::uint8_t kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16;

// What a packet is about; the embedded packet of an ICMP error has one too.
struct Flow {
    Proto proto{};
    Endpoint source;
    Endpoint destination;
};

class Packet {
  public:
    Packet() = default;
    // Takes a frame as it was on the interface. Cut or odd frames leave the later fields empty.
    Packet(std::vector<std::uint8_t> frame, bool outgoing);

    // Ethernet.
    Mac mac_source, mac_destination;
    std::uint16_t ether_type = 0;
    bool outgoing = false;  // sent by the host whose interface this is

    // IP, either version.
    Flow flow;  // ports are zero for other protocols than TCP and UDP, and in later fragments
    std::uint8_t ttl = 0;
    std::uint8_t tos = 0;
    bool is_fragment = false;

    // TCP.
    std::uint8_t tcp_flags = 0;
    std::uint32_t tcp_sequence = 0, tcp_acknowledgement = 0;

    // ICMP and ICMPv6; the identifier of echoes.
    std::uint8_t icmp_type = 0, icmp_code = 0;
    std::uint16_t icmp_identifier = 0, icmp_sequence = 0;
    Flow about;  // of the packet inside an ICMP error

    bool is_ip4() const { return ether_type == kEtherIp4; }
    bool is_ip6() const { return ether_type == kEtherIp6; }
    bool is_arp() const { return ether_type == kEtherArp; }
    bool is_udp() const { return is_ip() && flow.proto == Proto::udp; }
    bool is_tcp() const { return is_ip() && flow.proto == Proto::tcp; }
    bool is_icmp() const { return is_ip4() && flow.proto == Proto::icmp; }
    bool is_icmpv6() const { return is_ip6() && flow.proto == Proto::icmpv6; }
    bool has_flags(std::uint8_t flags) const { return is_tcp() && (tcp_flags & flags) == flags; }

    bool ip4_source_in(std::string_view prefix) const;
    bool ip4_destination_in(std::string_view prefix) const;
    // "11.0.0.2", "11.0.0.2:80"
    bool is_from(std::string_view address_or_endpoint) const;
    bool is_to(std::string_view address_or_endpoint) const;

    Bytes frame() const { return frame_; }
    std::string_view payload() const;  // of UDP, TCP, or what follows the ICMP header
    std::string to_string() const;     // one line, for people

  private:
    bool is_ip() const { return is_ip4() || is_ip6(); }
    void read_ip4(ByteReader& in);
    void read_ip6(ByteReader& in);
    void read_transport(ByteReader& in);
    void read_tcp(ByteReader& in);
    void read_icmp(ByteReader& in);

    std::vector<std::uint8_t> frame_;
    std::size_t payload_at_ = 0;
    std::size_t payload_size_ = 0;
};

// Frames with right lengths and checksums, from whomever to whomever.
struct FrameHead {
    Mac from, to;
    Ip4 source, destination;
    std::uint8_t ttl = 64;
};

using Frame = std::vector<std::uint8_t>;

Frame ip4_frame(const FrameHead& head, Proto proto, Bytes payload);
Frame udp4_frame(const FrameHead& head, Port from, Port to, std::string_view payload);

struct TcpFields {
    Port from, to;
    std::uint32_t sequence = 0, acknowledgement = 0;
    std::uint8_t flags = kSyn;
    std::uint16_t window = 65535;
};

Frame tcp4_frame(const FrameHead& head, const TcpFields& tcp, std::string_view payload);
// The four bytes behind the checksum are `rest` (identifier and sequence of an echo).
std::vector<std::uint8_t> icmp_message(std::uint8_t type, std::uint8_t code, std::uint32_t rest,
                                       std::string_view payload);
Frame icmp4_frame(const FrameHead& head, std::uint8_t type, std::uint8_t code, std::uint32_t rest,
                  std::string_view payload);

}  // namespace gatehouse::lab
