// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/dhcp_messages.h"

#include <array>

namespace gatehouse::lab {
namespace {

constexpr std::uint32_t kCookie = 0x63825363;
constexpr std::size_t kOptions = 240;
constexpr std::uint8_t kPad = 0, kRequested = 50, kType = 53, kServer = 54, kWanted = 55,
                       kEnd = 255;

Ip4 address_in(Bytes option) {
    ByteReader in(option);
    return read_ip4(in);
}

}  // namespace

std::vector<std::uint8_t> encode_question(const DhcpQuestion& question) {
    const bool relayed = question.relay != Ip4{};
    ByteWriter out;
    out.u32(relayed ? 0x01010601 : 0x01010600);
    const bool gives_back = question.type == DhcpType::release;
    out.u32(question.number);
    out.zeros(4);
    write_ip4(out, gives_back ? question.address : Ip4{});
    out.zeros(8);
    write_ip4(out, question.relay);
    out.bytes(question.device.bytes);
    out.zeros(10 + 64 + 128);
    out.u32(kCookie);
    out.bytes(std::array<std::uint8_t, 3>{kType, 1, static_cast<std::uint8_t>(question.type)});
    if (question.type == DhcpType::request || gives_back) {
        out.bytes(std::array<std::uint8_t, 2>{kServer, 4});
        write_ip4(out, question.server);
    }
    if (question.type == DhcpType::request) {
        out.bytes(std::array<std::uint8_t, 2>{kRequested, 4});
        write_ip4(out, question.address);
    }
    out.bytes(std::array<std::uint8_t, 6>{kWanted, 4, 1, 3, 6, 15});
    out.u8(kEnd);
    return out.take();
}

std::optional<DhcpReply> decode_reply(Bytes message) {
    DhcpReply out;
    ByteReader in(message);
    const bool reply = in.u8() == 2;
    in.skip(3);
    out.number = in.u32();
    in.skip(8);
    out.address = read_ip4(in);
    in.seek(kOptions - 4);
    if (!reply || in.u32() != kCookie) return std::nullopt;
    std::uint8_t type = 0;
    while (in.ok() && in.remaining() > 0) {
        const std::uint8_t code = in.u8();
        if (code == kPad) continue;
        if (code == kEnd) break;
        const Bytes value = in.take(in.u8());
        if (code == kType && value.size() == 1) type = value[0];
        if (code == kServer && value.size() == 4) out.server = address_in(value);
    }
    if (!in.ok() || type == 0) return std::nullopt;
    out.type = static_cast<DhcpType>(type);
    return out;
}

}  // namespace gatehouse::lab
