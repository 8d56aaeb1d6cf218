// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/probe.h"

#include <netinet/in.h>
#include <sys/utsname.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "gateway/base/text.h"
#include "gateway/kernel/cttimeout.h"
#include "gateway/kernel/nfqueue.h"
#include "gateway/kernel/nft.h"
#include "gateway/kernel/nft_elements.h"
#include "gateway/kernel/queue_rule.h"
#include "gateway/kernel/sysctl.h"

namespace gatehouse::kernel {

namespace {

constexpr const char* kTable = "gatehouse_probe";
constexpr const char* kChain = "trial";
// From linux/netfilter/nf_tables.h of kernel 6.9; older headers lack the second.
constexpr std::uint32_t kTableOwner = 2;
constexpr std::uint32_t kTablePersist = 4;
// Queue numbers that no rule is likely to name, tried in turn.
constexpr std::uint16_t kFirstQueue = 65280;
constexpr std::uint16_t kLastQueue = 65287;

MessageBytes new_table(std::uint32_t flags) {
    MessageWriter out((NFNL_SUBSYS_NFTABLES << 8U) | NFT_MSG_NEWTABLE,
                      NLM_F_REQUEST | NLM_F_CREATE);
    out.netfilter_header(NFPROTO_INET);
    out.text(NFTA_TABLE_NAME, kTable);
    if (flags != 0) out.be32(NFTA_TABLE_FLAGS, flags);
    return out.take();
}

MessageBytes new_chain() {
    MessageWriter out((NFNL_SUBSYS_NFTABLES << 8U) | NFT_MSG_NEWCHAIN,
                      NLM_F_REQUEST | NLM_F_CREATE);
    out.netfilter_header(NFPROTO_INET);
    out.text(NFTA_CHAIN_TABLE, kTable);
    out.text(NFTA_CHAIN_NAME, kChain);
    return out.take();
}

bool takes_table(NetlinkSocket& socket, std::uint32_t flags) {
    std::vector<MessageBytes> messages{new_table(flags)};
    return socket.check(messages).ok();
}

bool takes_queue_rule(NetlinkSocket& socket, bool native) {
    QueueRule rule;
    rule.table = kTable;
    rule.chain = kChain;
    rule.native = native;
    std::vector<MessageBytes> messages{new_table(0), new_chain()};
    for (auto& message : encode_queue_rule(rule))
        messages.push_back(std::move(message));
    return socket.check(messages).ok();
}

// Writes an element twice with different timeouts and looks which one holds.
bool refreshes_elements(Nft& nft) {
    const std::string drop = concat("delete table inet ", kTable, "\n");
    // What an interrupted probe left goes first.
    (void)nft.apply(concat("add table inet ", kTable, "\n", drop));
    if (!nft.apply(concat("table inet ", kTable,
                          " {\nset trial { type ipv4_addr; flags timeout; }\n}\n"))) {
        return false;
    }
    bool refreshed = false;
    if (auto elements = NftElements::open(kTable)) {
        ElementChange change;
        change.set = "trial";
        change.key = ConcatKey().address(Ip4::of(192, 0, 2, 1)).bytes();
        change.timeout = 100s;
        const bool first = elements->apply({&change, 1}).ok();
        change.timeout = 1000s;
        const bool second = elements->apply({&change, 1}).ok();
        const auto listed = elements->list("trial");
        refreshed = first && second && listed && listed->size() == 1 &&
                    listed->front().timeout == Duration(1000s);
    }
    (void)nft.apply(drop);
    return refreshed;
}

bool brings_session() {
    QueueOptions options;
    options.session = true;
    options.receive_buffer = 65536;
    for (std::uint16_t number = kFirstQueue; number <= kLastQueue; ++number) {
        options.number = number;
        if (const auto queue = NfQueue::open(options)) return queue->with_session();
    }
    return false;
}

void probe_text(KernelAbilities& found) {
    auto nft = Nft::open();
    if (!nft) return;
    const auto takes = [&nft](std::string_view body) {
        return nft->check(concat("table inet ", kTable, " {\n", body, "\n}\n")).ok();
    };
    found.concat_map_data = takes(
        "map trial { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }");
    // By another name: the library still takes `trial` for what it was in the last check.
    found.map_lookups =
        takes("map asked { type ipv4_addr : ipv4_addr; }\nchain trial {\n ip saddr @asked drop\n}");
    found.element_counters =
        takes("set counted { type ipv6_addr . inet_proto . inet_service; counter; }");
    found.flowtable = takes("flowtable trial { hook ingress priority 0; devices = { lo }; }");
    found.timeout_objects = takes(
        "ct timeout trial {\n protocol udp;\n l3proto ip;\n"
        " policy = { unreplied : 60, replied : 300 };\n}");
    found.session_counts = takes(
        "set trial { type ipv4_addr; flags dynamic; size 8; }\nchain trial {\n"
        " numgen random mod 2 == 0 add @trial { ip saddr ct count over 1 } drop\n}");
    found.tproxy = takes(
        "chain trial {\n type nat hook prerouting priority dstnat - 5;\n"
        " meta nfproto ipv4 tcp dport 1 tproxy ip to :1 redirect to :1\n}");
    found.element_refresh = refreshes_elements(*nft);
}

std::string setting(std::string_view name) {
    const auto value = read_sysctl(name);
    return value ? *value : std::string();
}

std::string yes_or_no(bool value) {
    return value ? "yes" : "no";
}

}  // namespace

Result<KernelAbilities> probe_kernel() {
    auto socket = NetlinkSocket::open(Bus::netfilter);
    if (!socket) return socket.failure();
    KernelAbilities found;
    utsname system{};
    if (::uname(&system) == 0) found.release = system.release;
    found.queue_expression = takes_queue_rule(*socket, true);
    found.queue_target = takes_queue_rule(*socket, false);
    found.owner_table = takes_table(*socket, kTableOwner);
    found.persistent_table = takes_table(*socket, kTableOwner | kTablePersist);
    probe_text(found);
    found.packet_session = brings_session();
    if (auto timeouts = CtTimeouts::open()) found.timeout_policies = timeouts->supported();
    found.tcp_liberal = setting("net/netfilter/nf_conntrack_tcp_be_liberal");
    found.session_limit = setting("net/netfilter/nf_conntrack_max");
    found.session_counters = setting("net/netfilter/nf_conntrack_acct");
    return found;
}

std::vector<std::pair<std::string, std::string>> KernelAbilities::rows() const {
    const auto known = [](const std::string& value) { return value.empty() ? "unknown" : value; };
    return {{"release", release},
            {"queue_expression", yes_or_no(queue_expression)},
            {"queue_target", yes_or_no(queue_target)},
            {"packet_session", yes_or_no(packet_session)},
            {"concat_map_data", yes_or_no(concat_map_data)},
            {"map_lookups", yes_or_no(map_lookups)},
            {"element_counters", yes_or_no(element_counters)},
            {"element_refresh", yes_or_no(element_refresh)},
            {"owner_table", yes_or_no(owner_table)},
            {"persistent_table", yes_or_no(persistent_table)},
            {"flowtable", yes_or_no(flowtable)},
            {"timeout_objects", yes_or_no(timeout_objects)},
            {"session_counts", yes_or_no(session_counts)},
            {"tproxy", yes_or_no(tproxy)},
            {"timeout_policies", yes_or_no(timeout_policies)},
            {"tcp_liberal", known(tcp_liberal)},
            {"session_limit", known(session_limit)},
            {"session_counters", known(session_counters)}};
}

}  // namespace gatehouse::kernel
