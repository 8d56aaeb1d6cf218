// SPDX-License-Identifier: GPL-2.0-or-later
//
// The SIP gateway: handle(event, now, effects). It sees the datagrams on SIP ports that cross the
// NAT, and makes what hosts say of themselves true outside, and true inside again on its way back.
// Rules it keeps:
//   - nothing is dropped: what is not understood, or needs no help, passes byte for byte and is
//     counted by its reason;
//   - only inside addresses of the sender itself are translated, at the places that rewrite.h
//     lists, and the way back restores exactly what the host wrote (books.h);
//   - ports for media are opened by a session description of a host within a call, never below
//     1024, live as long as the call and never move meanwhile (media.h, calls.h);
//   - a registered flow stays where it is for as long as the registrar has granted
//   (registrations.h);
//   - a flow that turns out not to be SIP, a game or a tunnel, is soon left to the kernel;
//   - over TCP, where the shell ends the host's connection and makes one of its own, messages are
//     cut out of the bytes (framer.h) and treated alike. A connection that cannot be cut passes
//     byte for byte from there on. It opens no way in for new connections: the port on which it
//     leaves is held and closed;
//   - everything that a host may fill is bounded for that host; beyond the bounds messages pass
//     as they came.
// Its timers are those of calls, registrations, of what it remembers of endpoints, and of looks at
// who speaks (latch.h).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "alg/books.h"
#include "alg/calls.h"
#include "alg/framer.h"
#include "alg/media.h"
#include "alg/registrations.h"
#include "alg/saved_calls.h"
#include "alg/trace.h"
#include "gateway/config/config.h"
#include "gateway/nat/hosts.h"
#include "gateway/nat/mapping_service.h"

namespace gatehouse::sip {

struct Reconfigured {
    config::Sip config;
};
struct TimerFired {};
struct Restored {  // what was saved before a restart
    std::vector<SavedRegistration> registrations;
    std::vector<SavedCall> calls{};
};

// A connection of a host to a server's port of SIP over TCP. Ids are not used again.
using StreamId = std::uint32_t;
struct StreamBegun {  // answered with StreamConnect
    StreamId id = 0;
    Endpoint4 inside;
    Endpoint4 remote;
};
struct StreamConnected {  // to the server, from there
    StreamId id = 0;
    Endpoint4 outside;
};
struct StreamData {
    StreamId id = 0;
    bool outward = true;
    std::string_view bytes;  // valid during the call only
    bool last = false;       // the sender says no more
};
struct StreamEnded {
    StreamId id = 0;
};
// The answer to Effects::look: the kernel's sessions of the endpoints that is_looked_at names.
struct MediaSeen {
    std::span<const MediaSession> sessions;  // valid during the call only
    bool all = true;                         // else the kernel could not tell them all
};
using Event = std::variant<Datagram, Reconfigured, TimerFired, Restored, StreamBegun,
                           StreamConnected, StreamData, StreamEnded, MediaSeen>;

// Every datagram gets one. What the calls of the mapping service have left to be done comes first.
struct Verdict {
    std::uint32_t token = 0;
    std::optional<std::string> payload;  // nothing: it passes as it came
};

// The next datagrams of this flow are no SIP either and need not be seen.
struct Bypass {
    Endpoint4 inside;
    Endpoint4 remote;

    friend auto operator<=>(const Bypass&, const Bypass&) = default;
};

struct StreamConnect {
    StreamId id = 0;
    Endpoint4 outside;  // the port is held for it; zero: any
    Endpoint4 remote;
};
struct StreamBytes {  // to be sent on
    StreamId id = 0;
    bool outward = true;
    std::string bytes;
};

// For the log.
struct Notice {
    enum class Kind : std::uint8_t {
        call_changed,  // text: its state
        registered,
        unregistered,
        would_edit,  // observe: text is what would be edited
        not_sip,     // text: what it is
        altered,     // by another gateway outside; text: what came back
    };

    Kind kind = Kind::call_changed;
    std::string text;
    std::string call_id;
    std::string from;
    std::string to;
    Endpoint4 inside;
    Endpoint4 remote;
};

std::string_view to_string(Notice::Kind kind);  // "call" "registered" ...

struct Effects {
    std::vector<Verdict> verdicts;
    std::vector<KeepAlive> keep_alives;
    std::vector<Bypass> bypasses;
    std::vector<Port> ports;  // of servers, not configured, that hosts speak SIP with
    std::vector<Notice> notices;
    std::vector<StreamConnect> connects;
    std::vector<StreamBytes> bytes;
    std::vector<MediaSession> strangers;  // to be ended, after what the service has to be done
    bool look = false;                    // at the sessions of media: answered with MediaSeen
    // What a restart shall not lose: what of it is another now, and whether it is all of it.
    std::vector<SavedRegistration> registrations;
    std::vector<SavedCall> calls;
    bool state_changed = false;

    bool empty() const {
        return verdicts.empty() && keep_alives.empty() && bypasses.empty() && ports.empty() &&
               notices.empty() && connects.empty() && bytes.empty() && strangers.empty() && !look &&
               registrations.empty() && calls.empty() && !state_changed;
    }
    void clear();
};

class Alg {
  public:
    static constexpr std::size_t kMostEndpoints = 16384;
    static constexpr std::uint32_t kStreamsPerCall = 2;        // that there is room for
    static constexpr std::uint32_t kMostEndpointsOfHost = 64;  // then the one silent longest goes
    static constexpr Duration kEndpointLife = 2h;              // beyond its last message
    static constexpr std::size_t kMostDatagram = 65507;
    static constexpr std::uint32_t kPatience = 32;  // datagrams of a flow without one of SIP
    static constexpr std::size_t kMostDoubtful = 1024;
    static constexpr std::size_t kMostConnections = 512;
    static constexpr std::size_t kMostHeld = std::size_t{4} << 20U;  // bytes of unfinished messages
    static constexpr Duration kFirstPatience = 3s;  // for the end of a connection's first message
    static constexpr Duration kLaterPatience = 60s;

    // The service must live as long, and so must the hosts; without them none is known by its
    // hardware address.
    Alg(const config::Sip& config, nat::MappingService& service, const nat::Hosts* hosts = nullptr);
    Alg(const Alg&) = delete;
    Alg& operator=(const Alg&) = delete;
    ~Alg();

    // Appends what is to be done.
    void handle(const Event& event, Instant now, Effects& out);
    // When a TimerFired is due.
    std::optional<Instant> next_deadline() const;

    const Calls& calls() const { return calls_; }
    std::size_t registrations() const { return registrations_.size() + registered_; }
    std::vector<SavedRegistration> saved(Instant now) const { return registrations_.saved(now); }
    std::vector<SavedCall> saved_calls(Instant now) const;
    const Registrations& flows() const { return registrations_; }
    const MediaTable& media() const { return media_; }
    std::size_t streams() const { return media_.size(); }
    std::size_t connections() const { return connections_.size(); }
    bool is_looked_at(Endpoint4 inside) const { return media_.is_looked_at(inside); }
    const Trace& trace() const { return trace_; }
    std::uint64_t count(Reason reason) const { return counts_[static_cast<std::size_t>(reason)]; }
    // That of the host, else of the provider, else of all.
    config::SipMode mode_of(Ip4 inside, Ip4 remote) const;
    // What an endpoint needs, as far as its messages tell.
    Help help_of(Endpoint4 inside) const;

  private:
    struct Known {  // of an inside endpoint
        Help help = Help::unknown;
        Spellings spellings;
        bool registered = false;  // of a connection
        bool altered = false;     // by another gateway, and it was told
    };
    struct Connection {  // over TCP
        Flow flow;
        nat::ForwardId port = 0;  // that is held for it
        Known known;
        Framer inward;
        Framer outward;
        bool raw = false;
    };
    struct Work;  // one message on its way
    bool is_helped(Endpoint4 inside, Endpoint4 remote) const {
        return mode_of(inside.address, remote.address) == config::SipMode::automatic;
    }

    void on(const Datagram& event, Instant now, Effects& out);
    void set_limits();
    void on(const Reconfigured& event, Instant now, Effects& out);
    void on(const TimerFired& event, Instant now, Effects& out);
    void on(const Restored& event, Instant now, Effects& out);
    void on(const StreamBegun& event, Instant now, Effects& out);
    void on(const StreamConnected& event, Instant now, Effects& out);
    void on(const StreamData& event, Instant now, Effects& out);
    void on(const StreamEnded& event, Instant now, Effects& out);
    void on(const MediaSeen& event, Instant now, Effects& out);

    // alg_streams.cpp
    void cut(Connection& connection, bool outward, Instant now, Effects& out, std::string& bytes);
    std::string pass_message(Connection& connection, bool outward, std::string_view text,
                             Instant now, Effects& out);
    void give_up(StreamId id, Connection& connection, Reason why, Effects& out);
    void settle(StreamId id, Connection& connection, std::size_t before, Instant now, Effects& out);
    void expire_streams(Instant now, Effects& out);

    // alg_calls.cpp
    void follow_call(Work& work, Instant now, Effects& out);
    void move_stream(Call& call, std::size_t index, Endpoint4 inside, Instant now);
    void note_stream(Work& work, std::size_t index, Endpoint4 said, Instant now);
    void note_streams(Work& work, const Sdp& sdp, Instant now);
    void expect_media(const Call& call, Ip4 outside, Instant now);
    void follow_registration(Work& work, Instant now, Effects& out);

    Reason rewrite(const Datagram& event, Instant now, Effects& out,
                   std::optional<std::string>& payload);
    Reason rewrite(const Datagram& event, const Message& message, const Flow& flow, Known& known,
                   Instant now, Effects& out, std::optional<std::string>& payload);
    std::optional<Reason> rewrite_headers(Work& work);
    Reason rewrite_bodies(Work& work, Instant now);
    Reason rewrite_body(Work& work, std::string_view text, Instant now);
    bool follow_length(Work& work);
    void restore(const SavedCall& saved, Instant now);
    SavedCall saved(const Call& call, Instant now) const;
    void note_change(const Call& call);
    void note_changes(Instant now, Effects& out);
    void set_registered(const Flow& flow, Known& known, bool registered, Effects& out);
    bool is_forwarded(const Flow& flow) const;
    static void look_for_another(const Message& message, const Flow& flow, Known& known,
                                 Effects& out);
    bool is_sip_port(Port port) const;
    void note_port(const Datagram& event, const Message& message, Effects& out) const;
    void doubt(const Datagram& event, Reason reason, Effects& out);
    Known* know(Endpoint4 inside, Instant now);
    bool make_room(Ip4 host);
    void forget(Endpoint4 inside);

    config::Sip config_;
    nat::MappingService& service_;
    const nat::Hosts* hosts_;
    MediaTable media_;
    Calls calls_;
    std::vector<CallNumber> changed_;  // calls, by this event
    bool all_changed_ = false;         // or more than them
    Registrations registrations_;
    std::map<Endpoint4, Known> endpoints_;
    std::map<Ip4, std::uint32_t> of_host_;
    std::map<Bypass, std::uint32_t> doubtful_;  // flows, and how often they were no SIP
    TimerQueue<std::uint64_t> endpoint_timers_;
    std::map<StreamId, Connection> connections_;
    TimerQueue<StreamId> stream_timers_;  // of those that hold bytes back
    std::size_t held_ = 0;                // bytes, of all of them
    std::size_t registered_ = 0;          // connections
    Trace trace_;
    std::array<std::uint64_t, static_cast<std::size_t>(Reason::count_)> counts_{};
};

}  // namespace gatehouse::sip
