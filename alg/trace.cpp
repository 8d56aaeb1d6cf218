// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/trace.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"

namespace gatehouse::sip {

namespace {

constexpr std::string_view kLeftOut = "...";

bool is_message(Reason reason) {
    switch (reason) {
        case Reason::keep_alive:
        case Reason::stun:
        case Reason::http:
        case Reason::encrypted:
        case Reason::not_sip:
        case Reason::malformed_start: return false;
        default: return true;
    }
}

// RFC 3261 20.6, 20.7 and 20.28.
bool is_credential(std::string_view name) {
    constexpr std::array<std::string_view, 3> kNames{"authorization", "proxy-authorization",
                                                     "authentication-info"};
    return std::find(kNames.begin(), kNames.end(), to_lower(name)) != kNames.end();
}

// Keys of a description (RFC 4568, RFC 4567, RFC 4566 5.12, RFC 8839).
bool is_key(std::string_view line) {
    constexpr std::array<std::string_view, 4> kBeginnings{
        "a=crypto:", "a=key-mgmt:", "k=", "a=ice-pwd:"};
    return std::any_of(kBeginnings.begin(), kBeginnings.end(),
                       [line](std::string_view one) { return line.starts_with(one); });
}

// "sip:alice:secret@example.net" (RFC 3261 19.1.1).
void append_without_passwords(std::string& out, std::string_view line) {
    for (std::size_t at = line.find("sip"); at != std::string_view::npos; at = line.find("sip")) {
        const std::size_t colon = line.find(':', at);
        const std::size_t end = line.find_first_of("@>;? ,", std::min(colon, line.size()));
        const bool user = colon != std::string_view::npos && colon <= at + 4 &&
                          end != std::string_view::npos && line[end] == '@';
        const std::size_t password = user ? line.find(':', colon + 1) : std::string_view::npos;
        if (password < end) {
            append(out, line.substr(0, password + 1), kLeftOut);
            line.remove_prefix(end);
        } else {
            out += line.substr(0, at + 3);
            line.remove_prefix(at + 3);
        }
    }
    out += line;
}

// Each line with its end.
template <class Visit>
void for_each_line(std::string_view text, Visit&& visit) {
    while (!text.empty()) {
        const std::size_t size = std::min(text.find('\n'), text.size() - 1) + 1;
        visit(text.substr(0, size));
        text.remove_prefix(size);
    }
}

void append_header(std::string& out, std::string_view head) {
    bool hidden = false;
    for_each_line(head, [&](std::string_view line) {
        const bool folded = line.front() == ' ' || line.front() == '\t';
        if (folded && hidden) return;
        const std::size_t colon = line.find(':');
        hidden = !folded && is_credential(trim(line.substr(0, colon)));
        if (hidden) {
            append(out, line.substr(0, colon + 1), " ", kLeftOut, "\r\n");
        } else {
            append_without_passwords(out, line);
        }
    });
}

void append_body(std::string& out, std::string_view body) {
    if (body.empty()) return;
    if (!body.starts_with("v=")) {
        append(out, "[", body.size(), " bytes]\r\n");
        return;
    }
    for_each_line(body, [&out](std::string_view line) {
        if (is_key(line)) {
            append(out, line.substr(0, line.find_first_of(":=", 2)), kLeftOut, "\r\n");
        } else {
            out += line;
        }
    });
}

}  // namespace

void Trace::note(const Datagram& event, Proto proto, Reason reason,
                 const std::optional<std::string>& after, Instant now) {
    if (!is_message(reason)) return;
    if (ring_.size() < kMost) ring_.emplace_back();
    TracedMessage& one = ring_[next_];
    next_ = (next_ + 1) % kMost;
    one.at = now;
    one.outward = event.outward;
    one.proto = proto;
    one.inside = event.inside;
    one.remote = event.remote;
    one.reason = reason;
    one.before.assign(event.payload.substr(0, kMostText));
    one.after.assign(std::string_view(after ? *after : std::string_view()).substr(0, kMostText));
}

std::vector<const TracedMessage*> Trace::all() const {
    std::vector<const TracedMessage*> out;
    const std::size_t first = ring_.size() < kMost ? 0 : next_;
    for (std::size_t i = 0; i < ring_.size(); ++i)
        out.push_back(&ring_[(first + i) % ring_.size()]);
    return out;
}

std::string without_secrets(std::string_view text) {
    std::size_t end = text.size();
    for (const std::string_view gap : {"\r\n\r\n", "\n\n"}) {
        const std::size_t at = text.find(gap);
        if (at != std::string_view::npos) end = std::min(end, at + gap.size());
    }
    std::string out;
    append_header(out, text.substr(0, end));
    append_body(out, text.substr(end));
    return out;
}

}  // namespace gatehouse::sip
