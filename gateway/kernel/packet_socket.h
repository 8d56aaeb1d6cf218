// SPDX-License-Identifier: GPL-2.0-or-later
//
// Frames of one link, below the kernel's own network: for those who must reach a host that has no
// address yet, or ask who has one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "gateway/base/bytes.h"
#include "gateway/base/ip.h"
#include "gateway/base/result.h"

namespace gatehouse::kernel {

class PacketSocket {
  public:
    // Receives ARP; sends anything. link: the index of an Ethernet link.
    static Result<PacketSocket> open(unsigned link);

    PacketSocket(PacketSocket&& other) noexcept;
    PacketSocket& operator=(PacketSocket&& other) noexcept;
    PacketSocket(const PacketSocket&) = delete;
    PacketSocket& operator=(const PacketSocket&) = delete;
    ~PacketSocket();

    int fd() const { return fd_; }
    // A whole frame. A link that is down or full takes none, which is no error of ours.
    bool send(Bytes frame) const;
    // The frames that wait, a burst at most.
    void receive(const std::function<void(Bytes frame)>& on_frame) const;

  private:
    explicit PacketSocket(int fd) : fd_(fd) {}

    int fd_ = -1;
};

// A UDP socket for one interface alone, whatever its addresses are: port, broadcasts allowed.
Result<int> open_link_udp(const std::string& interface, Port port);

}  // namespace gatehouse::kernel
