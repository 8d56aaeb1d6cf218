// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel's side of the SIP gateway: the queues of datagrams on SIP ports, the rules that fill
// them, and a socket for datagrams in the name of hosts. While nobody reads a queue, or it is full,
// they pass as they are.
//
// Where another program filters, datagrams of known sessions come in a queue of their own. What is
// accepted there skips the chains behind: that program has let the session pass already, and would
// offload it, so that nobody saw its next datagrams.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "alg/alg.h"
#include "alg/datagram.h"
#include "gateway/base/result.h"
#include "gateway/kernel/netlink.h"
#include "gateway/kernel/nfqueue.h"
#include "gateway/kernel/nft_elements.h"
#include "gateway/loop/loop.h"

namespace gatehouse::sip {

class SipShell {
  public:
    enum class Source : std::uint8_t { any, known_sessions };
    static constexpr std::array kSources{Source::any, Source::known_sessions};
    static constexpr std::uint16_t kQueueNumber = 1;  // of Source::any

    // The token belongs to the datagram until its verdict has been carried out.
    using Feed = std::function<void(std::uint32_t token, const UdpPacket& packet)>;

    // The set in the table holds the flows that are left to the kernel.
    static Result<SipShell> open(const std::string& table, std::string set);

    int fd(Source source) const { return queue(source).fd(); }
    // Puts the rule into the chain of the table; native: the kernel has the expression.
    Status install_queue_rule(Source source, const std::string& table, const std::string& chain,
                              bool native);

    // Feeds the datagrams that wait. Their verdicts are to be performed before it is called again.
    void read_queue(Source source, const Feed& feed);
    // Gives the verdicts, and sends what keeps registrations alive: from the endpoint inside, so
    // that the kernel takes it for the host's own and translates it alike.
    void perform(const Effects& effects);

  private:
    SipShell(std::vector<kernel::NfQueue> queues, kernel::NetlinkSocket rules,
             kernel::NftElements elements, std::string set)
        : queues_(std::move(queues)),
          rules_(std::move(rules)),
          elements_(std::move(elements)),
          set_(std::move(set)) {}

    const kernel::NfQueue& queue(Source source) const {
        return queues_[static_cast<std::size_t>(source)];
    }
    void send(const KeepAlive& keep_alive) const;
    void leave_alone(const Bypass& flow);

    struct Waiting {
        std::uint32_t token = 0;
        std::vector<std::uint8_t> headers;
        std::size_t payload = 0;  // bytes
    };

    std::vector<kernel::NfQueue> queues_;  // one for each source
    kernel::NetlinkSocket rules_;
    kernel::NftElements elements_;
    std::string set_;
    loop::Fd raw_;
    Source reading_ = Source::any;
    std::vector<Waiting> waiting_;  // of this burst
    std::uint16_t identification_ = 1;
};

}  // namespace gatehouse::sip
