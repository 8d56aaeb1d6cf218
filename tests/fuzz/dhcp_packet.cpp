// SPDX-License-Identifier: GPL-2.0-or-later
//
// One packet from anybody on the link, to a server with everything configured. What is read and
// written again is the same; a reply fits what was asked, can be read, and gives no address that
// belongs to somebody else.
#include <algorithm>
#include <cassert>

#include "dhcp/frames.h"
#include "tests/dhcp/support/lan.h"
#include "tests/fuzz/support/require.h"

using namespace gatehouse;
using namespace gatehouse::dhcp;

namespace {

config::DhcpPool everything() {
    config::DhcpPool pool = test::lan_pool();
    pool.rapid_commit = true;
    pool.search = {"lan", "home.arpa"};
    pool.mtu = 1492;
    pool.routes = {{*parse_prefix4("10.8.0.0/13"), test::kLanRouter}};
    pool.captive_portal = std::string(255, 'a');
    pool.boot_server = "boot.lan";
    pool.boot_file = "boot.img";
    for (std::uint8_t code = 200; code < 210; ++code)
        pool.options.push_back({code, std::vector<std::uint8_t>(100, code)});
    return pool;
}

void check_message(Bytes bytes) {
    const auto message = parse_message(bytes);
    if (!message) return;
    Message copy = *message;
    const auto written = write_message(copy, kLongestMessage);
    const auto again = parse_message(written);
    require(again.ok());
    require(again->chaddr == copy.chaddr && again->xid == copy.xid);
    for (const Option& option : again->options.all()) {
        if (option.code == option::kOverload || option.code == option::kRelayAgent) continue;
        const Option* before = copy.options.find(option.code);
        require(before != nullptr && before->data == option.data);
    }
}

// The frame by which a device says that it has an address.
void check_claim(Bytes frame) {
    const auto claim = parse_arp(frame);
    if (claim) require(frame.size() >= 32 && !claim->address.is_any());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes bytes(data, size);
    check_message(bytes);
    check_claim(bytes);
    test::Lan lan(everything(),
                  {{{test::device_mac(3)}, Ip4::of(192, 168, 1, 20), "printer", {}, {}}});
    lan.bind(1);
    const Ip4 taken = lan.server.leases().all().begin()->first;
    const std::string owner(lan.server.leases().all().begin()->second.client.view());
    lan.tell(PacketSeen{"br-lan", bytes, Ip4::of(192, 168, 1, 7)});
    require(lan.effects.sends.size() <= 1);
    for (const Send& send : lan.effects.sends) {
        require(send.payload.size() >= kLeastReply && send.payload.size() <= 1472);
        const auto reply = parse_message(send.payload);
        require(reply.ok() && reply->op == kReplyOp && reply->type().has_value());
        const Ip4 given = reply->yiaddr;
        require(given.is_any() || is_host_of(test::lan_link().address, given));
        require(given != test::kLanRouter);
        if (given == taken) require(lan.server.leases().find(given)->client == owner);
    }
    lan.pass(1h);
    return 0;
}
