// SPDX-License-Identifier: GPL-2.0-or-later
//
// UDP packets made inside the kernel. The n-th packet depends on n alone: every field runs through
// a range at a pace of its own, so one description gives a few flows that repeat, many endpoints
// towards one server, or new flows for ever. Each packet carries the time of its birth.
//
// The frames leave through an interface of the host and arrive at its peer, which must poll
// (`ethtool -K peer gro on`): only such a veth takes frames of XDP. What its ring of 256 frames
// cannot take is lost before it has cost the router anything.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/base/ip.h"
#include "tests/bench/support/bpf.h"
#include "tests/lab/support/host.h"

namespace gatehouse::bench {

// base + (n / divide) % modulo
struct Range {
    std::uint32_t base = 0;
    std::uint32_t divide = 1;
    std::uint32_t modulo = 1;
};

struct Traffic {
    Range source, source_port;
    Range destination, destination_port;
    std::size_t frame_bytes = 60;  // 64 on a cable, where the checksum of the frame counts
};

// Where the time of birth stands in a frame: behind the UDP header.
constexpr int kBirthOffset = 42;
constexpr std::size_t kSmallestFrame = 60;

class Generator {
  public:
    // From an interface of the host towards the MAC of its next hop.
    Generator(const lab::Host& host, const std::string& interface, Mac next_hop,
              const Traffic& traffic);

    // Hands over the next packets. Only in a thread that is inside the host.
    void send(std::uint32_t packets) const;
    // How many have been handed over, lost ones included; the number of the next packet.
    std::uint64_t position() const { return memory_.read64(0); }
    void go_to(std::uint64_t position) { memory_.write64(0, position); }

  private:
    SharedMemory memory_{64};
    XdpProgram program_;
    std::vector<std::uint8_t> frame_;
    // A program that is attached nowhere is entered into the kernel's table of XDP programs, and
    // taken out again, in each test run, which costs tens of milliseconds.
    lab::Fd kept_;
};

}  // namespace gatehouse::bench
