// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/framer.h"

#include <algorithm>

#include "alg/message.h"

namespace gatehouse::sip {

namespace {

constexpr std::string_view kVersion = "SIP/2.0 ";

// Whether a start line may begin like this.
bool may_start(std::string_view text) {
    const std::size_t shared = std::min(text.size(), kVersion.size());
    if (text.substr(0, shared) == kVersion.substr(0, shared)) return true;
    const std::size_t blank = text.find(' ');
    const std::string_view method = text.substr(0, blank);
    if (method.size() > Framer::kMostMethod || !is_token(method)) return false;
    // Every method is in capitals, and nobody shall wait for the end of a line that never comes.
    if (std::any_of(method.begin(), method.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
        return false;
    return std::none_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < ' ' && c != '\r') || c == '\x7f';
    });
}

}  // namespace

void Framer::add(std::string_view bytes) {
    buffer_.erase(0, begin_);
    begin_ = 0;
    buffer_.append(bytes);
}

Framer::Piece Framer::take(std::size_t size, bool message) {
    const Piece out{rest().substr(0, size), message};
    begin_ += size;
    scanned_ = wanted_ = 0;
    started_ = false;
    is_sip_ |= message;
    return out;
}

void Framer::give_up(Reason why) {
    if (!raw_) raw_ = why;
}

// False where the bytes that are there cannot become a message.
bool Framer::check_start() {
    if (started_) return true;
    const std::size_t end = rest().find('\n');
    const std::string_view line = rest().substr(0, end);
    // The same bounds for a whole line, so that it does not matter where it was split.
    if (line.size() > kMostStart || !may_start(line)) {
        give_up(kind_of(rest()));
        return false;
    }
    if (end == std::string_view::npos) return true;
    const auto refused = check_start_line(rest().substr(0, end + 1));
    if (refused) give_up(*refused);
    started_ = !refused;
    return started_;
}

// Looks for the empty line, and knows behind it how long the message is. True once it is known.
bool Framer::find_head() {
    const std::string_view text = rest();
    for (std::size_t at = text.find('\n', scanned_); at != std::string_view::npos;
         at = text.find('\n', at + 1)) {
        scanned_ = at;
        const std::string_view behind = text.substr(at + 1);
        const std::size_t empty = behind.starts_with('\r') ? 2 : 1;
        if (behind.size() < empty) return false;
        if (behind[empty - 1] != '\n') continue;
        const std::size_t head = at + 1 + empty;
        const auto body = body_length(text.substr(0, head));
        const bool too_long = head > kMostHead || (body && *body > kMostBody);
        if (!body || too_long) {
            give_up(body ? Reason::too_long : body.error());
            return false;
        }
        wanted_ = head + *body;
        return true;
    }
    if (text.size() > kMostHead) give_up(Reason::too_many_headers);
    return false;
}

std::optional<Framer::Piece> Framer::next() {
    if (rest().empty()) return std::nullopt;
    if (raw_) return take(rest().size(), false);
    if (wanted_ == 0) {
        const std::string_view text = rest();
        const std::size_t begin = std::min(text.find_first_not_of("\r\n"), text.size());
        if (begin > 0) return take(begin, false);
        if (!check_start() || !find_head()) {
            return raw_ ? std::optional(take(rest().size(), false)) : std::nullopt;
        }
    }
    if (rest().size() < wanted_) return std::nullopt;
    return take(wanted_, true);
}

}  // namespace gatehouse::sip
