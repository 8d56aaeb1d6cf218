// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the rules of the table have counted, by their comments.
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "gateway/kernel/nft_elements.h"

namespace gatehouse::kernel {

namespace {

constexpr std::size_t kFamilyHeader = 4;
constexpr std::uint8_t kComment = 0;  // NFTNL_UDATA_RULE_COMMENT

constexpr std::uint16_t nft_type(unsigned number) {
    return static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8U) | number);
}

// User data of a rule: type, length and value, one behind the other, as nft writes them.
std::string comment_in(Bytes data) {
    ByteReader in(data);
    while (!in.at_end()) {
        const unsigned type = in.u8();
        const std::size_t length = in.u8();
        const Bytes value = in.take(length);
        if (!in.ok()) break;
        const std::string_view text = as_text(value);
        if (type == kComment) return std::string(text.substr(0, text.find('\0')));
    }
    return {};
}

}  // namespace

MessageBytes encode_list_rules(std::string_view table) {
    MessageWriter out(nft_type(NFT_MSG_GETRULE), NLM_F_REQUEST);
    out.netfilter_header(NFPROTO_INET);
    out.text(NFTA_RULE_TABLE, table);
    return out.take();
}

std::optional<RuleCount> decode_rule_count(const MessageView& message) {
    if (message.type != nft_type(NFT_MSG_NEWRULE)) return std::nullopt;
    const Attributes head(message.behind(kFamilyHeader));
    RuleCount out;
    out.comment = comment_in(head.at(NFTA_RULE_USERDATA));
    if (out.comment.empty()) return std::nullopt;
    AttributeReader list(head.at(NFTA_RULE_EXPRESSIONS));
    while (const auto item = list.next()) {
        const Attributes expression(item->value);
        if (expression.text(NFTA_EXPR_NAME) != "counter") continue;
        const Attributes counter(expression.at(NFTA_EXPR_DATA));
        out.packets = counter.be64(NFTA_COUNTER_PACKETS).value_or(0);
        return out;
    }
    return std::nullopt;
}

std::vector<RuleCount> NftElements::rule_counts() {
    std::vector<RuleCount> out;
    const auto told = socket_.dump(
        encode_list_rules(table_),
        [&out](const MessageView& message) {
            if (auto count = decode_rule_count(message)) out.push_back(std::move(*count));
        },
        [&out] { out.clear(); });
    if (!told) out.clear();
    return out;
}

}  // namespace gatehouse::kernel
