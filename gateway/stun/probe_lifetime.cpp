// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lifetime stages of the probe (RFC 5780 4.6).
#include <algorithm>

#include "gateway/stun/probe.h"

namespace gatehouse::stun {

// First a mapping whose age is nothing: an answer that does not even reach this one says that the
// server does not know RESPONSE-PORT, and nothing about lifetimes.
void Probe::begin_lifetime_check(Instant now) {
    wire_.clear();
    asker_ = open_udp();
    Trial trial;
    trial.socket = open_udp();
    trials_ = {trial};
    ask(trial.socket, config_.server, now);
    ask(asker_, config_.server, now);
}

void Probe::begin_lifetime_ask(Instant now) {
    const Port outside = seen(0)->port;
    wire_.clear();
    Question question;
    question.socket = asker_;
    question.to = config_.server;
    question.response_port = outside;
    wire_.ask(question, now);
}

bool Probe::lifetime_supported() const {
    return wire_[0].outcome == Outcome::answered && wire_[0].at == trials_[0].socket;
}

bool Probe::begin_lifetime_round(Instant now) {
    close_trials();
    wire_.clear();
    const std::vector<Duration> ages = search_.next_round();
    if (ages.empty()) {
        const Lifetime found = search_.found();
        if (found.dead_after || found.alive_for > Duration::zero()) report_.lifetime = found;
        return false;
    }
    for (const Duration age : ages) {
        Trial trial;
        trial.socket = open_udp();
        trial.age = age;
        trial.question = ask(trial.socket, config_.server, now);
        trials_.push_back(trial);
    }
    return true;
}

void Probe::begin_lifetime_wait() {
    for (Trial& trial : trials_) {
        const std::optional<Endpoint> outside = seen(trial.question);
        trial.settled = !outside;  // lost before it began: it says nothing
        if (!outside) continue;
        trial.outside = outside->port;
        trial.silent_since = wire_[trial.question].settled;
    }
    wire_.clear();
}

// Asks for those whose age has come and notes what came of it. A mapping that is dead settles all
// older ones of the round too.
void Probe::work_on_trials(Instant now) {
    for (Trial& trial : trials_) {
        if (trial.settled) continue;
        if (!trial.asked) {
            if (now < trial.silent_since + trial.age) continue;
            Question question;
            question.socket = asker_;
            question.to = config_.server;
            question.response_port = trial.outside;
            trial.question = wire_.ask(question, now);
            trial.asked = true;
        }
        const Transaction& transaction = wire_[trial.question];
        if (transaction.outcome == Outcome::pending) continue;
        trial.settled = true;
        const bool silent = transaction.outcome == Outcome::silent;
        if (!silent && transaction.at != trial.socket) continue;  // refused: it says nothing
        search_.tried(trial.age, !silent);
    }
    const std::optional<Duration> dead = search_.found().dead_after;
    for (Trial& trial : trials_) {
        if (dead && trial.age >= *dead) trial.settled = true;
    }
}

void Probe::close_trials() {
    for (const Trial& trial : trials_)
        wire_.close(trial.socket);
    trials_.clear();
}

}  // namespace gatehouse::stun
