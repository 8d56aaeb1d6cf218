// SPDX-License-Identifier: GPL-2.0-or-later
//
// The book of all mappings and the only hand that writes it: the table, the ports, the counts for
// each host and the elements in the kernel change together, here. Rules it keeps:
//   - the elements in the kernel are a function of the book (elements_of); each change of a mapping
//     writes the difference;
//   - an endpoint that has a mapping keeps it; nobody's mapping is ended for somebody else's new
//     one: who comes too late is refused (RFC 6888 REQ-11);
//   - the port of a mapping that ended rests: kQuarantine where strangers may still send to it,
//   that
//     is UDP mapped or filtered endpoint-independently (RFC 6888 REQ-8), else kShortRest; and
//     always until a dump that began later shows no session on it. Meanwhile its own endpoint may
//     have it back. At most a quarter of the range rests at a time, then the oldest come back
//     early.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <unordered_map>

#include "gateway/nat/behaviour.h"
#include "gateway/nat/effects.h"
#include "gateway/nat/mapping_table.h"
#include "gateway/nat/outside.h"

namespace gatehouse::nat {

// The elements of one mapping.
class ElementList {
  public:
    void add(const Element& element) { elements_[count_++] = element; }
    const Element* begin() const { return elements_.data(); }
    const Element* end() const { return elements_.data() + count_; }
    bool has(const Element& element) const;

  private:
    std::array<Element, 3> elements_;
    std::size_t count_ = 0;
};

ElementList elements_of(const Mapping& mapping, bool hairpin);

struct LedgerCounters {
    std::uint64_t made = 0;
    std::uint64_t ended = 0;
    std::uint64_t revived = 0;  // got their resting port back
    std::uint64_t retired = 0;
    std::uint64_t displaced = 0;  // gave way to a forward that the user configured
    std::uint64_t adopted = 0;    // found in the kernel
    std::array<std::uint64_t, static_cast<std::size_t>(Refusal::count_)> refused{};
};

class Ledger {
  public:
    static constexpr Duration kQuarantine = 120s;
    static constexpr Duration kShortRest = 10s;

    Ledger(const HashKey& key, const Hosts& hosts, std::uint32_t most_mappings);

    void configure(const config::Config& config);
    // Brings mappings in line with the policy: of one host, or of all. Where the mapping behaviour
    // or the range changed they retire, where only the filtering did its elements change.
    void reapply(std::optional<Ip4> host, Instant now);

    // The mapping that a new session uses: live or quarantined, or kNoMapping.
    MappingId find(Proto proto, Endpoint4 inside, Endpoint4 remote) const;
    Result<MappingId, Refusal> create(Proto proto, Endpoint4 inside, Endpoint4 remote, Instant now);
    // The outside endpoint that create() would give, or revive() where a mapping rests.
    Result<Endpoint4, Refusal> foresee(Proto proto, Endpoint4 inside, Endpoint4 remote) const;
    // A quarantined mapping becomes live again. False: it may not; it is gone then.
    bool revive(MappingId id, Instant now);
    // A mapping that is known to exist: from an element, or from a session. Nothing where the book
    // contradicts it. A live one writes its elements.
    MappingId adopt(const MappingKey& key, Endpoint4 outside, MappingState state, Instant now);

    // Writes the elements of a live mapping once more.
    void repeat(MappingId id);
    // Its sessions are over: the port rests.
    void end(MappingId id, Instant now);
    void retire(MappingId id, Instant now);
    // Its inside endpoint does not get the quarantined port back.
    void disown(MappingId id);
    // A resting mapping has sessions after all: it is retired again.
    void reclaim(MappingId id, Instant now);
    // It is gone at once, and its port is free.
    void drop(MappingId id);
    // The kernel did not take it: gone without edits.
    void roll_back(MappingId id);

    // A port for a forward. Live: traffic of the inside endpoint leaves from it, and no live
    // mapping of it may exist. The outside endpoint has no mapping.
    MappingId hold(ForwardId forward, Proto proto, Endpoint4 outside, Endpoint4 inside, bool live,
                   Instant now);
    // A held port that was not live becomes live; no live or quarantined mapping may exist.
    void promote(MappingId id);
    // A mapping of traffic becomes that of a forward and the other way round.
    void give_to_forward(MappingId id, ForwardId forward);
    bool give_to_traffic(MappingId id);
    // Adds to or takes from the element's users; it is in the kernel while it has any. What leads
    // in from an outside endpoint has one.
    void use(const Element& element);
    void unuse(const Element& element);

    // Frees what has rested long enough.
    void release_rested(Instant now);
    void dump_began() { ++dump_; }
    void dump_completed() { completed_dump_ = dump_; }
    std::uint32_t dump() const { return dump_; }

    // Every element that shall be in the kernel but for those of forwards and permits.
    void wanted(std::vector<Element>& out) const;
    void refuse(Refusal reason, Proto proto, Endpoint4 inside, Endpoint4 remote);
    void note(Notice::Kind kind, const Mapping& mapping);

    const MappingTable& table() const { return table_; }
    Mapping& at(MappingId id) { return table_.at(id); }
    Outside& outside() { return outside_; }
    const Outside& outside() const { return outside_; }
    const BehaviourPolicy& policy() const { return policy_; }
    EditWriter& writer() { return writer_; }
    LedgerCounters& counters() { return counters_; }
    const LedgerCounters& counters() const { return counters_; }
    bool has_room() const { return table_.size() - resting_ < most_mappings_; }
    // Whether this host may have another mapping.
    bool is_full(Ip4 host) const { return mappings_of(host) >= host_quota_ || !has_room(); }
    // Live mappings of traffic.
    std::uint32_t mappings_of(Ip4 host) const;
    std::uint32_t resting() const { return static_cast<std::uint32_t>(resting_); }
    std::uint64_t random_for(Proto proto, Endpoint4 inside, Endpoint4 remote) const;
    config::PortChoice port_choice() const { return port_choice_; }

  private:
    struct Rest {
        MappingId id = kNoMapping;
        std::uint32_t dump = 0;
        Instant until;
    };

    void write(const Mapping& mapping);
    void erase(const Mapping& mapping);
    void rewrite(const Mapping& mapping, const ElementList& before);
    void forget(MappingId id);
    void count_host(Ip4 host, int step);
    bool is_resting(const Rest& rest) const;
    void release_front(std::deque<Rest>& rests);
    std::optional<Refusal> why_not(Proto proto, Ip4 host) const;

    KeyedHash hash_;
    MappingTable table_;
    Outside outside_;
    BehaviourPolicy policy_;
    EditWriter writer_;
    LedgerCounters counters_;
    std::uint32_t ceiling_;  // that no configuration lifts
    std::uint32_t most_mappings_;
    std::uint32_t host_quota_ = 4096;
    config::PortChoice port_choice_ = config::PortChoice::preserve;
    bool hairpin_ = true;
    std::unordered_map<Ip4, std::uint32_t, KeyedHash> hosts_;
    // An element that may have several users: a door of an inside endpoint, or of an outside one
    // for the house itself.
    struct Shared {
        Ip4 address;
        Port port;
        KernelSet set{};
        Proto proto{};
        Ip4 remote;

        explicit Shared(const Element& element)
            : address(element.key.address),
              port(element.key.port),
              set(element.set),
              proto(element.proto),
              remote(element.remote.address) {}
        friend bool operator==(const Shared&, const Shared&) = default;
    };
    struct SharedHash {
        KeyedHash hash;
        std::size_t operator()(const Shared& shared) const noexcept;
    };
    std::unordered_map<Shared, std::uint32_t, SharedHash> users_;
    std::deque<Rest> long_rests_;
    std::deque<Rest> short_rests_;
    std::size_t resting_ = 0;
    std::uint32_t dump_ = 0;
    std::uint32_t completed_dump_ = 0;
};

}  // namespace gatehouse::nat
