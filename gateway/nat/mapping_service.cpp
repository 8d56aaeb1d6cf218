// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/nat/mapping_service.h"

#include "gateway/base/text.h"

namespace gatehouse::nat {

std::string_view to_string(OwnerKind kind) {
    switch (kind) {
        case OwnerKind::static_: return "static";
        case OwnerKind::igd: return "igd";
        case OwnerKind::natpmp: return "natpmp";
        case OwnerKind::pcp: return "pcp";
        case OwnerKind::sip: return "sip";
    }
    return "";
}

std::string_view to_string(Refusal reason) {
    switch (reason) {
        case Refusal::no_outside_address: return "no_outside_address";
        case Refusal::protocol: return "protocol";
        case Refusal::host_quota: return "host_quota";
        case Refusal::pool_empty: return "pool_empty";
        case Refusal::table_full: return "table_full";
        case Refusal::commit_failed: return "commit_failed";
        case Refusal::port_taken: return "port_taken";
        case Refusal::port_reserved: return "port_reserved";
        case Refusal::bad_request: return "bad_request";
        case Refusal::too_many_ports: return "too_many_ports";
        case Refusal::owner_quota: return "owner_quota";
        case Refusal::not_owner: return "not_owner";
        case Refusal::not_found: return "not_found";
        case Refusal::count_: break;
    }
    return "";
}

std::string Refused::to_string() const {
    std::string out(nat::to_string(reason));
    switch (holder) {
        case Holder::nobody: break;
        case Holder::router: out += ": the router itself"; break;
        case Holder::traffic: append(out, ": traffic of ", inside.to_string()); break;
        case Holder::forward:
            append(out, ": ", inside.to_string(), " (", nat::to_string(owner));
            if (!description.empty()) append(out, " \"", printable(description), '"');
            out += ')';
            break;
    }
    return out;
}

}  // namespace gatehouse::nat
