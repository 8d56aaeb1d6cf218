// SPDX-License-Identifier: GPL-2.0-or-later
//
// The other router, where there is one: behind a private or shared outside address the ports of
// this house must be open there, too. handle(event, now, effects); it touches nothing. It finds out
// which language the gateway outside speaks (PCP, then NAT-PMP, then IGD), learns the address that
// the internet sees, and keeps each wanted port mapped to this router under the same number. Rules:
//   - only the gateway itself is spoken to and believed, and only while its address is that of the
//     default route;
//   - a place is held from its answer on until what was granted ends; that is what a device of the
//     house may rely on;
//   - a gateway whose clock goes back, or whose boot is another one, has lost everything: it is
//     asked anew. One that is silent is looked for again;
//   - of a gateway without a clock (IGD) one port is asked for at each look, and all are asked for
//     anew where it does not know that one. One that still does not know it then cannot be asked.
// Its times: a look every kCheck, and what it announces to all at once; a place again at half of
// what was granted, at most kLongestLease; a refused one after kRefused; a gateway that was not
// found after kFirstSearch, then ever later.
#pragma once

#include <map>

#include "gateway/base/hash.h"
#include "gateway/base/timer_queue.h"
#include "upnp/events.h"
#include "upnp/upstream_codec.h"

namespace gatehouse::upnp {

enum class UpstreamState : std::uint8_t {
    unneeded,  // the outside address is on the internet, or there is none
    off,       // by configuration
    searching,
    absent,    // the gateway speaks nothing, or there is none
    private_,  // it speaks, but is behind another one itself
    works,
};
std::string_view to_string(UpstreamState state);  // "unneeded" ... "private" "works"

enum class UpstreamLanguage : std::uint8_t { pcp, natpmp, igd };
std::string_view to_string(UpstreamLanguage language);

class Upstream {
  public:
    static constexpr Duration kCheck = 20s;
    static constexpr std::chrono::seconds kLongestLease{7200};
    static constexpr std::chrono::seconds kShortestLease{120};
    static constexpr Duration kRefused = 60s;
    static constexpr Duration kFirstSearch = 30s;
    static constexpr Duration kLastSearch = 10min;
    static constexpr Duration kFirstWait = 250ms;  // for an answer, then twice as long each time
    static constexpr unsigned kTries = 4;
    static constexpr std::size_t kMostAtOnce = 4;
    static constexpr std::size_t kMostPlaces = 4096;
    // What is asked for to learn the address by PCP: no host of the house ever gets it.
    static constexpr Port kProbePort{32767};

    using Place = std::pair<Proto, Port>;
    enum class Standing : std::uint8_t { none, asking, held, refused };

    // identity: of this gateway, for ever, so that what it asked for stays its own.
    explicit Upstream(const HashKey& identity) : identity_(identity) {}

    // The outside address, and whether the gateway may be asked. True where everything is to be
    // wanted anew.
    bool set_link(UpstreamLink link, bool wanted, Instant now, Effects& out);
    void want(const Place& place, Instant until, Instant now);
    void drop(const Place& place, Instant now);

    void handle(const GatewaySeen& event, Instant now, Effects& out);
    void handle(const UpstreamDatagram& event, Instant now, Effects& out);
    void handle(const FetchDone& event, Instant now, Effects& out);
    void tick(Instant now, Effects& out);
    std::optional<Instant> next_deadline() const;
    // The gateway did not answer in time: it is looked for again.
    void lose(Instant now, Effects& out);

    UpstreamState state() const { return state_; }
    bool is_needed() const { return state_ > UpstreamState::off; }
    // The address on the internet, where the chain works.
    std::optional<Ip4> address() const {
        return state_ == UpstreamState::works ? std::optional(address_) : std::nullopt;
    }
    Standing standing(const Place& place, Instant now) const;
    // Whether the gateway has refused this place a while ago, wanted or not.
    bool was_refused(const Place& place, Instant now) const;

    struct Facts {
        UpstreamState state = UpstreamState::unneeded;
        std::optional<UpstreamLanguage> language;
        Ip4 gateway;
        Ip4 address;
        std::size_t wanted = 0;
        std::size_t held = 0;
        std::string reason;
    };
    Facts facts(Instant now) const;

  private:
    enum class Step : std::uint8_t { idle, gateway, pcp, natpmp, search, description, address };
    enum class Phase : std::uint8_t { waiting, asking, held, refused, ending };
    struct Entry {
        Instant until;  // of the forward
        Phase phase = Phase::waiting;
        unsigned tries = 0;
        Instant held_until{};
        bool complained = false;  // that it was refused
    };
    struct Asked {  // by a Fetch that is under way
        enum class What : std::uint8_t { description, address, map, unmap, entry };
        What what = What::description;
        Place place{};
    };

    static std::uint32_t key_of(const Place& place) {
        return std::uint32_t{static_cast<std::uint8_t>(place.first)} << 16U | place.second.number;
    }
    static Place place_of(std::uint32_t key) {
        return {static_cast<Proto>(key >> 16U), Port{static_cast<std::uint16_t>(key)}};
    }
    Endpoint4 mapper() const { return {gateway_, kMappingPort}; }
    // The ports that a gateway has by PCP cannot be had by NAT-PMP: it may take its time.
    bool is_patient() const { return step_ == Step::pcp && language_ == UpstreamLanguage::pcp; }
    bool is_open() const {
        return state_ == UpstreamState::works || state_ == UpstreamState::private_;
    }
    pcp::Nonce nonce_of(const Place& place) const;

    // upstream.cpp: finding the gateway, and watching it
    void begin(Instant now, Effects& out);
    void go_to(Step step, Instant now, Effects& out);
    void send_step(Effects& out);
    void next_step(std::string reason, Instant now, Effects& out);
    void give_up(Instant now, Effects& out);
    void send_search(Effects& out);
    void ask_address(Effects& out);
    void found(UpstreamLanguage language, Ip4 address, Instant now, Effects& out);
    bool is_hopeful(const upstream::MapAnswer& answer) const;
    void heard(const upstream::MapAnswer& answer, Instant now, Effects& out);
    void answered_step(const upstream::MapAnswer& answer, Instant now, Effects& out);
    void answered_search(const upstream::Found& answer, Instant now, Effects& out);
    void answered_address(const std::optional<upstream::Document>& answer, Instant now,
                          Effects& out);
    void tick_step(Instant now, Effects& out);
    void check(Instant now, Effects& out);
    bool has_restarted(const upstream::MapAnswer& answer, Instant now);
    void start_anew(Instant now, Effects& out);
    void take_address(Ip4 address);
    void set_address(Ip4 address, Effects& out);
    void fetch(Asked asked, const upstream::Url& url, std::string message, Effects& out);
    void say(Level level, std::string fact, std::string reason, Effects& out) const;

    // upstream_places.cpp: the wanted ports
    void forget_places();
    void end_all(Instant now, Effects& out);
    void tick_place(std::uint32_t key, Instant now, Effects& out);
    void ask(std::uint32_t key, Entry& entry, Instant now, Effects& out);
    void send_map(const Place& place, std::uint32_t lifetime, Effects& out);
    void answered_map(const upstream::MapAnswer& answer, Instant now, Effects& out);
    // Asks IGD for the next of the places that are held, and what it says.
    void look_at_place(Instant now, Effects& out);
    void answered_entry(const Place& place, const std::optional<upstream::Document>& answer,
                        Instant now, Effects& out);
    void answered_soap(const Place& place, const std::optional<upstream::Document>& answer,
                       Instant now, Effects& out);
    void granted(std::uint32_t key, Entry& entry, std::uint32_t lifetime, Instant now);
    void refused(std::uint32_t key, Entry& entry, std::string_view why, Instant now, Effects& out);
    std::uint32_t lease_for(const Entry& entry, Instant now) const;

    HashKey identity_;
    UpstreamLink link_;
    UpstreamState state_ = UpstreamState::unneeded;
    std::string reason_;
    std::optional<UpstreamLanguage> language_;
    Ip4 gateway_;
    Ip4 address_;
    Step step_ = Step::idle;
    unsigned tries_ = 0;  // of the step or of the look
    std::optional<Instant> step_at_;
    std::optional<Instant> check_at_;
    bool checking_ = false;
    Duration pause_ = kFirstSearch;
    std::uint32_t epoch_ = 0;
    std::optional<Instant> epoch_at_;
    std::optional<upstream::Found> description_;
    std::optional<upstream::Connection> connection_;
    std::size_t skipped_ = 0;      // connections of the description that have no address
    bool only_permanent_ = false;  // the gateway knows no end of a mapping
    std::uint32_t looked_at_ = 0;  // the place that IGD was asked about last
    enum class Memory : std::uint8_t { good, doubted, unknown } memory_ = Memory::good;

    std::map<std::uint32_t, Entry> places_;
    TimerQueue<std::uint32_t> timers_;
    std::size_t asking_ = 0;
    std::map<std::uint32_t, Instant> refused_;  // until when
    std::map<std::uint32_t, Asked> fetches_;
    std::uint32_t last_fetch_ = 0;
};

}  // namespace gatehouse::upnp
