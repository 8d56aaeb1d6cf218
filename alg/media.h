// SPDX-License-Identifier: GPL-2.0-or-later
//
// The outside ports of media: one pair (or a single port, or a range) for each inside endpoint that
// a session description names, kept for as long as any call uses it, so that holding, changing and
// refreshing a call never moves it. Until a peer is known it is open to everybody, then to one
// alone (latch.h). Calls that use the same endpoint with different peers leave it open.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "alg/latch.h"
#include "alg/listener.h"
#include "alg/rewrite.h"
#include "gateway/nat/mapping_service.h"

namespace gatehouse::sip {

using CallNumber = std::uint32_t;

class MediaTable {
  public:
    static constexpr std::uint32_t kMostPairs = 4;  // of one stream
    static constexpr Duration kLookGap = 1s;

    explicit MediaTable(nat::MappingService& service) : service_(service) {}

    void set_limits(std::uint32_t most, std::uint32_t most_of_host) {
        most_ = most;
        most_of_host_ = most_of_host;
    }
    // Opens the stream for the call, or finds it open.
    Result<OpenedMedia, Reason> open(CallNumber call, const WantedMedia& wanted, Instant now);
    bool is_open(Endpoint4 rtp) const { return streams_.contains(rtp); }
    std::optional<OpenedMedia> find(Endpoint4 rtp) const;
    // What it would take to open it again at the same place.
    std::optional<WantedMedia> shape(Endpoint4 rtp) const;
    // What is known of the peer that the call's media come from.
    void expect(CallNumber call, Endpoint4 rtp, const MediaPeer& peer, Instant now);

    // When it has to be looked who speaks: begin_look, then the answer with the sessions that
    // is_looked_at wants; none before that answer, and at most one in kLookGap. Strangers are those
    // whose sessions shall end. Where the answer is not all that there is, nothing follows from it.
    std::optional<Instant> next_look() const;
    void begin_look(Instant now);
    bool is_looked_at(Endpoint4 inside) const;
    void look(std::span<const MediaSession> sessions, bool all, Instant now,
              std::vector<MediaSession>& strangers);
    // The call does not use this stream any more.
    void drop(CallNumber call, Endpoint4 rtp, Instant now);
    // The call is over.
    void release(CallNumber call, Instant now);

    std::size_t size() const { return streams_.size(); }
    std::uint64_t refused() const { return refused_; }  // because there were too many

  private:
    struct User {
        CallNumber call = 0;
        std::optional<MediaPeer> peer;
    };
    struct Stream {
        std::optional<Endpoint4> rtcp;
        std::uint32_t count = 1;
        std::vector<nat::ForwardId> forwards;  // one, or two of a pair
        std::optional<Ip4> remote;
        std::optional<Port> outside;  // that is wanted, before it is open
        std::vector<User> users;
        Latch latch;
        Listener listener;
        bool looks = false;  // an answer is waited for
    };
    using Streams = std::map<Endpoint4, Stream>;

    Result<void, Reason> request(Endpoint4 rtp, Stream& stream, Instant now);
    // Another port for RTCP, beside the one for RTP that stays.
    Result<void, Reason> move_rtcp(Endpoint4 rtp, Stream& stream, Endpoint4 rtcp, Instant now);
    Result<void, Reason> renew(Endpoint4 rtp, Stream& stream, const WantedMedia& wanted,
                               Instant now);
    bool is_alive(const Stream& stream) const;
    // The stream behind it.
    Streams::iterator leave(CallNumber call, Streams::iterator at, Instant now);
    void close(const Streams::value_type& entry, Instant now);
    // By what this user knows of the peer.
    void follow(Streams::value_type& entry, const User& user, Instant now);
    void settle(Streams::value_type& entry, Instant now);
    void hear(std::span<const MediaSession> sessions);
    const Stream* stream_of(Endpoint4 inside) const;

    nat::MappingService& service_;
    std::uint32_t most_ = 0, most_of_host_ = 0;
    std::uint64_t refused_ = 0;
    Streams streams_;
    std::map<Ip4, std::uint32_t> of_host_;
    std::optional<Instant> next_look_;
    Instant earliest_look_{};  // not sooner after the one before
    bool looking_ = false;     // an answer is waited for
};

}  // namespace gatehouse::sip
