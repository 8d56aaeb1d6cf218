// SPDX-License-Identifier: GPL-2.0-or-later
//
// How long the kernel keeps a session without packets. Three ways, by what the kernel offers:
// the defaults of the network namespace over netlink (every protocol, ICMP included), the same as
// sysctls, and named policies that a rule can refer to (xtables only; nft text has objects of its
// own for UDP and TCP).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/result.h"
#include "gateway/kernel/netlink.h"

namespace gatehouse::kernel {

// A value that is absent stays what it is.
struct UdpTimeouts {
    std::optional<std::chrono::seconds> unreplied;
    std::optional<std::chrono::seconds> replied;
};

struct TcpTimeouts {
    std::optional<std::chrono::seconds> syn_sent;
    std::optional<std::chrono::seconds> syn_received;
    std::optional<std::chrono::seconds> established;
    std::optional<std::chrono::seconds> fin_wait;
    std::optional<std::chrono::seconds> close_wait;
    std::optional<std::chrono::seconds> last_ack;
    std::optional<std::chrono::seconds> time_wait;
    std::optional<std::chrono::seconds> close;
    std::optional<std::chrono::seconds> retransmitted;   // data sent again and again
    std::optional<std::chrono::seconds> unacknowledged;  // data that nobody confirms
};

struct IcmpTimeouts {
    std::optional<std::chrono::seconds> query;
};

using Timeouts = std::variant<UdpTimeouts, TcpTimeouts, IcmpTimeouts>;

// Requests for IPv4 traffic.
std::vector<std::uint8_t> encode_timeout_policy(std::string_view name, const Timeouts& timeouts);
std::vector<std::uint8_t> encode_timeout_removal(std::string_view name);
std::vector<std::uint8_t> encode_timeout_defaults(const Timeouts& timeouts);

class CtTimeouts {
  public:
    static Result<CtTimeouts> open();

    // Whether the kernel has timeout policies at all.
    bool supported();
    // Sets the defaults of the namespace, by netlink or else by sysctl.
    Status set_defaults(const Timeouts& timeouts);
    // Creates a named policy or gives it new values.
    Status set_policy(std::string_view name, const Timeouts& timeouts);
    // One that is not there is fine; one that a rule uses is refused.
    Status remove_policy(std::string_view name);

  private:
    explicit CtTimeouts(NetlinkSocket socket) : socket_(std::move(socket)) {}

    NetlinkSocket socket_;
};

// The defaults of the namespace by sysctl.
Status write_timeout_sysctls(const Timeouts& timeouts);

}  // namespace gatehouse::kernel
