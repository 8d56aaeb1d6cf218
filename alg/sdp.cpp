// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/sdp.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace gatehouse::sip {

namespace {

// Takes the next word of a line; empty at its end.
std::string_view take_word(std::string_view& line) {
    const std::size_t first = line.find_first_not_of(' ');
    if (first == std::string_view::npos) {
        line = line.substr(line.size());
        return line;
    }
    line.remove_prefix(first);
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    return word;
}

SdpAddress address_from(std::string_view text) {
    // The TTL of a multicast address stands behind a slash.
    const std::string_view plain = text.substr(0, text.find('/'));
    const auto v4 = parse_ip4(plain);
    const bool usual = v4 && v4->to_string() == plain;
    return {plain, usual ? v4 : std::nullopt};
}

// "IN IP4 address"; an address without v4 for other families.
std::optional<SdpAddress> take_connection(std::string_view line) {
    const std::string_view net = take_word(line);
    const std::string_view family = take_word(line);
    const std::string_view address = take_word(line);
    if (address.empty() || net != "IN") return std::nullopt;
    if (family != "IP4") return SdpAddress{address, std::nullopt};
    return address_from(address);
}

bool parse_origin(std::string_view line, Sdp& out) {
    for (int i = 0; i < 3; ++i) {
        if (take_word(line).empty()) return false;
    }
    out.origin = take_connection(line);
    return out.origin.has_value();
}

bool parse_media(std::string_view line, Sdp& out) {
    if (out.media.size() == Sdp::kMostMedia) return false;
    SdpMedia media;
    media.kind = take_word(line);
    const std::string_view ports = take_word(line);
    media.transport = take_word(line);
    const std::size_t slash = ports.find('/');
    media.port_text = ports.substr(0, slash);
    const auto port = plain_port(media.port_text);
    if (!port || media.transport.empty()) return false;
    media.port = *port;
    if (slash != std::string_view::npos) {
        const auto count = parse_number<std::uint16_t>(ports.substr(slash + 1));
        if (!count || *count == 0) return false;
        media.count = *count;
    }
    out.media.push_back(std::move(media));
    return true;
}

bool parse_connection(std::string_view line, Sdp& out) {
    const auto address = take_connection(line);
    if (!address) return false;
    if (out.media.empty()) {
        out.connection = address;
        return true;
    }
    auto& all = out.media.back().connections;
    if (all.size() == Sdp::kMostConnections) return false;
    all.push_back(*address);
    return true;
}

bool parse_rtcp(std::string_view value, SdpMedia& media) {
    media.rtcp_port_text = take_word(value);
    const auto port = plain_port(media.rtcp_port_text);
    if (!port) return false;
    media.rtcp_port = *port;
    if (!trim(value).empty()) media.rtcp_address = take_connection(value);
    return true;
}

bool parse_attribute(std::string_view line, Sdp& out) {
    const std::string_view name = line.substr(0, line.find(':'));
    const std::string_view value = line.substr(std::min(line.size(), name.size() + 1));
    if (name == "candidate" || name == "ice-ufrag" || name == "ice-pwd") out.ice = true;
    std::optional<MediaFlow> flow;
    if (name == "sendrecv") flow = MediaFlow::both;
    if (name == "sendonly") flow = MediaFlow::send;
    if (name == "recvonly") flow = MediaFlow::receive;
    if (name == "inactive") flow = MediaFlow::none;
    if (flow) (out.media.empty() ? out.flow : out.media.back().flow) = flow;
    if (out.media.empty()) return true;
    if (name == "rtcp-mux-only") out.media.back().rtcp_mux_only = true;
    return name != "rtcp" || parse_rtcp(value, out.media.back());
}

bool parse_line(std::string_view line, Sdp& out) {
    if (line.size() < 2 || line[1] != '=') return false;
    const std::string_view value = line.substr(2);
    switch (line[0]) {
        case 'o': return parse_origin(value, out);
        case 'c': return parse_connection(value, out);
        case 'm': return parse_media(value, out);
        case 'a': return parse_attribute(value, out);
        default: return true;
    }
}

}  // namespace

std::optional<std::uint16_t> plain_port(std::string_view text) {
    const auto number = parse_number<std::uint16_t>(text);
    if (!number || (text.size() > 1 && text.front() == '0')) return std::nullopt;
    return number;
}

bool SdpMedia::is_rtp() const {
    return transport.starts_with("RTP/") || transport.starts_with("UDP/TLS/RTP/");
}

bool SdpMedia::is_udp() const {
    return is_rtp() || equal_ignoring_case(transport, "udptl") || transport.starts_with("UDP/") ||
           equal_ignoring_case(transport, "udp");
}

std::optional<SdpAddress> Sdp::address_of(const SdpMedia& stream) const {
    const auto& own = stream.connections;
    const std::optional<SdpAddress> said = own.empty() ? connection : std::optional(own.front());
    return said && said->v4 ? said : std::nullopt;
}

MediaFlow Sdp::flow_of(const SdpMedia& stream) const {
    return stream.flow ? *stream.flow : flow.value_or(MediaFlow::both);
}

std::optional<Sdp> parse_sdp(std::string_view text) {
    if (!text.starts_with("v=")) return std::nullopt;
    Sdp out;
    std::size_t lines = 0;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) continue;
        if (++lines > Sdp::kMostLines || !parse_line(line, out)) return std::nullopt;
    }
    return out;
}

}  // namespace gatehouse::sip
