// SPDX-License-Identifier: GPL-2.0-or-later
//
// An engine with a naive kernel around it: maps with the kernel's strictness, sessions, the permits
// that the ruleset adds, and packets that do what the ruleset would do with them. Every batch is
// answered; failures are injected by choice.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/nat/engine.h"

namespace gatehouse::test {

using namespace gatehouse::nat;

constexpr Ip4 kOutside = Ip4::of(11, 0, 0, 1);
constexpr Ip4 kOutside2 = Ip4::of(11, 0, 0, 2);
constexpr Ip4 kServer = Ip4::of(11, 0, 9, 1);
constexpr Ip4 kServer2 = Ip4::of(11, 0, 9, 2);

Endpoint4 host(std::uint8_t n, std::uint16_t port);
Endpoint4 at(Ip4 address, std::uint16_t port);

config::Config default_config();
config::Config config_of(config::NatType type);

class House {
  public:
    explicit House(const config::Config& config = default_config(),
                   std::uint32_t most_mappings = 131072, bool start = true);

    // What the ruleset does with a packet of a host to the outside: where it leaves from, or
    // nothing if it was dropped.
    std::optional<Endpoint4> send(Endpoint4 inside, Endpoint4 remote, Proto proto = Proto::udp);
    // A packet from outside: who gets it.
    std::optional<Endpoint4> receive(Endpoint4 outside, Endpoint4 remote, Proto proto = Proto::udp);
    // A packet of a host to an outside endpoint of the house: who gets it, and from whom it seems
    // to come.
    std::optional<std::pair<Endpoint4, Endpoint4>> hairpin(Endpoint4 inside, Endpoint4 outside,
                                                           Proto proto = Proto::udp);
    // Sessions and permits whose time is over go, the engine's timers run.
    void pass(Duration time);
    void end_sessions_of(Endpoint4 inside, bool tell = true);
    // A session dump from begin to end, in pieces of three.
    void dump();
    void event(const Event& event);
    void flush();
    ForwardRequest forward_request(Endpoint4 inside, std::optional<Port> outside,
                                   OwnerKind kind = OwnerKind::igd, std::string id = "x") const;

    std::vector<Element> kernel() const;  // sorted, without permits
    bool agrees() const { return kernel() == engine->wanted(); }
    void flush_table();  // by somebody else
    void restart(const config::Config& config);
    std::size_t count(KernelSet set) const;

    Hosts hosts;
    std::unique_ptr<Engine> engine;
    config::Config config;
    Instant now{Instant{} + 1000s};
    Duration session_life = 300s;
    std::function<bool()> commit_fails = [] { return false; };
    std::vector<Verdict> verdicts;  // of the last event
    std::vector<Notice> notices;    // since the start
    std::size_t asked = 0;          // first packets
    std::size_t dumps = 0;
    std::size_t broken_batches = 0;  // refused by the kernel itself: an error of the engine

    struct SessionRecord {
        Endpoint4 outside;
        bool from_outside = false;
        Instant expires;
    };
    using SessionKey = std::tuple<Proto, Endpoint4, Endpoint4>;  // inside, remote
    std::map<SessionKey, SessionRecord> sessions;
    using ElementKey = std::tuple<KernelSet, Proto, Endpoint4, Endpoint4>;
    std::map<ElementKey, Endpoint4> elements;
    std::map<std::tuple<Proto, Endpoint4, Ip4>, Instant> permits;
    std::set<PinholeElement> pinholes;
    std::vector<Ip4> left_to_kernel;  // hosts that it shall refuse, in the order of the effects

  private:
    void execute(Effects& effects);
    struct Undo {
        ElementKey key;
        std::optional<Endpoint4> value;  // before; nothing: it was not there
    };
    bool apply(const Edit& edit, std::vector<Undo>& undo);
    bool commit(const Effects& effects, const Batch& batch);
    std::optional<Endpoint4> source(Proto proto, Endpoint4 inside, Endpoint4 remote) const;
    std::optional<Endpoint4> translate(Proto proto, Endpoint4 inside, Endpoint4 remote);
    std::optional<Endpoint4> find(KernelSet set, Proto proto, Endpoint4 key,
                                  Endpoint4 remote) const;
    bool admitted(Proto proto, Endpoint4 inside, Ip4 remote) const;
    void expire();

    std::uint32_t most_mappings_;
    std::uint32_t next_token_ = 1;
    std::map<std::uint32_t, Verdict::Kind> done_;  // verdicts that were released
};

}  // namespace gatehouse::test
