// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/neighbours.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>

#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

namespace gatehouse::kernel {

namespace {

constexpr std::size_t kNeighbourHeader = 12;  // ndmsg
constexpr unsigned kReachable = NUD_REACHABLE | NUD_PERMANENT;
constexpr unsigned kKnown = kReachable | NUD_STALE | NUD_DELAY | NUD_PROBE;

std::optional<IpAddress> read_address(std::uint8_t family, Bytes value) {
    if (family == AF_INET && value.size() == 4) {
        ByteReader reader(value);
        return IpAddress(read_ip4(reader));
    }
    if (family == AF_INET6 && value.size() == 16) {
        return IpAddress(Ip6{ByteReader(value).array<16>()});
    }
    return std::nullopt;
}

}  // namespace

std::optional<Neighbour> NeighbourTable::apply(const MessageView& message) {
    if (message.type != RTM_NEWNEIGH && message.type != RTM_DELNEIGH) return std::nullopt;
    if (message.payload.size() < kNeighbourHeader) return std::nullopt;
    const Attributes attributes(message.behind(kNeighbourHeader));
    // A bridge tells its forwarding table in the same messages, in a family of its own.
    const auto address = read_address(message.payload[0], attributes.at(NDA_DST));
    if (!attributes.ok() || !address) return std::nullopt;
    Neighbour value;
    value.address = *address;
    value.link = host32(message.payload, 4);
    const unsigned state = host16(message.payload, 8);
    const Bytes mac = attributes.at(NDA_LLADDR);
    const std::pair key(value.link, value.address);
    const auto found = neighbours_.find(key);
    if (message.type == RTM_NEWNEIGH && (state & kKnown) != 0 && mac.size() == 6) {
        value.mac.bytes = ByteReader(mac).array<6>();
        value.state = (state & kReachable) != 0 ? NeighbourState::reachable : NeighbourState::stale;
        if (found == neighbours_.end() && neighbours_.size() >= kMaxNeighbours) return std::nullopt;
        if (found != neighbours_.end() && found->second == value) return std::nullopt;
        neighbours_[key] = value;
        return value;
    }
    value.state = NeighbourState::failed;
    if (message.type == RTM_NEWNEIGH && state != NUD_FAILED) return std::nullopt;  // still asking
    if (found == neighbours_.end()) return std::nullopt;
    neighbours_.erase(found);
    return value;
}

const Neighbour* NeighbourTable::find(const IpAddress& address, unsigned link) const {
    const auto found = neighbours_.find({link, address});
    return found == neighbours_.end() ? nullptr : &found->second;
}

std::optional<Mac> NeighbourTable::mac_of(const IpAddress& address) const {
    for (const auto& [key, neighbour] : neighbours_) {
        if (key.second == address) return neighbour.mac;
    }
    return std::nullopt;
}

Result<NeighbourWatch> NeighbourWatch::open() {
    auto events = NetlinkSocket::open(Bus::route, {RTNLGRP_NEIGH});
    if (!events) return events.failure();
    events->set_receive_buffer(1U << 20U);
    auto asking = NetlinkSocket::open(Bus::route);
    if (!asking) return asking.failure();
    NeighbourWatch watch(std::move(*events), std::move(*asking));
    auto table = watch.dump();
    if (!table) return table.failure();
    watch.table_ = std::move(*table);
    return watch;
}

Result<NeighbourTable> NeighbourWatch::dump() {
    NeighbourTable table;
    MessageWriter out(RTM_GETNEIGH, NLM_F_REQUEST);
    out.raw(std::array<std::uint8_t, kNeighbourHeader>{});
    const auto told = asking_.dump(
        out.take(), [&table](const MessageView& message) { (void)table.apply(message); },
        [&table] { table = {}; });
    if (!told) return explain("cannot list the neighbours", told.error());
    return table;
}

void NeighbourWatch::refresh(const OnChange& on_change) {
    auto listed = dump();
    if (!listed) return;  // the next announcement finds the table no worse than now
    const NeighbourTable before = std::exchange(table_, std::move(*listed));
    for (const auto& [key, neighbour] : before.all()) {
        if (table_.find(key.second, key.first) != nullptr) continue;
        on_change({neighbour.address, Mac{}, neighbour.link, NeighbourState::failed});
    }
    for (const auto& [key, neighbour] : table_.all()) {
        const Neighbour* old = before.find(key.second, key.first);
        if (old == nullptr || *old != neighbour) on_change(neighbour);
    }
}

void NeighbourWatch::read(const OnChange& on_change) {
    const auto events = events_.read_events([&](const MessageView& message) {
        if (const auto changed = table_.apply(message)) on_change(*changed);
    });
    if (events.overrun) refresh(on_change);
}

}  // namespace gatehouse::kernel
