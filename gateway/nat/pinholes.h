// SPDX-License-Identifier: GPL-2.0-or-later
//
// Holes in the IPv6 filter, each with an owner and a lifetime. Rules they keep:
//   - once the host is known by its hardware address, from the request or because it is seen at the
//     address, the hole follows it: every IPv6 address that the host is seen with gets an element,
//     so that a change of its temporary address (RFC 8981) closes nothing;
//   - an address at which another host is seen lets nobody in to that one;
//   - the packets of a pinhole are a sum: an element that the kernel has lost and got again begins
//     with nothing, and what it counted since it was last asked is forgotten;
//   - those of the configuration have no number and no lifetime, and count for no limit;
//   - nothing is written before the kernel's elements are known: the first comparison does it.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "gateway/base/timer_queue.h"
#include "gateway/config/config.h"
#include "gateway/nat/effects.h"
#include "gateway/nat/events.h"
#include "gateway/nat/hosts.h"

namespace gatehouse::nat {

class Pinholes {
  public:
    static constexpr std::size_t kMostOfOne = 64;  // elements that are counted

    // The hosts must live as long.
    explicit Pinholes(const Hosts& hosts) : hosts_(&hosts) {}

    // A host is known by its hardware address, else by its address.
    void set_limits(std::uint32_t most, std::uint32_t most_of_host) {
        most_ = most;
        most_of_host_ = most_of_host;
    }
    void configure(const std::vector<config::Pinhole>& fixed, Effects& out);
    Result<Pinhole, Refused> open(const PinholeRequest& request, Instant now, Effects& out);
    Result<Pinhole, Refused> renew(PinholeId id, const Owner& owner, Duration lifetime,
                                   Instant now);
    Result<void, Refused> close(PinholeId id, const Owner& owner, Effects& out);
    void expire(Instant now, Effects& out);
    // The host at this address is another one.
    void follow(const IpAddress& address, Effects& out);
    void count(PinholeId id, std::span<const PinholeCount> counts);
    // Those of one, at most kMostOfOne.
    std::vector<PinholeElement> elements_of(PinholeId id) const;
    // Makes the kernel's elements, as seen, those that are wanted.
    void compare(std::span<const PinholeElement> seen, Effects& out);

    // Without those of the configuration,
    const std::map<PinholeId, Pinhole>& all() const { return pinholes_; }
    // which are these.
    const std::vector<config::Pinhole>& fixed() const { return fixed_; }
    std::uint64_t refused() const { return refused_; }  // because there were too many
    std::optional<Instant> next_deadline() const { return timers_.next(); }
    // Sorted, without doubles.
    std::vector<PinholeElement> wanted() const;

  private:
    void add_elements(const Pinhole& pinhole, std::vector<PinholeElement>& out) const;
    void add_elements(const config::Pinhole& fixed, std::vector<PinholeElement>& out) const;
    // At each address at which the host is seen.
    void add_elements(const Mac& host, PinholeElement one, std::vector<PinholeElement>& out) const;
    bool has_element(const Pinhole& pinhole, const PinholeElement& element) const;
    PinholeId new_id(PinholeId wanted);
    void erase(PinholeId id, Effects& out);
    // Whether another host than this one is seen at the address.
    bool passed_on(const Ip6& inside, const std::optional<Mac>& host) const;
    // Writes what is wanted now and was not, and the other way round.
    void write(Effects& out);

    const Hosts* hosts_;
    std::uint32_t most_ = 0, most_of_host_ = 0;
    std::uint64_t refused_ = 0;
    std::map<PinholeId, Pinhole> pinholes_;
    std::vector<config::Pinhole> fixed_;
    std::vector<PinholeElement> written_;              // sorted
    std::map<PinholeElement, std::uint64_t> counted_;  // what each said last
    bool compared_ = false;
    TimerQueue<PinholeId> timers_;
    PinholeId next_id_ = 1;
};

}  // namespace gatehouse::nat
