// SPDX-License-Identifier: GPL-2.0-or-later
//
// Rules by which no device fills the kernel's table of sessions. Counting looks at every session
// that is counted, so only one of so many is, by chance; who has too many of these begins nothing
// new for a moment.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gatehouse::nat {

// Sessions that are counted together: those of one host.
struct Limit {
    std::string_view name;  // of the sets: who is counted, and who has too many
    std::string_view type;  // of what stands there for a host,
    std::string_view host;  // and where a packet says it
    std::string_view end;   // what becomes of the first packet of a session too many
};

// Of IPv4 a host is an address.
inline constexpr Limit kOutgoing{"out", "ipv4_addr", "ip saddr",
                                 "reject with icmp admin-prohibited"};
inline constexpr Limit kIncoming{"in", "ipv4_addr", "ip daddr", "drop"};
// Of IPv6 it may have as many addresses as it likes.
inline constexpr Limit kOutgoing6{"out_ipv6", "ether_addr", "ether saddr",
                                  "reject with icmpv6 admin-prohibited"};
inline constexpr Limit kIncoming6{"in_ipv6", "ipv6_addr", "ip6 daddr", "drop"};
// With the router itself, of both: it answers many addresses that nobody checks.
inline constexpr Limit kToRouter{"router", "ether_addr", "ether saddr", "drop"};

// Rules that end a packet of a host that has too many, with and without telling it; conditions may
// stand before them.
std::string refuse_crowd(const Limit& limit);
std::string drop_crowd(const Limit& limit);

class SessionLimits {
  public:
    // Of one host; 0: as many as it likes, and none of the texts below are to be used.
    explicit SessionLimits(std::uint32_t most) : most_(most) {}

    bool any() const { return most_ != 0; }
    // A condition that is true for the sessions to count, with a blank behind; empty where all are.
    std::string sample() const;
    // A rule that counts a session; conditions may stand before it.
    std::string count(const Limit& limit) const;
    // The lines that declare what these look into.
    std::string sets() const;

  private:
    std::uint32_t one_of() const;

    std::uint32_t most_;
};

}  // namespace gatehouse::nat
