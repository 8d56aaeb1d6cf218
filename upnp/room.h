// SPDX-License-Identifier: GPL-2.0-or-later
//
// The gateway device: SSDP, descriptions, SOAP, events, NAT-PMP and PCP in front of one service of
// mappings. handle(event, now, effects) and serve(request, now, effects) -> answer; it touches
// nothing.
//
// Its times:
//   alive      the whole set kAliveGap after a change of the networks and again a second later,
//              then every kAlivePeriod; byebye before the first one and at the end
//   address    told to all hosts ten times, at once, after 250 ms and then at twice the distance
//              each time (RFC 6886 3.2.1, RFC 6887 14.1.1), at the start and when it changes; to
//              those of IPv6 only since when the state is kept
//   changes    told to subscribers not more often than every kEventGap
//   claims     presence and traffic, see claims.h
//   upstream   see upstream.h; who asks for a port waits until the gateway outside has it, too, but
//              not longer than kUpstreamPatience: from then on that gateway counts as silent
#pragma once

#include <memory>

#include "gateway/base/metrics.h"
#include "upnp/actions.h"
#include "upnp/gena.h"
#include "upnp/http.h"
#include "upnp/natpmp.h"
#include "upnp/ssdp.h"
#include "upnp/upstream.h"

namespace gatehouse::upnp {

// What the room is given once.
struct Setup {
    HashKey identity;          // of this gateway, for ever
    HashKey secret;            // of this run
    std::uint32_t starts = 1;  // how often the gateway has started, this one included
    std::string boot;          // the kernel's name for this boot
    std::string journal;       // of the run before; may be empty
    std::string version;
};

class Room {
  public:
    static constexpr Duration kAliveGap = 100ms;
    static constexpr Duration kAlivePeriod = 800s;
    static constexpr Duration kEventGap = 200ms;
    static constexpr Duration kFirstAnnouncement = 250ms;
    static constexpr unsigned kAnnouncements = 10;
    static constexpr Duration kUpstreamPatience = 3s;
    static constexpr std::size_t kMostWaiting = 64;

    // All must live as long. Asks the service for the forwards of the journal.
    Room(const config::Config& config, nat::MappingService& service, const nat::Hosts& hosts,
         Metrics& metrics, const Setup& setup, Instant now);
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;
    ~Room();

    void handle(const Event& event, Instant now, Effects& out);
    HttpAnswer serve(const HttpRequest& request, Instant now, Effects& out);
    // Takes note of what has changed in the service by any hand.
    void settle(Instant now, Effects& out);
    // The farewell, when the daemon ends.
    void leave(Effects& out) const;
    std::optional<Instant> next_deadline() const;

    const Claims& claims() const { return claims_; }
    const Gena& subscriptions() const { return gena_; }
    const Upstream& upstream() const { return upstream_; }

  private:
    // A request that is answered when the gateway outside has answered.
    struct Waiting {
        std::variant<Datagram, HttpRequest> request;
        std::uint64_t later = 0;  // of an HttpRequest
        nat::ForwardId forward = 0;
        Upstream::Place place;
        Instant deadline;
        unsigned rounds = 0;
    };

    void on(const LansSeen& event, Instant now, Effects& out);
    void on(const Reconfigured& event, Instant now, Effects& out);
    void on(const Datagram& event, Instant now, Effects& out);
    void on(const WanCounters& event, Instant now, Effects& out);
    void on(const HostChanged& event, Instant now, Effects& out);
    void on(const ForwardsInUse& event, Instant now, Effects& out);
    void on(const NotifyDone& event, Instant now, Effects& out);
    void on(const JournalLost& event, Instant now, Effects& out);
    void on(const GatewaySeen& event, Instant now, Effects& out);
    void on(const UpstreamDatagram& event, Instant now, Effects& out);
    void on(const FetchDone& event, Instant now, Effects& out);
    void on(const TimerFired& event, Instant now, Effects& out);

    // room_upstream.cpp
    void follow_link(Instant now, Effects& out);
    void follow_forwards(Instant now);
    void follow_forward(const nat::Forward& forward, Instant now);
    bool is_taken(const Upstream::Place& place) const;
    // Whether the answer to this request has to wait for the gateway outside.
    bool must_wait(nat::ForwardId made, Instant now);
    bool is_waiting(const Datagram& event) const;
    bool wait_for_upstream(Waiting&& wanted, nat::ForwardId made, Instant now);
    void go_on_waiting(Instant now, Effects& out);
    void go_on(Waiting&& waiting, Instant now, Effects& out);
    Ip4 told_address() const;

    void listen(Effects& out);
    void search(const Datagram& event, Instant now, Effects& out);
    void ask(const Datagram& event, Instant now, Effects& out);
    std::optional<MappingReply> answer_mapping(const MappingContext& context,
                                               const IpAddress& client, Bytes bytes) const;
    std::optional<Lan> lan_named(std::string_view name) const;
    SsdpFacts facts(const IpAddress& router) const;
    // What each network is told over each of its families, and to which group.
    using EachGroup = std::function<void(const Lan&, const SsdpFacts&)>;
    void visit_groups(const EachGroup& each) const;
    void send_alive(Effects& out);
    void say_byebye(std::vector<Send>& out) const;
    void announce_address(Instant now, Effects& out);
    void begin_announcing(Instant now);
    void tick(Instant now, Effects& out);
    void tell_subscribers(Instant now, Effects& out);

    HttpAnswer serve_now(const HttpRequest& request, Instant now, Effects& out);
    HttpAnswer serve_control(const HttpRequest& request, const Target& target, Instant now,
                             Effects& out);
    HttpAnswer serve_event(const HttpRequest& request, const Target& target, Instant now,
                           Effects& out);
    void note_denial(Denial denial, std::string_view verb, const IpAddress& client, Instant now,
                     Effects& out);
    DeviceState state(Instant now);
    Gena::Values values(Instant now);
    std::uint64_t random(std::uint64_t below);

    config::Config config_;
    nat::MappingService& service_;
    const nat::Hosts& hosts_;
    Metrics& metrics_;
    Identity identity_;
    HashKey secret_;
    std::uint32_t starts_;
    std::string boot_;
    std::string version_;
    Authority authority_;
    Claims claims_;
    Upstream upstream_;
    std::uint32_t subscription_;
    std::vector<nat::Forward> touched_;  // for the gateway outside
    std::vector<Waiting> waiting_;
    Instant handled_at_;
    Waiting* going_on_ = nullptr;  // whose request is being served again
    std::uint64_t last_later_ = 0;
    Gena gena_;
    SsdpBudget budget_;
    RateLimit denials_{5, 10s};
    WanCounters counters_;
    Instant epoch_;
    Ip4 outside_;
    Instant connected_since_;
    std::uint64_t randoms_ = 0;

    std::optional<Instant> alive_at_;
    unsigned hasty_alives_ = 0;  // that come soon after one another
    bool was_alive_ = false;
    std::uint32_t lives_ = 0;  // begun with greetings behind a farewell, in this run
    std::optional<Instant> announce_at_;
    unsigned announcements_ = 0;
    std::uint32_t told_generation_ = 0;
    bool changed_ = false;
    std::optional<Instant> events_at_;
    Instant last_events_;
    std::uint32_t update_id_ = 0;
};

}  // namespace gatehouse::upnp
