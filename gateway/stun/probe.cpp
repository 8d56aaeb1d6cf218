// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/probe.h"

#include <algorithm>
#include <array>

#include "gateway/stun/reach.h"

namespace gatehouse::stun {
namespace {

// Another address and another port of the same family, or the server has nothing to test with. A
// server must not talk us into sending to what is no host either.
std::optional<Endpoint> usable_alternate(const std::optional<Endpoint>& other,
                                         const Endpoint& server) {
    if (!other || !is_host(*other)) return std::nullopt;
    if (other->address.is_v4() != server.address.is_v4()) return std::nullopt;
    if (other->address == server.address || other->port == server.port) return std::nullopt;
    return other;
}

// RFC 5780 4.3: the same endpoint as before towards the other address, and there towards the other
// port. An answer that is missing leaves open what only it could tell.
Behaviour mapping_of(const std::optional<Endpoint>& first,
                     const std::optional<Endpoint>& other_address,
                     const std::optional<Endpoint>& other_both) {
    if (!first || !other_address) return Behaviour::unknown;
    if (*other_address == *first) {
        return other_both && *other_both != *first ? Behaviour::address_and_port_dependent
                                                   : Behaviour::endpoint_independent;
    }
    if (!other_both) return Behaviour::unknown;
    return *other_both == *other_address ? Behaviour::address_dependent
                                         : Behaviour::address_and_port_dependent;
}

// Did the answer come from where it was asked for? Nothing: the server ignored the wish or refused.
std::optional<bool> came_through(const Transaction& transaction, const Endpoint& wanted) {
    if (transaction.outcome == Outcome::silent) return false;
    if (transaction.outcome != Outcome::answered || transaction.from != wanted) return std::nullopt;
    return true;
}

}  // namespace

Probe::Probe(const ProbeConfig& config, Random& random)
    : config_(config), wire_(random, config.patience), search_(config.longest_lifetime) {
    report_.server = config.server;
}

Effects Probe::handle(const ProbeEvent& event, Instant now) {
    apply(event, now);
    // Each turn begins a later stage or a lifetime round, and both are bounded.
    while (stage_ != Stage::finished && stage_over())
        next_stage(now);
    return wire_.take_effects();
}

void Probe::apply(const ProbeEvent& event, Instant now) {
    if (std::holds_alternative<Start>(event)) {
        if (stage_ == Stage::idle) begin(Stage::reach, now);
    } else if (const auto* opened = std::get_if<Opened>(&event)) {
        wire_.on_opened(opened->socket, opened->local, now);
    } else if (const auto* failed = std::get_if<SocketFailed>(&event)) {
        wire_.on_failed(failed->socket, now);
    } else if (const auto* received = std::get_if<Received>(&event)) {
        wire_.on_received(received->socket, received->from, received->bytes, now);
    } else {
        wire_.on_time(now);
    }
    if (stage_ == Stage::lifetime_wait) work_on_trials(now);
}

Instant Probe::deadline() const {
    if (stage_ == Stage::idle || stage_ == Stage::finished) return kNever;
    Instant first = wire_.deadline();
    if (stage_ != Stage::lifetime_wait) return first;
    for (const Trial& trial : trials_) {
        if (!trial.asked && !trial.settled) {
            first = std::min(first, trial.silent_since + trial.age);
        }
    }
    return first;
}

bool Probe::stage_over() const {
    switch (stage_) {
        case Stage::idle: return false;
        case Stage::filtering: {
            const Endpoint both = *other_;
            return wire_.settled() || came_through(wire_[0], both) == true;
        }
        case Stage::hairpin:
            return wire_.settled() || wire_[0].outcome == Outcome::answered ||
                   wire_[1].outcome == Outcome::answered;
        case Stage::lifetime_wait:
            return std::all_of(trials_.begin(), trials_.end(),
                               [](const Trial& trial) { return trial.settled; });
        default: return wire_.settled();
    }
}

void Probe::next_stage(Instant now) {
    switch (stage_) {
        case Stage::reach:
            end_reach();
            if (!other_) return begin(udp_outside_ ? Stage::fragments : Stage::finished, now);
            return begin(udp_outside_ ? Stage::filtering : Stage::mapping, now);
        case Stage::filtering: end_filtering(); return begin(Stage::mapping, now);
        case Stage::mapping:
            end_mapping();
            return begin(udp_outside_ ? Stage::fragments : Stage::finished, now);
        case Stage::fragments:
            end_fragments();
            return begin(turn_outside_ ? Stage::hairpin : after_hairpin(), now);
        case Stage::hairpin: end_hairpin(); return begin(after_hairpin(), now);
        case Stage::lifetime_check:
            return begin(seen(0) && seen(1) ? Stage::lifetime_ask : Stage::finished, now);
        case Stage::lifetime_ask:
            return begin(lifetime_supported() ? Stage::lifetime_open : Stage::finished, now);
        case Stage::lifetime_open: return begin(Stage::lifetime_wait, now);
        case Stage::lifetime_wait: return begin(Stage::lifetime_open, now);
        default: return begin(Stage::finished, now);
    }
}

void Probe::begin(Stage stage, Instant now) {
    stage_ = stage;
    switch (stage) {
        case Stage::reach: return begin_reach(now);
        case Stage::filtering: return begin_filtering(now);
        case Stage::mapping: return begin_mapping(now);
        case Stage::fragments: return begin_fragments(now);
        case Stage::hairpin: return begin_hairpin(now);
        case Stage::lifetime_check: return begin_lifetime_check(now);
        case Stage::lifetime_ask: return begin_lifetime_ask(now);
        case Stage::lifetime_open:
            if (begin_lifetime_round(now)) return;
            stage_ = Stage::finished;
            break;
        case Stage::lifetime_wait: return begin_lifetime_wait();
        default: break;
    }
    report_.nat_type = nat_type_of(report_);
    wire_.clear();
    for (const SocketId socket : {main_, tcp_, turn_, asker_})
        wire_.close(socket);
}

std::size_t Probe::ask(SocketId socket, const Endpoint& to, Instant now, ChangeRequest change) {
    Question question;
    question.socket = socket;
    question.to = to;
    question.change = change;
    return wire_.ask(question, now);
}

std::optional<Endpoint> Probe::seen(std::size_t index) const {
    const Transaction& transaction = wire_[index];
    if (transaction.outcome != Outcome::answered) return std::nullopt;
    const std::optional<Endpoint> endpoint = transaction.answer.seen_endpoint();
    if (!endpoint || !is_host(*endpoint)) return std::nullopt;
    if (endpoint->address.is_v4() != config_.server.address.is_v4()) return std::nullopt;
    return endpoint;
}

void Probe::begin_reach(Instant now) {
    main_ = open_udp();
    tcp_ = wire_.open(Transport::tcp, Port{}, config_.server);
    ask(main_, config_.server, now);
    ask(tcp_, config_.server, now);
}

void Probe::end_reach() {
    const auto came = [this](std::size_t index) {
        return wire_[index].outcome == Outcome::answered ||
               wire_[index].outcome == Outcome::refused;
    };
    report_.reached_over_udp = came(0);
    report_.reached_over_tcp = came(1);
    udp_outside_ = seen(0);
    tcp_outside_ = seen(1);
    for (const std::size_t index : {std::size_t{0}, std::size_t{1}}) {
        if (!other_) other_ = usable_alternate(wire_[index].answer.alternate(), config_.server);
    }
    report_.alternate_known = other_.has_value();
    report_.outside = udp_outside_ ? udp_outside_ : tcp_outside_;
    if (report_.outside) report_.inside = wire_.local(udp_outside_ ? main_ : tcp_);
    if (udp_outside_ && report_.inside) {
        report_.preserves_port = report_.inside->port == udp_outside_->port;
    }
}

void Probe::begin_filtering(Instant now) {
    wire_.clear();
    ask(open_udp(), config_.server, now, {true, true});
    ask(open_udp(), config_.server, now, {false, true});
}

void Probe::end_filtering() {
    const std::optional<bool> stranger = came_through(wire_[0], *other_);
    const std::optional<bool> neighbour =
        came_through(wire_[1], {config_.server.address, other_->port});
    if (stranger == true) {
        report_.filtering = Behaviour::endpoint_independent;
    } else if (stranger == false && neighbour.has_value()) {
        report_.filtering =
            *neighbour ? Behaviour::address_dependent : Behaviour::address_and_port_dependent;
    }
    wire_.close(wire_[0].question.socket);
    wire_.close(wire_[1].question.socket);
}

void Probe::begin_mapping(Instant now) {
    wire_.clear();
    const std::array<Endpoint, 2> others{{{other_->address, config_.server.port}, *other_}};
    if (udp_outside_) {
        for (const Endpoint& to : others)
            ask(main_, to, now);
    }
    // From the same port as the first connection, which stays open meanwhile.
    const std::optional<Endpoint> local = wire_.local(tcp_);
    if (!tcp_outside_ || !local) return;
    tcp_questions_ = wire_.size();
    for (const Endpoint& to : others) {
        ask(wire_.open(Transport::tcp, local->port, to), to, now);
    }
}

void Probe::end_mapping() {
    if (udp_outside_) report_.mapping = mapping_of(udp_outside_, seen(0), seen(1));
    if (!tcp_questions_) return;
    const std::size_t first = *tcp_questions_;
    report_.tcp_mapping = mapping_of(tcp_outside_, seen(first), seen(first + 1));
    wire_.close(wire_[first].question.socket);
    wire_.close(wire_[first + 1].question.socket);
}

void Probe::begin_fragments(Instant now) {
    wire_.clear();
    Question padded;
    padded.socket = main_;
    padded.to = config_.server;
    padded.padding = kPaddingBytes;
    wire_.ask(padded, now);
    if (!report_.translated()) return;
    turn_ = open_udp();
    ask(turn_, config_.server, now);
}

void Probe::end_fragments() {
    const Transaction& padded = wire_[0];
    if (padded.outcome == Outcome::silent) report_.fragments = false;
    if (padded.outcome == Outcome::answered && padded.answer.padding.value_or(0) > 0) {
        report_.fragments = true;
    }
    if (turn_ != 0) turn_outside_ = seen(1);
}

void Probe::begin_hairpin(Instant now) {
    wire_.clear();
    ask(main_, *turn_outside_, now);
    ask(turn_, *udp_outside_, now);
}

void Probe::end_hairpin() {
    bool turned = false;
    bool silent = true;
    for (const std::size_t index : {std::size_t{0}, std::size_t{1}}) {
        const Transaction& transaction = wire_[index];
        turned = turned || (transaction.outcome == Outcome::answered &&
                            transaction.answer.kind == MessageClass::request);
        silent = silent && transaction.outcome == Outcome::silent;
    }
    if (turned || silent) report_.hairpin = turned;
}

Probe::Stage Probe::after_hairpin() const {
    return config_.lifetime && report_.translated() ? Stage::lifetime_check : Stage::finished;
}

}  // namespace gatehouse::stun
