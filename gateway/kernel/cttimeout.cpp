// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/cttimeout.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_cttimeout.h>
#include <linux/netlink.h>

#include "gateway/base/text.h"
#include "gateway/kernel/sysctl.h"

namespace gatehouse::kernel {

namespace {

// One timeout in the three ways to name it.
struct Value {
    std::uint16_t attribute;
    std::string_view sysctl;  // behind "net/netfilter/nf_conntrack_"
    std::optional<std::chrono::seconds> time;
};

std::uint32_t seconds(std::chrono::seconds time) {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(time.count(), 1, INT32_MAX));
}

std::vector<Value> values_of(const UdpTimeouts& udp) {
    return {{CTA_TIMEOUT_UDP_UNREPLIED, "udp_timeout", udp.unreplied},
            {CTA_TIMEOUT_UDP_REPLIED, "udp_timeout_stream", udp.replied}};
}

std::vector<Value> values_of(const TcpTimeouts& tcp) {
    return {
        {CTA_TIMEOUT_TCP_SYN_SENT, "tcp_timeout_syn_sent", tcp.syn_sent},
        {CTA_TIMEOUT_TCP_SYN_RECV, "tcp_timeout_syn_recv", tcp.syn_received},
        {CTA_TIMEOUT_TCP_ESTABLISHED, "tcp_timeout_established", tcp.established},
        {CTA_TIMEOUT_TCP_FIN_WAIT, "tcp_timeout_fin_wait", tcp.fin_wait},
        {CTA_TIMEOUT_TCP_CLOSE_WAIT, "tcp_timeout_close_wait", tcp.close_wait},
        {CTA_TIMEOUT_TCP_LAST_ACK, "tcp_timeout_last_ack", tcp.last_ack},
        {CTA_TIMEOUT_TCP_TIME_WAIT, "tcp_timeout_time_wait", tcp.time_wait},
        {CTA_TIMEOUT_TCP_CLOSE, "tcp_timeout_close", tcp.close},
        {CTA_TIMEOUT_TCP_RETRANS, "tcp_timeout_max_retrans", tcp.retransmitted},
        {CTA_TIMEOUT_TCP_UNACK, "tcp_timeout_unacknowledged", tcp.unacknowledged},
    };
}

std::vector<Value> values_of(const IcmpTimeouts& icmp) {
    return {{CTA_TIMEOUT_ICMP_TIMEOUT, "icmp_timeout", icmp.query}};
}

std::vector<Value> values(const Timeouts& timeouts) {
    return std::visit([](const auto& one) { return values_of(one); }, timeouts);
}

Proto proto_of(const Timeouts& timeouts) {
    constexpr std::array kProtos{Proto::udp, Proto::tcp, Proto::icmp};
    return kProtos[timeouts.index()];
}

constexpr std::uint16_t timeout_type(unsigned number) {
    return static_cast<std::uint16_t>((NFNL_SUBSYS_CTNETLINK_TIMEOUT << 8U) | number);
}

MessageWriter begin(unsigned number, unsigned flags) {
    MessageWriter out(timeout_type(number), static_cast<std::uint16_t>(NLM_F_REQUEST | flags));
    out.netfilter_header(AF_UNSPEC);
    return out;
}

void write_values(MessageWriter& out, const Timeouts& timeouts) {
    out.be16(CTA_TIMEOUT_L3PROTO, AF_INET);
    out.u8(CTA_TIMEOUT_L4PROTO, static_cast<std::uint8_t>(proto_of(timeouts)));
    const std::size_t data = out.begin(CTA_TIMEOUT_DATA);
    for (const Value& value : values(timeouts)) {
        if (value.time) out.be32(value.attribute, seconds(*value.time));
    }
    out.end(data);
}

}  // namespace

std::vector<std::uint8_t> encode_timeout_policy(std::string_view name, const Timeouts& timeouts) {
    MessageWriter out = begin(IPCTNL_MSG_TIMEOUT_NEW, NLM_F_CREATE | NLM_F_REPLACE);
    out.text(CTA_TIMEOUT_NAME, name);
    write_values(out, timeouts);
    return out.take();
}

std::vector<std::uint8_t> encode_timeout_removal(std::string_view name) {
    MessageWriter out = begin(IPCTNL_MSG_TIMEOUT_DELETE, 0);
    out.text(CTA_TIMEOUT_NAME, name);
    return out.take();
}

std::vector<std::uint8_t> encode_timeout_defaults(const Timeouts& timeouts) {
    MessageWriter out = begin(IPCTNL_MSG_TIMEOUT_DEFAULT_SET, 0);
    write_values(out, timeouts);
    return out.take();
}

Result<CtTimeouts> CtTimeouts::open() {
    auto socket = NetlinkSocket::open(Bus::netfilter);
    if (!socket) return socket.failure();
    return CtTimeouts(std::move(*socket));
}

bool CtTimeouts::supported() {
    return socket_
        .dump(
            begin(IPCTNL_MSG_TIMEOUT_GET, 0).take(), [](const MessageView&) {}, [] {})
        .ok();
}

Status CtTimeouts::set_defaults(const Timeouts& timeouts) {
    if (socket_.request(encode_timeout_defaults(timeouts))) return {};
    return write_timeout_sysctls(timeouts);
}

Status CtTimeouts::set_policy(std::string_view name, const Timeouts& timeouts) {
    const auto set = socket_.request(encode_timeout_policy(name, timeouts));
    if (!set) return explain(concat("cannot set timeout policy ", name), set.error());
    return {};
}

Status CtTimeouts::remove_policy(std::string_view name) {
    const auto removed = socket_.request(encode_timeout_removal(name));
    if (!removed && removed.error().number != ENOENT) {
        return explain(concat("cannot remove timeout policy ", name), removed.error());
    }
    return {};
}

Status write_timeout_sysctls(const Timeouts& timeouts) {
    for (const Value& value : values(timeouts)) {
        if (!value.time) continue;
        const std::string name = concat("net/netfilter/nf_conntrack_", value.sysctl);
        if (auto written = write_sysctl(name, seconds(*value.time)); !written) return written;
    }
    return {};
}

}  // namespace gatehouse::kernel
