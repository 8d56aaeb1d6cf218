// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/dhcp/support/lan.h"

#include <algorithm>

namespace gatehouse::test {

using namespace dhcp;

Mac device_mac(unsigned number) {
    return {{0x02, 0, 0, static_cast<std::uint8_t>(number >> 16U),
             static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)}};
}

config::DhcpPool lan_pool() {
    config::DhcpPool pool;
    pool.interface = "br-lan";
    pool.leasetime = 12h;
    pool.domain = "lan";
    pool.probe = false;
    return pool;
}

Link lan_link() {
    return {"br-lan", {kLanRouter, 24}, {kLanRouter}};
}

Message request_of(unsigned device, MessageType type) {
    Message out;
    out.xid = 0x1000 + device;
    const Mac mac = device_mac(device);
    std::copy(mac.bytes.begin(), mac.bytes.end(), out.chaddr.begin());
    out.options.set_u8(option::kMessageType, static_cast<std::uint8_t>(type));
    return out;
}

Lan::Lan(config::DhcpPool pool, std::vector<config::StaticLease> leases) : server(HashKey{1, 2}) {
    append_magic(journal);
    append_boot(journal, {});
    configure(std::move(pool), std::move(leases));
    tell(LinksSeen{{lan_link()}});
}

void Lan::configure(config::DhcpPool pool, std::vector<config::StaticLease> leases) {
    tell(Configured{{std::move(pool)}, std::move(leases), "myrouter"});
}

void Lan::note_changes() {
    for (const Change& change : effects.changes)
        append_change(journal, change, now);
}

void Lan::tell(const Event& event) {
    effects.clear();
    server.handle(event, now, effects);
    note_changes();
}

std::optional<Message> Lan::ask(const Message& message, Ip4 source, std::string_view interface) {
    const std::vector<std::uint8_t> packet = write_message(message, 1472);
    tell(PacketSeen{interface, packet, source});
    if (effects.sends.empty()) return std::nullopt;
    const auto parsed = parse_message(effects.sends.back().payload);
    return parsed ? std::optional(*parsed) : std::nullopt;
}

void Lan::pass(Duration time) {
    const Instant end = now + time;
    Effects all;
    while (server.next_deadline() && *server.next_deadline() <= end) {
        now = std::max(now, *server.next_deadline());
        tell(TimerFired{});
        for (Send& send : effects.sends)
            all.sends.push_back(std::move(send));
        all.probes.insert(all.probes.end(), effects.probes.begin(), effects.probes.end());
        all.changes.insert(all.changes.end(), effects.changes.begin(), effects.changes.end());
    }
    now = end;
    effects = std::move(all);
}

std::optional<Message> Lan::discover(unsigned device) {
    return ask(request_of(device, MessageType::discover));
}

std::optional<Message> Lan::select(unsigned device, Ip4 address) {
    Message message = request_of(device, MessageType::request);
    message.options.set_u32(option::kServerId, kLanRouter.value);
    message.options.set_u32(option::kRequestedAddress, address.value);
    return ask(message);
}

std::optional<Message> Lan::renew(unsigned device, Ip4 address) {
    Message message = request_of(device, MessageType::request);
    message.ciaddr = address;
    return ask(message, address);
}

std::optional<Message> Lan::reboot(unsigned device, Ip4 address) {
    Message message = request_of(device, MessageType::request);
    message.options.set_u32(option::kRequestedAddress, address.value);
    return ask(message);
}

Ip4 Lan::bind(unsigned device) {
    const auto offer = discover(device);
    if (!offer) return {};
    const auto ack = select(device, offer->yiaddr);
    if (!ack || ack->type() != MessageType::ack) return {};
    return ack->yiaddr;
}

Drop Lan::dropped() const {
    for (const Notice& notice : effects.notices) {
        if (notice.kind == Notice::Kind::dropped) return notice.reason;
    }
    return Drop::count_;
}

std::vector<Lease> Lan::journalled() const {
    return read_journal(journal, {}, now).leases;
}

std::string type_of(const std::optional<Message>& message) {
    if (!message || !message->type()) return "nothing";
    return std::string(to_string(*message->type()));
}

}  // namespace gatehouse::test
