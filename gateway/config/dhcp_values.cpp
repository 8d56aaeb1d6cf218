// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/config/dhcp_values.h"

#include "gateway/base/text.h"
#include "gateway/config/values.h"

namespace gatehouse::config {

namespace {

constexpr std::size_t kLongestOption = 1024;

// What the exchange itself needs (RFC 2132 section 9, RFC 3046, 4039, 4702).
bool is_set_by_server(unsigned code) {
    return code == 0 || (code >= 50 && code <= 59) || code == 61 || code == 80 || code == 81 ||
           code == 82 || code >= 255;
}

template <class T>
bool write_number(ByteWriter& out, std::string_view text) {
    const auto number = parse_number<T>(text);
    if (!number) return false;
    for (std::size_t byte = sizeof(T); byte > 0; --byte)
        out.u8(static_cast<std::uint8_t>(std::uint64_t{*number} >> (8 * (byte - 1))));
    return true;
}

bool write_name(ByteWriter& out, std::string_view text) {
    if (!is_domain(text)) return false;
    for (const std::string_view label : split(text, '.')) {
        out.u8(static_cast<std::uint8_t>(label.size()));
        out.text(label);
    }
    out.u8(0);
    return true;
}

bool write_value(ByteWriter& out, std::string_view type, std::string_view text) {
    if (type == "u8") return write_number<std::uint8_t>(out, text);
    if (type == "u16") return write_number<std::uint16_t>(out, text);
    if (type == "u32") return write_number<std::uint32_t>(out, text);
    if (type == "name") return write_name(out, text);
    if (type == "hex") {
        bool ok = true;
        out.bytes(from_hex(text, ok));
        return ok;
    }
    const auto address = parse_ip4(text);
    if (type != "address" || !address) return false;
    write_ip4(out, *address);
    return true;
}

}  // namespace

std::optional<DhcpRoute> parse_dhcp_route(std::string_view text) {
    const auto parts = split(text, ',');
    if (parts.size() != 2) return std::nullopt;
    const auto to = parse_prefix4(parts[0]);
    const auto via = parse_ip4(parts[1]);
    if (!to || !via || !is_host_address(*via)) return std::nullopt;
    return DhcpRoute{*to, *via};
}

std::optional<DhcpOption> parse_dhcp_option(std::string_view text) {
    const std::size_t first = text.find(',');
    if (first == std::string_view::npos) return std::nullopt;
    const std::size_t second = text.find(',', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    const auto code = parse_number<std::uint8_t>(text.substr(0, first));
    if (!code || is_set_by_server(*code)) return std::nullopt;
    const std::string_view type = text.substr(first + 1, second - first - 1);
    const std::string_view values = text.substr(second + 1);
    ByteWriter out(kLongestOption);
    if (type == "text") {
        out.text(values);
    } else {
        for (const std::string_view value : split(values, ',')) {
            if (!write_value(out, type, value)) return std::nullopt;
        }
    }
    if (!out.ok()) return std::nullopt;
    return DhcpOption{*code, out.take()};
}

bool is_word(std::string_view text, std::size_t max) {
    static constexpr std::string_view kLetters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?#[]@&=+,;%";
    return !text.empty() && text.size() <= max &&
           text.find_first_not_of(kLetters) == std::string_view::npos;
}

}  // namespace gatehouse::config
