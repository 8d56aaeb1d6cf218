// SPDX-License-Identifier: GPL-2.0-or-later
//
// The SIP gateway on connections over TCP.
#include "alg/alg.h"
#include "gateway/base/text.h"

namespace gatehouse::sip {

namespace {

nat::Owner owner_of(StreamId id) {
    return {nat::OwnerKind::sip, concat("connection ", id)};
}

std::size_t held_by(const Framer& inward, const Framer& outward) {
    return inward.held() + outward.held();
}

}  // namespace

// The port of the host where it is free, held so that no other host gets it meanwhile; disabled, so
// that nothing comes in by it.
void Alg::on(const StreamBegun& event, Instant now, Effects& out) {
    if (connections_.size() >= kMostConnections) {
        out.connects.push_back({event.id, {}, event.remote});
        return;
    }
    nat::ForwardRequest request;
    request.proto = Proto::tcp;
    request.outside = event.inside.port;
    request.inside = event.inside;
    request.remote = event.remote.address;
    request.owner = owner_of(event.id);
    request.description = "SIP over TCP";
    request.enabled = false;
    const auto port = service_.request(request, now);
    Connection connection;
    connection.flow = {event.inside, {}, event.remote, Proto::tcp};
    if (port) {
        connection.port = port->id;
        connection.flow.outside = port->outside;
    }
    out.connects.push_back({event.id, connection.flow.outside, event.remote});
    connections_.insert_or_assign(event.id, std::move(connection));
}

void Alg::on(const StreamConnected& event, Instant now, Effects&) {
    const auto found = connections_.find(event.id);
    if (found == connections_.end()) return;
    Connection& connection = found->second;
    if (connection.port != 0 && connection.flow.outside.port != event.outside.port) {
        (void)service_.release(connection.port, owner_of(event.id), now);
        connection.port = 0;
    }
    connection.flow.outside = event.outside;
}

void Alg::set_registered(const Flow& flow, Known& known, bool registered, Effects& out) {
    if (known.registered == registered) return;
    known.registered = registered;
    registered ? ++registered_ : --registered_;
    const auto kind = registered ? Notice::Kind::registered : Notice::Kind::unregistered;
    out.notices.push_back({kind, {}, {}, {}, {}, flow.inside, flow.remote});
}

void Alg::on(const StreamEnded& event, Instant now, Effects& out) {
    const auto found = connections_.find(event.id);
    if (found == connections_.end()) return;
    Connection& connection = found->second;
    set_registered(connection.flow, connection.known, false, out);
    held_ -= held_by(connection.inward, connection.outward);
    if (connection.port != 0) (void)service_.release(connection.port, owner_of(event.id), now);
    stream_timers_.cancel(event.id);
    connections_.erase(found);
}

void Alg::on(const StreamData& event, Instant now, Effects& out) {
    const auto found = connections_.find(event.id);
    if (found == connections_.end() || found->second.raw) {
        if (event.bytes.empty()) return;
        out.bytes.push_back({event.id, event.outward, std::string(event.bytes)});
        return;
    }
    Connection& connection = found->second;
    const std::size_t before = held_by(connection.inward, connection.outward);
    Framer& framer = event.outward ? connection.outward : connection.inward;
    framer.add(event.bytes);
    std::string bytes;
    cut(connection, event.outward, now, out, bytes);
    // What began and has no end passes as it is.
    if (event.last && framer.held() > 0) framer.give_up(Reason::unfinished);
    if (framer.raw()) cut(connection, event.outward, now, out, bytes);
    if (!bytes.empty()) out.bytes.push_back({event.id, event.outward, std::move(bytes)});
    if (const auto reason = framer.raw()) give_up(event.id, connection, *reason, out);
    settle(event.id, connection, before, now, out);
}

// Appends all that the direction has to say now.
void Alg::cut(Connection& connection, bool outward, Instant now, Effects& out, std::string& bytes) {
    Framer& framer = outward ? connection.outward : connection.inward;
    while (const auto piece = framer.next()) {
        if (piece->message) {
            bytes += pass_message(connection, outward, piece->text, now, out);
        } else {
            bytes += piece->text;
        }
    }
}

std::string Alg::pass_message(Connection& connection, bool outward, std::string_view text,
                              Instant now, Effects& out) {
    const Datagram event{0, outward, connection.flow.inside, connection.flow.remote, text};
    std::optional<std::string> payload;
    const auto message = parse_message(text);
    const Flow& flow = connection.flow;
    Reason reason = Reason::no_help;
    if (!message) {
        reason = message.error();
    } else if (mode_of(flow.inside.address, flow.remote.address) != config::SipMode::off) {
        reason = rewrite(event, *message, connection.flow, connection.known, now, out, payload);
    }
    ++counts_[static_cast<std::size_t>(reason)];
    if (message) trace_.note(event, Proto::tcp, reason, payload, now);
    return payload ? std::move(*payload) : std::string(text);
}

// Both directions: where one is not understood, the other would be translated without its answers.
void Alg::give_up(StreamId id, Connection& connection, Reason why, Effects& out) {
    connection.raw = true;
    ++counts_[static_cast<std::size_t>(why)];
    for (const bool outward : {true, false}) {
        Framer& framer = outward ? connection.outward : connection.inward;
        framer.give_up(why);
        if (const auto rest = framer.next()) {
            out.bytes.push_back({id, outward, std::string(rest->text)});
        }
    }
    const Flow& flow = connection.flow;
    Notice notice{
        Notice::Kind::not_sip, std::string(to_string(why)), {}, {}, {}, flow.inside, flow.remote};
    out.notices.push_back(std::move(notice));
}

// What is held back is bounded in bytes and in time.
void Alg::settle(StreamId id, Connection& connection, std::size_t before, Instant now,
                 Effects& out) {
    std::size_t held = held_by(connection.inward, connection.outward);
    if (held_ - before + held > kMostHeld) {
        give_up(id, connection, Reason::limit, out);
        held = 0;
    }
    held_ = held_ - before + held;
    if (held == 0) {
        stream_timers_.cancel(id);
    } else if (!stream_timers_.deadline(id)) {
        const bool known = connection.inward.is_sip() || connection.outward.is_sip();
        stream_timers_.set(id, now + (known ? kLaterPatience : kFirstPatience));
    }
}

void Alg::expire_streams(Instant now, Effects& out) {
    while (const auto id = stream_timers_.pop_expired(now)) {
        Connection& connection = connections_.at(*id);
        held_ -= held_by(connection.inward, connection.outward);
        give_up(*id, connection, Reason::unfinished, out);
    }
}

}  // namespace gatehouse::sip
