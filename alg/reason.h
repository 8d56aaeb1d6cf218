// SPDX-License-Identifier: GPL-2.0-or-later
//
// Why a message, or a part of one, passes as it came. Each is the label of a counter.
#pragma once

#include <cstdint>
#include <string_view>

namespace gatehouse::sip {

enum class Reason : std::uint8_t {
    edited,            // it does not pass as it came
    no_help,           // nothing in it names an inside address
    observed,          // it would be edited, but only observing is allowed
    keep_alive,        // line breaks or zeros that keep a mapping open
    stun,              // RFC 8489
    http,              // another protocol on a port of SIP
    encrypted,         // TLS or DTLS
    not_sip,           // anything else
    malformed_start,   // no request line and no status line of RFC 3261
    malformed_header,  // a line of the header that has no name
    too_many_headers,
    content_length,     // it says more than there is, says it twice or in an odd way
    malformed_address,  // a Via or a Contact that is not understood
    malformed_body,     // a session description that is not understood
    self_traversed,     // the host names an outside address already
    ice,                // RFC 8839: the endpoints find their way themselves
    signed_body,        // whoever signed it would notice
    forwarded,          // a forward leads to the endpoint: whoever made it takes care
    foreign_address,    // it names an inside address that is not the sender's
    no_mapping,         // where the flow leaves is not known
    inner_nat,          // another NAT stands outside, and the peer is beyond it
    no_call,            // a session description that belongs to no call
    refused_port,       // a media port that is never opened
    limit,              // as much as there may be of this host, or of all
    too_long,           // longer than a datagram, or a message over TCP, may be
    unfinished,         // the end of a message over TCP did not come
    count_,
};

std::string_view to_string(Reason reason);  // "edited" "no_help" ...

// What an endpoint needs; the word that `gatehouse calls` shows.
enum class Help : std::uint8_t {
    unknown,         // it names itself by a host name, or not at all
    native,          // it names its inside address: edited
    self_traversed,  // it names an outside address, by STUN, rport, UPnP or PCP: left alone
    forwarded,       // a forward leads to it: left alone
};

std::string_view to_string(Help help);

}  // namespace gatehouse::sip
