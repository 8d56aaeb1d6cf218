// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who is at which address on which link, as the kernel's neighbour tables (ARP and ND) know it.
// The table is pure and keeps only neighbours whose Ethernet address is known.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/kernel/netlink.h"

namespace gatehouse::kernel {

enum class NeighbourState : std::uint8_t {
    reachable,  // heard of lately, or set by hand
    stale,      // known, not lately confirmed (also while the kernel is asking)
    failed,     // does not answer
};

struct Neighbour {
    IpAddress address;
    Mac mac;  // zeros when failed
    unsigned link = 0;
    NeighbourState state = NeighbourState::stale;

    friend bool operator==(const Neighbour&, const Neighbour&) = default;
};

class NeighbourTable {
  public:
    // One RTM_{NEW,DEL}NEIGH message. The neighbour whose value changed; one that is gone is
    // reported as failed. Nothing if no value changed or the message is of another kind.
    std::optional<Neighbour> apply(const MessageView& message);

    const Neighbour* find(const IpAddress& address, unsigned link) const;
    // On whichever link it is known.
    std::optional<Mac> mac_of(const IpAddress& address) const;
    std::size_t size() const { return neighbours_.size(); }
    const std::map<std::pair<unsigned, IpAddress>, Neighbour>& all() const { return neighbours_; }

  private:
    static constexpr std::size_t kMaxNeighbours = 16384;

    std::map<std::pair<unsigned, IpAddress>, Neighbour> neighbours_;
};

// Keeps a NeighbourTable true.
class NeighbourWatch {
  public:
    using OnChange = std::function<void(const Neighbour&)>;

    static Result<NeighbourWatch> open();

    int fd() const { return events_.fd(); }
    const NeighbourTable& table() const { return table_; }
    // Reads announcements; after a loss lists all and tells the differences.
    void read(const OnChange& on_change);

  private:
    NeighbourWatch(NetlinkSocket events, NetlinkSocket asking)
        : events_(std::move(events)), asking_(std::move(asking)) {}

    Result<NeighbourTable> dump();
    void refresh(const OnChange& on_change);

    NetlinkSocket events_;
    NetlinkSocket asking_;
    NeighbourTable table_;
};

}  // namespace gatehouse::kernel
