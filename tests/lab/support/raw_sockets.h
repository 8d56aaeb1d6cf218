// SPDX-License-Identifier: GPL-2.0-or-later
//
// Below TCP and UDP: whole frames on an interface, and ICMP echoes with a chosen identifier.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tests/lab/support/fd.h"
#include "tests/lab/support/host.h"
#include "tests/lab/support/packet.h"

namespace gatehouse::lab {

using PacketTest = std::function<bool(const Packet&)>;

// Made by Host::packets(): sends and hears everything on one interface.
class PacketSocket {
  public:
    explicit PacketSocket(Fd socket) : socket_(std::move(socket)) {}

    // Whether the interface took it.
    bool send(const Frame& frame) const;
    // The next packet that passes, sent or received; others are dropped. Nothing after the limit.
    std::optional<Packet> receive(const PacketTest& wanted, Duration limit = 2s) const;
    int number() const { return socket_.number(); }

  private:
    Fd socket_;
};

// One waiting packet of a packet socket; nothing when there is none now.
std::optional<Packet> read_packet(int packet_socket);
// A packet socket on this interface of the network the calling thread is in.
Fd open_packet_socket(const std::string& interface);

struct IcmpAnswer {
    IpAddress from;
    std::uint8_t type = 0, code = 0;
    std::uint16_t identifier = 0, sequence = 0;
    std::string data;  // behind the eight bytes of the header
};

// Made by Host::icmp(): IPv4. Hears every ICMP message that comes to the host.
class IcmpSocket {
  public:
    explicit IcmpSocket(Fd socket) : socket_(std::move(socket)) {}

    bool send_echo(const At& to, std::uint16_t identifier, std::uint16_t sequence,
                   std::string_view data = "echo") const;
    // Any message, for a peer that imitates an error.
    bool send(const At& to, Bytes message) const;
    std::optional<IcmpAnswer> receive(Duration limit = 2s) const;
    // The echo reply with that identifier and sequence, whatever else comes.
    std::optional<IcmpAnswer> receive_reply(std::uint16_t identifier, std::uint16_t sequence,
                                            Duration limit = 2s) const;

  private:
    Fd socket_;
};

}  // namespace gatehouse::lab
