// SPDX-License-Identifier: GPL-2.0-or-later
#include "alg/books.h"

namespace gatehouse::sip {

namespace {

bool is_unreachable(Ip4 address) {
    const Reach reach = reach_of(address);
    return reach == Reach::private_ || reach == Reach::cgnat;
}

}  // namespace

std::optional<Endpoint4> OutwardBook::own_mapping(Endpoint4 inside) const {
    const auto own = service_.outside_of(flow_.proto, inside, flow_.remote);
    if (!own || flow_.proto == Proto::udp) return own;
    const nat::Forward* forward = service_.find_forward(flow_.proto, own->port, std::nullopt);
    return forward != nullptr && forward->enabled ? own : std::nullopt;
}

std::optional<Named> OutwardBook::translate(Place place, const Named& named) {
    if (named.address != flow_.inside.address) {
        if (place == Place::contact && is_unreachable(named.address)) foreign_ = true;
        return std::nullopt;
    }
    const Endpoint4 inside = named.endpoint();
    std::optional<Endpoint4> outside = flow_.outside;
    if (inside != flow_.inside) {
        const auto own = own_mapping(inside);
        if (own || place == Place::other) outside = own;
    }
    if (!outside) return std::nullopt;
    if (*outside == flow_.outside) {
        auto& spelling = place == Place::via ? spellings_.via : spellings_.uri;
        if (place != Place::other) spelling = {inside, named.port.has_value()};
    } else if (place != Place::other) {
        spellings_.mapped = {inside, named.port.has_value()};
    }
    Named out{outside->address, outside->port, named.default_port};
    if (!named.port && outside->port == named.default_port) out.port.reset();
    return out;
}

std::optional<Ip4> OutwardBook::received(Ip4 address) {
    return address == flow_.inside.address ? std::optional(flow_.outside.address) : std::nullopt;
}

std::optional<Port> OutwardBook::rport(Port port) {
    return port == flow_.inside.port ? std::optional(flow_.outside.port) : std::nullopt;
}

std::optional<Named> InwardBook::translate(Place place, const Named& named) {
    const Endpoint4 outside = named.endpoint();
    Spelling out{flow_.inside, true};
    const auto& spelling = place == Place::via ? spellings_.via : spellings_.uri;
    if (outside == flow_.outside) {
        out.has_port = out.endpoint.port != named.default_port;
        if (spelling) out = *spelling;
    } else {
        const auto inside = service_.inside_of(flow_.proto, outside);
        if (!inside || inside->address != flow_.inside.address) return std::nullopt;
        out = {*inside, inside->port != named.default_port};
        if (spellings_.mapped && spellings_.mapped->endpoint == *inside) out = *spellings_.mapped;
    }
    // Where the outside port may be left out, it was left out exactly when the inside one was.
    if (outside.port == named.default_port) out.has_port = named.port.has_value();
    if (out.endpoint.port != named.default_port) out.has_port = true;
    Named written{out.endpoint.address, out.endpoint.port, named.default_port};
    if (!out.has_port) written.port.reset();
    return written;
}

std::optional<Ip4> InwardBook::received(Ip4 address) {
    return address == flow_.outside.address ? std::optional(flow_.inside.address) : std::nullopt;
}

std::optional<Port> InwardBook::rport(Port port) {
    return port == flow_.outside.port ? std::optional(flow_.inside.port) : std::nullopt;
}

}  // namespace gatehouse::sip
