// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/upstream_codec.h"

#include <algorithm>
#include <charconv>

#include "gateway/base/text.h"
#include "upnp/events.h"

namespace gatehouse::upnp::upstream {

namespace {

constexpr std::uint8_t kIsResponse = 128;
constexpr std::size_t kPcpHead = 24;
constexpr std::string_view kSearchTarget = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
constexpr std::string_view kScheme = "http://";
constexpr Port kWeb{80};

std::string text_of(const ByteWriter& out) {
    return std::string(as_text(out.view()));
}

ByteWriter pcp_head(pcp::Opcode opcode, std::uint32_t lifetime, Ip4 own) {
    ByteWriter out(pcp::kLongestMessage);
    out.u8(pcp::kVersion);
    out.u8(static_cast<std::uint8_t>(opcode));
    out.u16(0);
    out.u32(lifetime);
    out.bytes(pcp::mapped(own).bytes);
    return out;
}

// RFC 6887 7.2, 11.1.
std::optional<MapAnswer> parse_pcp(ByteReader& in, std::uint8_t opcode) {
    MapAnswer out;
    out.pcp = true;
    in.skip(1);
    out.result = in.u8();
    out.lifetime = in.u32();
    out.epoch = in.u32();
    in.skip(12);
    if (opcode == static_cast<std::uint8_t>(pcp::Opcode::announce)) {
        out.kind = MapAnswer::Kind::announce;
    } else if (opcode == static_cast<std::uint8_t>(pcp::Opcode::map)) {
        out.kind = MapAnswer::Kind::map;
        out.nonce = in.array<12>();
        out.proto = static_cast<Proto>(in.u8());
        in.skip(3);
        out.inside = Port{in.u16()};
        out.outside = Port{in.u16()};
        Ip6 address;
        address.bytes = in.array<16>();
        if (address.is_v4_mapped()) out.address = address.v4_tail();
    } else {
        return std::nullopt;
    }
    return in.ok() ? std::optional(out) : std::nullopt;
}

// RFC 6886 3.2, 3.3, 3.5.
std::optional<MapAnswer> parse_natpmp(ByteReader& in, std::uint8_t opcode) {
    MapAnswer out;
    out.result = in.u16();
    out.epoch = in.u32();
    if (opcode > 2) return std::nullopt;
    out.kind = opcode == 0 ? MapAnswer::Kind::address : MapAnswer::Kind::map;
    if (!in.ok()) return std::nullopt;
    // An error may end here.
    if (out.result != 0 && in.at_end()) return out;
    if (opcode == 0) {
        out.address = read_ip4(in);
    } else {
        out.proto = opcode == 1 ? Proto::udp : Proto::tcp;
        out.inside = Port{in.u16()};
        out.outside = Port{in.u16()};
        out.lifetime = in.u32();
    }
    return in.ok() ? std::optional(out) : std::nullopt;
}

bool is_path(std::string_view path) {
    return path.starts_with('/') && path.size() <= kLongestPath &&
           std::all_of(path.begin(), path.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string_view value_of(std::string_view head, std::string_view name) {
    for (std::string_view line : split(head, '\n')) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        if (equal_ignoring_case(trim(line.substr(0, colon)), name)) {
            return trim(line.substr(colon + 1));
        }
    }
    return {};
}

struct Parts {
    std::string_view head;
    std::string_view body;
};

std::optional<Parts> parts_of(std::string_view answer) {
    constexpr std::string_view kEnd = "\r\n\r\n";
    const std::size_t end = answer.find(kEnd);
    if (end == std::string_view::npos) return std::nullopt;
    return Parts{answer.substr(0, end), answer.substr(end + kEnd.size())};
}

bool is_chunked(std::string_view head) {
    return equal_ignoring_case(value_of(head, "Transfer-Encoding"), "chunked");
}

// RFC 9112 7.1, without what may stand behind the last chunk. Nothing: it is not there to its end.
std::optional<std::string> join_chunks(std::string_view body) {
    std::string out;
    while (true) {
        const std::size_t end = body.find("\r\n");
        if (end == std::string_view::npos) return std::nullopt;
        std::size_t size = 0;
        const auto [stop, error] = std::from_chars(body.data(), body.data() + end, size, 16);
        if (error != std::errc{} || stop == body.data()) return std::nullopt;
        body.remove_prefix(end + 2);
        if (size == 0) return out;
        if (size > kLongestDocument || body.size() < size + 2) return std::nullopt;
        out.append(body.substr(0, size));
        if (out.size() > kLongestDocument) return std::nullopt;
        body.remove_prefix(size + 2);
    }
}

}  // namespace

std::string write_pcp_map(Ip4 own, const MapAsk& ask) {
    ByteWriter out = pcp_head(pcp::Opcode::map, ask.lifetime, own);
    out.bytes(ask.nonce);
    out.u8(static_cast<std::uint8_t>(ask.proto));
    out.zeros(3);
    out.u16(ask.port.number);
    out.u16(ask.port.number);
    out.bytes(pcp::mapped(Ip4{}).bytes);
    if (ask.exact && ask.lifetime > 0) {
        out.u8(2);  // PREFER_FAILURE, 13.2
        out.zeros(3);
    }
    return text_of(out);
}

std::string write_pcp_announce(Ip4 own) {
    return text_of(pcp_head(pcp::Opcode::announce, 0, own));
}

std::string write_natpmp_address() {
    return std::string(2, '\0');
}

std::string write_natpmp_map(const MapAsk& ask) {
    ByteWriter out(16);
    out.u8(0);
    out.u8(ask.proto == Proto::udp ? 1 : 2);
    out.u16(0);
    out.u16(ask.port.number);
    out.u16(ask.lifetime == 0 ? 0 : ask.port.number);
    out.u32(ask.lifetime);
    return text_of(out);
}

std::optional<MapAnswer> parse_map_answer(Bytes bytes) {
    if (bytes.size() > pcp::kLongestMessage) return std::nullopt;
    ByteReader in(bytes);
    const std::uint8_t version = in.u8();
    const std::uint8_t opcode = in.u8();
    if (!in.ok() || (opcode & kIsResponse) == 0) return std::nullopt;
    const auto plain = static_cast<std::uint8_t>(opcode & ~kIsResponse);
    if (version == 0) return parse_natpmp(in, plain);
    const bool fits = bytes.size() >= kPcpHead && bytes.size() % 4 == 0;
    if (version != pcp::kVersion || !fits) return std::nullopt;
    return parse_pcp(in, plain);
}

std::optional<Url> parse_url(std::string_view text, const Url* base) {
    text = trim(text);
    Url out;
    if (text.size() >= kScheme.size() &&
        equal_ignoring_case(text.substr(0, kScheme.size()), kScheme)) {
        text.remove_prefix(kScheme.size());
        const std::size_t slash = std::min(text.find('/'), text.size());
        const std::string_view server = text.substr(0, slash);
        const std::size_t colon = server.find(':');
        const auto address = parse_ip4(server.substr(0, colon));
        const auto port = colon == std::string_view::npos ? std::optional(kWeb)
                                                          : parse_port(server.substr(colon + 1));
        if (!address || !port) return std::nullopt;
        out.server = {*address, *port};
        out.path = slash == text.size() ? "/" : std::string(text.substr(slash));
    } else if (base == nullptr || text.empty() || text.find("://") != std::string_view::npos) {
        return std::nullopt;
    } else {
        out.server = base->server;
        const std::size_t folder = base->path.rfind('/') + 1;
        out.path =
            text.front() == '/' ? std::string(text) : concat(base->path.substr(0, folder), text);
    }
    return is_path(out.path) ? std::optional(out) : std::nullopt;
}

std::string write_search(const Endpoint4& to) {
    return concat("M-SEARCH * HTTP/1.1\r\nHOST: ", to.to_string(),
                  "\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ", kSearchTarget, "\r\n\r\n");
}

std::optional<Found> parse_found(std::string_view message, Ip4 gateway) {
    constexpr std::size_t kLongest = 1500;
    constexpr std::string_view kGood = "HTTP/1.1 200";
    if (message.size() > kLongest || !message.starts_with(kGood)) return std::nullopt;
    if (value_of(message, "ST") != kSearchTarget) return std::nullopt;
    const auto url = parse_url(value_of(message, "LOCATION"), nullptr);
    if (!url || url->server.address != gateway) return std::nullopt;
    return Found{*url, std::string(value_of(message, "BOOTID.UPNP.ORG").substr(0, 32))};
}

std::string write_get(const Url& url) {
    return concat("GET ", url.path, " HTTP/1.1\r\nHost: ", url.server.to_string(),
                  "\r\nConnection: close\r\n\r\n");
}

std::string write_post(const Url& url, std::string_view service, std::string_view action,
                       const SoapValues& arguments) {
    const std::string body = write_soap_call(service, action, arguments);
    return concat("POST ", url.path, " HTTP/1.1\r\nHost: ", url.server.to_string(),
                  "\r\nContent-Type: text/xml; charset=\"utf-8\"\r\nSOAPAction: \"", service, '#',
                  action, "\"\r\nContent-Length: ", body.size(), "\r\nConnection: close\r\n\r\n",
                  body);
}

bool is_whole(std::string_view answer) {
    const auto parts = parts_of(answer);
    if (!parts) return false;
    if (is_chunked(parts->head)) return join_chunks(parts->body).has_value();
    const auto length = parse_number<std::size_t>(value_of(parts->head, "Content-Length"));
    return length && parts->body.size() >= *length;
}

std::optional<Document> parse_document(std::string_view answer) {
    constexpr std::string_view kVersion = "HTTP/1.";  // then a digit, a blank and the status
    const auto parts = parts_of(answer);
    if (!parts || !parts->head.starts_with(kVersion) || parts->head.size() < 12) {
        return std::nullopt;
    }
    const auto status = parse_number<std::uint16_t>(parts->head.substr(9, 3));
    if (!status) return std::nullopt;
    Document out;
    out.status = *status;
    if (is_chunked(parts->head)) {
        auto joined = join_chunks(parts->body);
        if (!joined) return std::nullopt;
        out.body = std::move(*joined);
        return out;
    }
    const auto length = parse_number<std::size_t>(value_of(parts->head, "Content-Length"));
    if (length && parts->body.size() < *length) return std::nullopt;
    out.body = parts->body.substr(0, length.value_or(parts->body.size()));
    return out.body.size() <= kLongestDocument ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace gatehouse::upnp::upstream
