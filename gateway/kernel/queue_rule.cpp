// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/queue_rule.h"

#include <netinet/in.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_NFQUEUE.h>

#include "gateway/base/text.h"

namespace gatehouse::kernel {

namespace {

constexpr std::size_t kMaxMessage = 2048;
constexpr std::size_t kMaxName = 255;
constexpr std::uint32_t kTargetRevision = 3;  // the first with flags
constexpr const char* kComment = "gatehouse: packets that need an answer";

struct FreeRule {
    void operator()(nftnl_rule* rule) const { nftnl_rule_free(rule); }
};
struct FreeUserData {
    void operator()(nftnl_udata_buf* data) const { nftnl_udata_buf_free(data); }
};
using Rule = std::unique_ptr<nftnl_rule, FreeRule>;

nftnl_expr* native_expression(const QueueRule& rule) {
    nftnl_expr* expression = nftnl_expr_alloc("queue");
    if (expression == nullptr) return nullptr;
    nftnl_expr_set_u16(expression, NFTNL_EXPR_QUEUE_NUM, rule.queue);
    nftnl_expr_set_u16(expression, NFTNL_EXPR_QUEUE_TOTAL, 1);
    const std::uint16_t flags = rule.bypass ? NFT_QUEUE_FLAG_BYPASS : 0;
    nftnl_expr_set_u16(expression, NFTNL_EXPR_QUEUE_FLAGS, flags);
    return expression;
}

nftnl_expr* target_expression(const QueueRule& rule) {
    const xt_NFQ_info_v3 info{rule.queue, 1, static_cast<__u16>(rule.bypass ? NFQ_FLAG_BYPASS : 0)};
    // Blobs of xtables are padded to eight bytes; the expression takes the memory over.
    constexpr std::size_t kSize = (sizeof info + 7) & ~std::size_t{7};
    void* blob = std::calloc(1, kSize);
    nftnl_expr* expression = nftnl_expr_alloc("target");
    if (blob == nullptr || expression == nullptr) {
        std::free(blob);
        if (expression != nullptr) nftnl_expr_free(expression);
        return nullptr;
    }
    std::memcpy(blob, &info, sizeof info);
    nftnl_expr_set_str(expression, NFTNL_EXPR_TG_NAME, "NFQUEUE");
    nftnl_expr_set_u32(expression, NFTNL_EXPR_TG_REV, kTargetRevision);
    nftnl_expr_set(expression, NFTNL_EXPR_TG_INFO, blob, kSize);
    return expression;
}

Rule rule_of_chain(const QueueRule& rule) {
    Rule out(nftnl_rule_alloc());
    if (!out) return out;
    nftnl_rule_set_u32(out.get(), NFTNL_RULE_FAMILY, NFPROTO_INET);
    nftnl_rule_set_str(out.get(), NFTNL_RULE_TABLE, rule.table.c_str());
    nftnl_rule_set_str(out.get(), NFTNL_RULE_CHAIN, rule.chain.c_str());
    return out;
}

void add_comment(nftnl_rule* rule) {
    const std::unique_ptr<nftnl_udata_buf, FreeUserData> data(nftnl_udata_buf_alloc(128));
    if (!data || nftnl_udata_put_strz(data.get(), NFTNL_UDATA_RULE_COMMENT, kComment) == 0) return;
    nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, nftnl_udata_buf_data(data.get()),
                        nftnl_udata_buf_len(data.get()));
}

MessageBytes encode(nftnl_rule* rule, unsigned number, unsigned flags) {
    alignas(nlmsghdr) std::array<char, kMaxMessage> buffer{};
    nlmsghdr* message = nftnl_nlmsg_build_hdr(buffer.data(), static_cast<std::uint16_t>(number),
                                              NFPROTO_INET, static_cast<std::uint16_t>(flags), 0);
    message->nlmsg_type = static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8U) | number);
    nftnl_rule_nlmsg_build_payload(message, rule);
    return {buffer.data(), buffer.data() + message->nlmsg_len};
}

}  // namespace

std::vector<MessageBytes> encode_queue_rule(const QueueRule& rule) {
    if (rule.table.size() > kMaxName || rule.chain.size() > kMaxName) return {};
    const Rule everything = rule_of_chain(rule);
    const Rule one = rule_of_chain(rule);
    nftnl_expr* verdict = rule.native ? native_expression(rule) : target_expression(rule);
    if (!everything || !one || verdict == nullptr) {
        if (verdict != nullptr) nftnl_expr_free(verdict);
        return {};
    }
    nftnl_rule_add_expr(one.get(), verdict);
    add_comment(one.get());
    return {encode(everything.get(), NFT_MSG_DELRULE, 0),
            encode(one.get(), NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND)};
}

Status set_queue_rule(NetlinkSocket& socket, const QueueRule& rule) {
    auto messages = encode_queue_rule(rule);
    if (messages.empty()) return fail(concat("cannot build the rule of queue ", rule.queue));
    const auto set = socket.transact(messages);
    if (!set) return explain(concat("cannot set the rule of queue ", rule.queue), set.error());
    return {};
}

}  // namespace gatehouse::kernel
