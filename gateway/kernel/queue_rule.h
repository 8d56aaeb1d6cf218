// SPDX-License-Identifier: GPL-2.0-or-later
//
// The one rule that nft text cannot always say: "hand the packet to a queue". A kernel without the
// nft `queue` expression still has the xtables target NFQUEUE, which our own table may use; no
// iptables program is needed. The rule is alone in its chain and matches everything; the rules that
// jump there are text. While the chain is still empty packets simply go on. Do not list the chain
// through libnftables: of a target that it cannot name it complains on stderr and leaks memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/kernel/netlink.h"

namespace gatehouse::kernel {

struct QueueRule {
    std::string table = "gatehouse";  // of family inet
    std::string chain;                // exists already, not a base chain
    std::uint16_t queue = 0;
    bool bypass = true;  // packets pass while nobody listens
    bool native = true;  // the nft expression; else the xtables target
};

// Makes the rule the only one of its chain: the messages of one transaction.
std::vector<MessageBytes> encode_queue_rule(const QueueRule& rule);

Status set_queue_rule(NetlinkSocket& socket, const QueueRule& rule);

}  // namespace gatehouse::kernel
