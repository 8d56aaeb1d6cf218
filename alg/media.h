// SPDX-License-Identifier: GPL-2.0-or-later
//
// The outside ports of media: one pair (or a single port, or a range) for each inside endpoint that
// a session description names, kept for as long as any call uses it, so that holding, changing and
// refreshing a call never moves it. Until a peer is known it is open to everybody; once every call
// that uses it has named one and the same peer, to that one alone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "alg/rewrite.h"
#include "gateway/nat/mapping_service.h"

namespace gatehouse::sip {

using CallNumber = std::uint32_t;

class MediaTable {
  public:
    static constexpr std::uint32_t kMostStreamsOfHost = 128;
    static constexpr std::uint32_t kMostStreams = 2048;
    static constexpr std::uint32_t kMostPairs = 4;  // of one stream
    static constexpr std::size_t kMostPeers = 4;    // of one call, before everybody may come

    explicit MediaTable(nat::MappingService& service) : service_(service) {}

    // Opens the stream for the call, or finds it open.
    Result<OpenedMedia, Reason> open(CallNumber call, const WantedMedia& wanted, Instant now);
    bool is_open(Endpoint4 rtp) const { return streams_.contains(rtp); }
    std::optional<OpenedMedia> find(Endpoint4 rtp) const;
    // What it would take to open it again at the same place.
    std::optional<WantedMedia> shape(Endpoint4 rtp) const;
    // The call's media comes from this peer, too; nothing: from wherever.
    void expect(CallNumber call, Endpoint4 rtp, std::optional<Ip4> peer, Instant now);
    // The call does not use this stream any more.
    void drop(CallNumber call, Endpoint4 rtp, Instant now);
    // The call is over.
    void release(CallNumber call, Instant now);
    void release_all(Instant now);

    std::size_t size() const { return streams_.size(); }

  private:
    struct User {
        CallNumber call = 0;
        std::vector<Ip4> peers;
        bool anybody = false;
    };
    struct Stream {
        std::optional<Endpoint4> rtcp;
        std::uint32_t count = 1;
        std::vector<nat::ForwardId> forwards;  // one, or two of a pair
        std::optional<Ip4> remote;
        std::optional<Port> outside;  // that is wanted, before it is open
        std::vector<User> users;
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
    void settle(Streams::value_type& entry, Instant now);

    nat::MappingService& service_;
    Streams streams_;
    std::map<Ip4, std::uint32_t> of_host_;
};

}  // namespace gatehouse::sip
