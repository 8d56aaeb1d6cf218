// SPDX-License-Identifier: GPL-2.0-or-later
#include "dhcp/message.h"

#include <algorithm>

namespace gatehouse::dhcp {

namespace {

constexpr std::uint32_t kCookie = 0x63825363;  // RFC 2131 section 3
constexpr std::size_t kSnameSize = 64;
constexpr std::size_t kFileSize = 128;
constexpr std::size_t kSnameOffset = 44;
constexpr std::size_t kFileOffset = 108;
constexpr std::size_t kHeaderSize = 240;  // with the cookie
// Bits of option 52.
constexpr std::uint8_t kFileHolds = 1;
constexpr std::uint8_t kSnameHolds = 2;

std::string text_until_nul(Bytes bytes) {
    const std::string_view text = as_text(bytes);
    return std::string(text.substr(0, text.find('\0')));
}

// One field of options. False where one reaches beyond it; a missing end is forgiven.
bool read_options(Bytes field, Options& out) {
    ByteReader in(field);
    while (in.ok() && !in.at_end()) {
        const std::uint8_t code = in.u8();
        if (code == option::kPad) continue;
        if (code == option::kEnd) return true;
        const std::uint8_t length = in.u8();
        const Bytes data = in.take(length);
        if (in.ok()) out.append(code, data);
    }
    return in.ok();
}

// The size of an option of n bytes on the wire, split where it is longer than 255.
std::size_t wire_size(std::size_t n) {
    return n + 2 * std::max<std::size_t>(1, (n + 254) / 255);
}

void write_option(ByteWriter& out, const Option& option) {
    Bytes left = option.data;
    do {
        const Bytes piece = left.first(std::min<std::size_t>(left.size(), 255));
        out.u8(option.code);
        out.u8(static_cast<std::uint8_t>(piece.size()));
        out.bytes(piece);
        left = left.subspan(piece.size());
    } while (!left.empty());
}

// Where the options of a reply go.
struct Layout {
    std::vector<const Option*> main;
    std::vector<const Option*> file;
    std::vector<const Option*> sname;
    const Option* last = nullptr;  // the relay agent's

    std::uint8_t overload() const {
        return static_cast<std::uint8_t>((file.empty() ? 0U : kFileHolds) |
                                         (sname.empty() ? 0U : kSnameHolds));
    }
};

// What is not placed among the others.
bool has_place_of_its_own(std::uint8_t code) {
    return code == option::kRelayAgent || code == option::kOverload;
}

// Fills the fields one after the other.
Layout lay_out(const Message& message, std::size_t most) {
    static constexpr std::size_t kOverloadSize = 3;
    Layout layout;
    std::size_t main = most - kHeaderSize - 1;
    std::size_t whole = 0;
    for (const Option& option : message.options.all()) {
        if (option.code == option::kRelayAgent) layout.last = &option;
        if (!has_place_of_its_own(option.code)) whole += wire_size(option.data.size());
    }
    if (layout.last != nullptr) {
        const std::size_t size = wire_size(layout.last->data.size());
        if (size > main) layout.last = nullptr;
        main -= layout.last == nullptr ? 0 : size;
    }
    if (whole > main) main -= std::min(main, kOverloadSize);
    std::size_t file = message.file.empty() ? kFileSize - 1 : 0;
    std::size_t sname = message.sname.empty() ? kSnameSize - 1 : 0;
    const auto fits = [](std::size_t size, std::size_t& room) {
        if (size > room) return false;
        room -= size;
        return true;
    };
    for (const Option& option : message.options.all()) {
        if (has_place_of_its_own(option.code)) continue;
        const std::size_t size = wire_size(option.data.size());
        if (fits(size, main)) {
            layout.main.push_back(&option);
        } else if (fits(size, file)) {
            layout.file.push_back(&option);
        } else if (fits(size, sname)) {
            layout.sname.push_back(&option);
        }
    }
    return layout;
}

void write_field(ByteWriter& out, std::string_view text, const std::vector<const Option*>& options,
                 std::size_t size) {
    const std::size_t end = out.size() + size;
    if (options.empty()) {
        out.text(text.substr(0, size - 1));
    } else {
        for (const Option* option : options)
            write_option(out, *option);
        out.u8(option::kEnd);
    }
    out.zeros(end - out.size());
}

void write_header(ByteWriter& out, const Message& message, const Layout& layout) {
    out.u8(message.op);
    out.u8(message.htype);
    out.u8(message.hlen);
    out.u8(message.hops);
    out.u32(message.xid);
    out.u16(message.secs);
    out.u16(message.flags);
    for (const Ip4 address : {message.ciaddr, message.yiaddr, message.siaddr, message.giaddr})
        write_ip4(out, address);
    out.bytes(message.chaddr);
    write_field(out, message.sname, layout.sname, kSnameSize);
    write_field(out, message.file, layout.file, kFileSize);
    out.u32(kCookie);
}

}  // namespace

std::string_view to_string(MessageType type) {
    switch (type) {
        case MessageType::discover: return "discover";
        case MessageType::offer: return "offer";
        case MessageType::request: return "request";
        case MessageType::decline: return "decline";
        case MessageType::ack: return "ack";
        case MessageType::nak: return "nak";
        case MessageType::release: return "release";
        case MessageType::inform: return "inform";
    }
    return "";
}

std::string_view to_string(BadMessage reason) {
    switch (reason) {
        case BadMessage::too_short: return "too_short";
        case BadMessage::too_long: return "too_long";
        case BadMessage::hardware: return "hardware";
        case BadMessage::cookie: return "cookie";
        case BadMessage::option: return "option";
    }
    return "";
}

Option& Options::at(std::uint8_t code) {
    const auto found = std::find_if(options_.begin(), options_.end(),
                                    [code](const Option& o) { return o.code == code; });
    if (found != options_.end()) return *found;
    return options_.emplace_back(Option{code, {}});
}

void Options::append(std::uint8_t code, Bytes data) {
    Option& option = at(code);
    option.data.insert(option.data.end(), data.begin(), data.end());
}

void Options::set(std::uint8_t code, Bytes data) {
    at(code).data.assign(data.begin(), data.end());
}

void Options::set_u8(std::uint8_t code, std::uint8_t value) {
    set(code, std::array{value});
}

void Options::set_u16(std::uint8_t code, std::uint16_t value) {
    ByteWriter out(2);
    out.u16(value);
    set(code, out.view());
}

void Options::set_u32(std::uint8_t code, std::uint32_t value) {
    ByteWriter out(4);
    out.u32(value);
    set(code, out.view());
}

const Option* Options::find(std::uint8_t code) const {
    const auto found = std::find_if(options_.begin(), options_.end(),
                                    [code](const Option& o) { return o.code == code; });
    return found == options_.end() ? nullptr : &*found;
}

Bytes Options::bytes(std::uint8_t code) const {
    const Option* option = find(code);
    return option == nullptr ? Bytes() : Bytes(option->data);
}

std::optional<std::uint8_t> Options::u8(std::uint8_t code) const {
    const Bytes data = bytes(code);
    if (data.size() != 1) return std::nullopt;
    return data[0];
}

std::optional<std::uint16_t> Options::u16(std::uint8_t code) const {
    const Bytes data = bytes(code);
    if (data.size() != 2) return std::nullopt;
    return ByteReader(data).u16();
}

std::optional<std::uint32_t> Options::u32(std::uint8_t code) const {
    const Bytes data = bytes(code);
    if (data.size() != 4) return std::nullopt;
    return ByteReader(data).u32();
}

std::optional<Ip4> Options::ip4(std::uint8_t code) const {
    const auto value = u32(code);
    return value ? std::optional(Ip4{*value}) : std::nullopt;
}

std::optional<MessageType> Message::type() const {
    const auto value = options.u8(option::kMessageType);
    if (!value || *value < 1 || *value > 8) return std::nullopt;
    return static_cast<MessageType>(*value);
}

std::optional<Mac> Message::mac() const {
    if (hlen != 6) return std::nullopt;
    Mac mac;
    std::copy_n(chaddr.begin(), mac.bytes.size(), mac.bytes.begin());
    return mac;
}

Result<Message, BadMessage> parse_message(Bytes packet) {
    if (packet.size() > kLongestMessage) return fail(BadMessage::too_long);
    ByteReader in(packet);
    Message out;
    out.op = in.u8();
    out.htype = in.u8();
    out.hlen = in.u8();
    out.hops = in.u8();
    out.xid = in.u32();
    out.secs = in.u16();
    out.flags = in.u16();
    for (Ip4* address : {&out.ciaddr, &out.yiaddr, &out.siaddr, &out.giaddr})
        *address = read_ip4(in);
    out.chaddr = in.array<16>();
    in.skip(kSnameSize + kFileSize);
    const std::uint32_t cookie = in.u32();
    if (!in.ok()) return fail(BadMessage::too_short);
    if (out.hlen > out.chaddr.size()) return fail(BadMessage::hardware);
    if (cookie != kCookie) return fail(BadMessage::cookie);
    if (!read_options(in.rest(), out.options)) return fail(BadMessage::option);
    // The other fields come in this order (RFC 3396 section 5).
    const std::uint8_t overload = out.options.u8(option::kOverload).value_or(0);
    const Bytes file = packet.subspan(kFileOffset, kFileSize);
    const Bytes sname = packet.subspan(kSnameOffset, kSnameSize);
    if ((overload & kFileHolds) == 0) {
        out.file = text_until_nul(file);
    } else if (!read_options(file, out.options)) {
        return fail(BadMessage::option);
    }
    if ((overload & kSnameHolds) == 0) {
        out.sname = text_until_nul(sname);
    } else if (!read_options(sname, out.options)) {
        return fail(BadMessage::option);
    }
    return out;
}

std::vector<std::uint8_t> write_message(const Message& message, std::size_t most) {
    most = std::clamp(most, kLeastReply, kLongestMessage);
    const Layout layout = lay_out(message, most);
    ByteWriter out(most);
    write_header(out, message, layout);
    if (layout.overload() != 0) {
        write_option(out, {option::kOverload, {layout.overload()}});
    }
    for (const Option* option : layout.main)
        write_option(out, *option);
    if (layout.last != nullptr) write_option(out, *layout.last);
    out.u8(option::kEnd);
    if (out.size() < kLeastReply) out.zeros(kLeastReply - out.size());
    return out.take();
}

}  // namespace gatehouse::dhcp
