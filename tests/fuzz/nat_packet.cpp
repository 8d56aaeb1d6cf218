// SPDX-License-Identifier: GPL-2.0-or-later
//
// A first packet as it lies in the queue, from any host of the house. What is read stands in the
// packet where the headers say, is what the engine can translate, and is read of no later fragment.
#include "gateway/nat/first_packet.h"
#include "tests/fuzz/support/require.h"

using namespace gatehouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes packet(data, size);
    const auto read = nat::parse_first_packet(packet, 7);
    if (!read) return 0;
    require(size >= 24 && data[0] >> 4U == 4 && read->token == 7);
    require((data[6] & 0x1fU) == 0 && data[7] == 0, "read of a later fragment");
    ByteReader addresses(packet.subspan(12));
    require(read_ip4(addresses) == read->inside.address);
    require(read_ip4(addresses) == read->remote.address);
    const std::size_t header = std::size_t{data[0] & 0xfU} * 4;
    const bool echo = read->proto == Proto::icmp;
    require(echo || read->proto == Proto::tcp || read->proto == Proto::udp);
    ByteReader ports(packet.subspan(header + (echo ? 4 : 0)));
    require(Port{ports.u16()} == read->inside.port && ports.ok());
    return 0;
}
