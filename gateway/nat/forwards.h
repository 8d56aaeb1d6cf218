// SPDX-License-Identifier: GPL-2.0-or-later
//
// The forwards: what was promised to somebody. Rules it keeps:
//   - each port of a forward has a mapping in the ledger that belongs to it, so traffic cannot get
//     the port, and an element in the kernel (a range of n ports is n elements, up to
//     kMostForwardPorts; the DMZ is a rule of the ruleset and has none);
//   - new sessions of a forwarded inside endpoint leave from its outside port: a mapping that its
//     traffic had on another port retires, its running sessions go on. Of several forwards to one
//     inside endpoint the oldest one decides;
//   - an outside port has one owner. Forwards with different remotes share it if they lead to the
//     same inside endpoint;
//   - traffic of another host that sits on the wanted port is in the way, except for what the user
//     configured: then that mapping gives way, and its running sessions go on without it;
//   - a configured forward that another forward stands in the way of gets its port when that ends;
//   - a port reserved for the router is in the way, too, except for what the user configured.
#pragma once

#include <functional>
#include <map>
#include <unordered_map>

#include "gateway/base/timer_queue.h"
#include "gateway/nat/ledger.h"

namespace gatehouse::nat {

class Forwards {
  public:
    using Listener = std::function<void(ServiceNotice::Kind, const Forward&)>;

    // Both must live as long.
    Forwards(Ledger& ledger, Listener listener);

    void configure(const config::Config& config, Instant now);
    Result<Forward, Refused> request(const ForwardRequest& request, Instant now);
    Result<ForwardPair, Refused> request_pair(const PairRequest& request, Instant now);
    Result<Forward, Refused> renew(ForwardId id, const Owner& owner,
                                   std::optional<Duration> lifetime, Instant now);
    Result<Forward, Refused> admit(ForwardId id, const Owner& owner, std::optional<Ip4> remote);
    Result<void, Refused> release(ForwardId id, const Owner& owner, Instant now);

    const std::map<ForwardId, Forward>& all() const { return forwards_; }
    const Forward* find(ForwardId id) const;
    const Forward* find(Proto proto, Port outside, std::optional<Ip4> remote) const;

    // The primary outside address is another one; the old one is gone with its pools.
    void move(Instant now);
    void expire(Instant now);
    std::optional<Instant> next_deadline() const { return timers_.next(); }
    // The kernel did not take the batch in which the forward was made.
    void fail(ForwardId id, Instant now);

    // Every element that shall be in the kernel.
    void wanted(std::vector<Element>& out) const;

  private:
    using Ends = ServiceNotice::Kind;

    std::optional<Refused> invalid(const ForwardRequest& request) const;
    std::optional<Refused> over_quota(const ForwardRequest& request) const;
    // Why the owner cannot have this outside port for that inside endpoint; nothing: it can.
    std::optional<Refused> in_the_way(const ForwardRequest& request, std::uint32_t index,
                                      Port outside) const;
    std::optional<Refused> in_the_way(const ForwardRequest& request, Port outside) const;
    Forward* same(const ForwardRequest& request);
    Forward* of_owner(const ForwardRequest& request);
    Result<Port, Refused> choose(const ForwardRequest& request) const;
    std::optional<Port> search(const ForwardRequest& request, Port wanted) const;
    bool suits(const ForwardRequest& request, Port outside) const;
    std::optional<Port> choose_pair(const ForwardRequest& one, const ForwardRequest& other) const;
    Forward& insert(const ForwardRequest& request, Port outside, Instant now);
    Result<Forward, Refused> update(Forward& forward, const ForwardRequest& request, Instant now);

    void activate(const Forward& forward, Instant now);
    void activate_port(const Forward& forward, std::uint32_t index, Instant now);
    // Whether traffic of the inside endpoint may leave from this forward; clears the way for it.
    bool win_traffic(const Forward& forward, Endpoint4 inside, Instant now);
    void deactivate(const Forward& forward, Instant now, bool moving);
    void deactivate_port(const Forward& forward, std::uint32_t index, Instant now, bool moving);
    const Forward* sibling(const Forward& forward, Port outside) const;
    // The oldest enabled forward to this inside endpoint.
    const Forward* oldest_to(Proto proto, Endpoint4 inside) const;
    void win_back(Proto proto, Endpoint4 inside, Instant now);
    void write_doors(const Forward& forward, std::uint32_t index, bool present);
    static void add_doors(const Forward& forward, std::uint32_t index, std::vector<Element>& out);
    void erase(ForwardId id, Ends why, Instant now);
    // Makes those configured forwards that a forward stood in the way of.
    void try_waiting(Instant now);
    void tell(ServiceNotice::Kind kind, const Forward& forward);
    void count(const Forward& forward, int step);
    bool is_fixed(const Owner& owner) const { return owner.kind == OwnerKind::static_; }

    Ledger& ledger_;
    Listener listener_;
    std::map<ForwardId, Forward> forwards_;
    std::vector<ForwardRequest> waiting_;  // configured, and refused so far
    std::multimap<std::pair<Proto, Endpoint4>, ForwardId> by_inside_;  // the first port
    std::map<Ip4, std::uint32_t> asked_by_host_;                       // IGD, NAT-PMP and PCP
    std::uint32_t asked_ = 0;
    std::uint32_t ports_ = 0;
    std::uint32_t host_quota_ = 64;
    std::uint32_t quota_ = 2048;
    TimerQueue<ForwardId> timers_;
    ForwardId next_id_ = 1;
};

}  // namespace gatehouse::nat
