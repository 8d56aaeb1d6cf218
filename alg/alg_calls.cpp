// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a message that has passed says of its call, of the media of that call and of a registration.
#include <algorithm>

#include "alg/alg_work.h"
#include "alg/help.h"
#include "alg/uri.h"

namespace gatehouse::sip {
namespace {

bool is_usable_peer(Ip4 peer, Ip4 outside) {
    const Reach reach = reach_of(peer);
    if (reach == Reach::none || peer == outside) return false;
    // Where the outside is private itself, so may the peer be.
    return reach == Reach::public_ || reach == reach_of(outside);
}

// Where the peer can be reached is often where its media come from. Behind a NAT a proxy writes it
// into a parameter (RFC 5923 4 has the name, Kamailio "ADDRESS~PORT~TRANSPORT").
void note_contact(const Message& message, Ip4 outside, Call& call) {
    const auto uri = contact_of(message);
    if (!uri) return;
    const std::string_view alias = find_param(uri->rest, "alias").value_or("");
    for (const std::string_view text : {uri->at.host, alias.substr(0, alias.find('~'))}) {
        const auto address = parse_ip4(text);
        if (address && is_usable_peer(*address, outside)) call.contact = *address;
    }
}

}  // namespace

void Alg::follow_call(Work& work, Instant now, Effects& out) {
    const Calls::Taken taken =
        calls_.take(work.message, work.datagram.outward, work.flow.inside, work.flow.remote, now);
    work.call = taken.call;
    work.no_room = taken.no_room;
    if (work.call == nullptr) return;
    work.call->help = work.known.help;
    if (!work.datagram.outward) note_contact(work.message, work.flow.outside.address, *work.call);
    const Call& call = *work.call;
    // A refresh says how long it lives from now on.
    if (work.message.find(HeaderId::session_expires)) note_change(call);
    if (call.state == call.told) return;
    if (call.state == CallState::established || call.state == CallState::ended) {
        expect_media(call, work.flow.outside.address, now);
    }
    work.call->told = call.state;
    note_change(call);
    out.notices.push_back({Notice::Kind::call_changed, std::string(to_string(call.state)), call.id,
                           call.from, call.to, call.inside, call.remote});
}

// The host receives the stream elsewhere now. Where it did before stays open, because the offer may
// still be refused (RFC 3264 8.3.1); where it did before that is closed.
void Alg::move_stream(Call& call, std::size_t index, Endpoint4 inside, Instant now) {
    CallStream& stream = call.streams[index];
    if (stream.inside == inside) return;
    const Endpoint4 oldest = stream.previous;
    stream.previous = stream.inside;
    stream.inside = inside;
    const bool used = std::any_of(
        call.streams.begin(), call.streams.end(),
        [oldest](const CallStream& one) { return one.inside == oldest || one.previous == oldest; });
    if (!used) media_.drop(call.number, oldest, now);
}

// Where the host receives, and where its peer does.
void Alg::note_stream(Work& work, std::size_t index, Endpoint4 said, Instant now) {
    Call& call = *work.call;
    CallStream& stream = call.streams[index];
    if (!work.datagram.outward) {
        stream.peer = said;
    } else if (said.address == work.flow.inside.address) {
        move_stream(call, index, said, now);
        const auto opened = media_.find(said);
        stream.outside = opened ? opened->rtp : said;
    }
}

// Where the peer has described itself or answered.
void Alg::expect_media(const Call& call, Ip4 outside, Instant now) {
    if (!call.described && !call.established) return;
    for (const CallStream& stream : call.streams) {
        if (stream.inside == Endpoint4{}) continue;
        MediaPeer peer;
        peer.said = stream.peer;
        peer.usable = is_usable_peer(stream.peer.address, outside);
        peer.contact = call.contact;
        peer.signalling = call.remote.address;
        peer.answered = call.established;
        peer.talks = call.state == CallState::established;
        media_.expect(call.number, stream.inside, peer, now);
    }
}

void Alg::note_streams(Work& work, const Sdp& sdp, Instant now) {
    Call& call = *work.call;
    note_change(call);
    if (call.streams.size() < sdp.media.size()) call.streams.resize(sdp.media.size());
    bool held = !sdp.media.empty();
    for (std::size_t i = 0; i < sdp.media.size(); ++i) {
        const SdpMedia& media = sdp.media[i];
        if (media.port == 0) continue;
        const auto address = sdp.address_of(media);
        const MediaFlow flow = sdp.flow_of(media);
        const bool nowhere = address && address->v4->is_any();
        if (!nowhere && flow != MediaFlow::none && flow != MediaFlow::send) held = false;
        if (address && !nowhere) note_stream(work, i, {*address->v4, Port{media.port}}, now);
    }
    (work.datagram.outward ? call.held_inside : call.held_outside) = held;
    call.described |= !work.datagram.outward;
    calls_.settle(call, now);
    expect_media(call, work.flow.outside.address, now);
}

void Alg::follow_registration(Work& work, Instant now, Effects& out) {
    if (work.observes) return;
    if (work.flow.proto != Proto::udp) {
        // A connection is kept by its ends. Nothing depends on this but what people see.
        const auto granted = work.datagram.outward ? std::nullopt : grants(work.message, work.flow);
        if (granted) set_registered(work.flow, work.known, *granted, out);
        return;
    }
    if (work.message.is_request()) {
        const bool asks = work.datagram.outward && work.message.method == "REGISTER";
        if (asks) registrations_.take_request(work.message, work.flow, now);
        return;
    }
    if (work.datagram.outward) return;
    using Change = Registrations::Change;
    const Change change = registrations_.take_response(work.message, work.flow, now);
    if (change != Change::began && change != Change::ended) return;
    const auto kind =
        change == Change::began ? Notice::Kind::registered : Notice::Kind::unregistered;
    out.notices.push_back({kind, {}, {}, {}, {}, work.flow.inside, work.flow.remote});
}

}  // namespace gatehouse::sip
