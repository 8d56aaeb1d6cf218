// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/help.h"

namespace gatehouse::sip {
namespace {

// The first address that the host names itself by: in a Contact, else in its Via.
std::optional<Named> own_name(const Message& message, bool& by_contact) {
    const auto uri = contact_of(message);
    by_contact = uri.has_value();
    if (uri) return usual_name(uri->at.host, uri->at.port, kSipPort);
    if (!message.is_request()) return std::nullopt;
    const auto hops = split_list(message.find(HeaderId::via).value_or(""));
    const auto via = hops ? parse_via(hops->front()) : std::optional<Via>();
    return via ? usual_name(via->at.host, via->at.port, kSipPort) : std::nullopt;
}

}  // namespace

std::optional<Uri> contact_of(const Message& message) {
    const auto list = split_list(message.find(HeaderId::contact).value_or(""));
    const auto address = list ? parse_name_address(list->front()) : std::optional<NameAddress>();
    return address ? parse_uri(address->uri) : std::nullopt;
}

Help judge(const Message& message, const Flow& flow, Help before) {
    bool by_contact = false;
    const auto name = own_name(message, by_contact);
    if (!name) return by_contact ? Help::unknown : before;
    if (name->address == flow.inside.address) {
        // A Via alone says little of who has found out what the outside knows.
        return by_contact || before == Help::unknown ? Help::native : before;
    }
    // A shared address of a provider (RFC 6598) is one that somebody outside has told, too, where
    // our own outside address is behind another NAT.
    const Reach reach = reach_of(name->address);
    const bool shared = reach == Reach::cgnat && reach_of(flow.outside.address) != Reach::public_;
    const bool outside = name->address == flow.outside.address || reach == Reach::public_ || shared;
    return by_contact && outside ? Help::self_traversed : before;
}

}  // namespace gatehouse::sip
