// SPDX-License-Identifier: GPL-2.0-or-later
//
// Real ICE agents (RFC 8445): libnice, in a program of its own on each host. They find each other
// through a rendezvous server, gather candidates with the help of coturn, and go on from there
// without the test: it only reads what they say of the pair that they have selected.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

#include "tests/lab/support/coturn.h"
#include "tests/lab/support/host.h"
#include "tests/lab/support/program.h"
#include "tests/lab/support/sockets.h"
#include "tests/lab/support/street.h"

namespace gatehouse::lab {

enum class IceRole : std::uint8_t { controlling, controlled };
enum class IcePolicy : std::uint8_t { direct, relayed, any };  // which candidates it may use

// How two peers came together.
enum class Path : std::uint8_t { none, relayed, direct };
std::ostream& operator<<(std::ostream& out, Path path);

class IceAgent {
  public:
    // The server for STUN and TURN is the Coturn at this endpoint.
    IceAgent(Host& host, const TcpListener& rendezvous, std::string_view coturn);

    // Begins a new session and gives its description, with all candidates. Throws when there is
    // none in time.
    std::string description(IceRole role, IcePolicy policy);
    void is_told(std::string_view description_of_the_other);

    // Takes in what the agent has said meanwhile.
    void catch_up();
    // "host srflx 11.0.0.5:40000": the kinds of the selected candidates, its own and the other's,
    // and where it sends to. Empty before.
    const std::string& pair() const { return pair_; }
    // The pair of the other agent, as that one says it over the path itself.
    const std::string& hears() const { return hears_; }
    Path path() const;

  private:
    void take(std::string_view line);

    Process program_;
    TcpConnection line_;
    std::string rest_;  // of a line that has not come whole
    std::string description_;
    std::string pair_;
    std::string hears_;
};

// The street with the servers that agents need: rendezvous at 11.0.0.2, coturn at 11.0.0.4.
struct IceStreet : Street {
    Coturn coturn{net.host, Coturn::Serves::turn, {"11.0.0.4"}};
    TcpListener rendezvous = net.host.listen("11.0.0.2:7000");

    IceAgent agent_on(Host& host) const { return {host, rendezvous, "11.0.0.4:3478"}; }
};

// Introduces the two. Yes once each uses such a path and hears that the other one does.
Verdict agents_meet(IceAgent& first, IceAgent& second, IcePolicy policy, Path path);

// Where the NAT types allow it, agents without a relay have to meet; elsewhere those that may use
// any path have to end up with the relay. (With a relay at hand it is up to the agents, and to
// chance, how long they try for a direct path.)
Verdict agents_meet_as_types_allow(IceAgent& first, std::string_view first_type, IceAgent& second,
                                   std::string_view second_type);

}  // namespace gatehouse::lab
