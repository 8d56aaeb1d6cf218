// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/pcp.h"

#include <algorithm>

#include "gateway/base/parts.h"
#include "gateway/base/text.h"

namespace gatehouse::upnp::pcp {

namespace {

constexpr std::uint8_t kIsResponse = 128;
constexpr std::string_view kPeer = "peer";

Ip6 wire_address(const IpAddress& address) {
    return address.is_v4() ? mapped(address.v4()) : address.v6();
}

bool is_unspecified(const Ip6& address) {
    return address == Ip6{} || (address.is_v4_mapped() && address.v4_tail().is_any());
}

Result result_of(const ClaimRefused& refused) {
    if (refused.denial) return Result::not_authorized;
    switch (refused.refused.reason) {
        case nat::Refusal::owner_quota: return Result::user_ex_quota;
        case nat::Refusal::port_taken:
        case nat::Refusal::port_reserved: return Result::cannot_provide_external;
        case nat::Refusal::protocol: return Result::unsupp_protocol;
        case nat::Refusal::bad_request: return Result::malformed_request;
        case nat::Refusal::not_owner: return Result::not_authorized;
        default: return Result::no_resources;
    }
}

// One request on its way to an answer.
class Exchange {
  public:
    Exchange(const MappingContext& context, const IpAddress& client, Bytes bytes,
             const Request& request)
        : context_(context), client_(client), bytes_(bytes), request_(request) {}

    MappingReply run();

  private:
    MappingReply announce() const;
    MappingReply map();
    MappingReply unmap(nat::ForwardId id);
    MappingReply peer();
    MappingReply pinhole();
    MappingReply close_pinhole(const nat::Owner& owner);
    // Those of this inside endpoint that PCP has opened, whoever asked.
    std::vector<const nat::Pinhole*> own_pinholes() const;

    MappingReply error(Result result, std::optional<Denial> denial = {}) const {
        return {
            error_answer(bytes_, result, context_.epoch_seconds()), to_string(result), {}, denial};
    }
    MappingReply refused(const ClaimRefused& why) const {
        return error(result_of(why), why.denial);
    }
    // The answer of a success, with what was given.
    MappingReply success(std::int64_t lifetime, Port outside, const Ip6& address) const;
    MappingReply ended() const {
        return success(0, request_.fields.outside, request_.fields.outside_address);
    }
    MapWish wish(std::string nonce) const;
    std::optional<Result> wrong_fields() const;
    // The remote that the filters leave.
    std::optional<Result> read_filters(std::optional<Ip6>& remote) const;
    std::chrono::seconds lifetime() const {
        return std::clamp(std::chrono::seconds(request_.lifetime), kShortest, kLongest);
    }
    // What the client hears of an outside address of ours.
    Ip6 told(Ip4 address) const {
        const bool primary = address == context_.service.outside_address().address;
        return mapped(primary ? context_.outside : address);
    }
    Proto proto() const { return static_cast<Proto>(request_.fields.protocol); }
    std::string nonce() const { return to_hex(request_.fields.nonce); }
    Endpoint4 inside() const { return {client_.v4(), request_.fields.inside}; }
    // Whether another PCP client has this inside endpoint.
    bool is_anothers() const;

    const MappingContext& context_;
    const IpAddress& client_;
    Bytes bytes_;
    const Request& request_;
};

MappingReply Exchange::success(std::int64_t lifetime, Port outside, const Ip6& address) const {
    ByteWriter out(kLongestMessage);
    out.u8(kVersion);
    out.u8(static_cast<std::uint8_t>(kIsResponse | static_cast<std::uint8_t>(request_.opcode)));
    out.u16(0);
    out.u32(static_cast<std::uint32_t>(lifetime));
    out.u32(context_.epoch_seconds());
    out.zeros(12);
    const MapFields& fields = request_.fields;
    out.bytes(fields.nonce);
    out.u8(fields.protocol);
    out.zeros(3);
    out.u16(fields.inside.number);
    out.u16(outside.number);
    out.bytes(address.bytes);
    if (request_.opcode == Opcode::peer) {
        out.u16(fields.remote_port.number);
        out.zeros(2);
        out.bytes(fields.remote_address.bytes);
    }
    if (request_.prefer_failure) {
        out.u8(2);
        out.zeros(3);
    }
    for (const Filter& filter : request_.filters) {
        out.u8(3);
        out.zeros(1);
        out.u16(20);
        out.zeros(1);
        out.u8(filter.prefix_length);
        out.u16(filter.port.number);
        out.bytes(filter.address.bytes);
    }
    return {std::string(as_text(out.view())), to_string(Result::success), {}, {}};
}

MappingReply Exchange::announce() const {
    return {announcement(context_.epoch_seconds()), to_string(Result::success), {}, {}};
}

std::optional<Result> Exchange::wrong_fields() const {
    const MapFields& fields = request_.fields;
    if (fields.protocol == 0 && fields.inside.number != 0) return Result::malformed_request;
    const bool known = proto() == Proto::tcp || proto() == Proto::udp;
    // All ports, or all protocols, of a host are not to be had.
    if (!known || fields.inside.number == 0) return Result::unsupp_protocol;
    if (request_.opcode == Opcode::peer && fields.remote_port.number == 0) {
        return Result::malformed_request;
    }
    return std::nullopt;
}

std::optional<Result> Exchange::read_filters(std::optional<Ip6>& remote) const {
    for (const Filter& filter : request_.filters) {
        if (filter.prefix_length == 0) {  // takes all filters away (13.3)
            remote.reset();
            continue;
        }
        if (filter.port.number != 0) return Result::unsupp_option;
        if (filter.prefix_length != 128 || is_unspecified(filter.address) || remote) {
            return Result::excessive_remote_peers;
        }
        if (filter.address.is_v4_mapped() != client_.is_v4()) return Result::malformed_option;
        remote = filter.address;
    }
    return std::nullopt;
}

MapWish Exchange::wish(std::string nonce) const {
    MapWish wish;
    wish.kind = nat::OwnerKind::pcp;
    wish.nonce = std::move(nonce);
    wish.client = client_.v4();
    wish.proto = proto();
    if (request_.fields.outside.number != 0) wish.outside = request_.fields.outside;
    wish.inside = inside();
    wish.lifetime = lifetime();
    wish.description = "PCP";
    return wish;
}

bool Exchange::is_anothers() const {
    const auto all = context_.claims.leading_to(nat::OwnerKind::pcp, proto(), inside());
    const std::string own = nonce();
    return std::any_of(all.begin(), all.end(), [&own](const nat::Forward* one) {
        return !one->owner.id.view().ends_with(kPeer) && !one->owner.id.view().ends_with(own);
    });
}

MappingReply Exchange::unmap(nat::ForwardId id) {
    const nat::Forward* forward = context_.claims.find(id);
    const std::string id_nonce =
        forward->owner.id.view().ends_with(kPeer) ? concat(nonce(), ' ', kPeer) : nonce();
    const auto gone = context_.claims.unmap(client_.v4(), id, context_.now, id_nonce);
    return gone ? ended() : refused(gone.error());
}

MappingReply Exchange::map() {
    if (kHasIpv6 && client_.is_v6()) return pinhole();
    if (is_anothers()) return error(Result::not_authorized, Denial::nonce);
    std::optional<Ip6> remote;
    if (const auto wrong = read_filters(remote)) return error(*wrong);
    const nat::Forward* there =
        context_.claims.find_own(nat::OwnerKind::pcp, nonce(), proto(), inside());
    if (request_.lifetime == 0) return there != nullptr ? unmap(there->id) : ended();
    const Ip4 outside = context_.outside;
    if (outside.is_any()) return error(Result::network_failure);
    MapWish wanted = wish(nonce());
    if (remote) wanted.remote = remote->v4_tail();
    if (request_.prefer_failure) {
        const Ip6& address = request_.fields.outside_address;
        const bool other_address = !is_unspecified(address) && address != mapped(outside);
        const bool other_port =
            there != nullptr && wanted.outside && there->outside.port != *wanted.outside;
        if (other_address || other_port) return error(Result::cannot_provide_external);
        wanted.must_have_port = wanted.outside.has_value();
    }
    const auto made = context_.claims.map(wanted, context_.now);
    if (!made) return refused(made.error());
    MappingReply reply =
        success(lifetime().count(), made->outside.port, told(made->outside.address));
    reply.made = made->id;
    return reply;
}

// A PEER is a forward for that peer alone, on the port that the traffic has or would have.
MappingReply Exchange::peer() {
    const MapFields& fields = request_.fields;
    if (client_.is_v6()) return error(Result::unsupp_opcode);
    if (!fields.remote_address.is_v4_mapped() || is_unspecified(fields.remote_address)) {
        return error(Result::malformed_request);
    }
    const std::string own_nonce = concat(nonce(), ' ', kPeer);
    const Ip4 remote = fields.remote_address.v4_tail();
    const auto all = context_.claims.leading_to(nat::OwnerKind::pcp, proto(), inside());
    const auto same = std::find_if(all.begin(), all.end(), [&](const nat::Forward* one) {
        return one->remote == remote && one->owner.id.view().ends_with(own_nonce);
    });
    const nat::Forward* there = same == all.end() ? nullptr : *same;
    if (request_.lifetime == 0) return there != nullptr ? unmap(there->id) : ended();
    if (context_.outside.is_any()) return error(Result::network_failure);
    MapWish wanted = wish(own_nonce);
    wanted.remote = remote;
    const auto runs = context_.service.outside_of(proto(), inside(), {remote, fields.remote_port});
    if (runs) {
        const nat::Forward* open = context_.claims.find(proto(), runs->port, std::nullopt);
        if (open != nullptr && open->inside == inside()) {
            const std::int64_t left = std::min<std::int64_t>(
                lifetime().count(), whole_seconds(open->expires - context_.now));
            return success(left, runs->port, told(runs->address));
        }
        wanted.outside = runs->port;
    }
    const auto made = context_.claims.map(wanted, context_.now);
    if (!made) return refused(made.error());
    MappingReply reply =
        success(lifetime().count(), made->outside.port, told(made->outside.address));
    reply.made = made->id;
    return reply;
}

std::vector<const nat::Pinhole*> Exchange::own_pinholes() const {
    auto out = context_.service.pinholes();
    std::erase_if(out, [this](const nat::Pinhole* one) {
        return one->owner.kind != nat::OwnerKind::pcp || one->proto != proto() ||
               one->port != request_.fields.inside || one->inside != client_.v6();
    });
    return out;
}

MappingReply Exchange::close_pinhole(const nat::Owner& owner) {
    for (const nat::Pinhole* pinhole : own_pinholes()) {
        if (pinhole->owner != owner) return error(Result::not_authorized, Denial::nonce);
        (void)context_.claims.close_pinhole(pinhole->id, owner, context_.now);
    }
    return ended();
}

MappingReply Exchange::pinhole() {
    const nat::Owner owner{nat::OwnerKind::pcp, concat(client_.to_string(), ' ', nonce())};
    if (request_.lifetime == 0) return close_pinhole(owner);
    std::optional<Ip6> remote;
    if (const auto wrong = read_filters(remote)) return error(*wrong);
    for (const nat::Pinhole* pinhole : own_pinholes()) {
        if (pinhole->owner != owner) return error(Result::not_authorized, Denial::nonce);
    }
    const Port port = request_.fields.inside;
    if (const auto denial = context_.authority.judge({client_, client_, port, port})) {
        return error(Result::not_authorized, denial);
    }
    if (request_.prefer_failure && request_.fields.outside.number != 0 &&
        request_.fields.outside != port) {
        return error(Result::cannot_provide_external);
    }
    nat::PinholeRequest wanted;
    wanted.inside = client_.v6();
    const nat::Host* host = context_.hosts.find(client_);
    if (host != nullptr) wanted.host = host->mac;
    wanted.proto = proto();
    wanted.port = port;
    wanted.remote = remote;
    wanted.lifetime = lifetime();
    wanted.owner = owner;
    wanted.description = "PCP";
    const auto opened = context_.claims.open_pinhole(wanted, context_.now);
    if (!opened) {
        ClaimRefused why;
        why.refused = opened.error();
        return refused(why);
    }
    return success(lifetime().count(), port, client_.v6());
}

MappingReply Exchange::run() {
    if (request_.client != wire_address(client_)) return error(Result::address_mismatch);
    if (request_.opcode == Opcode::announce) return announce();
    if (request_.third_party) return error(Result::unsupp_option, Denial::third_party);
    if (const auto wrong = wrong_fields()) return error(*wrong);
    return request_.opcode == Opcode::map ? map() : peer();
}

}  // namespace

std::optional<MappingReply> answer(const MappingContext& context, const IpAddress& client,
                                   Bytes request) {
    if (request.size() < 2 || (request[1] & kIsResponse) != 0) return std::nullopt;
    const auto parsed = parse(request);
    if (!parsed) {
        return MappingReply{error_answer(request, parsed.error(), context.epoch_seconds()),
                            to_string(parsed.error()),
                            {},
                            {}};
    }
    return Exchange(context, client, request, *parsed).run();
}

}  // namespace gatehouse::upnp::pcp
