// SPDX-License-Identifier: GPL-2.0-or-later
//
// Two peers that want to reach each other. A rendezvous server on the internet sees how each looks
// from outside and tells the other; then both try at once. The peers speak through sockets of
// their own, everything they know of each other came through the network.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "tests/lab/support/house.h"
#include "tests/lab/support/nat.h"
#include "tests/lab/support/sockets.h"

namespace gatehouse::lab {

// How it went. Endpoints as text, "nobody" where there is none.
struct Meeting {
    std::string first_outside{kNobody};   // what the rendezvous server saw of the first peer
    std::string second_outside{kNobody};  // and of the second
    std::string first_hears{kNobody};     // who answers the first peer
    std::string second_hears{kNobody};

    bool introduced() const { return first_outside != kNobody && second_outside != kNobody; }
    // Whether each has had an answer of the other.
    bool direct() const { return first_hears != kNobody && second_hears != kNobody; }
};

std::ostream& operator<<(std::ostream& out, const Meeting& meeting);

// UDP hole punching: both send to the endpoint they were told, and answer whoever knocks.
Meeting meet_over_udp(const Host& first, const Host& second, const UdpSocket& rendezvous,
                      Duration patience);

// TCP: both connect to the endpoint they were told from the port that the server saw, and listen on
// that port as well. Each has to hear the other's word on a connection made so.
Meeting meet_over_tcp(const Host& first, const Host& second, const TcpListener& rendezvous,
                      Duration patience);

// A host, and the NAT type that stands between it and the internet.
struct Peer {
    const Host& host;
    std::string_view type;
};

// Lets them meet through the server 11.0.0.2. Yes when they reach each other exactly if their types
// allow it, and each is met where it was announced if its NAT is one that always shows one
// endpoint.
Verdict udp_goes_as_types_allow(const Peer& first, const Peer& second, const Internet& net);
Verdict tcp_goes_as_types_allow(const Peer& first, const Peer& second, const Internet& net);

}  // namespace gatehouse::lab
