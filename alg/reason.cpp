// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/reason.h"

namespace gatehouse::sip {

std::string_view to_string(Reason reason) {
    switch (reason) {
        case Reason::edited: return "edited";
        case Reason::no_help: return "no_help";
        case Reason::observed: return "observed";
        case Reason::keep_alive: return "keep_alive";
        case Reason::stun: return "stun";
        case Reason::http: return "http";
        case Reason::encrypted: return "encrypted";
        case Reason::not_sip: return "not_sip";
        case Reason::malformed_start: return "malformed_start";
        case Reason::malformed_header: return "malformed_header";
        case Reason::too_many_headers: return "too_many_headers";
        case Reason::content_length: return "content_length";
        case Reason::malformed_address: return "malformed_address";
        case Reason::malformed_body: return "malformed_body";
        case Reason::self_traversed: return "self_traversed";
        case Reason::ice: return "ice";
        case Reason::signed_body: return "signed_body";
        case Reason::forwarded: return "forwarded";
        case Reason::foreign_address: return "foreign_address";
        case Reason::no_mapping: return "no_mapping";
        case Reason::inner_nat: return "inner_nat";
        case Reason::no_call: return "no_call";
        case Reason::refused_port: return "refused_port";
        case Reason::limit: return "limit";
        case Reason::too_long: return "too_long";
        case Reason::unfinished: return "unfinished";
        case Reason::count_: break;
    }
    return "";
}

std::string_view to_string(Help help) {
    switch (help) {
        case Help::unknown: return "unknown";
        case Help::native: return "native";
        case Help::self_traversed: return "self_traversed";
        case Help::forwarded: return "forwarded";
    }
    return "";
}

}  // namespace gatehouse::sip
