// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/rewrite.h"

#include <algorithm>
#include <string>

#include "alg/uri.h"
#include "gateway/base/text.h"

namespace gatehouse::sip {

namespace {

std::string text_of(const Named& named) {
    std::string out = named.address.to_string();
    if (named.port) append(out, ':', named.port->number);
    return out;
}

class HeaderWalk {
  public:
    HeaderWalk(AddressBook& book, Edits& edits) : book_(book), edits_(edits) {}

    bool via(std::string_view value) {
        const auto hops = split_list(value);
        return hops && std::all_of(hops->begin(), hops->end(),
                                   [this](std::string_view one) { return hop(one); });
    }

    bool contacts(Place place, std::string_view value) {
        const auto list = split_list(value);
        const auto translate = [this, place](std::string_view one) {
            const auto address = parse_name_address(one);
            if (address) uri(place, address->uri);
            return address.has_value();
        };
        return list && std::all_of(list->begin(), list->end(), translate);
    }

    void uri(Place place, std::string_view text) {
        const auto parsed = parse_uri(text);
        if (parsed) replace(place, parsed->at, parsed->secure ? kSipsPort : kSipPort);
    }

  private:
    bool hop(std::string_view text) {
        const auto via = parse_via(text);
        if (via && replace(Place::via, via->at, kSipPort)) {
            received(via->params);
            rport(via->params);
        }
        return via.has_value();
    }

    bool replace(Place place, const HostPort& at, Port default_port) {
        const auto named = usual_name(at.host, at.port, default_port);
        if (!named) return false;
        const auto translated = book_.translate(place, *named);
        if (!translated) return false;
        edits_.replace(at.both, text_of(*translated));
        return true;
    }

    void received(std::string_view params) {
        const auto text = find_param(params, "received");
        const auto named = usual_name(text.value_or(""), "", kSipPort);
        if (!named) return;
        const auto translated = book_.received(named->address);
        if (translated) edits_.replace(*text, translated->to_string());
    }

    void rport(std::string_view params) {
        const auto text = find_param(params, "rport");
        const auto port = plain_port(text.value_or(""));
        if (!port) return;
        const auto translated = book_.rport(Port{*port});
        if (translated) edits_.replace(*text, std::to_string(translated->number));
    }

    AddressBook& book_;
    Edits& edits_;
};

}  // namespace

std::optional<Named> usual_name(std::string_view host, std::string_view port, Port default_port) {
    const auto address = parse_ip4(host);
    if (!address || address->to_string() != host) return std::nullopt;
    Named out{*address, std::nullopt, default_port};
    if (port.empty()) return out;
    const auto number = plain_port(port);
    if (!number || *number == 0) return std::nullopt;
    out.port = Port{*number};
    return out;
}

std::optional<Reason> rewrite_headers(const Message& message, AddressBook& book, bool inward,
                                      Edits& edits) {
    const std::size_t before = edits.size();
    HeaderWalk walk(book, edits);
    if (inward) walk.uri(Place::request_uri, message.request_uri);
    for (const Header& header : message.headers) {
        bool understood = true;
        switch (header.id) {
            case HeaderId::via: understood = walk.via(header.value); break;
            case HeaderId::contact: understood = walk.contacts(Place::contact, header.value); break;
            case HeaderId::route:
            case HeaderId::record_route:
            case HeaderId::path:
            case HeaderId::service_route:
            case HeaderId::refer_to:
            case HeaderId::referred_by:
            case HeaderId::asserted_identity:
            case HeaderId::preferred_identity:
            case HeaderId::remote_party: walk.contacts(Place::other, header.value); break;
            default: break;
        }
        if (understood) continue;
        edits.cut_back(before);
        return Reason::malformed_address;
    }
    return std::nullopt;
}

}  // namespace gatehouse::sip
