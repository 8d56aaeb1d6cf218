// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sockets and clock around the probe.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/stun/framing.h"
#include "gateway/stun/probe.h"
#include "gateway/stun/sockets.h"

namespace gatehouse::stun {

class ProbeShell {
  public:
    // local: the address of this machine to send from.
    ProbeShell(const ProbeConfig& config, const IpAddress& local, Random& random)
        : local_(local), probe_(config, random), buffer_(65536) {}

    // Runs the probe to its end, which its own timers bound. Without a UDP socket it fails: that
    // would say nothing about the network.
    Result<Report> run();
    // The last thing that the kernel refused to do, in words; empty if there was none.
    const std::string& trouble() const { return trouble_; }

  private:
    struct Socket {
        Descriptor descriptor;
        Transport transport = Transport::udp;
        bool connecting = false;
        Endpoint remote;  // TCP
        FrameReader reader;
    };

    void give(const ProbeEvent& event);
    void perform(const OpenSocket& open);
    void perform(const CloseSocket& close) { sockets_.erase(close.socket); }
    void perform(const SendMessage& send);
    void on_ready(SocketId id);
    void read_datagrams(SocketId id, int descriptor);
    void read_stream(SocketId id);
    void finish_connect(SocketId id);
    Status wait();

    IpAddress local_;
    Probe probe_;
    std::map<SocketId, Socket> sockets_;
    std::deque<ProbeEvent> soon_;  // what an effect brought about at once
    std::vector<std::uint8_t> buffer_;
    std::string trouble_;
    bool no_socket_ = false;
};

}  // namespace gatehouse::stun
