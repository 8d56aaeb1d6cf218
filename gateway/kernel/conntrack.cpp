// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/conntrack.h"

#include <netinet/in.h>

#include <cerrno>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_compat.h>

namespace gatehouse::kernel {

namespace {

constexpr std::size_t kEventBuffer = 4U << 20U;
constexpr std::size_t kListBuffer = 1U << 20U;

Result<NetlinkSocket> open_for_lists() {
    auto socket = NetlinkSocket::open(Bus::netfilter);
    if (socket) socket->set_receive_buffer(kListBuffer);
    return socket;
}

}  // namespace

Result<Conntrack> Conntrack::open() {
    auto socket = open_for_lists();
    if (!socket) return socket.failure();
    return Conntrack(std::move(*socket));
}

Status Conntrack::list(SessionFamily family, const OnSession& on_session) {
    const auto told = socket_.dump(
        encode_session_dump(family),
        [&on_session](const MessageView& message) {
            if (const auto event = decode_session_event(message)) on_session(event->session);
        },
        [] {});
    if (told) return {};
    // The kernel begins no list on a socket on which another one has not come to its end.
    if (auto fresh = open_for_lists()) socket_ = std::move(*fresh);
    return explain("cannot list the sessions", told.error());
}

Result<std::optional<Session>> Conntrack::find(const Tuple& tuple, std::uint16_t zone) {
    std::optional<Session> found;
    const auto asked =
        socket_.ask(encode_session_get(tuple, zone), [&found](const MessageView& message) {
            if (const auto event = decode_session_event(message)) {
                found = event->session;
            }
        });
    if (!asked && asked.error().number != ENOENT) {
        return explain("cannot look up a session", asked.error());
    }
    return found;
}

Status Conntrack::remove(const Session& session) {
    const auto removed = socket_.request(encode_session_delete(session));
    if (!removed && removed.error().number != ENOENT) {
        return explain("cannot end a session", removed.error());
    }
    return {};
}

Result<std::size_t> Conntrack::remove_if(SessionFamily family, const Wanted& wanted) {
    std::vector<Session> chosen;
    const auto listed = list(family, [&](const Session& session) {
        if (wanted(session)) chosen.push_back(session);
    });
    if (!listed) return listed.failure();
    Status all;
    for (const Session& session : chosen) {
        if (auto removed = remove(session); !removed) all = std::move(removed);
    }
    if (!all) return all.failure();
    return chosen.size();
}

Result<std::size_t> Conntrack::remove_translated_to(Ip4 outside) {
    const IpAddress address(outside);
    const auto is_translated = [&address](const Session& session) {
        return (session.source_nat && session.reply.destination == address) ||
               (session.destination_nat && session.original.destination == address);
    };
    auto removed = remove_if(SessionFamily::v4, is_translated);
    for (int again = 0; again < 2 && !removed; ++again)
        removed = remove_if(SessionFamily::v4, is_translated);
    return removed;
}

Result<SessionScan> SessionScan::open() {
    auto socket = NetlinkSocket::open(Bus::netfilter);
    if (!socket) return socket.failure();
    return SessionScan(std::move(*socket));
}

bool SessionScan::begin(SessionFamily family) {
    if (running_ || !socket_.begin_dump(encode_session_dump(family))) return false;
    running_ = true;
    return true;
}

SessionScan::Part SessionScan::read(const Conntrack::OnSession& on_session) {
    const Part part = socket_.read_dump_part([&on_session](const MessageView& message) {
        if (const auto event = decode_session_event(message)) on_session(event->session);
    });
    if (part != Part::more) running_ = false;
    return part;
}

Result<ConntrackWatch> ConntrackWatch::open(Groups groups) {
    auto socket = NetlinkSocket::open(Bus::netfilter);
    if (!socket) return socket.failure();
    socket->set_receive_buffer(kEventBuffer);
    const auto join = [&socket](bool wanted, unsigned group) -> Status {
        return wanted ? socket->join(group) : Status{};
    };
    if (auto joined = join(groups.began, NFNLGRP_CONNTRACK_NEW); !joined) return joined.failure();
    if (auto joined = join(groups.changed, NFNLGRP_CONNTRACK_UPDATE); !joined) {
        return joined.failure();
    }
    if (auto joined = join(groups.ended, NFNLGRP_CONNTRACK_DESTROY); !joined) {
        return joined.failure();
    }
    return ConntrackWatch(std::move(*socket));
}

bool ConntrackWatch::read(const std::function<void(const SessionEvent&)>& on_event) {
    const auto events = socket_.read_events([&on_event](const MessageView& message) {
        if (const auto event = decode_session_event(message)) on_event(*event);
    });
    return !events.overrun;
}

}  // namespace gatehouse::kernel
