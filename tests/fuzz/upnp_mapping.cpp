// SPDX-License-Identifier: GPL-2.0-or-later
//
// Any bytes as datagrams to port 5351, each behind a byte that says how long it is (times four).
// What must hold: answers of the lengths of the two protocols, forwards only to the device that
// asks, and no more of them than the quota.
#include <cstdlib>

#include "tests/upnp/device.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gatehouse;
    using namespace gatehouse::test;
    constexpr int kMostDatagrams = 16;
    Device device;
    ByteReader in(Bytes(data, size));
    for (int i = 0; i < kMostDatagrams && in.remaining() > 1; ++i) {
        const std::size_t wanted = std::size_t{in.u8()} * 4;
        const Bytes bytes = in.take(std::min(wanted, in.remaining()));
        // From a host of IPv4, and the same from one of IPv6.
        for (const IpAddress& client : {IpAddress(kPc), IpAddress(*parse_ip6("2001:db8:1::10"))}) {
            device.effects.sends.clear();
            device.handle(Datagram{
                Service::mapping, "lan", {client, Port{40000}}, std::string(as_text(bytes))});
            for (const upnp::Send& send : device.effects.sends) {
                if (send.bytes.empty() || send.bytes.size() > 1100) std::abort();
                if (send.to.address != client) std::abort();
            }
        }
    }
    if (device.forwards() > 64 || !device.nat.agrees()) std::abort();
    for (const Forward& forward : device.nat.engine->forwards()) {
        if (forward.inside.address != kPc) std::abort();
    }
    return 0;
}
