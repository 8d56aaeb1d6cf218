// SPDX-License-Identifier: GPL-2.0-or-later
//
// The last messages of SIP, as they came and as they went on, for people who want to know what
// happened to them. A bounded number is kept, each up to a bounded length; what is shown of them
// has no secrets: credentials, keys, passwords and whatever people write to each other are left
// out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alg/reason.h"
#include "gateway/base/ip.h"
#include "gateway/base/time.h"

namespace gatehouse::sip {

// A datagram on its way through the NAT, as a host of the house sees it: inside is the host's end.
struct Datagram {
    std::uint32_t token = 0;
    bool outward = true;
    Endpoint4 inside;
    Endpoint4 remote;
    std::string_view payload;  // valid during the call only
};

struct TracedMessage {
    Instant at;
    bool outward = true;
    Proto proto = Proto::udp;
    Endpoint4 inside;
    Endpoint4 remote;
    Reason reason = Reason::no_help;
    std::string before;
    std::string after;  // empty: as before
};

class Trace {
  public:
    static constexpr std::size_t kMost = 64;
    static constexpr std::size_t kMostText = 2048;  // bytes of each

    // What is no message of SIP is not kept.
    void note(const Datagram& event, Proto proto, Reason reason,
              const std::optional<std::string>& after, Instant now);
    // The oldest first.
    std::vector<const TracedMessage*> all() const;

  private:
    std::vector<TracedMessage> ring_;
    std::size_t next_ = 0;
};

// The message as it may be shown.
std::string without_secrets(std::string_view text);

}  // namespace gatehouse::sip
