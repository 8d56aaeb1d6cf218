// SPDX-License-Identifier: GPL-2.0-or-later
//
// The SIP gateway on the real NAT engine in a naive kernel (tests/nat/support/house.h): datagrams
// in, datagrams out, with what the kernel would do to their endpoints.
#pragma once

#include <chrono>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alg/alg.h"
#include "tests/nat/support/house.h"

namespace gatehouse::sip {

inline std::ostream& operator<<(std::ostream& out, Reason reason) {
    return out << to_string(reason);
}
inline std::ostream& operator<<(std::ostream& out, Help help) {
    return out << to_string(help);
}
inline std::ostream& operator<<(std::ostream& out, CallState state) {
    return out << to_string(state);
}

}  // namespace gatehouse::sip

namespace gatehouse::sip::test {

using gatehouse::test::host;

inline const Endpoint4 kPhone = host(20, 5060);
inline const Endpoint4 kSecond = host(30, 5060);
inline const Endpoint4 kServer{Ip4::of(11, 0, 9, 1), Port{5060}};

// Lines that end as SIP wants it.
std::string crlf(std::string_view text);
bool has(std::string_view text, std::string_view piece);
// With every one of these as the other.
std::string replaced(std::string text, std::string_view from, std::string_view to);
// Header lines and a body, with the Content-Length that belongs there.
std::string with_body(std::string_view headers, std::string_view body,
                      std::string_view type = "application/sdp");
// A description with one audio stream.
std::string sdp(std::string_view address, unsigned port, std::string_view more = {});
// An INVITE of kPhone to kServer with this body.
std::string invite(std::string_view body, std::string_view call_id = "call-1@192.168.1.20");

class SipHouse {
  public:
    explicit SipHouse(const config::Sip& config = {config::SipMode::automatic, {Port{5060}}},
                      const config::Config& nat = gatehouse::test::default_config());

    // What leaves of what a host sends.
    std::string out(Endpoint4 inside, std::string_view text, Endpoint4 remote = kServer);
    // What the host gets of what comes for it.
    std::string in(Endpoint4 inside, std::string_view text, Endpoint4 remote = kServer);
    void pass(Duration time);
    // The same without what the kernel tells meanwhile.
    void jump(Duration time);
    // Where the flow of a host leaves.
    Endpoint4 outside(Endpoint4 inside, Endpoint4 remote = kServer) const;
    // The reason that was counted for the last datagram.
    Reason reason() const { return reason_; }
    // Who may reach the inside endpoint from outside through this outside port.
    bool is_open(Endpoint4 outside, Endpoint4 remote);

    gatehouse::test::House house;
    Alg alg;
    Effects effects;                      // of the last event
    std::vector<std::string> story;       // the notices so far
    std::vector<std::string> kept_alive;  // by whose keep-alives to whom
    std::string written;                  // of calls, as the daemon writes changes down
    // The time of day, which is as late as that of the house.
    std::chrono::seconds wall() const {
        return std::chrono::seconds(whole_seconds(house.now.time_since_epoch()));
    }

    std::size_t looks = 0;  // at who speaks

  private:
    void tell(const Event& event);
    void fire();
    void look();
    std::string handle(bool outward, Endpoint4 inside, Endpoint4 remote, std::string_view text);

    Reason reason_ = Reason::no_help;
};

}  // namespace gatehouse::sip::test
