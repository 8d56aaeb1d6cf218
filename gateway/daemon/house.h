// SPDX-License-Identifier: GPL-2.0-or-later
//
// The house: the composition of all rooms as one function, handle(event, now) -> effects. It holds
// what the gateway wants and what it has seen, and decides; it touches nothing. The daemon runs it
// with the real kernel, the simulated world with a double.
//
// Rules it keeps:
//   - Forwarding is switched on only after the ruleset is loaded: nothing passes unfiltered. IPv6
//     is filtered alike, but whether it is forwarded is the system's choice: a kernel that forwards
//     takes no more address and route from the provider's router advertisements (RFC 4862) unless
//     accept_ra is 2, so the switch belongs to whoever configures the addresses.
//   - The table is loaded again when another program has changed it, at once, but not more often
//     than every kRepairPause, so that two programs that fight over it do not eat the processor.
//   - A ruleset that the kernel refuses ends the start; later it is tried again, ever more slowly,
//     and what the kernel has stays in force.
//   - The NAT engine learns what the kernel holds before it writes anything: a restart changes no
//     mapping.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "alg/alg.h"
#include "alg/datagram.h"
#include "dhcp/server.h"
#include "gateway/base/ip.h"
#include "gateway/base/log.h"
#include "gateway/base/metrics.h"
#include "gateway/base/result.h"
#include "gateway/base/time.h"
#include "gateway/config/config.h"
#include "gateway/control/events.h"
#include "gateway/nat/engine.h"
#include "gateway/nat/ruleset.h"
#include "upnp/room.h"

namespace gatehouse::daemon {

// What the house needs to know of an interface of the kernel.
struct Interface {
    std::string name;
    bool running = false;               // up, with a carrier
    std::vector<Prefix4> addresses;     // neither deprecated nor tentative, best first
    std::vector<Prefix6> addresses6{};  // but for link-local ones
    std::vector<Ip4> others{};          // of the router too, though not to be used

    friend bool operator==(const Interface&, const Interface&) = default;
};

// What the kernel offers, as far as the house decides by it.
struct Abilities {
    bool timeout_objects = true;      // lifetimes can be set by rules
    bool session_counts = true;       // sessions of a host can be counted by rules
    bool map_lookups = true;          // rules can ask whether a map has a key
    bool element_counters = true;     // elements of sets can count packets
    std::optional<Port> sip_proxy{};  // where the daemon listens for SIP over TCP

    friend bool operator==(const Abilities&, const Abilities&) = default;
};

// Events. Links and ports are told once before the start, so that it knows them.
struct Started {
    config::Config config;
    Abilities abilities;
    std::string host_name{};  // of the router; may be empty
    upnp::Setup upnp{};
    std::vector<nat::ForwardRequest> forwards{};  // of commands, from an earlier run
};
struct Reconfigured {
    config::Config config;
};
struct LinksSeen {  // all interfaces, after any change
    std::vector<Interface> interfaces;
};
struct RulesetDone {  // the answer to LoadRuleset
    std::optional<Error> error;
};
struct TableTouched {  // somebody else changed or removed our table
    std::string by;
};
struct PortsSeen {  // those that the router uses itself
    std::vector<nat::ReservedPort> ports;
};
struct NeighbourSeen {
    IpAddress address;
    std::optional<Mac> mac;  // nothing: nobody answers there any more
};
struct NameServersSeen {  // that the router itself asks, by address
    std::vector<Ip4> servers;
};
struct TimerFired {};
using Event = std::variant<Started, Reconfigured, LinksSeen, RulesetDone, TableTouched, PortsSeen,
                           NeighbourSeen, NameServersSeen, TimerFired>;

// Effects: the steps, to be carried out in their order, then those of the NAT engine.
struct LoadRuleset {
    std::string text;
};
struct EnableForwarding {};
struct SetTimeouts {  // of the kernel's sessions, where rules do not set them
    config::Timeouts timeouts;
};
struct SetRouterPorts {  // in the set of the table, each in place of all that was there
    std::vector<nat::ReservedPort> ports;
};
// Sessions that began while the table, or what is in it, was not there: they would stay without
// translation, and thereby without an answer, for as long as they are used. Those from inside to
// outside, and those from outside to an endpoint that belongs to a host of the house.
struct DropUntranslated {
    std::vector<Prefix4> inside;
    std::vector<Ip4> outside;
};
struct AdoptElements {};  // to be answered with nat::AdoptElements
struct SetTimer {         // replaces the one before
    Instant at;
};
struct EndWithError {  // the start has failed
    std::string text;
};
using Step = std::variant<LoadRuleset, EnableForwarding, SetTimeouts, SetRouterPorts,
                          DropUntranslated, AdoptElements, SetTimer, EndWithError, LogLine>;
struct Effects {
    std::vector<Step> steps;
    nat::Effects nat;
    dhcp::Effects dhcp;
    sip::Effects sip;  // after those of the NAT
    upnp::Effects upnp;
    std::vector<control::Happening> events;  // for whoever listens
    bool save_forwards = false;              // of commands: one is over

    bool empty() const {
        return steps.empty() && nat.empty() && dhcp.empty() && sip.empty() && upnp.empty() &&
               events.empty() && !save_forwards;
    }
    void clear();
};

// The addresses that hosts may be translated to: the best one, and those that the provider must
// have given for the same purpose, in its subnet or routed one by one. An address for the modem's
// own web page, or of a tunnel, is none of them.
std::vector<Ip4> outside_addresses_of(const Interface& wan);

class House {
  public:
    static constexpr Duration kRepairPause = 50ms;
    static constexpr Duration kSettling = 1s;  // of the house, behind a new outside address
    static constexpr Duration kFirstRetry = 1s;
    static constexpr Duration kLongestRetry = 60s;
    static constexpr std::size_t kMostLearnedPorts = 8;
    static constexpr Duration kLearnedPortLife = 1h;  // then it makes room for another one

    // key: secret, fresh for each process.
    explicit House(const HashKey& key);

    // Appends what is to be done.
    void handle(const Event& event, Instant now, Effects& out);
    void handle(const nat::Event& event, Instant now, Effects& out);
    void handle(const dhcp::Event& event, Instant now, Effects& out);
    // A datagram on a SIP port on its way through the NAT.
    void handle(std::uint32_t token, const sip::UdpPacket& packet, Instant now, Effects& out);
    void handle(const sip::Event& event, Instant now, Effects& out);
    void handle(const upnp::Event& event, Instant now, Effects& out);
    upnp::HttpAnswer serve(const upnp::HttpRequest& request, Instant now, Effects& out);
    // The gateway device says goodbye to the house.
    void leave(Effects& out) const;
    // Whether somebody listens to events; mappings are told only then.
    void watch(bool watched) { watched_ = watched; }
    // Appends what calls of the engine's service have left to be done.
    void flush_nat(Instant now, Effects& out);

    const config::Config& config() const { return config_; }
    // From the start on.
    nat::Engine& engine() { return *engine_; }
    const nat::Engine& engine() const { return *engine_; }
    const dhcp::Server& dhcp() const { return dhcp_; }
    const sip::Alg& sip() const { return *sip_; }
    const upnp::Room& upnp() const { return *upnp_; }
    nat::Hosts& hosts() { return hosts_; }
    const nat::Hosts& hosts() const { return hosts_; }
    // The interface of that name as last seen; nothing while it is away.
    const Interface* interface(std::string_view name) const;
    // Whether an address is in a network of the house.
    bool is_inside(const IpAddress& address) const;
    // The address under which hosts can be reached now.
    std::optional<Ip4> outside_address() const { return outside_; }
    bool forwarding() const { return forwarding_; }
    // Those that are configured, and others on which hosts speak SIP; none where it is off.
    std::vector<Port> sip_ports() const;
    Instant started() const { return started_; }
    Metrics& metrics() { return metrics_; }
    const Metrics& metrics() const { return metrics_; }

  private:
    void on(const Started& event, Instant now, Effects& out);
    void on(const Reconfigured& event, Instant now, Effects& out);
    void on(const LinksSeen& event, Instant now, Effects& out);
    void on(const RulesetDone& event, Instant now, Effects& out);
    void on(const TableTouched& event, Instant now, Effects& out);
    void on(const PortsSeen& event, Instant now, Effects& out);
    void on(const NeighbourSeen& event, Instant now, Effects& out);
    void on(const NameServersSeen& event, Instant now, Effects& out);
    void on(const TimerFired& event, Instant now, Effects& out);

    void publish_static_hosts(Instant now, Effects& out);
    void tell_changed_hosts(Instant now, Effects& out);
    void tell_engine(const nat::Event& event, Instant now, Effects& out);
    // house_events.cpp
    void tell(std::string_view event, std::vector<control::Happening::Field> fields, Effects& out);
    void log_notices(Instant now, Effects& out, std::size_t first);
    // house_dhcp.cpp
    void tell_dhcp(const dhcp::Event& event, Instant now, Effects& out);
    void configure_dhcp(Instant now, Effects& out);
    void update_dhcp_links(Instant now, Effects& out);
    void update_name_servers(Instant now, Effects& out);
    void note_lease(const dhcp::Change& change, Effects& out);
    void note_exchange(const dhcp::Notice& notice, Instant now, Effects& out);

    void tell_sip(const sip::Event& event, Instant now, Effects& out);
    void tell_call(const sip::Notice& notice, Effects& out);
    void learn_sip_ports(Instant now, Effects& out);
    void log_sip_notices(Instant now, Effects& out, std::size_t first);
    // house_upnp.cpp
    void restore(const std::vector<nat::ForwardRequest>& forwards, Instant now, Effects& out);
    void start_upnp(const upnp::Setup& setup, Instant now, Effects& out);
    void tell_upnp(const upnp::Event& event, Instant now, Effects& out);
    void update_lans(Instant now, Effects& out);
    void settle_upnp(Instant now, Effects& out);
    void take_upnp(Instant now, Effects& out);
    void set_timer(Effects& out);
    std::vector<Prefix4> inside_prefixes() const;
    void want_ruleset(Instant now, Effects& out);
    void load(Instant now, Effects& out);
    void note_interface(const Interface* before, const Interface* after, std::string_view name,
                        Effects& out);
    void update_outside(Instant now, Effects& out);
    void look_for_overlap(const Interface* wan, Effects& out);

    HashKey key_;
    config::Config config_;
    Abilities abilities_;
    std::vector<Interface> interfaces_;
    std::vector<Ip4> outside_addresses_;  // also of a link that is down
    std::optional<Ip4> outside_;
    std::vector<nat::ReservedPort> router_ports_;
    bool networks_overlap_ = false;  // and it was said
    nat::Hosts hosts_;
    std::vector<IpAddress> changed_hosts_;
    std::unique_ptr<nat::Engine> engine_;
    dhcp::Server dhcp_;
    std::string host_name_;
    std::vector<Ip4> name_servers_;
    RateLimit dhcp_warnings_{5, 60s};
    std::unique_ptr<sip::Alg> sip_;
    std::unique_ptr<upnp::Room> upnp_;
    RateLimit refusals_{5, 10s};
    RateLimit changes_{20, 10s};  // of forwards and pinholes of devices
    RateLimit dropped_{5, 10s};   // events of what got no answer
    bool watched_ = false;
    RateLimit sip_lines_{20, 10s};
    std::vector<std::pair<Port, Instant>> learned_sip_ports_;  // and when they were used
    RateLimit new_sip_ports_{4, 60s};                          // each loads the ruleset
    std::optional<Instant> timer_;                             // the one that was asked for last
    Metrics metrics_;
    Instant started_{};

    std::string wanted_;    // the ruleset as it shall be
    bool loading_ = false;  // a LoadRuleset has not been answered
    bool again_ = false;    // something changed meanwhile
    bool loaded_once_ = false;
    bool touched_ = false;  // the maps may have lost elements
    bool forwarding_ = false;
    Instant last_load_ = Instant::min() + kRepairPause;
    std::optional<Instant> load_at_;  // a load that waits for its time
    std::optional<Instant> drop_at_;  // once more, after the elements have been written
    Duration retry_ = kFirstRetry;
};

}  // namespace gatehouse::daemon
