// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/media.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace gatehouse::sip {

namespace {

nat::Owner owner_of(Endpoint4 rtp) {
    return {nat::OwnerKind::sip, concat("media ", rtp.to_string())};
}

}  // namespace

bool MediaTable::is_alive(const Stream& stream) const {
    return std::all_of(stream.forwards.begin(), stream.forwards.end(),
                       [this](nat::ForwardId id) { return service_.find_forward(id) != nullptr; });
}

Result<void, Reason> MediaTable::request(Endpoint4 rtp, Stream& stream, Instant now) {
    stream.forwards.clear();
    if (stream.rtcp && stream.count == 1) {
        nat::PairRequest pair{rtp,           *stream.rtcp,      stream.remote, std::nullopt,
                              owner_of(rtp), "media of a call", stream.outside};
        const auto made = service_.request_pair(pair, now);
        if (!made) return fail(Reason::limit);
        stream.forwards = {made->first.id, made->second.id};
        return {};
    }
    nat::ForwardRequest one;
    one.inside = rtp;
    one.outside = stream.outside;
    one.count = stream.count == 1 ? 1 : stream.count * 2;
    one.remote = stream.remote;
    one.owner = owner_of(rtp);
    one.description = "media of a call";
    const auto made = service_.request(one, now);
    if (!made) return fail(Reason::limit);
    stream.forwards = {made->id};
    return {};
}

Result<void, Reason> MediaTable::move_rtcp(Endpoint4 rtp, Stream& stream, Endpoint4 rtcp,
                                           Instant now) {
    nat::ForwardRequest one;
    one.inside = rtcp;
    one.remote = stream.remote;
    one.owner = owner_of(rtp);
    one.description = "media of a call";
    const auto made = service_.request(one, now);
    if (!made) return fail(Reason::limit);
    if (stream.forwards.size() > 1) {
        (void)service_.release(stream.forwards.back(), owner_of(rtp), now);
        stream.forwards.pop_back();
    }
    stream.forwards.push_back(made->id);
    stream.rtcp = rtcp;
    return {};
}

// What is open already, as it is wanted now.
Result<void, Reason> MediaTable::renew(Endpoint4 rtp, Stream& stream, const WantedMedia& wanted,
                                       Instant now) {
    const bool reshaped = stream.count != wanted.count;
    if (reshaped || !is_alive(stream)) {
        for (const nat::ForwardId id : stream.forwards)
            (void)service_.release(id, owner_of(rtp), now);
        stream.count = wanted.count;
        stream.rtcp = wanted.rtcp;
        return request(rtp, stream, now);
    }
    const bool moves = stream.count == 1 && wanted.rtcp && wanted.rtcp != stream.rtcp;
    return moves ? move_rtcp(rtp, stream, *wanted.rtcp, now) : Result<void, Reason>();
}

std::optional<OpenedMedia> MediaTable::find(Endpoint4 rtp) const {
    const auto found = streams_.find(rtp);
    if (found == streams_.end() || !is_alive(found->second)) return std::nullopt;
    const auto& ids = found->second.forwards;
    const nat::Forward& first = *service_.find_forward(ids.front());
    if (first.outside.address.is_any()) return std::nullopt;
    const Port behind{
        static_cast<std::uint16_t>(first.outside.port.number + (found->second.count > 1 ? 1 : 0))};
    const Port rtcp = ids.size() > 1 ? service_.find_forward(ids.back())->outside.port : behind;
    return OpenedMedia{first.outside, rtcp};
}

std::optional<WantedMedia> MediaTable::shape(Endpoint4 rtp) const {
    const auto opened = find(rtp);
    if (!opened) return std::nullopt;
    const Stream& stream = streams_.at(rtp);
    return WantedMedia{rtp, stream.rtcp, stream.count, opened->rtp.port};
}

Result<OpenedMedia, Reason> MediaTable::open(CallNumber call, const WantedMedia& wanted,
                                             Instant now) {
    const bool refused = is_refused_port(wanted.rtp.port) ||
                         (wanted.rtcp && is_refused_port(wanted.rtcp->port)) ||
                         wanted.rtp.port.number + wanted.count * 2 > 65536;
    if (refused || wanted.count > kMostPairs) return fail(Reason::refused_port);
    auto found = streams_.find(wanted.rtp);
    if (found == streams_.end()) {
        std::uint32_t& of_host = of_host_[wanted.rtp.address];
        if (of_host >= most_of_host_ || streams_.size() >= most_) {
            ++refused_;
            return fail(Reason::limit);
        }
        Stream stream;
        stream.rtcp = wanted.rtcp;
        stream.count = wanted.count;
        stream.outside = wanted.outside;
        if (const auto made = request(wanted.rtp, stream, now); !made) {
            if (of_host == 0) of_host_.erase(wanted.rtp.address);
            return made.failure();
        }
        ++of_host;
        found = streams_.emplace(wanted.rtp, std::move(stream)).first;
    } else if (const auto done = renew(wanted.rtp, found->second, wanted, now); !done) {
        return done.failure();
    }
    auto& users = found->second.users;
    const bool known = std::any_of(users.begin(), users.end(),
                                   [call](const User& user) { return user.call == call; });
    if (!known) {
        users.push_back({call, {}});
        follow(*found, users.back(), now);
    }
    const auto opened = find(wanted.rtp);
    if (!opened) return fail(Reason::limit);
    return *opened;
}

void MediaTable::expect(CallNumber call, Endpoint4 rtp, const MediaPeer& peer, Instant now) {
    const auto found = streams_.find(rtp);
    if (found == streams_.end()) return;
    for (User& user : found->second.users) {
        if (user.call != call) continue;
        user.peer = peer;
        follow(*found, user, now);
    }
}

void MediaTable::follow(Streams::value_type& entry, const User& user, Instant now) {
    Stream& stream = entry.second;
    const bool agree =
        std::all_of(stream.users.begin(), stream.users.end(), [&user](const User& other) {
            return other.peer && user.peer && other.peer->said.address == user.peer->said.address;
        });
    agree ? stream.latch.describe(*user.peer, now) : stream.latch.open();
    settle(entry, now);
}

void MediaTable::settle(Streams::value_type& entry, Instant now) {
    Stream& stream = entry.second;
    const auto look = stream.latch.look();
    if (look && (!next_look_ || *look < *next_look_)) next_look_ = look;
    const auto remote = stream.latch.remote();
    if (remote == stream.remote) return;
    stream.remote = remote;
    for (const nat::ForwardId id : stream.forwards)
        (void)service_.admit(id, owner_of(entry.first), remote, now);
}

const MediaTable::Stream* MediaTable::stream_of(Endpoint4 inside) const {
    const auto found = streams_.find(inside);
    if (found != streams_.end()) return &found->second;
    for (auto at = streams_.lower_bound({inside.address, Port{0}});
         at != streams_.end() && at->first.address == inside.address; ++at) {
        const auto& [rtp, stream] = *at;
        const bool in_range = rtp.port < inside.port && stream.count > 1 &&
                              inside.port.number < rtp.port.number + stream.count * 2;
        if (in_range || stream.rtcp == inside) return &stream;
    }
    return nullptr;
}

std::optional<Instant> MediaTable::next_look() const {
    if (looking_ || !next_look_) return std::nullopt;
    return std::max(*next_look_, earliest_look_);
}

void MediaTable::begin_look(Instant now) {
    next_look_.reset();
    earliest_look_ = now + kLookGap;
    looking_ = true;
    for (auto& [rtp, stream] : streams_) {
        const auto look = stream.latch.look();
        if (!look) {
            stream.listener.forget();
            continue;
        }
        if (*look <= now) {
            stream.looks = true;
            stream.latch.asked(now);
        }
        if (!next_look_ || *stream.latch.look() < *next_look_) next_look_ = stream.latch.look();
    }
}

bool MediaTable::is_looked_at(Endpoint4 inside) const {
    const Stream* stream = stream_of(inside);
    return stream != nullptr && stream->looks;
}

// What is not of RTP itself is left out.
void MediaTable::hear(std::span<const MediaSession> sessions) {
    for (const MediaSession& session : sessions) {
        const auto found = streams_.find(session.inside);
        if (found == streams_.end() || !found->second.looks) continue;
        found->second.listener.see(session, found->second.latch);
    }
    for (auto& [rtp, stream] : streams_)
        if (stream.looks) stream.listener.end_look();
}

void MediaTable::look(std::span<const MediaSession> sessions, bool all, Instant now,
                      std::vector<MediaSession>& strangers) {
    looking_ = false;
    if (all) hear(sessions);
    for (auto& entry : streams_) {
        Stream& stream = entry.second;
        if (!stream.looks || !all) continue;
        stream.latch.decide(now);
        if (!stream.latch.look()) stream.listener.forget();
        settle(entry, now);
    }
    for (const MediaSession& one : sessions) {
        const Stream* stream = stream_of(one.inside);
        const bool closed = stream != nullptr && stream->looks && stream->remote;
        if (closed && one.from_outside && one.remote.address != *stream->remote)
            strangers.push_back(one);
    }
    for (auto& [rtp, stream] : streams_)
        stream.looks = false;
}

void MediaTable::close(const Streams::value_type& entry, Instant now) {
    for (const nat::ForwardId id : entry.second.forwards)
        (void)service_.release(id, owner_of(entry.first), now);
    const auto of_host = of_host_.find(entry.first.address);
    if (--of_host->second == 0) of_host_.erase(of_host);
}

MediaTable::Streams::iterator MediaTable::leave(CallNumber call, Streams::iterator at,
                                                Instant now) {
    auto& users = at->second.users;
    const bool used =
        std::erase_if(users, [call](const User& user) { return user.call == call; }) > 0;
    if (used && users.empty()) {
        close(*at, now);
        return streams_.erase(at);
    }
    if (used) follow(*at, users.front(), now);
    return std::next(at);
}

void MediaTable::drop(CallNumber call, Endpoint4 rtp, Instant now) {
    const auto found = streams_.find(rtp);
    if (found != streams_.end()) leave(call, found, now);
}

void MediaTable::release(CallNumber call, Instant now) {
    for (auto at = streams_.begin(); at != streams_.end();)
        at = leave(call, at, now);
}

}  // namespace gatehouse::sip
