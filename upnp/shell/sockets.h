// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sockets that belong to one inside network: bound to its interface and to the router's address
// there (or to a group), so that nothing from outside ever reaches them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/ip.h"
#include "gateway/base/result.h"
#include "gateway/loop/loop.h"

namespace gatehouse::upnp {

// A UDP socket on address:port; address may be a multicast group, which is joined then.
Result<loop::Fd> open_udp(const std::string& interface, Endpoint4 local);
Result<loop::Fd> open_listener(const std::string& interface, Endpoint4 local);
// A connection that is being made; it is there when the socket can be written to.
Result<loop::Fd> begin_connection(const std::string& interface, const Endpoint& to);

// The same for IPv6, on all addresses of the interface: hosts ask that which their router
// advertisements name, a link-local one.
Result<loop::Fd> open_udp6(const std::string& interface, Port port);
bool join6(int fd, const std::string& interface, const Ip6& group);
Result<loop::Fd> open_listener6(const std::string& interface, Port port);

// Where packets of that interface go that are for nobody near; 0.0.0.0: nowhere.
Ip4 default_gateway(std::string_view interface);

// Reads what waits, a bounded number of datagrams; `to` is told by a socket for IPv6.
using OnDatagram =
    std::function<void(const Endpoint& from, std::optional<Ip6> to, std::string_view bytes)>;
void read_udp(int fd, const OnDatagram& each);
bool send_udp(int fd, const Endpoint& to, std::string_view bytes);
bool send_udp6(int fd, const Endpoint& to, std::optional<Ip6> from, std::string_view bytes);

}  // namespace gatehouse::upnp
