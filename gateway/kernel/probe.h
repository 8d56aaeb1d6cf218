// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the running kernel can do, found by trying. Almost everything is only checked: the kernel
// validates a transaction and forgets it. Two trials are real and undone at once: table
// `inet gatehouse_probe` of our own, and a packet queue number that nobody uses.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gateway/base/result.h"

namespace gatehouse::kernel {

struct KernelAbilities {
    std::string release;            // "6.18.1"
    bool queue_expression = false;  // nft `queue`
    bool queue_target = false;      // xtables NFQUEUE in an nft table
    bool packet_session = false;    // queued packets bring their session along
    bool concat_map_data = false;   // maps to "address . port"
    bool map_lookups = false;       // rules may ask whether a map has a key (since 6.5)
    bool element_counters = false;  // elements of sets may count (since 5.7)
    bool element_refresh = false;   // adding an element again sets its timeout anew
    bool owner_table = false;       // tables that only their owner may change
    bool persistent_table = false;  // and that outlive it
    bool flowtable = false;
    bool timeout_objects = false;   // nft `ct timeout`
    bool session_counts = false;    // nft `ct count` in dynamic sets, and `numgen`
    bool tproxy = false;            // nft `tproxy` and `redirect` together
    bool timeout_policies = false;  // nfnetlink_cttimeout
    std::string tcp_liberal;        // nf_conntrack_tcp_be_liberal; empty if unknown
    std::string session_limit;      // nf_conntrack_max
    std::string session_counters;   // nf_conntrack_acct

    bool can_queue() const { return queue_expression || queue_target; }
    // Names and values for people and for `gatehouse status`.
    std::vector<std::pair<std::string, std::string>> rows() const;
};

// Fails only if not even a netlink socket can be had.
Result<KernelAbilities> probe_kernel();

}  // namespace gatehouse::kernel
