// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/router_ports.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "gateway/base/text.h"
#include "gateway/daemon/files.h"
#include "gateway/nat/ruleset.h"

namespace gatehouse::daemon {

namespace {

// States of the kernel's socket tables: TCP_LISTEN, and TCP_CLOSE for a UDP socket without a peer.
constexpr std::string_view kListen = "0A";
constexpr std::string_view kUnconnected = "07";

std::optional<Port> parse_hex_port(std::string_view text) {
    std::uint16_t number = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number, 16);
    if (error != std::errc{} || stop != end || number == 0) return std::nullopt;
    return Port{number};
}

// Addresses are words of 32 bits in the byte order of the machine, written as numbers.
bool is_unreachable(std::string_view hex, std::span<const Ip4> inside) {
    if (hex == "00000000000000000000000001000000" || hex == "00000000000000000000000000000001") {
        return true;
    }
    if (hex.size() != 8) return false;
    std::uint32_t word = 0;
    std::from_chars(hex.data(), hex.data() + hex.size(), word, 16);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&word);
    const Ip4 address = Ip4::of(bytes[0], bytes[1], bytes[2], bytes[3]);
    const bool group = (bytes[0] & 0xf0U) == 0xe0U;
    return bytes[0] == 127 || group ||
           std::find(inside.begin(), inside.end(), address) != inside.end();
}

std::vector<std::string_view> words(std::string_view line) {
    std::vector<std::string_view> out;
    for (const std::string_view word : split(line, ' ')) {
        if (!word.empty()) out.push_back(word);
    }
    return out;
}

}  // namespace

std::vector<Port> listening_ports(std::string_view table, Proto proto,
                                  std::span<const Ip4> inside) {
    const std::string_view wanted = proto == Proto::tcp ? kListen : kUnconnected;
    std::vector<Port> out;
    for (const std::string_view line : split(table, '\n')) {
        const auto fields = words(line);
        if (fields.size() < 4 || fields[3] != wanted) continue;
        const std::size_t colon = fields[1].find(':');
        if (colon == std::string_view::npos) continue;
        if (is_unreachable(fields[1].substr(0, colon), inside)) continue;
        if (const auto port = parse_hex_port(fields[1].substr(colon + 1))) out.push_back(*port);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

std::vector<nat::ReservedPort> read_router_ports(std::span<const Ip4> inside) {
    std::vector<nat::ReservedPort> out;
    for (const Proto proto : {Proto::tcp, Proto::udp}) {
        out.push_back({proto, nat::kRouterPorts});
        std::vector<Port> ports;
        for (const char* family : {"", "6"}) {
            const auto table = read_file(concat("/proc/net/", to_string(proto), family));
            if (!table) continue;
            for (const Port port : listening_ports(*table, proto, inside))
                ports.push_back(port);
        }
        std::sort(ports.begin(), ports.end());
        ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
        for (const Port port : ports) {
            if (!nat::kRouterPorts.contains(port)) out.push_back({proto, {port, port}});
        }
    }
    return out;
}

}  // namespace gatehouse::daemon
