// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sockets that belong to one inside network: bound to its interface and to the router's address
// there (or to a group), so that nothing from outside ever reaches them.
#pragma once

#include <functional>
#include <string>

#include "gateway/base/ip.h"
#include "gateway/base/result.h"
#include "gateway/loop/loop.h"

namespace gatehouse::upnp {

// A UDP socket on address:port; address may be a multicast group, which is joined then.
Result<loop::Fd> open_udp(const std::string& interface, Endpoint4 local);
Result<loop::Fd> open_listener(const std::string& interface, Endpoint4 local);
// A connection that is being made; it is there when the socket can be written to.
Result<loop::Fd> begin_connection(const std::string& interface, Endpoint4 to);

// Reads what waits, a bounded number of datagrams.
void read_udp(int fd, const std::function<void(Endpoint from, std::string_view bytes)>& each);
bool send_udp(int fd, const Endpoint& to, std::string_view bytes);

}  // namespace gatehouse::upnp
