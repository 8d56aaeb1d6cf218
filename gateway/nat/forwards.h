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
#include <memory>
#include <span>
#include <vector>

#include "gateway/nat/ledger.h"

namespace gatehouse::nat {

// Forwards in an order. What it goes by must not change while they are in it.
class ForwardOrder {
  public:
    using Before = bool (*)(const Forward&, const Forward&);

    explicit ForwardOrder(Before before) : before_(before) {}
    void insert(Forward& forward);
    void erase(const Forward& forward);
    // From the first one on that is not before this.
    std::span<Forward* const> from(const Forward& key) const;
    const Forward* first() const { return all_.empty() ? nullptr : all_.front(); }

  private:
    Before before_;
    std::vector<Forward*> all_;
};

class Forwards {
  public:
    using Listener = std::function<void(ServiceNotice::Kind, const Forward&)>;

    // Both must live as long.
    Forwards(Ledger& ledger, Listener listener);

    void configure(const config::Config& config, Instant now);
    std::uint32_t asked() const { return asked_; }  // those of IGD, NAT-PMP and PCP
    // Because there were too many, of all or of those.
    std::uint64_t refused() const { return refused_; }
    std::uint64_t refused_asked() const { return refused_asked_; }
    Result<Forward, Refused> request(const ForwardRequest& request, Instant now);
    Result<ForwardPair, Refused> request_pair(const PairRequest& request, Instant now);
    Result<Forward, Refused> renew(ForwardId id, const Owner& owner,
                                   std::optional<Duration> lifetime, Instant now);
    Result<Forward, Refused> admit(ForwardId id, const Owner& owner, std::optional<Ip4> remote);
    Result<void, Refused> release(ForwardId id, const Owner& owner, Instant now);

    const std::vector<std::unique_ptr<Forward>>& all() const { return forwards_; }  // by id
    const Forward* find(ForwardId id) const;
    const Forward* find(Proto proto, Port outside, std::optional<Ip4> remote) const;
    // Those to this host whose first inside port is one of these.
    std::span<Forward* const> beginning_at(Proto proto, Ip4 host, PortRange ports) const;

    // The primary outside address is another one; the old one is gone with its pools.
    void move(Instant now);
    void expire(Instant now);
    std::optional<Instant> next_deadline() const;
    // The kernel did not take the batch in which the forward was made: it stays, and this is told.
    void note_failure(ForwardId id);

    // Every element that shall be in the kernel.
    void wanted(std::vector<Element>& out) const;

  private:
    using Ends = ServiceNotice::Kind;

    std::optional<Refused> invalid(const ForwardRequest& request) const;
    std::optional<Refused> over_quota(const ForwardRequest& request);
    // Why the owner cannot have this outside port for that inside endpoint; nothing: it can.
    std::optional<Refused> in_the_way(const ForwardRequest& request, std::uint32_t index,
                                      Port outside) const;
    std::optional<Refused> in_the_way(const ForwardRequest& request, Port outside) const;
    Forward* same(const ForwardRequest& request) const;
    Forward* of_owner(const ForwardRequest& request) const;
    // Where in forwards_ one of this id is, or would be.
    std::size_t place_of(ForwardId id) const;
    Forward* held(ForwardId id) const;
    // That of this id, if it is the owner's.
    Result<Forward*, Refused> owned(ForwardId id, const Owner& owner) const;
    // The oldest one that leads to this inside endpoint, also in the midst of a range, and suits.
    template <class Suits>
    const Forward* oldest(Proto proto, Endpoint4 inside, Suits&& suits) const;
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
    const Forward* sibling(const Forward& forward, std::uint32_t index) const;
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
    void set_end(Forward& forward, std::optional<Duration> lifetime, Instant now);
    bool is_fixed(const Owner& owner) const { return owner.kind == OwnerKind::static_; }

    Ledger& ledger_;
    Listener listener_;
    std::vector<std::unique_ptr<Forward>> forwards_;  // by id
    ForwardOrder by_inside_;                          // by protocol, first inside endpoint, id
    ForwardOrder by_end_;                             // by end, id
    std::vector<ForwardRequest> waiting_;             // configured, and refused so far
    std::map<Ip4, std::uint32_t> asked_by_host_;      // IGD, NAT-PMP and PCP
    std::uint32_t asked_ = 0;
    std::uint64_t refused_ = 0, refused_asked_ = 0;
    std::uint32_t ports_ = 0;
    std::uint32_t host_quota_ = 64;
    std::uint32_t quota_ = 2048;
    ForwardId next_id_ = 1;
};

template <class Suits>
const Forward* Forwards::oldest(Proto proto, Endpoint4 inside, Suits&& suits) const {
    const std::uint16_t port = inside.port.number;
    const auto lowest =
        static_cast<std::uint16_t>(port >= kMostForwardPorts ? port - kMostForwardPorts + 1 : 0);
    const Forward* out = nullptr;
    for (const Forward* one : beginning_at(proto, inside.address, {{lowest}, inside.port})) {
        const bool covers = port < one->inside.port.number + one->count;
        if (covers && (out == nullptr || one->id < out->id) && suits(*one)) out = one;
    }
    return out;
}

}  // namespace gatehouse::nat
