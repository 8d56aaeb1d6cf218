// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "upnp/pcp.h"

namespace gatehouse::upnp::pcp {

namespace {

constexpr std::size_t kHead = 24;
constexpr std::uint8_t kIsResponse = 128;
constexpr std::uint8_t kThirdParty = 1;
constexpr std::uint8_t kPreferFailure = 2;
constexpr std::uint8_t kFilter = 3;
constexpr std::uint8_t kFirstOptional = 128;  // options from here on may be passed over (7.3)

// Errors that may be over soon are worth another try after this long, the others after that (7.4).
constexpr std::uint32_t kShortError = 30;
constexpr std::uint32_t kLongError = 1800;

std::uint32_t lifetime_of(Result result) {
    switch (result) {
        case Result::network_failure:
        case Result::no_resources:
        case Result::user_ex_quota:
        case Result::cannot_provide_external: return kShortError;
        default: return kLongError;
    }
}

std::optional<Result> read_option(ByteReader& in, Request& out) {
    const std::uint8_t code = in.u8();
    in.skip(1);
    const std::uint16_t length = in.u16();
    ByteReader data(in.take(length));
    in.skip((4U - length % 4U) % 4U);
    if (!in.ok()) return Result::malformed_option;
    const bool map = out.opcode == Opcode::map;
    if (code == kThirdParty && out.opcode != Opcode::announce) {
        if (length != 16 || out.third_party) return Result::malformed_option;
        out.third_party = true;
        return std::nullopt;
    }
    if (code == kPreferFailure && map) {
        if (length != 0 || out.prefer_failure) return Result::malformed_option;
        out.prefer_failure = true;
        return std::nullopt;
    }
    // 12.2: a PEER means it anyway, and may not say it.
    if (code == kPreferFailure && out.opcode == Opcode::peer) return Result::malformed_request;
    if (code == kFilter && map) {
        if (length != 20) return Result::malformed_option;
        Filter filter;
        data.skip(1);
        filter.prefix_length = data.u8();
        filter.port = Port{data.u16()};
        filter.address.bytes = data.array<16>();
        if (filter.prefix_length > 128) return Result::malformed_option;
        out.filters.push_back(filter);
        return std::nullopt;
    }
    return code < kFirstOptional ? std::optional(Result::unsupp_option) : std::nullopt;
}

void read_fields(ByteReader& in, Request& out) {
    MapFields& fields = out.fields;
    fields.nonce = in.array<12>();
    fields.protocol = in.u8();
    in.skip(3);
    fields.inside = Port{in.u16()};
    fields.outside = Port{in.u16()};
    fields.outside_address.bytes = in.array<16>();
    if (out.opcode != Opcode::peer) return;
    fields.remote_port = Port{in.u16()};
    in.skip(2);
    fields.remote_address.bytes = in.array<16>();
}

}  // namespace

Ip6 mapped(Ip4 address) {
    ByteWriter out(16);
    out.zeros(10);
    out.u16(0xffff);
    write_ip4(out, address);
    Ip6 result;
    std::copy(out.view().begin(), out.view().end(), result.bytes.begin());
    return result;
}

std::string_view to_string(Result result) {
    switch (result) {
        case Result::success: return "ok";
        case Result::unsupp_version: return "version";
        case Result::not_authorized: return "refused";
        case Result::malformed_request: return "malformed";
        case Result::unsupp_opcode: return "opcode";
        case Result::unsupp_option: return "option";
        case Result::malformed_option: return "malformed_option";
        case Result::network_failure: return "no_address";
        case Result::no_resources: return "no_room";
        case Result::unsupp_protocol: return "protocol";
        case Result::user_ex_quota: return "quota";
        case Result::cannot_provide_external: return "port_taken";
        case Result::address_mismatch: return "address_mismatch";
        case Result::excessive_remote_peers: return "remote_peers";
    }
    return "";
}

gatehouse::Result<Request, Result> parse(Bytes bytes) {
    if (bytes.size() < kHead || bytes.size() > kLongestMessage || bytes.size() % 4 != 0) {
        return fail(Result::malformed_request);
    }
    ByteReader in(bytes);
    Request out;
    if (in.u8() != kVersion) return fail(Result::unsupp_version);
    const std::uint8_t opcode = in.u8();
    if (opcode > static_cast<std::uint8_t>(Opcode::peer)) return fail(Result::unsupp_opcode);
    out.opcode = static_cast<Opcode>(opcode);
    in.skip(2);
    out.lifetime = in.u32();
    out.client.bytes = in.array<16>();
    if (out.opcode != Opcode::announce) read_fields(in, out);
    if (!in.ok()) return fail(Result::malformed_request);
    while (!in.at_end()) {
        if (const auto wrong = read_option(in, out)) return fail(Result(*wrong));
    }
    return out;
}

std::string error_answer(Bytes request, Result result, std::uint32_t epoch) {
    // 8.2: the request as it came, but for the header, and with a length that is allowed.
    std::vector<std::uint8_t> copy(request.begin(), request.end());
    copy.resize(std::clamp((copy.size() + 3) / 4 * 4, kHead, kLongestMessage));
    ByteWriter out(kLongestMessage);
    out.u8(kVersion);
    out.u8(static_cast<std::uint8_t>(copy[1] | kIsResponse));
    out.u8(0);
    out.u8(static_cast<std::uint8_t>(result));
    out.u32(lifetime_of(result));
    out.u32(epoch);
    out.zeros(12);
    out.bytes(Bytes(copy).subspan(kHead));
    return std::string(as_text(out.view()));
}

std::string announcement(std::uint32_t epoch) {
    ByteWriter out(kHead);
    out.u8(kVersion);
    out.u8(kIsResponse | static_cast<std::uint8_t>(Opcode::announce));
    out.zeros(6);
    out.u32(epoch);
    out.zeros(12);
    return std::string(as_text(out.view()));
}

}  // namespace gatehouse::upnp::pcp
