// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/nat.h"

#include <algorithm>

#include "gateway/base/checksum.h"
#include "gateway/base/text.h"

namespace gatehouse::lab {
namespace {

constexpr std::size_t kEthernetHeader = 14;
constexpr std::size_t kIp4Header = 20;
constexpr std::uint16_t kMoreFragments = 0x2000;
constexpr std::size_t kIcmpHeader = 8;
// RFC 792: the errors, which carry the packet that they are about.
constexpr std::uint8_t kUnreachable = 3, kRedirect = 5, kTimeExceeded = 11, kBadParameter = 12;

std::string next_word() {
    static unsigned count = 0;
    return concat("word ", ++count);
}

bool is_error(std::uint8_t icmp_type) {
    return icmp_type == kUnreachable || icmp_type == kRedirect || icmp_type == kTimeExceeded ||
           icmp_type == kBadParameter;
}

Verdict check_ip4(Bytes packet, std::string_view which);

Verdict check_icmp(Bytes message, std::string_view which) {
    if (checksum(message) != 0)
        return no_because(concat("ICMP checksum of the ", which, " packet"));
    const bool error = message.size() > kIcmpHeader && is_error(message[0]);
    return error ? check_ip4(message.subspan(kIcmpHeader), "inner") : Verdict(true);
}

// What there is of a packet, from its IPv4 header on.
Verdict check_ip4(Bytes packet, std::string_view which) {
    ByteReader in(packet);
    const std::size_t header = (in.u8() & 0x0fU) * std::size_t{4};
    in.seek(2);
    const std::size_t length = in.u16();
    in.seek(6);
    const bool fragment = (in.u16() & 0x3fffU) != 0;
    in.seek(9);
    const Proto proto{in.u8()};
    in.skip(2);
    const Ip4 source = read_ip4(in);
    const Ip4 destination = read_ip4(in);
    if (!in.ok() || header < kIp4Header || packet.size() < header) {
        return no_because(concat("the ", which, " packet has no whole header"));
    }
    if (checksum(packet.first(header)) != 0) {
        return no_because(concat("IP header checksum of the ", which, " packet"));
    }
    if (fragment || length < header || packet.size() < length) return true;
    const Bytes rest = packet.subspan(header, length - header);
    if (proto == Proto::icmp) return check_icmp(rest, which);
    if (proto != Proto::udp && proto != Proto::tcp) return true;
    if (transport_checksum(source, destination, proto, rest) == 0) return true;
    return no_because(concat(to_string(proto), " checksum of the ", which, " packet"));
}

}  // namespace

std::string section(std::string_view head,
                    std::initializer_list<std::pair<std::string_view, std::string_view>> options) {
    std::string out = concat("config ", head, "\n");
    for (const auto& [name, value] : options)
        append(out, "\toption ", name, " '", value, "'\n");
    return out + "\n";
}

std::string nat_type(std::string_view type) {
    return section("nat 'nat'", {{"type", type}});
}

std::string heard_by(const UdpSocket& receiver, const UdpSocket& sender, const At& to,
                     Duration limit) {
    const std::string word = next_word();
    sender.send_to(to, word);
    const Deadline deadline(limit);
    for (;;) {
        const auto got = receiver.receive(deadline.milliseconds_left() * 1ms);
        if (!got) return std::string(kNobody);
        if (got->data == word) return got->from.to_string();
    }
}

std::string seen_by(const UdpSocket& server, const UdpSocket& client) {
    return heard_by(server, client, server.local());
}

std::string TcpPair::seen() const {
    const auto peer = server ? server->peer() : std::nullopt;
    return peer ? peer->to_string() : std::string(kNobody);
}

bool TcpPair::works() {
    const std::string word = next_word();
    return server && client.send(word) && server->receive_exactly(word.size()) == word &&
           server->send(word) && client.receive_exactly(word.size()) == word;
}

TcpPair tcp_pair(const Host& client, const TcpListener& server, std::optional<At> local,
                 std::optional<At> to) {
    TcpPair out{client.connect(to.value_or(At(server.local())), 3s, local), std::nullopt};
    if (out.client.is_alive()) out.server = server.accept();
    return out;
}

Port port_of(std::string_view endpoint) {
    return endpoint == kNobody ? Port{} : At(endpoint).endpoint.port;
}

std::optional<std::uint64_t> packets_in_queue(const Host& router, unsigned queue) {
    constexpr std::size_t kNumber = 0, kCounter = 7;  // columns of the file
    const std::string table = router.run({"cat", "/proc/net/netfilter/nfnetlink_queue"}).out;
    for (const std::string_view line : split(table, '\n')) {
        std::vector<std::string_view> columns = split(line, ' ');
        std::erase(columns, std::string_view());
        if (columns.size() <= kCounter) continue;
        if (parse_number<unsigned>(columns[kNumber]) != queue) continue;
        return parse_number<std::uint64_t>(columns[kCounter]);
    }
    return std::nullopt;
}

std::optional<int> seconds_left(const Host& router, const std::vector<std::string_view>& words) {
    const std::string table = router.conntrack();
    for (const std::string_view line : split(table, '\n')) {
        if (!std::all_of(words.begin(), words.end(), [line](std::string_view word) {
                return line.find(word) != std::string_view::npos;
            })) {
            continue;
        }
        std::vector<std::string_view> columns = split(line, ' ');
        std::erase(columns, std::string_view());
        if (columns.size() > 2) return parse_number<int>(columns[2]);
    }
    return std::nullopt;
}

std::string quoted(const Frame& frame) {
    return std::string(as_text(Bytes(frame).subspan(kEthernetHeader)));
}

Verdict has_right_checksums(const Packet& packet) {
    if (!packet.is_ip4()) return no_because("not IPv4");
    return check_ip4(packet.frame().subspan(kEthernetHeader), "outer");
}

std::vector<Frame> fragments_of(const Frame& frame, std::size_t size,
                                std::uint16_t identification) {
    const Bytes head = Bytes(frame).first(kEthernetHeader + kIp4Header);
    const Bytes payload = Bytes(frame).subspan(kEthernetHeader + kIp4Header);
    const std::size_t step = size / 8 * 8;
    std::vector<Frame> out;
    for (std::size_t at = 0; at < payload.size(); at += step) {
        const Bytes piece = payload.subspan(at, std::min(step, payload.size() - at));
        const bool last = at + piece.size() == payload.size();
        ByteWriter one;
        one.bytes(head);
        one.bytes(piece);
        one.patch_u16(kEthernetHeader + 2, static_cast<std::uint16_t>(kIp4Header + piece.size()));
        one.patch_u16(kEthernetHeader + 4, identification);
        one.patch_u16(kEthernetHeader + 6,
                      static_cast<std::uint16_t>(at / 8 | (last ? 0U : kMoreFragments)));
        one.patch_u16(kEthernetHeader + 10,
                      ip4_header_checksum(one.view().subspan(kEthernetHeader, kIp4Header)));
        out.push_back(one.take());
    }
    return out;
}

}  // namespace gatehouse::lab
