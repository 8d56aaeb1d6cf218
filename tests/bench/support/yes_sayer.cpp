// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/support/yes_sayer.h"

#include <poll.h>

#include <cerrno>
#include <iostream>

#include "gateway/kernel/nfqueue.h"
#include "gateway/kernel/queue_rule.h"

namespace gatehouse::bench {
namespace {

constexpr std::uint32_t kHeaders = 128;  // what the daemon wants to see of a packet

int complain(const std::string& what) {
    std::cerr << "say-yes: " << what << "\n";
    return 1;
}

Status set_rule() {
    auto rules = kernel::NetlinkSocket::open(kernel::Bus::netfilter);
    if (!rules) return rules.failure();
    kernel::QueueRule rule;
    rule.table = kAskingTable;
    rule.chain = kAskingChain;
    if (const Status native = kernel::set_queue_rule(*rules, rule)) return native;
    rule.native = false;
    return kernel::set_queue_rule(*rules, rule);
}

}  // namespace

int say_yes() {
    kernel::QueueOptions options;
    options.copy = kHeaders;
    auto queue = kernel::NfQueue::open(options);
    if (!queue) return complain(queue.error().text);
    if (const Status set = set_rule(); !set) return complain(set.error().text);
    std::cout << "ready" << std::endl;
    while (true) {
        pollfd one{queue->fd(), POLLIN, 0};
        if (::poll(&one, 1, -1) < 0 && errno != EINTR) return complain("cannot wait");
        const kernel::NfQueue::Gathering gathering(*queue);
        queue->read([&](const kernel::QueuedPacket& packet) {
            queue->give(packet.id, kernel::Verdict::accept);
        });
    }
}

}  // namespace gatehouse::bench
