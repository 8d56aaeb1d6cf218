// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/shell/sip_shell.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "gateway/kernel/queue_rule.h"

namespace gatehouse::sip {

namespace {

constexpr std::uint32_t kMostWaiting = 4096;

std::uint16_t queue_number(SipShell::Source source) {
    return static_cast<std::uint16_t>(SipShell::kQueueNumber + static_cast<unsigned>(source));
}

kernel::Verdict pass(SipShell::Source source) {
    return source == SipShell::Source::known_sessions ? kernel::Verdict::accept_past_the_rest
                                                      : kernel::Verdict::accept;
}

}  // namespace

Result<SipShell> SipShell::open(const std::string& table, std::string set) {
    auto rules = kernel::NetlinkSocket::open(kernel::Bus::netfilter);
    if (!rules) return rules.failure();
    std::vector<kernel::NfQueue> queues;
    for (const Source source : kSources) {
        kernel::QueueOptions options;
        options.number = queue_number(source);
        options.max_waiting = kMostWaiting;
        options.whole_bursts = false;
        auto queue = kernel::NfQueue::open(options);
        if (!queue) return queue.failure();
        queues.push_back(std::move(*queue));
    }
    auto elements = kernel::NftElements::open(table);
    if (!elements) return elements.failure();
    SipShell shell(std::move(queues), std::move(*rules), std::move(*elements), std::move(set));
    shell.raw_ = loop::Fd(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW));
    if (!shell.raw_) return fail_with_errno("socket for keep-alives");
    return shell;
}

Status SipShell::install_queue_rule(Source source, const std::string& table,
                                    const std::string& chain, bool native) {
    kernel::QueueRule rule;
    rule.table = table;
    rule.chain = chain;
    rule.queue = queue_number(source);
    rule.native = native;
    return kernel::set_queue_rule(rules_, rule);
}

void SipShell::read_queue(Source source, const Feed& feed) {
    waiting_.clear();
    reading_ = source;
    kernel::NfQueue& queue = queues_[static_cast<std::size_t>(source)];
    queue.read([&](const kernel::QueuedPacket& packet) {
        const auto udp = packet.truncated() ? std::nullopt : parse_udp(packet.payload);
        if (!udp || packet.segmented_later) {
            return queue.give(packet.id, pass(source));
        }
        const Bytes headers = packet.payload.first(udp->headers);
        waiting_.push_back({packet.id, {headers.begin(), headers.end()}, udp->payload.size()});
        feed(packet.id, *udp);
    });
}

void SipShell::send(const KeepAlive& keep_alive) const {
    const auto packet = write_udp(keep_alive.inside, keep_alive.remote, "\r\n\r\n");
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(keep_alive.remote.address.value);
    (void)::sendto(raw_.get(), packet.data(), packet.size(), MSG_NOSIGNAL,
                   reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

// Where it does not succeed, the flow is seen again.
void SipShell::leave_alone(const Bypass& flow) {
    (void)elements_.add(set_, kernel::ConcatKey().endpoint(flow.inside).endpoint(flow.remote), {});
}

void SipShell::perform(const Effects& effects) {
    kernel::NfQueue& queue = queues_[static_cast<std::size_t>(reading_)];
    const kernel::NfQueue::Gathering gathering(queue);
    for (const Verdict& verdict : effects.verdicts) {
        const auto waiting =
            std::find_if(waiting_.begin(), waiting_.end(),
                         [&](const Waiting& one) { return one.token == verdict.token; });
        if (verdict.payload && waiting != waiting_.end()) {
            const auto packet = with_payload(waiting->headers, *verdict.payload, waiting->payload,
                                             identification_++);
            if (queue.replace(verdict.token, packet, pass(reading_))) continue;
        }
        queue.give(verdict.token, pass(reading_));
    }
    for (const KeepAlive& keep_alive : effects.keep_alives)
        send(keep_alive);
    for (const Bypass& flow : effects.bypasses)
        leave_alone(flow);
}

}  // namespace gatehouse::sip
