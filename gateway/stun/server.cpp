// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/stun/server.h"

#include <algorithm>

#include "gateway/stun/reach.h"

namespace gatehouse::stun {
namespace {

constexpr std::uint16_t kBadRequest = 400;  // RFC 8489 14.8
constexpr std::uint16_t kUnknownAttribute = 420;

// An answer of at most 1.6 times its question adds nothing that an attacker could not send himself.
bool is_fair(std::size_t answer, std::size_t question) {
    return 5 * answer <= 8 * question;
}

Message reply_to(const Message& request, MessageClass kind) {
    Message out;
    out.kind = kind;
    out.id = request.id;
    out.fingerprint = request.fingerprint;  // RFC 8489 7.3: the answer to one has one
    return out;
}

// No reason phrase: the number says it, and the answer stays small.
Message error_to(const Message& request, std::uint16_t number) {
    Message out = reply_to(request, MessageClass::error);
    out.error = ErrorCode{number, {}};
    return out;
}

// What no answer can do without.
Message short_answer(const Message& full) {
    Message out = reply_to(full, MessageClass::success);
    if (full.xor_mapped) {
        out.xor_mapped = full.xor_mapped;
    } else {
        out.mapped = full.mapped;
    }
    return out;
}

}  // namespace

Endpoint ServerConfig::endpoint(Side side) const {
    return {side.alternate_address && alternate_address ? *alternate_address : address,
            side.alternate_port ? alternate_port : port};
}

Server::Server(const ServerConfig& config, const HashKey& secret)
    : config_(config), limiter_(config.allowances, secret) {}

std::optional<Reply> Server::handle(const Arrival& arrival, Instant now) {
    const Result<Message, Defect> parsed = parse_message(arrival.datagram);
    if (!parsed) {
        tally(Verdict::malformed);
        return std::nullopt;
    }
    if (parsed->kind != MessageClass::request || parsed->method != kBinding) {
        tally(Verdict::not_a_request);
        return std::nullopt;
    }
    if (!is_host(arrival.source)) {
        tally(Verdict::bad_source);
        return std::nullopt;
    }
    if (!limiter_.may_answer(arrival.source.address, now)) {
        tally(Verdict::rate_limited);
        return std::nullopt;
    }
    return answer(arrival, *parsed, now);
}

std::optional<Reply> Server::answer(const Arrival& arrival, const Message& request, Instant now) {
    Message error;
    const std::vector<std::uint16_t> refused = refused_attributes(arrival, request);
    if (!refused.empty()) {
        error = error_to(request, kUnknownAttribute);
        error.unknown_attributes = refused;
    } else if (request.response_port && request.padding) {
        error = error_to(request, kBadRequest);  // RFC 5780 7.5: never both
    }
    if (error.error) {
        tally(Verdict::refused);
        return Reply{write_message(error), arrival.at, arrival.source};
    }

    const ChangeRequest change = request.change.value_or(ChangeRequest{});
    const Side from{arrival.at.alternate_address != change.address,
                    arrival.at.alternate_port != change.port};
    Endpoint to = arrival.source;
    if (request.response_port) to.port = *request.response_port;

    const Message full = full_answer(arrival, request, from);
    Reply reply{write_message(full), from, to};
    const bool free = arrival.transport == Transport::tcp ||  // a handshake shows who asks
                      is_fair(reply.bytes.size(), arrival.datagram.size());
    if (free || limiter_.may_answer_large(arrival.source.address, now)) {
        tally(Verdict::answered);
    } else {
        reply.bytes = write_message(short_answer(full));
        tally(Verdict::shortened);
    }
    return reply;
}

// RFC 5780 6.1: a server that cannot change its address treats CHANGE-REQUEST as unknown. Over TCP
// the answer can only go back the way the question came.
std::vector<std::uint16_t> Server::refused_attributes(const Arrival& arrival,
                                                      const Message& request) const {
    std::vector<std::uint16_t> out = request.not_understood;
    const bool tcp = arrival.transport == Transport::tcp;
    if (request.change && request.change->any() && (tcp || !discovers())) {
        out.push_back(attribute::kChangeRequest);
    }
    if (tcp && request.response_port) out.push_back(attribute::kResponsePort);
    if (tcp && request.padding) out.push_back(attribute::kPadding);
    if (out.size() > kMaxUnknown) out.resize(kMaxUnknown);
    return out;
}

// MAPPED-ADDRESS beside XOR-MAPPED-ADDRESS lets a client notice a NAT that edits addresses in
// payloads. Classic clients (RFC 3489 9.3) know none of the newer names.
Message Server::full_answer(const Arrival& arrival, const Message& request, Side from) const {
    Message out = reply_to(request, MessageClass::success);
    const Endpoint origin = config_.endpoint(from);
    const Endpoint other =
        config_.endpoint({!arrival.at.alternate_address, !arrival.at.alternate_port});
    out.mapped = arrival.source;
    if (request.id.is_classic()) {
        out.source_address = origin;
        out.changed_address = discovers() ? other : origin;
    } else {
        out.xor_mapped = arrival.source;
        out.response_origin = origin;
        if (discovers()) out.other_address = other;
    }
    if (request.padding) out.padding = std::min(*request.padding, kPaddingBytes);
    return out;
}

}  // namespace gatehouse::stun
