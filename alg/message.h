// SPDX-License-Identifier: GPL-2.0-or-later
//
// A SIP message (RFC 3261) as views into the datagram it came in. Reading changes nothing and keeps
// nothing: what is not asked for is not looked at. Names of headers in their compact form, folded
// values and line ends without CR are understood. Bounds: kMostHeaders lines, each value at most
// kMostValue bytes; beyond them the message passes untouched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "alg/reason.h"
#include "gateway/base/result.h"

namespace gatehouse::sip {

enum class HeaderId : std::uint8_t {
    other,
    via,
    contact,
    route,
    record_route,
    path,
    service_route,
    refer_to,
    referred_by,
    asserted_identity,   // P-Asserted-Identity (RFC 3325)
    preferred_identity,  // P-Preferred-Identity
    remote_party,        // Remote-Party-ID, an old draft
    call_id,
    cseq,
    from,
    to,
    expires,
    session_expires,  // RFC 4028
    content_type,
    content_length,
    content_encoding,
    identity_info,  // RFC 4474
};

struct Header {
    HeaderId id = HeaderId::other;
    std::string_view value;  // without blanks around it; may be folded
};

struct Message {
    static constexpr std::size_t kMostHeaders = 200;
    static constexpr std::size_t kMostValue = 8192;

    std::string_view whole;
    std::string_view method;       // of a request
    std::string_view request_uri;  // of a request
    unsigned status = 0;           // of a response; 0 for a request
    std::vector<Header> headers;
    std::string_view body;            // what Content-Length says, else all that follows
    std::string_view content_length;  // its digits; empty where it is absent

    bool is_request() const { return status == 0; }
    // The value of the first one; nothing where there is none.
    std::optional<std::string_view> find(HeaderId id) const;
};

Result<Message, Reason> parse_message(std::string_view datagram);

// The same for a stream (RFC 3261 18.3), where a message has the length that it names. Why the text
// up to the first line end is no start line of SIP; and the length of the body behind a whole head,
// up to and including its empty line.
std::optional<Reason> check_start_line(std::string_view text);
Result<std::size_t, Reason> body_length(std::string_view head);

// What a datagram that is no SIP message seems to be.
Reason kind_of(std::string_view datagram);

// The id of a header name in any case, long or compact.
HeaderId header_id(std::string_view name);

struct CSeq {
    std::uint32_t number = 0;
    std::string_view method;
};
std::optional<CSeq> parse_cseq(std::string_view value);

// Letters, digits and the marks that a token may have (RFC 3261 25.1).
bool is_token(std::string_view text);

}  // namespace gatehouse::sip
