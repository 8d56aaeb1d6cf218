// SPDX-License-Identifier: GPL-2.0-or-later
//
// coturn, the STUN and TURN server of the internet. Ports 3478 and 3479 of each address; with two
// addresses it answers the questions of RFC 5780.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/lab/support/host.h"

namespace gatehouse::lab {

class Coturn {
  public:
    enum class Serves : std::uint8_t { stun_only, turn };
    // The one account of a TURN server (long-term credentials).
    static constexpr std::string_view kUser = "house";
    static constexpr std::string_view kPassword = "secret";

    // Returns when it serves all addresses; throws with its log otherwise.
    Coturn(Host& host, Serves what, const std::vector<std::string>& addresses);

    // Everything it has said.
    std::string log() const { return server_.output(); }

  private:
    Process server_;
};

// Waits until somebody on the host has bound this UDP endpoint; throws with what the server has
// said when nobody has in time.
void wait_until_bound(const Host& host, std::string_view udp_endpoint, const Process& server);

}  // namespace gatehouse::lab
