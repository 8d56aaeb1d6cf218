// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sequences of what can happen to the server, drawn from the input: devices in every state, time,
// ARP answers, changed configuration, restarts from the journal. No live address has two owners,
// none is one that nobody may have, and the counts add up.
#include <algorithm>

#include "tests/dhcp/support/lan.h"
#include "tests/fuzz/support/require.h"

using namespace gatehouse;
using namespace gatehouse::dhcp;
using namespace gatehouse::test;

namespace {

Ip4 at(std::uint8_t last) {
    return Ip4::of(192, 168, 1, last);
}

config::DhcpPool small_pool(std::uint8_t bits) {
    config::DhcpPool pool = lan_pool();
    pool.limit = 12;
    pool.probe = (bits & 1U) != 0;
    pool.authoritative = (bits & 2U) != 0;
    pool.rapid_commit = (bits & 4U) != 0;
    return pool;
}

std::vector<config::StaticLease> reservations(std::uint8_t bits) {
    if ((bits & 8U) == 0) return {};
    const auto last = static_cast<std::uint8_t>(96U + (bits >> 4U));
    return {{{device_mac(1), device_mac(2)}, at(last), "printer", {}, {}}};
}

void check(const Lan& lan) {
    std::size_t live = 0;
    for (const auto& [address, lease] : lan.server.leases().all()) {
        require(address == lease.address);
        require(is_host_of(lan_link().address, address) && address != kLanRouter);
        if (lease.state == LeaseState::bound) ++live;
        if (!lease.name.empty()) require(lease.name.view().size() <= 63);
    }
    require(live == lan.server.leases().count(LeaseState::bound));
    for (const Network& network : lan.server.networks())
        require(network.pool.free() <= network.pool.size());
}

void step(Lan& lan, ByteReader& in) {
    const std::uint8_t what = in.u8();
    const std::uint8_t who = in.u8() % 20;
    const std::uint8_t where = in.u8();
    Message message = request_of(who, static_cast<MessageType>(what % 8 + 1));
    switch (what % 16) {
        case 8: return lan.tell(ArpSeen{"br-lan", at(where), device_mac(who)});
        case 9: return lan.pass(std::chrono::milliseconds(where));
        case 10: return lan.pass(std::chrono::minutes(where));
        case 11: return lan.configure(small_pool(where), reservations(where));
        case 12: {
            Lan next(small_pool(where), reservations(where));
            next.now = lan.now;
            next.journal = lan.journal;
            next.tell(Restored{lan.journalled()});
            lan = std::move(next);
            return;
        }
        case 13: (void)lan.select(who, at(where)); return;
        case 14: (void)lan.renew(who, at(where)); return;
        case 15: (void)lan.bind(who); return;
        default: break;
    }
    if ((where & 1U) != 0) message.options.set_u32(option::kRequestedAddress, at(where).value);
    if ((where & 2U) != 0) message.options.set_u32(option::kServerId, kLanRouter.value);
    if ((where & 4U) != 0) message.ciaddr = at(static_cast<std::uint8_t>(100 + where % 12));
    if ((where & 8U) != 0) message.options.set(option::kRapidCommit, {});
    if ((where & 16U) != 0) message.giaddr = at(9);
    if ((where & 32U) != 0) message.options.set_text(option::kHostName, "printer");
    (void)lan.ask(message, message.ciaddr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr int kMostSteps = 300;
    ByteReader in(Bytes(data, size));
    const std::uint8_t bits = in.u8();
    Lan lan(small_pool(bits), reservations(bits));
    for (int i = 0; i < kMostSteps && !in.at_end(); ++i) {
        step(lan, in);
        check(lan);
    }
    return 0;
}
