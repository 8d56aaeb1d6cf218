// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sockets around the STUN server: up to four UDP sockets, as many TCP listeners, and a bounded
// number of connections that are closed when they are idle or send anything but STUN.
#pragma once

#include <poll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/stun/framing.h"
#include "gateway/stun/server.h"
#include "gateway/stun/sockets.h"

namespace gatehouse::stun {

class ServerShell {
  public:
    static constexpr std::size_t kConnections = 128;
    static constexpr std::size_t kConnectionsOfOne = 32;  // of one address
    static constexpr Duration kIdle = 60s;

    explicit ServerShell(Server server) : server_(std::move(server)), buffer_(65536) {}

    // Opens every socket; on failure says which one.
    Status open();
    // Serves until the descriptor becomes readable.
    Status serve_until(int stop);

  private:
    struct Door {
        Side side;
        Descriptor udp;
        Descriptor listener;
    };
    struct Connection {
        Descriptor socket;
        Endpoint peer;
        Side side;
        Instant idle_since;
        FrameReader reader;
    };

    std::vector<pollfd> wanted(int stop) const;
    int patience(Instant now) const;
    void answer_datagrams(const Door& door, Instant now);
    void accept_connections(const Door& door, Instant now);
    bool answer_stream(Connection& connection, Instant now);  // false: close it
    const Descriptor& udp_of(Side side) const;

    Server server_;
    std::vector<Door> doors_;
    std::list<Connection> connections_;
    std::vector<std::uint8_t> buffer_;
};

}  // namespace gatehouse::stun
