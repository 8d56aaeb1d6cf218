// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/natpmp.h"

#include <algorithm>

namespace gatehouse::upnp::natpmp {

namespace {

constexpr std::uint8_t kIsResponse = 128;
constexpr std::uint8_t kAskAddress = 0;
constexpr std::uint8_t kMapUdp = 1;
constexpr std::uint8_t kMapTcp = 2;

std::string_view label_of(Result result) {
    switch (result) {
        case Result::success: return "ok";
        case Result::unsupported_version: return "version";
        case Result::not_authorized: return "refused";
        case Result::network_failure: return "no_address";
        case Result::out_of_resources: return "no_room";
        case Result::unsupported_opcode: return "opcode";
    }
    return "";
}

ByteWriter head(std::uint8_t opcode, Result result, std::uint32_t epoch) {
    ByteWriter out(16);
    out.u8(0);
    out.u8(static_cast<std::uint8_t>(kIsResponse | opcode));
    out.u16(static_cast<std::uint16_t>(result));
    out.u32(epoch);
    return out;
}

MappingReply finish(ByteWriter& out, Result result) {
    return {std::string(as_text(out.view())), label_of(result), {}, {}};
}

struct MapRequest {
    std::uint8_t opcode = kMapUdp;
    Port inside;
    Port outside;
    std::uint32_t lifetime = 0;

    Proto proto() const { return opcode == kMapUdp ? Proto::udp : Proto::tcp; }
};

MappingReply map_reply(const MappingContext& context, const MapRequest& request, Result result,
                       Port outside, std::uint32_t lifetime) {
    ByteWriter out = head(request.opcode, result, context.epoch_seconds());
    out.u16(request.inside.number);
    out.u16(outside.number);
    out.u32(lifetime);
    return finish(out, result);
}

Result result_of(const ClaimRefused& refused) {
    if (refused.denial) return Result::not_authorized;
    return Result::out_of_resources;
}

// RFC 6886 3.4: lifetime 0 ends a mapping, inside port 0 ends all of this protocol.
MappingReply unmap(const MappingContext& context, Ip4 client, const MapRequest& request) {
    std::vector<nat::ForwardId> ids;
    if (request.inside.number == 0) {
        const auto all = context.service.forwards_to(request.proto(), client, {{0}, {65535}});
        for (const nat::Forward* forward : all) {
            if (forward->owner.kind == nat::OwnerKind::natpmp) ids.push_back(forward->id);
        }
    } else if (const nat::Forward* own = context.claims.find_own(
                   nat::OwnerKind::natpmp, {}, request.proto(), {client, request.inside})) {
        ids.push_back(own->id);
    } else if (!context.claims
                    .leading_to(nat::OwnerKind::static_, request.proto(), {client, request.inside})
                    .empty()) {
        // 3.4: what the user configured.
        return map_reply(context, request, Result::not_authorized, Port{}, 0);
    }
    for (const nat::ForwardId id : ids) {
        const auto ended = context.claims.unmap(client, id, context.now);
        if (!ended) return map_reply(context, request, result_of(ended.error()), {}, 0);
    }
    return map_reply(context, request, Result::success, Port{}, 0);
}

MappingReply map(const MappingContext& context, Ip4 client, const MapRequest& request) {
    if (request.lifetime == 0) return unmap(context, client, request);
    if (request.inside.number == 0) {
        return map_reply(context, request, Result::not_authorized, Port{}, 0);
    }
    if (context.outside.is_any()) {
        return map_reply(context, request, Result::network_failure, Port{}, 0);
    }
    const auto lifetime = std::min(std::chrono::seconds(request.lifetime), kLongest);
    MapWish wish;
    wish.kind = nat::OwnerKind::natpmp;
    wish.client = client;
    wish.proto = request.proto();
    if (request.outside.number != 0) wish.outside = request.outside;
    wish.inside = {client, request.inside};
    wish.lifetime = lifetime;
    wish.description = "NAT-PMP";
    const auto made = context.claims.map(wish, context.now);
    if (!made) {
        MappingReply reply = map_reply(context, request, result_of(made.error()), Port{}, 0);
        reply.denial = made.error().denial;
        return reply;
    }
    MappingReply reply = map_reply(context, request, Result::success, made->outside.port,
                                   static_cast<std::uint32_t>(lifetime.count()));
    reply.made = made->id;
    return reply;
}

}  // namespace

std::string announcement(Ip4 outside, std::uint32_t epoch) {
    const Result result = outside.is_any() ? Result::network_failure : Result::success;
    ByteWriter out = head(kAskAddress, result, epoch);
    write_ip4(out, outside);
    return std::string(as_text(out.view()));
}

std::string unsupported_version(std::uint32_t epoch) {
    ByteWriter out = head(0, Result::unsupported_version, epoch);
    return std::string(as_text(out.view()));
}

std::optional<MappingReply> answer(const MappingContext& context, Ip4 client, Bytes request) {
    ByteReader in(request);
    in.skip(1);  // the version, which led here
    const std::uint8_t opcode = in.u8();
    if (!in.ok() || (opcode & kIsResponse) != 0) return std::nullopt;
    if (opcode == kAskAddress) {
        const Ip4 outside = context.outside;
        const Result result = outside.is_any() ? Result::network_failure : Result::success;
        return MappingReply{
            announcement(outside, context.epoch_seconds()), label_of(result), {}, {}};
    }
    if (opcode != kMapUdp && opcode != kMapTcp) {
        ByteWriter out = head(opcode, Result::unsupported_opcode, context.epoch_seconds());
        return finish(out, Result::unsupported_opcode);
    }
    in.skip(2);
    MapRequest map_request;
    map_request.opcode = opcode;
    map_request.inside = Port{in.u16()};
    map_request.outside = Port{in.u16()};
    map_request.lifetime = in.u32();
    if (!in.ok()) return std::nullopt;
    return map(context, client, map_request);
}

}  // namespace gatehouse::upnp::natpmp
