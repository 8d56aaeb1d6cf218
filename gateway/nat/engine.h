// SPDX-License-Identifier: GPL-2.0-or-later
//
// The NAT engine: handle(event, now, effects). It decides the outside endpoint of every first
// packet, holds the forwards and pinholes of the rooms, and keeps the maps of the kernel equal to
// what it decided. Nothing in it reads a clock, a socket or a file.
//
// Its parts: Ledger (mappings, ports, elements), Forwards, Pinholes, Sweep (lifetimes), reconcile
// (start and repair). Its times: a session dump every Sweep::kDumpPeriod; lifetimes of forwards and
// pinholes as asked for; after a failed batch the elements are compared again, at most every
// kRepairGap.
//
// Calls of the service change memory at once. Their edits wait in the engine: the shell takes them
// with flush() before the room's answer leaves, or with the next handle().
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "gateway/nat/events.h"
#include "gateway/nat/forwards.h"
#include "gateway/nat/pinholes.h"
#include "gateway/nat/refusal_counts.h"
#include "gateway/nat/sweep.h"

namespace gatehouse::nat {

struct EngineOptions {
    HashKey key;                           // secret, fresh at each start
    std::uint32_t most_mappings = 262144;  // of all hosts, whatever the configuration says
};

// A row of `gatehouse mappings`.
struct MappingView {
    Proto proto = Proto::udp;
    Endpoint4 inside;
    Endpoint4 outside;
    Endpoint4 remote;                         // zero where the mapping does not depend on it
    MappingState state = MappingState::live;  // live or retired
    const Forward* forward = nullptr;         // that holds it; nullptr: dynamic
    std::uint32_t sessions = 0;
    Duration age{};
    Duration expires_in{};
};

struct EngineCounts {
    std::size_t mappings = 0;  // all records, resting ones too
    std::size_t resting = 0;
    std::size_t forwards = 0;
    std::size_t pinholes = 0;
    std::size_t asked = 0;  // of the forwards: by IGD, NAT-PMP and PCP
    // Because there were too many.
    std::uint64_t refused_forwards = 0;
    std::uint64_t refused_asked = 0;
    std::uint64_t refused_pinholes = 0;
};

class Engine final : public MappingService {
  public:
    // After a packet of an endpoint that has a mapping for this long, its elements are written
    // again: they must have been lost.
    static constexpr Duration kSettled = 1s;
    static constexpr Duration kRepairGap = 5s;
    // Lists of elements that are not complete, before one is taken for what there is.
    static constexpr unsigned kMostIncomplete = 5;
    static constexpr std::uint32_t kSlice = 2048;       // mappings of one visit in slices
    static constexpr std::size_t kMostPending = 65536;  // verdicts that wait for a commit
    // Of the packets that are refused in a second, the senders of so many are told (RFC 5508 REQ-10
    // and RFC 1812 4.3.2.8); the others are dropped in silence.
    static constexpr std::uint32_t kMostTold = 50;

    // The hosts must live as long.
    Engine(const config::Config& config, const Hosts& hosts, const EngineOptions& options,
           Instant now);
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine() override = default;

    // Appends what is to be done.
    void handle(const Event& event, Instant now, Effects& out);
    // Appends what the calls of the service have left to be done.
    void flush(Effects& out) { out.take(outbox_); }
    // When a TimerFired is due.
    std::optional<Instant> next_deadline() const;

    Result<Forward, Refused> request(const ForwardRequest& request, Instant now) override;
    Result<ForwardPair, Refused> request_pair(const PairRequest& request, Instant now) override;
    Result<Forward, Refused> renew(ForwardId id, const Owner& owner,
                                   std::optional<Duration> lifetime, Instant now) override;
    Result<Forward, Refused> admit(ForwardId id, const Owner& owner, std::optional<Ip4> remote,
                                   Instant now) override;
    Result<void, Refused> release(ForwardId id, const Owner& owner, Instant now) override;
    std::vector<Forward> forwards() const override;
    const Forward* find_forward(ForwardId id) const override;
    const Forward* find_forward(Proto proto, Port outside,
                                std::optional<Ip4> remote) const override;
    std::vector<const Forward*> forwards_to(Proto proto, Ip4 host, PortRange ports) const override {
        const auto found = forwards_.beginning_at(proto, host, ports);
        return {found.begin(), found.end()};
    }
    OutsideAddress outside_address() const override;
    std::optional<Endpoint4> outside_of(Proto proto, Endpoint4 inside,
                                        Endpoint4 remote) const override;
    std::optional<Endpoint4> inside_of(Proto proto, Endpoint4 outside) const override;
    Result<Pinhole, Refused> open_pinhole(const PinholeRequest& request, Instant now) override;
    Result<Pinhole, Refused> renew_pinhole(PinholeId id, const Owner& owner, Duration lifetime,
                                           Instant now) override;
    Result<void, Refused> close_pinhole(PinholeId id, const Owner& owner, Instant now) override;
    std::vector<const Pinhole*> pinholes() const override;
    const Pinhole* find_pinhole(PinholeId id) const override;
    std::uint32_t subscribe(ServiceListener listener) override;
    void unsubscribe(std::uint32_t subscription) override;

    // Live and retired mappings, in no order.
    void visit_mappings(Instant now, const std::function<void(const MappingView&)>& visit) const;
    // The same in slices, for a table that is too long for one turn: begins at `from`, and gives
    // where to go on, kNoMapping at the end. What changes in between may be missed.
    MappingId visit_some_mappings(
        Instant now, MappingId from,
        const std::function<void(MappingId, const MappingView&)>& visit) const;
    // Nothing where none is in use.
    std::optional<MappingView> find_mapping(MappingId id, Instant now) const;
    // All that shall be in the kernel, sorted, but for permits.
    std::vector<Element> wanted() const;
    const std::vector<config::Pinhole>& configured_pinholes() const { return pinholes_.fixed(); }
    // The pinholes that shall be in the kernel, sorted.
    std::vector<PinholeElement> wanted_pinholes() const { return pinholes_.wanted(); }
    // The elements of a pinhole that shall be in the kernel, but not more than one may count.
    std::vector<PinholeElement> elements_of(PinholeId id) const {
        return pinholes_.elements_of(id);
    }
    EngineCounts counts() const;
    const LedgerCounters& counters() const { return ledger_.counters(); }
    std::uint32_t mappings_of(Ip4 host) const { return ledger_.mappings_of(host); }
    NatBehaviour behaviour_of(Ip4 host, Proto proto) const {
        return ledger_.policy().of(host, proto);
    }
    std::optional<Ip4> dmz() const { return dmz_; }  // a rule of the ruleset
    // To look at, for explanations.
    const Ledger& ledger() const { return ledger_; }
    const std::vector<std::unique_ptr<Forward>>& all_forwards() const { return forwards_.all(); }

  private:
    struct Pending {  // a verdict that waits for a batch
        BatchId batch;
        MappingId mapping;
        std::uint32_t token;
    };

    void on(const FirstPacket& event, Instant now, Effects& out);
    void on(const Committed& event, Instant now, Effects& out);
    void on(const CommitFailed& event, Instant now, Effects& out);
    void on(const PinholesFailed& event, Instant now, Effects& out);
    void on(const PinholeCounted& event, Instant now, Effects& out);
    void on(const SessionsBegin& event, Instant now, Effects& out);
    void on(const SessionsSeen& event, Instant now, Effects& out);
    void on(const SessionsEnd& event, Instant now, Effects& out);
    void on(const SessionDestroyed& event, Instant now, Effects& out);
    void on(const EventsLost& event, Instant now, Effects& out);
    void on(const AdoptElements& event, Instant now, Effects& out);
    void on(const ElementsSeen& event, Instant now, Effects& out);
    void on(const TableLost& event, Instant now, Effects& out);
    void on(const OutsideChanged& event, Instant now, Effects& out);
    void on(const ReservedPorts& event, Instant now, Effects& out);
    void on(const HostChanged& event, Instant now, Effects& out);
    void on(const Reconfigured& event, Instant now, Effects& out);
    void on(const TimerFired& event, Instant now, Effects& out);

    // Nothing for one that has ended.
    std::optional<MappingView> view_of(const Mapping& mapping, Instant now) const;
    void accept(MappingId id, std::uint32_t token, Effects& out);
    void refuse(Refusal reason, const FirstPacket& event, Instant now, Effects& out);
    bool may_tell(Instant now);
    void tell(const ServiceNotice& notice);
    void repair(Instant now, Effects& out);
    // Whether a list of elements is not to be used, for another one comes.
    bool must_wait_for_more(bool complete, Instant now, Effects& out);
    // Makes the kernel's elements, as seen, those that are wanted.
    void compare(std::span<const Element> elements, std::span<const PinholeElement> pinholes,
                 Effects& out);
    // Runs a call of the service with its edits going to the outbox.
    template <class Call>
    auto serve(Call&& call);
    // The answer, and a refusal is counted by its reason.
    template <class Answer>
    Answer counted(Answer answer);

    Ledger ledger_;
    Forwards forwards_;
    Pinholes pinholes_;
    Sweep sweep_;
    std::optional<Ip4> dmz_;
    Effects outbox_;
    std::vector<Pending> pending_;
    std::map<BatchId, std::vector<ForwardId>> made_in_;  // forwards whose batch is not settled
    BatchId settled_ = 0;
    bool adopted_ = false;
    unsigned incomplete_ = 0;  // lists of elements in a row
    std::optional<Instant> repair_at_;
    Instant last_repair_ = Instant::min() + kRepairGap;
    Instant telling_since_ = Instant::min();
    std::uint32_t told_ = 0;  // since then
    RefusalCounts refusals_;
    std::map<std::uint32_t, ServiceListener> listeners_;
    std::uint32_t next_subscription_ = 1;
};

}  // namespace gatehouse::nat
