// SPDX-License-Identifier: GPL-2.0-or-later
//
// The control API's view of the DHCP server: GET /api/v1/leases, an array of rows
// (control/resources.h).
#pragma once

#include <optional>
#include <vector>

#include "dhcp/server.h"
#include "gateway/base/metrics.h"
#include "gateway/control/http_server.h"
#include "gateway/control/resources.h"
#include "gateway/control/status.h"

namespace gatehouse::daemon {

// By address. What has ended says so; its device still has a claim to it.
std::vector<control::LeaseRow> lease_rows(const dhcp::Server& server, Instant now);

// The answer, or nothing where the path belongs to somebody else.
std::optional<control::Response> serve_dhcp(const dhcp::Server& server,
                                            const control::Request& request, Instant now);

// How many there are, for `gatehouse status`; nothing while no network is served. stored: whether
// the disk takes them.
void add_dhcp_counts(control::StatusView& status, const dhcp::Server& server,
                     const Metrics& metrics, bool stored);

// Brings the gauges of the server up to date.
// unread: packets that were dropped before the server saw them.
void update_dhcp_metrics(Metrics& metrics, const dhcp::Server& server, std::uint64_t unread);

}  // namespace gatehouse::daemon
