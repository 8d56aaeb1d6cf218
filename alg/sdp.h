// SPDX-License-Identifier: GPL-2.0-or-later
//
// A session description (RFC 8866) as views: addresses, ports and the few attributes that say where
// media goes. Lines that say nothing of that are stepped over. Bounds: kMostLines lines, kMostMedia
// streams, kMostConnections addresses of one stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/base/ip.h"

namespace gatehouse::sip {

// An address as written, and what it is if it is a literal of IPv4 in its usual form.
struct SdpAddress {
    std::string_view text;
    std::optional<Ip4> v4;

    bool is(Ip4 address) const { return v4 == address; }
};

enum class MediaFlow : std::uint8_t { both, send, receive, none };  // as its writer sees it

struct SdpMedia {
    std::string_view kind;  // audio video image ...
    std::string_view port_text;
    std::uint16_t port = 0;
    std::uint32_t count = 1;     // port pairs
    std::string_view transport;  // RTP/AVP udptl UDP/BFCP TCP/MSRP ...
    std::vector<SdpAddress> connections;
    std::string_view rtcp_port_text;  // of a=rtcp (RFC 3605); empty without it
    std::uint16_t rtcp_port = 0;
    std::optional<SdpAddress> rtcp_address;
    bool rtcp_mux_only = false;  // RFC 8858
    std::optional<MediaFlow> flow;

    bool is_rtp() const;
    bool is_udp() const;  // RTP over UDP, udptl, UDP/...
};

struct Sdp {
    static constexpr std::size_t kMostLines = 1000;
    static constexpr std::size_t kMostMedia = 24;
    static constexpr std::size_t kMostConnections = 8;

    std::optional<SdpAddress> origin;  // nothing where it is not IN IP4
    std::optional<SdpAddress> connection;
    std::vector<SdpMedia> media;
    std::optional<MediaFlow> flow;
    bool ice = false;  // candidates or credentials anywhere

    // Where this stream is received, if that is said in IPv4.
    std::optional<SdpAddress> address_of(const SdpMedia& stream) const;
    MediaFlow flow_of(const SdpMedia& stream) const;
};

// Nothing where it does not begin with v=, where a line is not understood that must be, or where it
// is beyond the bounds.
std::optional<Sdp> parse_sdp(std::string_view text);

// The number in its usual form: no sign, no leading zero.
std::optional<std::uint16_t> plain_port(std::string_view text);

}  // namespace gatehouse::sip
