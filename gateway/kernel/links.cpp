// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/links.h"

#include <sys/socket.h>

#include <array>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

namespace gatehouse::kernel {

namespace {

constexpr std::size_t kEventBuffer = 1U << 20U;

// The family header of a dump request; all zeros but the family means everything.
MessageBytes dump_request(std::uint16_t type, std::uint8_t family) {
    const std::size_t size = type == RTM_GETLINK ? 16U : (type == RTM_GETADDR ? 8U : 12U);
    std::vector<std::uint8_t> header(size);
    header[0] = family;
    MessageWriter out(type, NLM_F_REQUEST);
    out.raw(header);
    return out.take();
}

}  // namespace

Result<LinkWatch> LinkWatch::open() {
    auto events = NetlinkSocket::open(
        Bus::route, {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_IFADDR});
    if (!events) return events.failure();
    events->set_receive_buffer(kEventBuffer);
    auto asking = NetlinkSocket::open(Bus::route);
    if (!asking) return asking.failure();
    LinkWatch watch(std::move(*events), std::move(*asking));
    auto table = watch.dump_all();
    if (!table) return table.failure();
    watch.table_ = std::move(*table);
    return watch;
}

Status LinkWatch::dump(LinkTable& table, std::uint16_t type, std::uint8_t family) {
    // What a restarted listing tells twice changes nothing; what it no longer tells is announced.
    const auto told = asking_.dump(
        dump_request(type, family),
        [&table](const MessageView& message) { (void)table.apply(message); }, [] {});
    if (!told) return explain("cannot list the network interfaces", told.error());
    return {};
}

Result<LinkTable> LinkWatch::dump_all() {
    LinkTable table;
    if (auto told = dump(table, RTM_GETLINK, AF_UNSPEC); !told) return told.failure();
    if (auto told = dump(table, RTM_GETADDR, AF_INET); !told) return told.failure();
    // A kernel without IPv6 refuses; it has no such addresses either.
    (void)dump(table, RTM_GETADDR, AF_INET6);
    if (auto told = dump(table, RTM_GETROUTE, AF_INET); !told) return told.failure();
    return table;
}

Result<bool> LinkWatch::refresh() {
    auto table = dump_all();
    incomplete_ = !table.ok();
    if (!table) return table.failure();
    const bool changed = !(*table == table_);
    table_ = std::move(*table);
    return changed;
}

bool LinkWatch::read() {
    bool changed = false;
    bool routes_in_doubt = false;
    const auto events = events_.read_events([&](const MessageView& message) {
        const LinkTable::Change change = table_.apply(message);
        changed = changed || change.changed;
        routes_in_doubt = routes_in_doubt || change.routes_in_doubt;
    });
    if (events.overrun || incomplete_) {
        const auto refreshed = refresh();
        return changed || (refreshed.ok() && *refreshed);
    }
    if (routes_in_doubt) {
        LinkTable again = table_;
        again.forget_routes();
        incomplete_ = !dump(again, RTM_GETROUTE, AF_INET);
        if (!incomplete_) table_ = std::move(again);
    }
    return changed;
}

}  // namespace gatehouse::kernel
