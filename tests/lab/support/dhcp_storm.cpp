// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/dhcp_storm.h"

#include <algorithm>

namespace gatehouse::lab {

DhcpStorm::DhcpStorm(const Host& host, std::size_t count)
    : socket_(host.packets("eth0")), random_(count), begin_(Clock::now()) {
    for (std::size_t i = 0; i < count; ++i) {
        Device device;
        device.mac.bytes = {
            2, 0x77, 0, 0, static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)};
        device.next = begin_ + std::chrono::milliseconds(random_.below(500));
        devices_.push_back(device);
    }
}

std::optional<std::chrono::milliseconds> DhcpStorm::run(Duration limit) {
    while (bound_.size() < devices_.size()) {
        if (Clock::now() - begin_ > limit) return std::nullopt;
        send_due();
        const auto packet = socket_.receive(
            [](const Packet& p) {
                return !p.outgoing && p.is_udp() && p.flow.destination.port.number == 68;
            },
            5ms);
        if (!packet) continue;
        if (const auto reply = decode_reply(as_bytes(packet->payload()))) hear(*reply);
    }
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin_);
}

void DhcpStorm::send_due() {
    const auto now = Clock::now();
    for (std::size_t i = 0; i < devices_.size(); ++i) {
        Device& device = devices_[i];
        if (device.bound || device.next > now) continue;
        device.next = now + device.patience;
        device.patience = std::min<Duration>(device.patience * 2, 64s);
        send(i, {});
    }
}

void DhcpStorm::send(std::size_t number, DhcpQuestion question) {
    question.number = static_cast<std::uint32_t>(number);
    question.device = devices_[number].mac;
    const Mac everybody{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    socket_.send(udp4_frame({question.device, everybody, Ip4{}, Ip4{0xffffffff}}, Port{68},
                            Port{67}, as_text(encode_question(question))));
}

void DhcpStorm::hear(const DhcpReply& reply) {
    if (reply.number >= devices_.size()) return;
    if (reply.type == DhcpType::offer) {
        DhcpQuestion question;
        question.type = DhcpType::request;
        question.server = reply.server;
        question.address = reply.address;
        send(reply.number, question);
    } else if (reply.type == DhcpType::ack) {
        devices_[reply.number].bound = true;
        bound_.insert(reply.address);
    }
}

}  // namespace gatehouse::lab
