// SPDX-License-Identifier: GPL-2.0-or-later
//
// The forwards that devices asked for, whatever language they spoke: the authoriser is asked before
// every verb, then the one allocator. Rules it keeps:
//   - every forward has an end. One that was asked for without an end gets kUnlimited, again at
//     each new request and while sessions use it;
//   - a device that has been away for kPatience, without sessions, loses its forwards; one whose
//     address passes to another hardware address loses them at once. What has sessions is not cut;
//   - a device that asks in another language for what it has gets it: IGD and NAT-PMP take over
//     from each other; a PCP mapping stays its nonce's alone, and lives on for them, kShared at
//     most;
//   - each change is in the journal before the answer leaves;
//   - what was given under other rules ends when the rules change.
// Its times: a look at presence and traffic every kLook. The kernel asks for a device only when it
// has a packet for it, so a look sends one to each whose forwards have no sessions.
#pragma once

#include <functional>
#include <vector>

#include "gateway/nat/hosts.h"
#include "gateway/nat/mapping_service.h"
#include "upnp/authority.h"
#include "upnp/events.h"
#include "upnp/journal.h"

namespace gatehouse::upnp {

struct MapWish {
    nat::OwnerKind kind = nat::OwnerKind::igd;
    std::string nonce;     // of PCP, in hexadecimal
    bool is_peer = false;  // for one remote among others, which stay
    Ip4 client;
    Proto proto = Proto::udp;
    std::optional<Port> outside;
    bool must_have_port = false;
    Endpoint4 inside;
    std::optional<Ip4> remote;
    Duration lifetime{};
    bool unlimited = false;
    std::string description;
    bool enabled = true;
};

struct ClaimRefused {
    std::optional<Denial> denial;  // by the authoriser, else by the allocator:
    nat::Refused refused;

    bool is_conflict() const { return !denial && refused.reason == nat::Refusal::port_taken; }
};

class Claims {
  public:
    static constexpr Duration kUnlimited = 604800s;  // WANIPConnection:2, 2.3.20
    static constexpr Duration kPatience = 1h;
    static constexpr Duration kShared = 1h;
    static constexpr Duration kLook = 5min;
    // The journal is mostly history and written anew at most this often.
    static constexpr Duration kRewritePause = 10s;

    // All must live as long.
    Claims(nat::MappingService& service, const nat::Hosts& hosts, const Authority& authority);
    Claims(const Claims&) = delete;
    Claims& operator=(const Claims&) = delete;
    ~Claims();

    // Which outside ports cannot be had for a reason that the allocator does not know.
    void set_taken(std::function<bool(Proto, Port)> taken) { taken_ = std::move(taken); }

    Result<nat::Forward, ClaimRefused> map(const MapWish& wish, Instant now);
    bool may_unmap(Ip4 client, const nat::Forward& forward) const {
        return !authority_.judge_end(client, forward, {});
    }
    Result<void, ClaimRefused> unmap(Ip4 client, nat::ForwardId id, Instant now,
                                     std::string_view nonce = {});

    // The forwards of everybody that a client is shown, in the order in which they were made.
    std::size_t size() const { return claims_.size(); }
    const nat::Forward* at(std::size_t index) const { return find(claims_[index].id); }
    const nat::Forward* find(nat::ForwardId id) const { return service_.find_forward(id); }
    // The forward of exactly this remote.
    const nat::Forward* find(Proto proto, Port outside, std::optional<Ip4> remote) const;
    // What was asked for in this language that leads to this inside endpoint.
    std::vector<const nat::Forward*> leading_to(nat::OwnerKind kind, Proto proto,
                                                Endpoint4 inside) const;
    // That of this nonce, for which there is at most one; without a nonce the first.
    const nat::Forward* find_own(nat::OwnerKind kind, std::string_view nonce, Proto proto,
                                 Endpoint4 inside) const;
    bool is_unlimited(nat::ForwardId id) const {
        const std::size_t place = place_of(id);
        return place < claims_.size() && claims_[place].id == id && claims_[place].unlimited;
    }

    // Pinholes of a device that the authoriser has judged already.
    Result<nat::Pinhole, nat::Refused> open_pinhole(const nat::PinholeRequest& request,
                                                    Instant now);
    Result<nat::Pinhole, nat::Refused> renew_pinhole(nat::PinholeId id, const nat::Owner& owner,
                                                     Duration lifetime, Instant now);
    Result<void, nat::Refused> close_pinhole(nat::PinholeId id, const nat::Owner& owner,
                                             Instant now);

    void host_changed(const IpAddress& address, Instant now);
    // Also looks for the devices of all others.
    void in_use(const std::vector<nat::ForwardId>& ids, Instant now, Effects& out);
    // Ends what the authoriser would not allow any more.
    void judge_again(Instant now);
    // Asks for ForwardsInUse where it is time.
    void tick(Instant now, Effects& out);
    std::optional<Instant> next_deadline() const;

    // The journal of an earlier run; asks the allocator for what is in it.
    void restore(const JournalImage& image, Instant now);
    // Writes what has changed since the last call. A boot and an epoch begin a new journal.
    void write_journal(Instant now, Effects& out);
    void begin_journal(std::string boot, Instant epoch);

    // Grows with each change of any forward.
    std::uint32_t generation() const { return generation_; }

  private:
    struct Claim {
        Instant seen;  // the last time that the device or its traffic was there
        nat::ForwardId id = 0;
        std::optional<Mac> mac;
        bool asked = false;  // otherwise the user configured it
        bool unlimited = false;
        bool busy = false;  // while one goes through those in use
    };
    static_assert(sizeof(Claim) <= 24);

    static nat::Owner owner_of(const MapWish& wish);
    std::optional<ClaimRefused> change_filter(const MapWish& wish, const nat::Owner& owner,
                                              Instant now);
    bool is_taken(Proto proto, Port port) const { return taken_ && taken_(proto, port); }
    Result<nat::Forward, nat::Refused> request(nat::ForwardRequest request, Instant now);
    // Where in claims_ one of this forward is, or would be.
    std::size_t place_of(nat::ForwardId id) const;
    // Of a forward that a device asked for.
    Claim* claim_of(nat::ForwardId id);
    void end(const nat::Forward& forward, Instant now);
    void end(const std::vector<nat::ForwardId>& ids, Instant now);
    void take_over(const MapWish& wish, const nat::Owner& owner, Instant now);
    // The mapping that the device has by PCP already, where that is what it wants.
    const nat::Forward* share(const MapWish& wish, Instant now);
    void note(const nat::ServiceNotice& notice);
    void forget(const nat::Forward& last);
    bool is_present(const nat::Forward& forward, const Claim& claim) const;
    std::string line_of(const Claim& claim, Instant now) const;
    void rewrite_journal(Instant now, Effects& out);
    void append_journal(Instant now, std::string& out);
    // A journal that is mostly history is written anew.
    bool is_history() const;
    void restore_pinholes(const JournalImage& image, Instant now);

    nat::MappingService& service_;
    const nat::Hosts& hosts_;
    const Authority& authority_;
    std::function<bool(Proto, Port)> taken_;
    std::uint32_t subscription_;
    std::vector<Claim> claims_;            // by forward
    std::vector<nat::ForwardId> changed_;  // to be written
    std::vector<nat::Forward> removed_;
    std::vector<nat::PinholeId> changed_pinholes_;  // or closed
    std::optional<Instant> next_look_;
    std::uint32_t generation_ = 0;
    std::string boot_;
    Instant epoch_;
    bool fresh_journal_ = true;
    Instant rewritten_;
    std::size_t lines_ = 0;  // of the journal
};

}  // namespace gatehouse::upnp
