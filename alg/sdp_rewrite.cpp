// SPDX-License-Identifier: GPL-2.0-or-later
//
// The half of rewrite.h about session descriptions: addresses and ports change together or not at
// all.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "alg/rewrite.h"

namespace gatehouse::sip {

namespace {

bool names(const std::optional<SdpAddress>& said, Ip4 address) {
    return said && said->is(address);
}

// Whether any address of the description is this one.
bool mentions(const Sdp& sdp, Ip4 address) {
    if (names(sdp.origin, address) || names(sdp.connection, address)) return true;
    return std::any_of(sdp.media.begin(), sdp.media.end(), [address](const SdpMedia& media) {
        return names(media.rtcp_address, address) ||
               std::any_of(media.connections.begin(), media.connections.end(),
                           [address](const SdpAddress& one) { return one.is(address); });
    });
}

void replace_addresses(const Sdp& sdp, Ip4 from, Ip4 to, Edits& edits) {
    const std::string text = to.to_string();
    const auto replace = [&](const std::optional<SdpAddress>& said) {
        if (names(said, from)) edits.replace(said->text, text);
    };
    replace(sdp.origin);
    replace(sdp.connection);
    for (const SdpMedia& media : sdp.media) {
        replace(media.rtcp_address);
        for (const SdpAddress& one : media.connections)
            replace(one);
    }
}

void replace_port(std::string_view text, Port port, Edits& edits) {
    edits.replace(text, std::to_string(port.number));
}

// The port behind, unless another stream of the description is there.
std::optional<Endpoint4> rtcp_of(const Sdp& sdp, const SdpMedia& media, Ip4 self) {
    const bool elsewhere = media.rtcp_address && !media.rtcp_address->is(self);
    if (!media.rtcp_port_text.empty() && media.rtcp_port != 0 && !elsewhere) {
        if (media.rtcp_port == media.port) return std::nullopt;
        return Endpoint4{self, Port{media.rtcp_port}};
    }
    if (!media.is_rtp() || media.rtcp_mux_only || media.port == 65535) return std::nullopt;
    const auto next = static_cast<std::uint16_t>(media.port + 1);
    const bool taken = std::any_of(sdp.media.begin(), sdp.media.end(),
                                   [next](const SdpMedia& one) { return one.port == next; });
    if (taken) return std::nullopt;
    return Endpoint4{self, Port{next}};
}

// Whether the stream is received at this address. On hold in the old way (RFC 3264 8.4) the address
// is 0.0.0.0, and the stream is the one that it was.
bool is_received_at(const Sdp& sdp, const SdpMedia& media, Ip4 address, bool known) {
    const auto said = sdp.address_of(media);
    if (said && said->is(address)) return true;
    return said && said->v4->is_any() && (known || names(sdp.origin, address));
}

}  // namespace

bool is_refused_port(Port port) {
    // L2TP, SSDP, WS-Discovery, IPsec, SIP, NAT-PMP, mDNS, LLMNR, memcached.
    constexpr std::array<std::uint16_t, 11> kServices{1434, 1701, 1900, 3702, 4500, 5060,
                                                      5061, 5351, 5353, 5355, 11211};
    return port.number < 1024 ||
           std::find(kServices.begin(), kServices.end(), port.number) != kServices.end();
}

Reason rewrite_outward(const Sdp& sdp, Ip4 self, MediaPorts& ports, Edits& edits) {
    if (sdp.ice) return Reason::ice;
    const Ip4 outside = ports.outside_address();
    const bool mentioned = mentions(sdp, self);
    const std::size_t before = edits.size();
    Reason reason = mentioned ? Reason::edited : Reason::no_help;
    for (const SdpMedia& media : sdp.media) {
        if (media.port == 0 || !media.is_udp()) continue;
        const Endpoint4 rtp{self, Port{media.port}};
        if (!is_received_at(sdp, media, self, ports.is_open(rtp))) continue;
        // Nobody writes that, and it would need a port of its own beside the range.
        const bool apart = media.count > 1 && !media.rtcp_port_text.empty();
        if (apart) {
            edits.cut_back(before);
            return Reason::malformed_body;
        }
        const auto opened = ports.open({rtp, rtcp_of(sdp, media, self), media.count});
        if (!opened && opened.error() == Reason::refused_port) {
            reason = Reason::refused_port;
            continue;
        }
        if (!opened) {
            edits.cut_back(before);
            return opened.error();
        }
        replace_port(media.port_text, opened->rtp.port, edits);
        const bool elsewhere = media.rtcp_address && !media.rtcp_address->is(self);
        if (!media.rtcp_port_text.empty() && media.rtcp_port != 0 && !elsewhere) {
            replace_port(media.rtcp_port_text, opened->rtcp, edits);
        }
    }
    replace_addresses(sdp, self, outside, edits);
    return edits.size() > before ? Reason::edited : reason;
}

namespace {

// The outside address that the description names, if it does.
std::optional<Ip4> named_outside(const Sdp& sdp, MediaLookup& lookup) {
    std::optional<Ip4> out;
    const auto look_at = [&](const std::optional<SdpAddress>& said) {
        if (said && said->v4 && lookup.is_outside(*said->v4)) out = said->v4;
    };
    look_at(sdp.origin);
    look_at(sdp.connection);
    for (const SdpMedia& media : sdp.media)
        look_at(sdp.address_of(media));
    return out;
}

}  // namespace

Reason rewrite_inward(const Sdp& sdp, Ip4 self, MediaLookup& lookup, Edits& edits) {
    if (sdp.ice) return Reason::ice;
    const std::optional<Ip4> outside = named_outside(sdp, lookup);
    if (!outside) return Reason::no_help;
    std::optional<Ip4> host;
    std::vector<std::pair<std::string_view, Port>> found;
    for (const SdpMedia& media : sdp.media) {
        if (media.port == 0 || !media.is_udp()) continue;
        if (!is_received_at(sdp, media, *outside, false)) continue;
        if (is_refused_port(Port{media.port})) continue;
        const auto inside = lookup.inside_of({*outside, Port{media.port}});
        if (!inside || (host && *host != inside->address)) return Reason::no_mapping;
        host = inside->address;
        found.emplace_back(media.port_text, inside->port);
        const bool elsewhere = media.rtcp_address && !media.rtcp_address->is(*outside);
        if (media.rtcp_port_text.empty() || media.rtcp_port == 0 || elsewhere) continue;
        const auto rtcp = lookup.inside_of({*outside, Port{media.rtcp_port}});
        if (rtcp && rtcp->address == *host) found.emplace_back(media.rtcp_port_text, rtcp->port);
    }
    for (const auto& [text, port] : found)
        replace_port(text, port, edits);
    replace_addresses(sdp, *outside, host.value_or(self), edits);
    return Reason::edited;
}

}  // namespace gatehouse::sip
