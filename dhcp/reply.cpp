// SPDX-License-Identifier: GPL-2.0-or-later
//
// What stands in a reply, and where it goes.
#include <algorithm>

#include "dhcp/names.h"
#include "dhcp/server.h"
#include "gateway/base/text.h"

namespace gatehouse::dhcp {

namespace {

// RFC 2132 9.10: the whole datagram, at least 576 bytes; no more than an Ethernet frame holds.
constexpr std::size_t kLeastDatagram = 576;
constexpr std::size_t kMostDatagram = 1500;
constexpr std::size_t kDatagramHeaders = 28;

std::size_t room_in(const Message& message) {
    const std::size_t asked = message.options.u16(option::kMaxSize).value_or(kLeastDatagram);
    return std::clamp(asked, kLeastDatagram, kMostDatagram) - kDatagramHeaders;
}

// What has its own rules, or must not come from a list of options.
bool is_never_asked(std::uint8_t code) {
    switch (code) {
        case option::kPad:
        case option::kEnd:
        case option::kHostName:
        case option::kRequestedAddress:
        case option::kLeaseTime:
        case option::kOverload:
        case option::kMessageType:
        case option::kServerId:
        case option::kRenewalTime:
        case option::kRebindingTime:
        case option::kClientId:
        case option::kRapidCommit:
        case option::kFqdn:
        case option::kRelayAgent:
        case option::kSubnetSelection: return true;
        default: return false;
    }
}

std::uint32_t seconds_of(Duration time) {
    return static_cast<std::uint32_t>(std::min<std::int64_t>(whole_seconds(time), 0xfffffffe));
}

}  // namespace

Message Server::reply(const Exchange& x, MessageType type) const {
    Message out;
    out.op = kReplyOp;
    out.htype = x.message.htype;
    out.hlen = x.message.hlen;
    out.xid = x.message.xid;
    out.flags = x.message.flags;
    out.giaddr = x.message.giaddr;
    out.chaddr = x.message.chaddr;
    out.options.set_u8(option::kMessageType, static_cast<std::uint8_t>(type));
    out.options.set_u32(option::kServerId, x.network.router().value);
    const auto echo = [&](std::uint8_t code) {
        const Option* found = x.message.options.find(code);
        if (found != nullptr) out.options.set(code, found->data);
    };
    echo(option::kClientId);
    echo(option::kRelayAgent);
    // It counts in what relays send (network_for()), who are told that it did (RFC 3011).
    if (!x.message.giaddr.is_any()) echo(option::kSubnetSelection);
    return out;
}

void Server::add_lease_options(const Exchange& x, Message& message) const {
    const auto time = lease_time(x);
    message.options.set_u32(option::kLeaseTime, time ? seconds_of(*time) : 0xffffffff);
    if (!time) return;
    // Each device a little earlier than it might, so that a house whose power came back does not
    // renew in step.
    const auto early = static_cast<std::int64_t>(siphash(key_, as_bytes(x.client.id)) % 64);
    const Duration renew = *time / 2 - *time / 1024 * early;
    message.options.set_u32(option::kRenewalTime, seconds_of(renew));
    message.options.set_u32(option::kRebindingTime,
                            seconds_of(*time / 8 * 7 - *time / 1024 * early));
}

void Server::add_asked_options(const Exchange& x, Message& message) const {
    static constexpr std::array kUsual{option::kSubnetMask, option::kRouter, option::kDns,
                                       option::kDomain, option::kBroadcast};
    const Bytes asked = x.message.options.bytes(option::kParameters);
    const Bytes list = asked.empty() ? Bytes(kUsual) : asked;
    const auto add = [&](std::uint8_t code) {
        const Option* option = is_never_asked(code) ? nullptr : x.network.option(code);
        if (option != nullptr) message.options.set(code, option->data);
    };
    add(option::kSubnetMask);
    for (const std::uint8_t code : list)
        add(code);
    const std::string name = name_for(x);
    const bool wants_name = std::find(list.begin(), list.end(), option::kHostName) != list.end();
    if (wants_name && !name.empty()) message.options.set_text(option::kHostName, name);
    Fqdn fqdn;
    const Bytes sent = x.message.options.bytes(option::kFqdn);
    if (!sent.empty() && parse_fqdn(sent, fqdn) && !name.empty()) {
        const std::string& domain = x.network.config.domain;
        message.options.set(option::kFqdn,
                            write_fqdn(fqdn, domain.empty() ? name : concat(name, '.', domain)));
    }
    message.siaddr = parse_ip4(x.network.config.boot_server).value_or(Ip4{});
    if (x.network.config.boot_file.size() < 128) message.file = x.network.config.boot_file;
}

// RFC 2131 section 4.1.
void Server::send(Exchange& x, Message message) {
    const MessageType type = message.type().value();
    Send out;
    out.interface = x.network.link.interface;
    out.source = x.network.router();
    out.port = kClientPort;
    // Who selects has no address yet, whatever it says; who only wants to know has one.
    const bool selects =
        x.message.type() != MessageType::inform && x.message.options.has(option::kRequestedAddress);
    const bool speaks_from_address =
        type == MessageType::ack && !message.ciaddr.is_any() && !selects;
    if (!x.message.giaddr.is_any()) {
        out.interface = x.interface;
        out.destination = x.message.giaddr;
        out.port = kServerPort;
        // The relay cannot know that the device has no address here.
        if (type == MessageType::nak) message.flags |= kBroadcastFlag;
    } else if (speaks_from_address) {
        out.destination = message.ciaddr;
    } else if (type == MessageType::nak || message.wants_broadcast() || !x.message.mac()) {
        out.hardware = kBroadcastMac;
        out.destination = kBroadcastAddress;
    } else {
        out.hardware = x.message.mac();
        out.destination = message.yiaddr;
    }
    out.payload = write_message(message, room_in(x.message));
    x.out.notices.push_back({Notice::Kind::sent, type, Drop::count_, x.network.link.interface,
                             message.yiaddr, x.client.mac});
    x.out.sends.push_back(std::move(out));
}

}  // namespace gatehouse::dhcp
