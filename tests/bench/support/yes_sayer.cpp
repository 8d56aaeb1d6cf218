// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/support/yes_sayer.h"

#include <poll.h>

#include <cerrno>
#include <iostream>

#include "gateway/base/bytes.h"
#include "gateway/kernel/nfqueue.h"
#include "gateway/kernel/nft_elements.h"
#include "gateway/kernel/queue_rule.h"

namespace gatehouse::bench {
namespace {

constexpr Ip4 kOutside = Ip4::of(11, 0, 0, 1);
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

// Two elements for a packet of UDP: where it leaves, and where answers go. It keeps its port.
void map_endpoint(Bytes packet, std::vector<kernel::ElementChange>& changes) {
    constexpr std::size_t kSource = 12;  // in an IPv4 header
    ByteReader in(packet);
    in.skip(kSource);
    const Ip4 inside = read_ip4(in);
    in.skip(4);
    const Port port{in.u16()};
    if (!in.ok()) return;
    const auto add = [&changes](std::string_view map, Ip4 from, Ip4 to, Port at) {
        kernel::ElementChange change;
        change.set = map;
        change.key = kernel::ConcatKey().address(from).proto(Proto::udp).port(at).bytes();
        change.data = kernel::ConcatKey().address(to).port(at).bytes();
        changes.push_back(std::move(change));
    };
    add(kSourceMap, inside, kOutside, port);
    add(kInboundMap, kOutside, inside, port);
}

}  // namespace

int say_yes() {
    kernel::QueueOptions options;
    options.copy = kHeaders;
    auto queue = kernel::NfQueue::open(options);
    if (!queue) return complain(queue.error().text);
    if (const Status set = set_rule(); !set) return complain(set.error().text);
    auto elements = kernel::NftElements::open(std::string(kAskingTable));
    if (!elements) return complain(elements.error().text);
    std::cout << "ready" << std::endl;
    while (true) {
        pollfd one{queue->fd(), POLLIN, 0};
        if (::poll(&one, 1, -1) < 0 && errno != EINTR) return complain("cannot wait");
        const kernel::NfQueue::Gathering gathering(*queue);
        std::vector<std::uint32_t> burst;
        std::vector<kernel::ElementChange> changes;
        queue->read([&](const kernel::QueuedPacket& packet) {
            burst.push_back(packet.id);
            map_endpoint(packet.payload, changes);
        });
        if (!changes.empty() && !elements->apply(changes)) return complain("cannot write maps");
        for (const std::uint32_t id : burst)
            queue->give(id, kernel::Verdict::accept);
    }
}

}  // namespace gatehouse::bench
