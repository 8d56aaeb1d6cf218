// SPDX-License-Identifier: GPL-2.0-or-later
//
// What tests of a NAT keep asking: who am I outside, who may reach me, is this packet still whole?
// Endpoints are given as text, so that a failed comparison reads well: "11.0.0.1:3074", or "nobody"
// where nothing arrived.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/lab/support/packet.h"
#include "tests/lab/support/sockets.h"

namespace gatehouse::lab {

inline constexpr std::string_view kNobody = "nobody";

// A section of the configuration: section("host 'tv'", {{"nat", "symmetric"}}).
std::string section(std::string_view head,
                    std::initializer_list<std::pair<std::string_view, std::string_view>> options);
// A section nat with this type.
std::string nat_type(std::string_view type);

// Sends a word of its own and tells from whom the receiver gets it. Whatever else arrives there
// meanwhile is dropped.
std::string heard_by(const UdpSocket& receiver, const UdpSocket& sender, const At& to,
                     Duration limit = 2s);
// The same towards the receiver's own endpoint: it must be bound to one address.
std::string seen_by(const UdpSocket& server, const UdpSocket& client);

// A connection with both of its ends.
struct TcpPair {
    TcpConnection client;
    std::optional<TcpConnection> server;

    std::string seen() const;  // the client's endpoint in the eyes of the server
    bool works();              // bytes go both ways
};

// Connects to the listener's own endpoint, or to the one given.
TcpPair tcp_pair(const Host& client, const TcpListener& server, std::optional<At> local = {},
                 std::optional<At> to = {});

Port port_of(std::string_view endpoint);

// How many packets the rules have given to that queue since it was bound; nothing while nobody has
// bound it.
std::optional<std::uint64_t> packets_in_queue(const Host& router, unsigned queue = 0);

// How many seconds the router's kernel still keeps the session whose line (of `conntrack -L`) has
// all of these words; nothing where there is none.
std::optional<int> seconds_left(const Host& router, const std::vector<std::string_view>& words);

// The packet inside a frame, as an ICMP error quotes it.
std::string quoted(const Frame& frame);

// IPv4 header and transport; of an ICMP error also those of the packet inside, as far as it is
// there. Only for packets that passed a wire with their checksums filled in: what a local socket
// has sent is captured before that.
Verdict has_right_checksums(const Packet& packet);

// The pieces of a frame made by ip4_frame(), each with at most that many bytes of payload (rounded
// down to a multiple of eight).
std::vector<Frame> fragments_of(const Frame& frame, std::size_t size, std::uint16_t identification);

}  // namespace gatehouse::lab
