// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/nft_watch.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include <linux/filter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

namespace gatehouse::kernel {

namespace {

constexpr std::size_t kFamilyHeader = 4;
// In the table, chain, rule, set, element, object and flowtable messages alike.
constexpr std::size_t kTableName = NFTA_TABLE_NAME;
static_assert(NFTA_CHAIN_TABLE == kTableName && NFTA_RULE_TABLE == kTableName &&
              NFTA_SET_TABLE == kTableName && NFTA_SET_ELEM_LIST_TABLE == kTableName &&
              NFTA_OBJ_TABLE == kTableName && NFTA_FLOWTABLE_TABLE == kTableName);

bool is_removal(std::uint8_t number) {
    switch (number) {
        case NFT_MSG_DELTABLE:
        case NFT_MSG_DELCHAIN:
        case NFT_MSG_DELRULE:
        case NFT_MSG_DELSET:
        case NFT_MSG_DELSETELEM:
        case NFT_MSG_DELOBJ:
        case NFT_MSG_DELFLOWTABLE: return true;
        default: return false;
    }
}

}  // namespace

const TableChange* NftCommit::find(std::uint8_t family, std::string_view table) const {
    for (const TableChange& change : tables) {
        if (change.family == family && change.table == table) return &change;
    }
    return nullptr;
}

void CommitCollector::touch(std::uint8_t family, std::string table, std::uint8_t number) {
    TableChange* change = nullptr;
    for (TableChange& known : tables_) {
        if (known.family == family && known.table == table) change = &known;
    }
    if (change == nullptr) {
        if (tables_.size() >= kMaxTables) {
            overfull_ = true;
            return;
        }
        change = &tables_.emplace_back(TableChange{family, std::move(table)});
    }
    if (number == NFT_MSG_NEWTABLE) change->deleted = false;
    if (number == NFT_MSG_DELTABLE) change->deleted = true;
    if (is_removal(number)) change->lost_something = true;
}

void CommitCollector::add_own(std::uint32_t process) {
    children_.push_back(process);
    if (children_.size() > kMaxOwn) children_.pop_front();
}

bool CommitCollector::is_child(std::uint32_t process) const {
    return std::find(children_.begin(), children_.end(), process) != children_.end();
}

std::optional<NftCommit> CommitCollector::add(const MessageView& message) {
    if (message.subsystem() != NFNL_SUBSYS_NFTABLES || message.payload.size() < kFamilyHeader) {
        return std::nullopt;
    }
    const Attributes attributes(message.behind(kFamilyHeader));
    if (message.number() != NFT_MSG_NEWGEN) {
        if (!attributes.has(kTableName)) return std::nullopt;
        touch(message.payload[0], attributes.text(kTableName), message.number());
        return std::nullopt;
    }
    NftCommit commit;
    commit.generation = attributes.be32(NFTA_GEN_ID).value_or(0);
    commit.process = attributes.be32(NFTA_GEN_PROC_PID).value_or(0);
    commit.program = attributes.text(NFTA_GEN_PROC_NAME);
    commit.own = commit.process != 0 && (commit.process == self_ || is_child(commit.process));
    commit.overrun = overfull_;
    commit.tables = std::move(tables_);
    tables_.clear();
    overfull_ = false;
    return commit;
}

Result<std::uint32_t> own_process_number() {
    auto asking = NetlinkSocket::open(Bus::netfilter);
    if (!asking) return asking.failure();
    // The kernel's answer about the generation names the process that asked: us, in its own count.
    std::uint32_t self = 0;
    MessageWriter question((NFNL_SUBSYS_NFTABLES << 8U) | NFT_MSG_GETGEN, NLM_F_REQUEST);
    question.netfilter_header(AF_UNSPEC);
    const auto asked = asking->ask(question.take(), [&self](const MessageView& answer) {
        if (answer.number() != NFT_MSG_NEWGEN) return;
        self = Attributes(answer.behind(kFamilyHeader)).be32(NFTA_GEN_PROC_PID).value_or(0);
    });
    if (!asked) return explain("cannot ask nftables for its generation", asked.error());
    return self;
}

Result<NftWatch> NftWatch::open() {
    const auto self = own_process_number();
    if (!self) return self.failure();
    auto socket = NetlinkSocket::open(Bus::netfilter, {NFNLGRP_NFTABLES});
    if (!socket) return socket.failure();
    socket->set_receive_buffer(1U << 20U);
    return NftWatch(std::move(*socket), *self);
}

void NftWatch::ignore(std::uint32_t port) {
    // An announcement names the port in its first header, however many messages it gathers: they
    // are all of one commit. A filter loads words in network order.
    std::array<sock_filter, 4> program{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(nlmsghdr, nlmsg_pid)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(port), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    }};
    const sock_fprog filter{program.size(), program.data()};
    (void)::setsockopt(fd(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}

void NftWatch::read(const std::function<void(const NftCommit&)>& on_commit) {
    const auto events = socket_.read_events([&](const MessageView& message) {
        if (const auto commit = collector_.add(message)) on_commit(*commit);
    });
    if (!events.overrun) return;
    collector_.forget();
    NftCommit lost;
    lost.overrun = true;
    on_commit(lost);
}

}  // namespace gatehouse::kernel
