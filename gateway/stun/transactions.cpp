// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/transactions.h"

#include <algorithm>
#include <utility>

namespace gatehouse::stun {
namespace {

constexpr int kMostDoublings = 6;

Duration wait_after(const Patience& patience, int sent) {
    return patience.first_wait * (1 << std::clamp(sent - 1, 0, kMostDoublings));
}

}  // namespace

Duration Patience::total() const {
    Duration sum = first_wait * kLastWaits;
    for (int sent = 1; sent < tries; ++sent)
        sum += wait_after(*this, sent);
    return sum;
}

Transactions::Transactions(Random& random, const Patience& patience)
    : random_(random), patience_(patience) {}

SocketId Transactions::open(Transport transport, Port local_port, const Endpoint& remote) {
    const SocketId id = ++last_socket_;
    sockets_[id].transport = transport;
    effects_.push_back(OpenSocket{id, transport, local_port, remote});
    return id;
}

void Transactions::close(SocketId socket) {
    if (sockets_.erase(socket) != 0) effects_.push_back(CloseSocket{socket});
}

std::optional<Endpoint> Transactions::local(SocketId socket) const {
    const auto found = sockets_.find(socket);
    return found == sockets_.end() ? std::nullopt : found->second.local;
}

std::size_t Transactions::ask(const Question& question, Instant now) {
    Transaction& transaction = asked_.emplace_back();
    transaction.question = question;
    transaction.id = TransactionId::make(random_);
    transaction.give_up = now + patience_.total();
    transaction.next = transaction.give_up;
    const auto socket = sockets_.find(question.socket);
    if (socket == sockets_.end() || socket->second.failed) {
        transaction.outcome = Outcome::failed;
        transaction.settled = now;
    } else if (socket->second.local) {
        send(transaction, now);
    }
    return asked_.size() - 1;
}

void Transactions::send(Transaction& transaction, Instant now) {
    const Question& question = transaction.question;
    Message message;
    message.id = transaction.id;
    if (question.change.any()) message.change = question.change;
    message.response_port = question.response_port;
    message.padding = question.padding;
    effects_.push_back(SendMessage{question.socket, question.to, write_message(message)});
    ++transaction.sent;
    const bool tcp = sockets_.at(question.socket).transport == Transport::tcp;
    const bool again = !tcp && transaction.sent < patience_.tries;
    transaction.next =
        again ? std::min(now + wait_after(patience_, transaction.sent), transaction.give_up)
              : transaction.give_up;
}

bool Transactions::settled() const {
    return std::none_of(asked_.begin(), asked_.end(), [](const Transaction& transaction) {
        return transaction.outcome == Outcome::pending;
    });
}

void Transactions::on_opened(SocketId socket, const Endpoint& local, Instant now) {
    const auto found = sockets_.find(socket);
    if (found == sockets_.end() || found->second.failed || found->second.local) return;
    found->second.local = local;
    for (Transaction& transaction : asked_) {
        if (transaction.question.socket != socket) continue;
        if (transaction.outcome == Outcome::pending) send(transaction, now);
    }
}

void Transactions::on_failed(SocketId socket, Instant now) {
    const auto found = sockets_.find(socket);
    if (found == sockets_.end()) return;
    found->second.failed = true;
    for (Transaction& transaction : asked_) {
        if (transaction.question.socket != socket) continue;
        if (transaction.outcome != Outcome::pending) continue;
        transaction.outcome = Outcome::failed;
        transaction.settled = now;
    }
}

void Transactions::on_received(SocketId socket, const Endpoint& from, Bytes bytes, Instant now) {
    if (!sockets_.contains(socket)) return;
    Result<Message, Defect> message = parse_message(bytes);
    if (!message || message->method != kBinding) return;
    if (message->kind == MessageClass::indication) return;
    for (Transaction& transaction : asked_) {
        if (transaction.outcome != Outcome::pending || transaction.id != message->id) continue;
        const bool itself = message->kind == MessageClass::request;
        if (itself && transaction.question.socket == socket) return;  // an echo proves nothing
        transaction.outcome =
            message->kind == MessageClass::error ? Outcome::refused : Outcome::answered;
        transaction.answer = *std::move(message);
        transaction.from = from;
        transaction.at = socket;
        transaction.settled = now;
        return;
    }
}

void Transactions::on_time(Instant now) {
    for (Transaction& transaction : asked_) {
        if (transaction.outcome != Outcome::pending) continue;
        if (transaction.give_up <= now) {
            transaction.outcome = Outcome::silent;
            transaction.settled = now;
        } else if (transaction.next <= now) {
            send(transaction, now);
        }
    }
}

Instant Transactions::deadline() const {
    Instant first = kNever;
    for (const Transaction& transaction : asked_) {
        if (transaction.outcome == Outcome::pending) first = std::min(first, transaction.next);
    }
    return first;
}

Effects Transactions::take_effects() {
    return std::exchange(effects_, {});
}

}  // namespace gatehouse::stun
