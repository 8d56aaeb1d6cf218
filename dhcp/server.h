// SPDX-License-Identifier: GPL-2.0-or-later
//
// The DHCP server (RFC 2131) as one function, handle(event, now) -> effects. Rules it keeps:
//   - a device that asks again for what it has gets it: renewals, reboots and lost offers find the
//     same address. What contradicts the configuration is refused on every way of asking alike, and
//     only when the next discover really gives the other address;
//   - an address that no known device had lately is probed before it is offered, without waiting:
//     any number of devices, up to kMostProbes, are probed side by side;
//   - an offer lasts kOfferTime and is not stored. When nothing is free, offers that nobody took up
//     within kPatience go to others, then what devices that are gone had, the longest gone first,
//     and never the last tenth; they get it back when the others do not take it either: a flood of
//     strangers does not cost known devices their addresses;
//   - when hardly an address is free, strangers get short leases until they renew.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "dhcp/client.h"
#include "dhcp/events.h"
#include "dhcp/lease_table.h"
#include "dhcp/network.h"
#include "gateway/base/hash.h"
#include "gateway/base/timer_queue.h"

namespace gatehouse::dhcp {

constexpr Duration kOfferTime = 30s;
constexpr Duration kPatience = 2s;      // with who was offered an address, when others wait for one
constexpr Duration kProbeWait = 150ms;  // for the answer to one of kProbes
constexpr unsigned kProbes = 2;
constexpr std::size_t kMostProbes = 256;     // addresses at a time; beyond it is offered unprobed
constexpr unsigned kMostConflicts = 3;       // for one discover
constexpr Duration kQuarantine = 600s;       // of an address that is in use by somebody else
constexpr Duration kTrustedAbsence = 3600s;  // back within this, a device is not probed
constexpr Duration kShortestLease = 120s;
constexpr Duration kTightLease = 600s;

class Server {
  public:
    // key: secret, fresh for each process.
    explicit Server(const HashKey& key);

    // Appends what is to be done.
    void handle(const Event& event, Instant now, Effects& out);
    std::optional<Instant> next_deadline() const;

    const Configured& configuration() const { return configuration_; }
    const LeaseTable& leases() const { return leases_; }
    const std::vector<Network>& networks() const { return networks_; }

  private:
    // A message that is being answered.
    struct Exchange {
        const Message& message;
        Network& network;
        std::string_view interface;  // where it came in; of a relay not always that of the network
        Client client;
        Instant now;
        Effects& out;
    };
    // A discover that waits until nobody has answered at its address.
    struct Probing {
        std::string interface;  // that is probed
        std::string came_in;    // where the discover did
        std::string client;
        Message message;
        unsigned sent = 0;
        unsigned conflicts = 0;
    };

    void on(const Configured& event, Instant now, Effects& out);
    void on(const LinksSeen& event, Instant now, Effects& out);
    void on(const NameServersSeen& event, Instant now, Effects& out);
    void on(const Restored& event, Instant now, Effects& out);
    void on(const PacketSeen& event, Instant now, Effects& out);
    void on(const ArpSeen& event, Instant now, Effects& out);
    void on(const TimerFired& event, Instant now, Effects& out);

    // server.cpp: networks and the lives of leases.
    void rebuild_networks();
    void recognise(Client& client, const Message& message) const;
    Network* network_on(std::string_view interface);
    Network* network_of(Ip4 address);
    Network* network_for(const Message& message, std::string_view interface);
    void store(Lease lease);
    void forget(Ip4 address);
    void mark(const Lease& lease, bool present);
    void lapse(Ip4 address, Instant now, Effects& out);

    // requests.cpp: what the messages mean.
    void answer(Exchange& x);
    void on_discover(Exchange& x, unsigned conflicts);
    void on_request(Exchange& x);
    void on_decline(Exchange& x);
    void on_release(Exchange& x);
    void on_inform(Exchange& x);
    void offer(Exchange& x, Ip4 address);
    void promise(Exchange& x, Ip4 address);
    void acknowledge(Exchange& x, Ip4 address);
    void refuse(Exchange& x);
    bool serves_other(Exchange& x, Ip4 server);
    void bind(Exchange& x, Ip4 address);
    void drop(Exchange& x, Drop reason);

    // choice.cpp: who may have which address.
    enum class Verdict : std::uint8_t { yes, no, silent };
    Verdict judge(const Exchange& x, Ip4 address, bool selecting) const;
    bool may_have(const Exchange& x, Ip4 address) const;
    bool reservation_is_usable(const Exchange& x) const;
    std::optional<Ip4> choose(const Exchange& x);
    std::optional<Ip4> recycle(const Exchange& x);
    bool is_tight(const Network& network) const;
    std::optional<Duration> lease_time(const Exchange& x) const;  // nothing: for ever
    std::string name_for(const Exchange& x) const;

    // probing.cpp
    bool needs_probe(const Exchange& x, Ip4 address) const;
    void probe(Exchange& x, Ip4 address, unsigned conflicts);
    void probe_again(Ip4 address, Instant now, Effects& out);
    std::optional<Client> client_of_probe(const Probing& probing, const Network& network) const;
    void finish_probe(Ip4 address, Instant now, Effects& out);

    // reply.cpp
    Message reply(const Exchange& x, MessageType type) const;
    void add_lease_options(const Exchange& x, Message& message) const;
    void add_asked_options(const Exchange& x, Message& message) const;
    void send(Exchange& x, Message message);

    HashKey key_;
    Configured configuration_;
    std::vector<Link> links_;
    std::vector<Ip4> name_servers_;
    Reservations reservations_;
    std::vector<Network> networks_;
    LeaseTable leases_;
    std::unordered_map<Ip4, Lease, KeyedHash> displaced_;  // by offers to others
    std::unordered_map<Ip4, Probing, KeyedHash> probing_;
    TimerQueue<Ip4, KeyedHash> probe_times_;
};

}  // namespace gatehouse::dhcp
