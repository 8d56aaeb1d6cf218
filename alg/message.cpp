// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/message.h"

#include <algorithm>
#include <array>

#include "gateway/base/bytes.h"
#include "gateway/base/text.h"

namespace gatehouse::sip {

namespace {

constexpr std::string_view kVersion = "SIP/2.0";

struct Name {
    std::string_view text;  // in lower case
    HeaderId id;
};

constexpr std::array kNames{
    Name{"via", HeaderId::via},
    Name{"v", HeaderId::via},
    Name{"contact", HeaderId::contact},
    Name{"m", HeaderId::contact},
    Name{"route", HeaderId::route},
    Name{"record-route", HeaderId::record_route},
    Name{"path", HeaderId::path},
    Name{"service-route", HeaderId::service_route},
    Name{"refer-to", HeaderId::refer_to},
    Name{"r", HeaderId::refer_to},
    Name{"referred-by", HeaderId::referred_by},
    Name{"b", HeaderId::referred_by},
    Name{"p-asserted-identity", HeaderId::asserted_identity},
    Name{"p-preferred-identity", HeaderId::preferred_identity},
    Name{"remote-party-id", HeaderId::remote_party},
    Name{"call-id", HeaderId::call_id},
    Name{"i", HeaderId::call_id},
    Name{"cseq", HeaderId::cseq},
    Name{"from", HeaderId::from},
    Name{"f", HeaderId::from},
    Name{"to", HeaderId::to},
    Name{"t", HeaderId::to},
    Name{"expires", HeaderId::expires},
    Name{"session-expires", HeaderId::session_expires},
    Name{"x", HeaderId::session_expires},
    Name{"content-type", HeaderId::content_type},
    Name{"c", HeaderId::content_type},
    Name{"content-length", HeaderId::content_length},
    Name{"l", HeaderId::content_length},
    Name{"content-encoding", HeaderId::content_encoding},
    Name{"e", HeaderId::content_encoding},
    Name{"identity-info", HeaderId::identity_info},
    Name{"n", HeaderId::identity_info},
};

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

// The next line without its end, and what follows it.
struct Line {
    std::string_view text;
    std::string_view rest;
};

Line next_line(std::string_view text) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {text, text.substr(text.size())};
    const std::size_t size = end > 0 && text[end - 1] == '\r' ? end - 1 : end;
    return {text.substr(0, size), text.substr(end + 1)};
}

bool parse_start(std::string_view line, Message& out) {
    if (line.starts_with(kVersion)) {
        // "SIP/2.0 200 OK"; the phrase may be empty.
        const std::string_view rest = line.substr(kVersion.size());
        if (rest.size() < 4 || rest[0] != ' ' || (rest.size() > 4 && rest[4] != ' ')) return false;
        const auto status = parse_number<unsigned>(rest.substr(1, 3));
        if (!status || *status < 100 || *status > 699) return false;
        out.status = *status;
        return true;
    }
    const std::size_t first = line.find(' ');
    if (first == std::string_view::npos) return false;
    const std::size_t second = line.find(' ', first + 1);
    if (second == std::string_view::npos || line.substr(second + 1) != kVersion) return false;
    out.method = line.substr(0, first);
    out.request_uri = line.substr(first + 1, second - first - 1);
    return is_token(out.method) && !out.request_uri.empty();
}

// The header line at the beginning of the text together with its folded ones.
Line next_header(std::string_view text) {
    Line line = next_line(text);
    while (!line.rest.empty() && is_blank(line.rest.front())) {
        const Line more = next_line(line.rest);
        const auto size = static_cast<std::size_t>(more.text.data() - text.data());
        line = {text.substr(0, size + more.text.size()), more.rest};
    }
    return line;
}

// The rest behind the empty line; the headers are appended.
Result<std::string_view, Reason> parse_headers(std::string_view text, Message& out) {
    while (!text.empty()) {
        const Line first = next_line(text);
        if (first.text.empty()) return first.rest;
        const Line line = next_header(text);
        text = line.rest;
        const std::size_t colon = line.text.find(':');
        if (colon == std::string_view::npos) return fail(Reason::malformed_header);
        std::string_view name = line.text.substr(0, colon);
        while (!name.empty() && is_blank(name.back()))
            name.remove_suffix(1);
        if (!is_token(name)) return fail(Reason::malformed_header);
        const std::string_view value = trim(line.text.substr(colon + 1));
        if (value.size() > Message::kMostValue) return fail(Reason::too_many_headers);
        if (out.headers.size() == Message::kMostHeaders) return fail(Reason::too_many_headers);
        out.headers.push_back({header_id(name), value});
    }
    return text;
}

bool looks_like_sip(std::string_view line) {
    return line.starts_with(kVersion) || line.ends_with(kVersion);
}

// All but the length of the body.
std::optional<Reason> parse_head(std::string_view text, Message& out) {
    const std::string_view whole = text;
    // RFC 3261 7.5: empty lines before the start line are ignored.
    while (text.starts_with("\r\n"))
        text.remove_prefix(2);
    const Line start = next_line(text);
    if (!looks_like_sip(start.text)) return kind_of(whole);
    if (!parse_start(start.text, out)) return Reason::malformed_start;
    out.headers.reserve(24);
    const auto rest = parse_headers(start.rest, out);
    if (!rest) return rest.error();
    out.body = *rest;
    return std::nullopt;
}

// Cuts the body to what Content-Length says.
std::optional<Reason> measure_body(Message& message) {
    for (const Header& header : message.headers) {
        if (header.id != HeaderId::content_length) continue;
        if (!message.content_length.empty()) return Reason::content_length;
        const auto length = parse_number<std::uint32_t>(header.value);
        if (!length || *length > message.body.size()) return Reason::content_length;
        message.content_length = header.value;
        message.body = message.body.substr(0, *length);
    }
    return std::nullopt;
}

}  // namespace

bool is_token(std::string_view text) {
    constexpr std::string_view kMarks = "-.!%*_+`'~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [kMarks](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               kMarks.find(c) != std::string_view::npos;
    });
}

HeaderId header_id(std::string_view name) {
    const char first = name.empty() ? '\0' : to_lower(name.front());
    for (const Name& one : kNames) {
        if (one.text.front() == first && equal_ignoring_case(one.text, name)) return one.id;
    }
    return HeaderId::other;
}

std::optional<std::string_view> Message::find(HeaderId id) const {
    for (const Header& header : headers) {
        if (header.id == id) return header.value;
    }
    return std::nullopt;
}

Result<Message, Reason> parse_message(std::string_view datagram) {
    Message out;
    out.whole = datagram;
    if (const auto reason = parse_head(datagram, out)) return fail(*reason);
    if (const auto reason = measure_body(out)) return fail(*reason);
    return out;
}

std::optional<Reason> check_start_line(std::string_view text) {
    const std::string_view line = next_line(text).text;
    if (!looks_like_sip(line)) return kind_of(text);
    Message message;
    return parse_start(line, message) ? std::nullopt : std::optional(Reason::malformed_start);
}

Result<std::size_t, Reason> body_length(std::string_view head) {
    Message message;
    if (const auto reason = parse_head(head, message)) return fail(*reason);
    std::optional<std::size_t> out;
    for (const Header& header : message.headers) {
        if (header.id != HeaderId::content_length) continue;
        const auto length = parse_number<std::uint32_t>(header.value);
        if (out || !length) return fail(Reason::content_length);
        out = *length;
    }
    if (!out || !message.body.empty()) return fail(Reason::content_length);
    return *out;
}

Reason kind_of(std::string_view datagram) {
    constexpr std::uint32_t kStunCookie = 0x2112a442;
    constexpr std::array<std::string_view, 5> kVerbs{"GET ", "POST ", "PUT ", "HEAD ", "HTTP/"};
    const bool idle = std::all_of(datagram.begin(), datagram.end(), [](char c) {
        return c == '\r' || c == '\n' || c == '\0' || c == ' ';
    });
    if (idle) return Reason::keep_alive;
    const std::string_view line = next_line(datagram).text;
    const bool http = line.find(" HTTP/1.") != std::string_view::npos ||
                      std::any_of(kVerbs.begin(), kVerbs.end(), [datagram](std::string_view verb) {
                          return datagram.starts_with(verb);
                      });
    if (http) return Reason::http;
    ByteReader in(as_bytes(datagram));
    const std::uint16_t first = in.u16();
    in.skip(2);
    if (in.u32() == kStunCookie && in.ok() && (first >> 14U) == 0) return Reason::stun;
    // A record of TLS or DTLS: its type is 20 to 23, its version 3.x or 254.x.
    const unsigned type = first >> 8U;
    const unsigned version = first & 0xffU;
    if (type >= 20 && type <= 23 && (version == 3 || version == 254)) return Reason::encrypted;
    return Reason::not_sip;
}

std::optional<CSeq> parse_cseq(std::string_view value) {
    const std::size_t end = value.find_first_not_of("0123456789");
    if (end == std::string_view::npos) return std::nullopt;
    const auto number = parse_number<std::uint32_t>(value.substr(0, end));
    const std::string_view method = trim(value.substr(end));
    if (!number || !is_token(method)) return std::nullopt;
    return CSeq{*number, method};
}

}  // namespace gatehouse::sip
