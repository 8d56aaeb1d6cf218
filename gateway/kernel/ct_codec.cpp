// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/ct_codec.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>

namespace gatehouse::kernel {

namespace {

constexpr std::size_t kFamilyHeader = 4;
constexpr std::array<std::string_view, 10> kTcpNames{
    "none",       "syn_sent", "syn_received", "established", "fin_wait",
    "close_wait", "last_ack", "time_wait",    "close",       "syn_sent2"};
static_assert(TCP_CONNTRACK_SYN_SENT2 + 1 == kTcpNames.size());

constexpr std::uint16_t ct_type(unsigned number) {
    return static_cast<std::uint16_t>((NFNL_SUBSYS_CTNETLINK << 8U) | number);
}

std::optional<IpAddress> address(const Attributes& ip, std::size_t v4, std::size_t v6) {
    if (const auto value = ip.be32(v4)) return IpAddress(Ip4{*value});
    if (ip.at(v6).size() == 16) return IpAddress(Ip6{ByteReader(ip.at(v6)).array<16>()});
    return std::nullopt;
}

std::optional<Tuple> decode_tuple(Bytes bytes) {
    const Attributes attributes(bytes);
    const Attributes ip(attributes.at(CTA_TUPLE_IP));
    const Attributes proto(attributes.at(CTA_TUPLE_PROTO));
    const auto source = address(ip, CTA_IP_V4_SRC, CTA_IP_V6_SRC);
    const auto destination = address(ip, CTA_IP_V4_DST, CTA_IP_V6_DST);
    const auto number = proto.u8(CTA_PROTO_NUM);
    if (!attributes.ok() || !ip.ok() || !proto.ok() || !source || !destination || !number) {
        return std::nullopt;
    }
    Tuple tuple;
    tuple.proto = static_cast<Proto>(*number);
    tuple.source = *source;
    tuple.destination = *destination;
    if (tuple.proto == Proto::icmp) {
        tuple.source_port.number = proto.be16(CTA_PROTO_ICMP_ID).value_or(0);
        tuple.icmp_type = proto.u8(CTA_PROTO_ICMP_TYPE).value_or(0);
        tuple.icmp_code = proto.u8(CTA_PROTO_ICMP_CODE).value_or(0);
    } else if (tuple.proto == Proto::icmpv6) {
        tuple.source_port.number = proto.be16(CTA_PROTO_ICMPV6_ID).value_or(0);
        tuple.icmp_type = proto.u8(CTA_PROTO_ICMPV6_TYPE).value_or(0);
        tuple.icmp_code = proto.u8(CTA_PROTO_ICMPV6_CODE).value_or(0);
    } else {
        tuple.source_port.number = proto.be16(CTA_PROTO_SRC_PORT).value_or(0);
        tuple.destination_port.number = proto.be16(CTA_PROTO_DST_PORT).value_or(0);
    }
    return tuple;
}

std::optional<Traffic> decode_traffic(const Attributes& attributes, std::size_t type) {
    if (!attributes.has(type)) return std::nullopt;
    const Attributes counters(attributes.at(type));
    return Traffic{counters.be64(CTA_COUNTERS_PACKETS).value_or(0),
                   counters.be64(CTA_COUNTERS_BYTES).value_or(0)};
}

void write_address(MessageWriter& out, const IpAddress& value, std::uint16_t v4, std::uint16_t v6) {
    if (value.is_v4()) {
        out.be32(v4, value.v4().value);
    } else {
        out.attribute(v6, value.v6().bytes);
    }
}

void write_proto(MessageWriter& out, const Tuple& tuple) {
    const std::size_t proto = out.begin(CTA_TUPLE_PROTO);
    out.u8(CTA_PROTO_NUM, static_cast<std::uint8_t>(tuple.proto));
    if (tuple.proto == Proto::icmp) {
        out.be16(CTA_PROTO_ICMP_ID, tuple.source_port.number);
        out.u8(CTA_PROTO_ICMP_TYPE, tuple.icmp_type);
        out.u8(CTA_PROTO_ICMP_CODE, tuple.icmp_code);
    } else if (tuple.proto == Proto::icmpv6) {
        out.be16(CTA_PROTO_ICMPV6_ID, tuple.source_port.number);
        out.u8(CTA_PROTO_ICMPV6_TYPE, tuple.icmp_type);
        out.u8(CTA_PROTO_ICMPV6_CODE, tuple.icmp_code);
    } else {
        out.be16(CTA_PROTO_SRC_PORT, tuple.source_port.number);
        out.be16(CTA_PROTO_DST_PORT, tuple.destination_port.number);
    }
    out.end(proto);
}

MessageWriter named(unsigned number, const Tuple& original, std::uint16_t zone) {
    MessageWriter out(ct_type(number), NLM_F_REQUEST);
    out.netfilter_header(original.source.is_v4() ? AF_INET : AF_INET6);
    const std::size_t tuple = out.begin(CTA_TUPLE_ORIG);
    const std::size_t ip = out.begin(CTA_TUPLE_IP);
    write_address(out, original.source, CTA_IP_V4_SRC, CTA_IP_V6_SRC);
    write_address(out, original.destination, CTA_IP_V4_DST, CTA_IP_V6_DST);
    out.end(ip);
    write_proto(out, original);
    out.end(tuple);
    if (zone != 0) out.be16(CTA_ZONE, zone);
    return out;
}

}  // namespace

std::string_view to_string(TcpState state) {
    const auto index = static_cast<std::size_t>(state);
    return index < kTcpNames.size() ? kTcpNames[index] : "unknown";
}

std::optional<Session> decode_session(Bytes bytes) {
    const Attributes attributes(bytes);
    const auto original = decode_tuple(attributes.at(CTA_TUPLE_ORIG));
    const auto reply = decode_tuple(attributes.at(CTA_TUPLE_REPLY));
    if (!attributes.ok() || !original || !reply) return std::nullopt;
    Session session;
    session.original = *original;
    session.reply = *reply;
    session.id = attributes.be32(CTA_ID).value_or(0);
    session.zone = attributes.be16(CTA_ZONE).value_or(0);
    session.mark = attributes.be32(CTA_MARK).value_or(0);
    const std::uint32_t status = attributes.be32(CTA_STATUS).value_or(0);
    session.seen_reply = (status & IPS_SEEN_REPLY) != 0;
    session.assured = (status & IPS_ASSURED) != 0;
    session.confirmed = (status & IPS_CONFIRMED) != 0;
    session.source_nat = (status & IPS_SRC_NAT) != 0;
    session.destination_nat = (status & IPS_DST_NAT) != 0;
    session.dying = (status & IPS_DYING) != 0;
    session.offloaded = (status & (IPS_OFFLOAD | IPS_HW_OFFLOAD)) != 0;
    if (const auto left = attributes.be32(CTA_TIMEOUT))
        session.timeout = std::chrono::seconds(*left);
    const Attributes info(attributes.at(CTA_PROTOINFO));
    const Attributes tcp(info.at(CTA_PROTOINFO_TCP));
    if (const auto state = tcp.u8(CTA_PROTOINFO_TCP_STATE)) {
        session.tcp = static_cast<TcpState>(*state);
    }
    session.sent = decode_traffic(attributes, CTA_COUNTERS_ORIG);
    session.received = decode_traffic(attributes, CTA_COUNTERS_REPLY);
    return session;
}

std::optional<SessionEvent> decode_session_event(const MessageView& message) {
    if (message.subsystem() != NFNL_SUBSYS_CTNETLINK) return std::nullopt;
    SessionEvent event;
    if (message.number() == IPCTNL_MSG_CT_DELETE) {
        event.kind = SessionEventKind::ended;
    } else if (message.number() == IPCTNL_MSG_CT_NEW) {
        const bool created = (message.flags & (NLM_F_CREATE | NLM_F_EXCL)) != 0;
        event.kind = created ? SessionEventKind::began : SessionEventKind::changed;
    } else {
        return std::nullopt;
    }
    const auto session = decode_session(message.behind(kFamilyHeader));
    if (!session) return std::nullopt;
    event.session = *session;
    return event;
}

std::vector<std::uint8_t> encode_session_dump(SessionFamily family) {
    MessageWriter out(ct_type(IPCTNL_MSG_CT_GET), NLM_F_REQUEST);
    out.netfilter_header(family == SessionFamily::v4 ? AF_INET : AF_INET6);
    return out.take();
}

std::vector<std::uint8_t> encode_session_get(const Tuple& original, std::uint16_t zone) {
    return named(IPCTNL_MSG_CT_GET, original, zone).take();
}

std::vector<std::uint8_t> encode_session_delete(const Session& session) {
    MessageWriter out = named(IPCTNL_MSG_CT_DELETE, session.original, session.zone);
    if (session.id != 0) out.be32(CTA_ID, session.id);
    return out.take();
}

}  // namespace gatehouse::kernel
