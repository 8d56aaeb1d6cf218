// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/body.h"

#include "alg/uri.h"
#include "gateway/base/text.h"

namespace gatehouse::sip {

namespace {

// A part that has not been looked at.
struct Pending {
    std::string_view type;  // value of its Content-Type
    BodyPart part;
};

std::string_view media_type(std::string_view value) {
    return trim(value.substr(0, value.find(';')));
}

std::string_view params_of(std::string_view value) {
    const std::size_t at = value.find(';');
    return at == std::string_view::npos ? value.substr(value.size()) : value.substr(at);
}

bool begins_with(std::string_view text, std::string_view start) {
    return text.size() >= start.size() && equal_ignoring_case(text.substr(0, start.size()), start);
}

std::string_view unquoted(std::string_view text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        return text.substr(1, text.size() - 2);
    }
    return text;
}

// The place of a delimiter line ("--boundary"), and of what follows that line.
struct Delimiter {
    std::size_t begin = std::string_view::npos;
    std::size_t end = 0;
    bool last = false;
};

Delimiter find_delimiter(std::string_view text, std::string_view boundary, std::size_t from) {
    while (from < text.size()) {
        const std::size_t at = text.find("--", from);
        if (at == std::string_view::npos) break;
        from = at + 2;
        const bool line_start = at == 0 || text[at - 1] == '\n';
        if (!line_start || text.substr(at + 2, boundary.size()) != boundary) continue;
        std::string_view behind = text.substr(at + 2 + boundary.size());
        Delimiter out;
        out.begin = at;
        out.last = behind.starts_with("--");
        const std::size_t line_end = behind.find('\n');
        if (!trim(behind.substr(out.last ? 2 : 0, line_end == std::string_view::npos
                                                      ? std::string_view::npos
                                                      : line_end - (out.last ? 2 : 0)))
                 .empty()) {
            continue;  // a longer boundary
        }
        out.end = line_end == std::string_view::npos ? text.size()
                                                     : at + 2 + boundary.size() + line_end + 1;
        return out;
    }
    return {};
}

// The line break before a delimiter belongs to the delimiter.
std::string_view without_last_break(std::string_view text) {
    if (text.ends_with("\r\n")) return text.substr(0, text.size() - 2);
    if (text.ends_with('\n')) return text.substr(0, text.size() - 1);
    return text;
}

bool is_identity(std::string_view encoding) {
    return encoding.empty() || equal_ignoring_case(encoding, "7bit") ||
           equal_ignoring_case(encoding, "8bit") || equal_ignoring_case(encoding, "binary");
}

// One part with its own headers; nothing where they are not understood.
std::optional<Pending> open_part(std::string_view text, const BodyPart& around) {
    Pending out;
    out.part.lengths = around.lengths;
    std::string_view length;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return std::nullopt;
        const std::string_view line = trim(text.substr(0, end));
        text.remove_prefix(end + 1);
        if (line.empty()) break;
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) return std::nullopt;
        const std::string_view name = trim(line.substr(0, colon));
        const std::string_view value = trim(line.substr(colon + 1));
        if (header_id(name) == HeaderId::content_type) out.type = value;
        if (header_id(name) == HeaderId::content_length) length = value;
        const bool encoded = equal_ignoring_case(name, "Content-Transfer-Encoding") ||
                             header_id(name) == HeaderId::content_encoding;
        if (encoded && !is_identity(value)) return std::nullopt;
    }
    out.part.text = text;
    if (!length.empty()) {
        if (length != std::to_string(text.size())) return std::nullopt;
        out.part.lengths.push_back({length, text});
    }
    return out;
}

void open_multipart(const Pending& whole, std::vector<Pending>& out) {
    const auto named = find_param(params_of(whole.type), "boundary");
    const std::string_view boundary = unquoted(named.value_or(""));
    if (boundary.empty() || boundary.size() > 70) return;  // RFC 2046 5.1.1
    Delimiter at = find_delimiter(whole.part.text, boundary, 0);
    while (at.begin != std::string_view::npos && !at.last) {
        const Delimiter next = find_delimiter(whole.part.text, boundary, at.end);
        if (next.begin == std::string_view::npos) return;
        const std::string_view text =
            without_last_break(whole.part.text.substr(at.end, next.begin - at.end));
        if (auto part = open_part(text, whole.part)) out.push_back(std::move(*part));
        if (out.size() > kMostParts) return;
        at = next;
    }
}

bool is_sealed(std::string_view type) {
    return begins_with(type, "multipart/signed") || begins_with(type, "multipart/encrypted") ||
           begins_with(type, "application/pkcs7") || begins_with(type, "application/x-pkcs7");
}

}  // namespace

Bodies find_descriptions(const Message& message) {
    Bodies out;
    const auto type = message.find(HeaderId::content_type);
    if (!type || message.body.empty()) return out;
    if (!is_identity(message.find(HeaderId::content_encoding).value_or(""))) return out;
    std::vector<Pending> pending;
    pending.push_back({*type, {message.body, {}}});
    for (std::size_t i = 0; i < pending.size() && pending.size() <= kMostParts; ++i) {
        const Pending one = pending[i];
        const std::string_view kind = media_type(one.type);
        if (is_sealed(kind)) {
            out.sealed = true;
        } else if (begins_with(kind, "multipart/")) {
            open_multipart(one, pending);
        } else if (equal_ignoring_case(kind, "application/sdp")) {
            out.descriptions.push_back(one.part);
        }
    }
    if (pending.size() > kMostParts) out.descriptions.clear();
    return out;
}

}  // namespace gatehouse::sip
