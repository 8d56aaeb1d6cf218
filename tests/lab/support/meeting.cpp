// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/meeting.h"

#include <ostream>
#include <sstream>
#include <utility>
#include <vector>

#include "gateway/base/text.h"
#include "tests/lab/support/street.h"

namespace gatehouse::lab {
namespace {

// How long two peers try: where they can meet, on a busy machine, and where they cannot. A host
// repeats a connection attempt after a second, and the second one must fail, too.
constexpr Duration kPatience = 8s;
constexpr Duration kInVainUdp = 300ms;
constexpr Duration kInVainTcp = 1200ms;
constexpr Duration kIntroduction = 5s;
constexpr Duration kTurn = 5ms;  // how long a peer waits for an answer before it knocks again
constexpr std::string_view kKnock = "who is there?";
constexpr std::string_view kAnswer = "it is me";

// One side of a meeting over UDP.
class UdpPeer {
  public:
    explicit UdpPeer(const Host& host) : socket_(host.udp()) {}

    std::string shows_itself_to(const UdpSocket& server) const {
        return heard_by(server, socket_, server.local(), kIntroduction);
    }

    bool is_told_of_the_other() {
        const auto told = socket_.receive(kIntroduction);
        if (told) other_ = told->data;
        return told.has_value();
    }

    // Knocks, and answers what came meanwhile.
    void takes_a_turn() {
        socket_.send_to(other_, kKnock);
        while (const auto got = socket_.receive(kTurn)) {
            if (got->data == kKnock) {
                socket_.send_to(got->from, kAnswer);
                // The other is where it knocks from, whatever was announced.
                other_ = got->from.to_string();
            } else if (got->data == kAnswer) {
                hears_ = got->from.to_string();
            }
        }
    }

    const std::string& hears() const { return hears_; }

  private:
    UdpSocket socket_;
    std::string other_;
    std::string hears_{kNobody};
};

// One side of a meeting over TCP: a connection to the server, a listener and an attempt to connect,
// all on one port. Where a NAT shows another port to everybody, both attempts may succeed, so that
// there are two connections: a peer speaks and listens on each that it has.
class TcpPeer {
  public:
    TcpPeer(const Host& host, const TcpListener& server)
        : host_(host), listener_(host.listen("0.0.0.0:0")), to_server_(introduce(server)) {}

    const std::string& outside() const { return outside_; }

    // The server's word to this peer, over the connection that showed it.
    bool is_told(std::string_view other) {
        if (!at_server_ || !at_server_->send(other)) return false;
        other_ = to_server_.receive_exactly(other.size(), kIntroduction);
        return other_ == other;
    }

    // One step: begin, look, or begin again after a refusal. A host without an open attempt refuses
    // the other's, so both may have to try twice.
    void takes_a_turn() {
        while (auto came = listener_.accept(0ms))
            greet(*std::move(came));
        if (attempt_ && attempt_->is_alive()) {
            greet(*std::exchange(attempt_, std::nullopt));
        } else if (attempt_ && attempt_->error() != 0) {
            attempt_.reset();
        }
        if (!attempt_ && connections_.empty()) {
            attempt_.emplace(host_.begin_connect(other_, listener_.local()));
        }
        for (TcpConnection& connection : connections_) {
            const auto peer = connection.peer();
            if (peer && connection.receive(0ms) == kAnswer) hears_ = peer->to_string();
        }
    }

    const std::string& hears() const { return hears_; }

  private:
    TcpConnection introduce(const TcpListener& server) {
        TcpPair pair = tcp_pair(host_, server, At(listener_.local()));
        outside_ = pair.seen();
        at_server_ = std::move(pair.server);
        return std::move(pair.client);
    }

    void greet(TcpConnection connection) {
        if (connection.send(kAnswer)) connections_.push_back(std::move(connection));
    }

    const Host& host_;
    TcpListener listener_;
    std::string outside_{kNobody};
    std::optional<TcpConnection> at_server_;
    TcpConnection to_server_;
    std::string other_;
    std::optional<TcpConnection> attempt_;
    std::vector<TcpConnection> connections_;
    std::string hears_{kNobody};
};

Verdict as_types_allow(const Meeting& meeting, const Peer& first, const Peer& second) {
    const bool allowed = types_allow(first.type, second.type);
    const bool first_is_true =
        first.type == "symmetric" || meeting.second_hears == meeting.first_outside;
    const bool second_is_true =
        second.type == "symmetric" || meeting.first_hears == meeting.second_outside;
    const bool right = meeting.introduced() && meeting.direct() == allowed &&
                       (!allowed || (first_is_true && second_is_true));
    if (right) return true;
    std::ostringstream words;
    words << first.type << " and " << second.type << (allowed ? " must" : " must not")
          << " reach each other; " << meeting;
    return no_because(words.str());
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Meeting& meeting) {
    return out << "first peer " << meeting.first_outside << ", answered by " << meeting.first_hears
               << "; second peer " << meeting.second_outside << ", answered by "
               << meeting.second_hears;
}

Meeting meet_over_udp(const Host& first, const Host& second, const UdpSocket& rendezvous,
                      Duration patience) {
    UdpPeer a(first);
    UdpPeer b(second);
    Meeting out;
    out.first_outside = a.shows_itself_to(rendezvous);
    out.second_outside = b.shows_itself_to(rendezvous);
    if (!out.introduced()) return out;
    rendezvous.send_to(out.first_outside, out.second_outside);
    rendezvous.send_to(out.second_outside, out.first_outside);
    if (!a.is_told_of_the_other() || !b.is_told_of_the_other()) return out;
    const Deadline deadline(patience);
    while (!out.direct() && !deadline.over()) {
        a.takes_a_turn();
        b.takes_a_turn();
        out.first_hears = a.hears();
        out.second_hears = b.hears();
    }
    return out;
}

Meeting meet_over_tcp(const Host& first, const Host& second, const TcpListener& rendezvous,
                      Duration patience) {
    TcpPeer a(first, rendezvous);
    TcpPeer b(second, rendezvous);
    Meeting out;
    out.first_outside = a.outside();
    out.second_outside = b.outside();
    if (!out.introduced()) return out;
    if (!a.is_told(out.second_outside) || !b.is_told(out.first_outside)) return out;
    (void)eventually(
        [&] {
            a.takes_a_turn();
            b.takes_a_turn();
            out.first_hears = a.hears();
            out.second_hears = b.hears();
            return out.direct();
        },
        patience);
    return out;
}

Verdict udp_goes_as_types_allow(const Peer& first, const Peer& second, const Internet& net) {
    const UdpSocket rendezvous = net.host.udp("11.0.0.2:3478");
    const Duration patience = types_allow(first.type, second.type) ? kPatience : kInVainUdp;
    return as_types_allow(meet_over_udp(first.host, second.host, rendezvous, patience), first,
                          second);
}

Verdict tcp_goes_as_types_allow(const Peer& first, const Peer& second, const Internet& net) {
    const TcpListener rendezvous = net.host.listen("11.0.0.2:3478");
    const Duration patience = types_allow(first.type, second.type) ? kPatience : kInVainTcp;
    return as_types_allow(meet_over_tcp(first.host, second.host, rendezvous, patience), first,
                          second);
}

}  // namespace gatehouse::lab
