// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/nfqueue.h"

#include <netinet/in.h>

#include <array>
#include <cerrno>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

#include "gateway/base/text.h"

namespace gatehouse::kernel {

namespace {

constexpr std::size_t kDatagramLimit = 65536 + 4096;  // the largest packet and what is said of it
constexpr std::size_t kOutgoingLimit = 65536;
constexpr std::size_t kBurst = 512;

MessageWriter config(std::uint16_t queue) {
    MessageWriter out((NFNL_SUBSYS_QUEUE << 8U) | NFQNL_MSG_CONFIG, NLM_F_REQUEST);
    out.netfilter_header(AF_UNSPEC, queue);
    return out;
}

MessageBytes set_flags(std::uint16_t queue, std::uint32_t flags) {
    MessageWriter out = config(queue);
    out.be32(NFQA_CFG_FLAGS, flags);
    out.be32(NFQA_CFG_MASK, flags);
    return out.take();
}

// Binding, how much to copy and how many may wait, in one message: no packet comes in between.
MessageBytes bind_message(const QueueOptions& options) {
    MessageWriter out = config(options.number);
    ByteWriter command;
    command.u8(NFQNL_CFG_CMD_BIND);
    command.u8(0);
    command.u16(0);
    out.attribute(NFQA_CFG_CMD, command.view());
    ByteWriter params;
    params.u32(options.copy);
    params.u8(NFQNL_COPY_PACKET);
    out.attribute(NFQA_CFG_PARAMS, params.view());
    out.be32(NFQA_CFG_QUEUE_MAXLEN, options.max_waiting);
    return out.take();
}

bool is_ip_packet(Bytes payload) {
    if (payload.empty()) return false;
    ByteReader in(payload);
    const unsigned version = payload[0] >> 4U;
    in.seek(version == 4 ? 2 : 4);
    const std::size_t said = in.u16();
    if (version == 4) {
        const std::size_t header = std::size_t{payload[0] & 0x0fU} * 4;
        return in.ok() && header >= 20 && said >= header && said == payload.size();
    }
    return version == 6 && in.ok() && payload.size() >= 40 && said + 40 == payload.size();
}

}  // namespace

Result<NfQueue> NfQueue::open(const QueueOptions& options) {
    auto socket = NetlinkSocket::open(Bus::netfilter);
    if (!socket) return socket.failure();
    socket->set_receive_buffer(options.receive_buffer);
    socket->set_datagram_limit(kDatagramLimit);
    NfQueue queue(std::move(*socket), options.number);
    if (const auto done = queue.configure(options); !done) {
        if (done.error().number == EPERM) {
            return fail(concat("cannot take packet queue ", options.number,
                               ": another process holds it, or the right to is missing"));
        }
        return explain(concat("cannot take packet queue ", options.number), done.error());
    }
    return queue;
}

NetlinkStatus NfQueue::configure(const QueueOptions& options) {
    const OnMessage keep = [this](const MessageView& message) {
        // Contents seen here would be lost with the buffer, so such a packet passes unseen.
        if (const auto packet = decode_packet(message)) unseen_.push_back(packet->id);
    };
    if (auto bound = socket_.request(bind_message(options), keep); !bound) return bound;
    if (auto set = socket_.request(set_flags(number_, NFQA_CFG_F_FAIL_OPEN), keep); !set) {
        return set;
    }
    if (options.whole_bursts) {
        if (auto set = socket_.request(set_flags(number_, NFQA_CFG_F_GSO), keep); !set) return set;
    }
    if (options.session) {
        const auto set = socket_.request(set_flags(number_, NFQA_CFG_F_CONNTRACK), keep);
        if (!set && set.error().number != EOPNOTSUPP) return set;
        with_session_ = set.ok();
    }
    // Losses are counted by the kernel itself, in /proc/net/netfilter/nfnetlink_queue.
    socket_.set_no_overrun_reports();
    for (const std::uint32_t id : unseen_)
        give(id, Verdict::accept);
    unseen_.clear();
    return {};
}

void NfQueue::read(const OnPacket& on_packet) {
    const Gathering gathering(*this);
    const auto events = socket_.read_events(
        [&on_packet](const MessageView& message) {
            if (const auto packet = decode_packet(message)) on_packet(*packet);
        },
        kBurst);
    if (events.overrun) ++overruns_;
}

void NfQueue::push(const std::vector<std::uint8_t>& message) {
    if (outgoing_.size() + message.size() > kOutgoingLimit) flush();
    outgoing_.insert(outgoing_.end(), message.begin(), message.end());
    if (gatherings_ == 0) flush();
}

void NfQueue::flush() {
    // A verdict that cannot be sent leaves its packet waiting until the queue is full; then
    // packets pass unseen. There is nothing better to do with it.
    if (!outgoing_.empty()) (void)socket_.post(outgoing_);
    outgoing_.clear();
}

void NfQueue::give(std::uint32_t id, Verdict verdict) {
    push(encode_verdict(number_, id, verdict));
}

void NfQueue::hand_over(std::uint32_t id, std::uint16_t queue) {
    push(encode_hand_over(number_, id, queue));
}

bool NfQueue::replace(std::uint32_t id, Bytes payload, Verdict verdict) {
    if (!is_ip_packet(payload)) return false;
    const auto message = encode_verdict(number_, id, verdict, payload);
    if (message.empty()) return false;
    push(message);
    return true;
}

void NfQueue::give_up_to(std::uint32_t id, Verdict verdict) {
    push(encode_verdict_up_to(number_, id, verdict));
}

}  // namespace gatehouse::kernel
