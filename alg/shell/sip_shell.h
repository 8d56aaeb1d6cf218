// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel's side of the SIP gateway: the queue of datagrams on SIP ports, the rule that fills
// it, and a socket for datagrams in the name of hosts. While nobody reads the queue, or it is full,
// they pass as they are.
#pragma once

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
    static constexpr std::uint16_t kQueueNumber = 1;

    // The token belongs to the datagram until its verdict has been carried out.
    using Feed = std::function<void(std::uint32_t token, const UdpPacket& packet)>;

    // The set in the table holds the flows that are left to the kernel.
    static Result<SipShell> open(const std::string& table, std::string set);

    int fd() const { return queue_.fd(); }
    // Puts the rule into the chain of the table; native: the kernel has the expression.
    Status install_queue_rule(const std::string& table, const std::string& chain, bool native);

    // Feeds the datagrams that wait.
    void read_queue(const Feed& feed);
    // Gives the verdicts, and sends what keeps registrations alive: from the endpoint inside, so
    // that the kernel takes it for the host's own and translates it alike.
    void perform(const Effects& effects);

  private:
    SipShell(kernel::NfQueue queue, kernel::NetlinkSocket rules, kernel::NftElements elements,
             std::string set)
        : queue_(std::move(queue)),
          rules_(std::move(rules)),
          elements_(std::move(elements)),
          set_(std::move(set)) {}

    void send(const KeepAlive& keep_alive) const;
    void leave_alone(const Bypass& flow);

    struct Waiting {
        std::uint32_t token = 0;
        std::vector<std::uint8_t> headers;
        std::size_t payload = 0;  // bytes
    };

    kernel::NfQueue queue_;
    kernel::NetlinkSocket rules_;
    kernel::NftElements elements_;
    std::string set_;
    loop::Fd raw_;
    std::vector<Waiting> waiting_;  // of this burst
    std::uint16_t identification_ = 1;
};

}  // namespace gatehouse::sip
