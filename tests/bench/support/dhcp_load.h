// SPDX-License-Identifier: GPL-2.0-or-later
//
// Many devices behind a relay that ask a server for addresses, as many per second as one likes,
// whether it follows or not: DISCOVER, OFFER, REQUEST, ACK.
#pragma once

#include <cstdint>
#include <vector>

#include "gateway/base/time.h"
#include "tests/lab/support/dhcp_messages.h"
#include "tests/lab/support/host.h"

namespace gatehouse::bench {

struct Served {
    std::uint64_t begun = 0;     // DISCOVERs sent
    std::uint64_t finished = 0;  // ACKs within a second of their DISCOVER
    Duration time{};

    std::uint64_t per_second() const;
};

class DhcpLoad {
  public:
    // The relay is an address of the host.
    DhcpLoad(const lab::Host& host, Ip4 relay, Ip4 server);

    // Exchanges of the devices first, first + 1, ... in turn, begun at this rate for so long.
    Served run(std::uint32_t first, std::uint32_t devices, std::uint64_t per_second, Duration time);

  private:
    using Messages = std::vector<std::vector<std::uint8_t>>;

    void send(const Messages& messages) const;
    // What came; gives the REQUESTs that follow.
    Messages receive(Served& served);
    lab::DhcpQuestion question(std::uint32_t number) const;

    lab::Fd socket_;
    Ip4 relay_;
    std::uint32_t first_ = 0;
    std::uint32_t devices_ = 1;
    std::uint32_t number_ = 0;        // of the next exchange; never used twice
    std::uint32_t first_number_ = 0;  // of this run
    std::vector<Instant> begun_;      // of this run, by number
    std::vector<std::uint8_t> buffer_;
};

}  // namespace gatehouse::bench
