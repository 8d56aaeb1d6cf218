// SPDX-License-Identifier: GPL-2.0-or-later
#include <netinet/in.h>

#include <algorithm>
#include <array>

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

#include "gateway/kernel/nfqueue.h"

namespace gatehouse::kernel {

namespace {

constexpr std::size_t kFamilyHeader = 4;
constexpr std::size_t kPacketHeader = 7;    // id, protocol, hook
constexpr std::size_t kHardwareHeader = 4;  // length of the address, padding

std::optional<Mac> decode_mac(Bytes value) {
    ByteReader in(value);
    const std::uint16_t length = in.u16();
    in.skip(kHardwareHeader - 2);
    const Mac mac{in.array<6>()};
    if (!in.ok() || length != mac.bytes.size()) return std::nullopt;
    return mac;
}

std::uint32_t code_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::accept: return NF_ACCEPT;
        // Kept by the kernel for queues alone.
        case Verdict::accept_past_the_rest: return NF_STOP;
        case Verdict::drop: break;
    }
    return NF_DROP;
}

std::vector<std::uint8_t> encode(unsigned number, std::uint16_t queue, std::uint32_t id,
                                 std::uint32_t code, Bytes payload) {
    MessageWriter out(static_cast<std::uint16_t>((NFNL_SUBSYS_QUEUE << 8U) | number),
                      NLM_F_REQUEST);
    out.netfilter_header(AF_UNSPEC, queue);
    ByteWriter header;
    header.u32(code);
    header.u32(id);
    out.attribute(NFQA_VERDICT_HDR, header.view());
    if (!payload.empty()) out.attribute(NFQA_PAYLOAD, payload);
    return out.take();
}

}  // namespace

std::optional<QueuedPacket> decode_packet(const MessageView& message) {
    if (message.type != ((NFNL_SUBSYS_QUEUE << 8U) | NFQNL_MSG_PACKET)) return std::nullopt;
    const Attributes attributes(message.behind(kFamilyHeader));
    ByteReader header(attributes.at(NFQA_PACKET_HDR));
    QueuedPacket packet;
    packet.id = header.u32();
    header.skip(2);
    const std::uint8_t hook = header.u8();
    if (!attributes.ok() || !header.ok() || header.offset() != kPacketHeader ||
        hook > NF_INET_POST_ROUTING) {
        return std::nullopt;
    }
    packet.hook = static_cast<Hook>(hook);
    packet.in_link = attributes.be32(NFQA_IFINDEX_INDEV).value_or(0);
    packet.out_link = attributes.be32(NFQA_IFINDEX_OUTDEV).value_or(0);
    packet.mark = attributes.be32(NFQA_MARK).value_or(0);
    if (attributes.has(NFQA_HWADDR)) packet.sender = decode_mac(attributes.at(NFQA_HWADDR));
    packet.payload = attributes.at(NFQA_PAYLOAD);
    // The kernel tells the full length only of packets that it had to cut.
    packet.full_length =
        std::max<std::size_t>(attributes.be32(NFQA_CAP_LEN).value_or(0), packet.payload.size());
    const std::uint32_t info = attributes.be32(NFQA_SKB_INFO).value_or(0);
    packet.checksum_pending = (info & NFQA_SKB_CSUMNOTREADY) != 0;
    packet.segmented_later = (info & NFQA_SKB_GSO) != 0;
    packet.session = attributes.at(NFQA_CT);
    return packet;
}

std::vector<std::uint8_t> encode_verdict(std::uint16_t queue, std::uint32_t id, Verdict verdict,
                                         Bytes payload) {
    return encode(NFQNL_MSG_VERDICT, queue, id, code_of(verdict), payload);
}

std::vector<std::uint8_t> encode_hand_over(std::uint16_t queue, std::uint32_t id,
                                           std::uint16_t to) {
    const std::uint32_t code =
        (std::uint32_t{to} << NF_VERDICT_QBITS) | NF_VERDICT_FLAG_QUEUE_BYPASS | NF_QUEUE;
    return encode(NFQNL_MSG_VERDICT, queue, id, code, {});
}

std::vector<std::uint8_t> encode_verdict_up_to(std::uint16_t queue, std::uint32_t id,
                                               Verdict verdict) {
    return encode(NFQNL_MSG_VERDICT_BATCH, queue, id, code_of(verdict), {});
}

}  // namespace gatehouse::kernel
