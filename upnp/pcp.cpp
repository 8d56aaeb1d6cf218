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
    // All ports of the client that this nonce has opened, of one protocol or of all.
    MappingReply unmap_all();
    MappingReply peer();
    MappingReply peer6();
    const nat::Forward* find_peer(std::string_view nonce, Ip4 remote) const;
    MappingReply pinhole();
    MappingReply open_pinhole(const nat::Owner& owner, std::optional<Ip6> remote);
    MappingReply close_pinhole(const nat::Owner& owner);
    // Those of this inside endpoint that a MAP has opened, whoever asked.
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
    MappingReply given(const nat::Forward& made) const;
    MappingReply ended() const {
        return success(0, request_.fields.outside, request_.fields.outside_address);
    }
    MapWish wish(std::string nonce) const;
    std::optional<Result> wrong_fields() const;
    // The remote that the filters leave.
    std::optional<Result> read_filters(std::optional<Ip6>& remote) const;
    // Whether an outside address is asked for that is not the one that there is.
    bool wants_other_address(const Ip6& own) const {
        const Ip6& wanted = request_.fields.outside_address;
        return !is_unspecified(wanted) && wanted != own;
    }
    bool ends_all() const {
        return request_.opcode == Opcode::map && request_.lifetime == 0 &&
               request_.fields.inside.number == 0;
    }
    std::chrono::seconds left(Instant expires) const {
        return std::chrono::seconds(whole_seconds(expires - context_.now));
    }
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
    const bool zero = fields.protocol == 0 || fields.inside.number == 0;
    if (request_.opcode == Opcode::peer && (zero || fields.remote_port.number == 0)) {
        return Result::malformed_request;
    }
    const bool known = proto() == Proto::tcp || proto() == Proto::udp;
    // All ports, or all protocols, of a host are not to be had; but they can be ended.
    if (ends_all() && (known || fields.protocol == 0)) return std::nullopt;
    return known && !zero ? std::nullopt : std::optional(Result::unsupp_protocol);
}

std::optional<Result> Exchange::read_filters(std::optional<Ip6>& remote) const {
    for (const Filter& filter : request_.filters) {
        // That of all IPv4 addresses is as long as what stands before them.
        const bool all4 = filter.prefix_length == 96 && filter.address.is_v4_mapped();
        if (filter.prefix_length == 0 || all4) {  // takes all filters away (13.3)
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

MappingReply Exchange::unmap_all() {
    const std::uint8_t protocol = request_.fields.protocol;
    const std::string owner = concat(client_.to_string(), ' ', nonce());
    const auto is_own = [&](Proto proto, const nat::Owner& one) {
        return one.kind == nat::OwnerKind::pcp && one.id == owner &&
               (protocol == 0 || proto == this->proto());
    };
    if (client_.is_v6()) {
        for (const nat::Pinhole* one : context_.service.pinholes()) {
            if (!is_own(one->proto, one->owner)) continue;
            const nat::Owner whose = one->owner;
            (void)context_.claims.close_pinhole(one->id, whose, context_.now);
        }
        return ended();
    }
    for (const Proto proto : {Proto::tcp, Proto::udp}) {
        const auto all = context_.service.forwards_to(proto, client_.v4(), {{0}, {65535}});
        for (const nat::Forward* one : all) {
            if (!is_own(proto, one->owner)) continue;
            (void)context_.claims.unmap(client_.v4(), one->id, context_.now, nonce());
        }
    }
    return ended();
}

MappingReply Exchange::map() {
    if (ends_all()) return unmap_all();
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
        const bool other_port =
            there != nullptr && wanted.outside && there->outside.port != *wanted.outside;
        if (wants_other_address(mapped(outside)) || other_port) {
            return error(Result::cannot_provide_external);
        }
        wanted.must_have_port = wanted.outside.has_value();
    }
    const auto made = context_.claims.map(wanted, context_.now);
    if (!made) return refused(made.error());
    return given(*made);
}

const nat::Forward* Exchange::find_peer(std::string_view nonce, Ip4 remote) const {
    const auto all = context_.claims.leading_to(nat::OwnerKind::pcp, proto(), inside());
    const auto same = std::find_if(all.begin(), all.end(), [&](const nat::Forward* one) {
        return one->remote == remote && one->owner.id.view().ends_with(nonce);
    });
    return same == all.end() ? nullptr : *same;
}

// A PEER is a forward for that peer alone, on the port that the traffic has or would have.
MappingReply Exchange::peer() {
    const MapFields& fields = request_.fields;
    if (client_.is_v6()) return peer6();
    if (!fields.remote_address.is_v4_mapped() || is_unspecified(fields.remote_address)) {
        return error(Result::malformed_request);
    }
    const std::string own_nonce = concat(nonce(), ' ', kPeer);
    const Ip4 remote = fields.remote_address.v4_tail();
    const nat::Forward* there = find_peer(own_nonce, remote);
    if (request_.lifetime == 0 && there == nullptr) return ended();
    if (context_.outside.is_any()) return error(Result::network_failure);
    MapWish wanted = wish(own_nonce);
    const bool other_port =
        there != nullptr && wanted.outside && there->outside.port != *wanted.outside;
    if (wants_other_address(mapped(context_.outside)) || other_port) {
        return error(Result::cannot_provide_external);
    }
    if (there != nullptr && (request_.lifetime == 0 || left(there->expires) >= lifetime())) {
        return success(left(there->expires).count(), there->outside.port,
                       told(there->outside.address));
    }
    wanted.remote = remote;
    wanted.is_peer = true;
    wanted.must_have_port = wanted.outside.has_value();
    const auto runs = context_.service.outside_of(proto(), inside(), {remote, fields.remote_port});
    if (runs) {
        if (wanted.outside && *wanted.outside != runs->port) {
            return error(Result::cannot_provide_external);
        }
        const nat::Forward* open = context_.claims.find(proto(), runs->port, std::nullopt);
        if (open != nullptr && open->inside == inside()) {
            return success(std::min(lifetime(), left(open->expires)).count(), runs->port,
                           told(runs->address));
        }
        wanted.outside = runs->port;
    }
    const auto made = context_.claims.map(wanted, context_.now);
    if (!made) return refused(made.error());
    return given(*made);
}

MappingReply Exchange::given(const nat::Forward& made) const {
    MappingReply reply = success(lifetime().count(), made.outside.port, told(made.outside.address));
    reply.made = made.id;
    return reply;
}

MappingReply Exchange::peer6() {
    const MapFields& fields = request_.fields;
    if (fields.remote_address.is_v4_mapped() || is_unspecified(fields.remote_address)) {
        return error(Result::malformed_request);
    }
    const bool other_port = fields.outside.number != 0 && fields.outside != fields.inside;
    if (other_port || wants_other_address(client_.v6())) {
        return error(Result::cannot_provide_external);
    }
    const nat::Owner owner{nat::OwnerKind::pcp,
                           concat(client_.to_string(), ' ', nonce(), ' ', kPeer)};
    for (const nat::Pinhole* one : context_.service.pinholes()) {
        const bool same = one->owner == owner && one->proto == proto() &&
                          one->port == fields.inside && one->remote == fields.remote_address;
        if (same && (request_.lifetime == 0 || left(one->expires) >= lifetime())) {
            return success(left(one->expires).count(), fields.inside, client_.v6());
        }
    }
    if (request_.lifetime == 0) return ended();
    return open_pinhole(owner, fields.remote_address);
}

std::vector<const nat::Pinhole*> Exchange::own_pinholes() const {
    auto out = context_.service.pinholes();
    std::erase_if(out, [this](const nat::Pinhole* one) {
        return one->owner.kind != nat::OwnerKind::pcp || one->proto != proto() ||
               one->port != request_.fields.inside || one->inside != client_.v6() ||
               one->owner.id.view().ends_with(kPeer);
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
    if (request_.prefer_failure && request_.fields.outside.number != 0 &&
        request_.fields.outside != request_.fields.inside) {
        return error(Result::cannot_provide_external);
    }
    return open_pinhole(owner, remote);
}

MappingReply Exchange::open_pinhole(const nat::Owner& owner, std::optional<Ip6> remote) {
    const Port port = request_.fields.inside;
    if (const auto denial = context_.authority.judge({client_, client_, port, port})) {
        return error(Result::not_authorized, denial);
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
