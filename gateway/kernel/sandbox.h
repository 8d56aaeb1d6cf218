// SPDX-License-Identifier: GPL-2.0-or-later
//
// Giving up what the daemon does not need: capabilities, the way to new ones, system calls. Each
// step tells whether it was possible, because a router must run where one of them is not.
#pragma once

#include <span>
#include <string>

#include "gateway/base/result.h"

namespace gatehouse::kernel {

// What the daemon keeps: net_admin for netlink and sysctls of the network, net_raw for packets to
// hosts that have no address yet, net_bind_service for DHCP and the like.
Status limit_capability_bounds();

// Becomes the user and keeps only those capabilities; also for root itself. Call after
// limit_capability_bounds(), with everything opened that only root may open.
Status become_user(unsigned uid, unsigned gid);

// Those, too. Where the step before was not possible none is given up: root may need them all.
Status give_up_capabilities();

// No program that this process starts gets more than it has.
Status forbid_new_privileges();

// From now on files are read and written below these paths only, and no program is started from any
// (Landlock). Paths that are not there are left out. Call after forbid_new_privileges().
Status limit_files(std::span<const std::string> read, std::span<const std::string> write);

// From now on only the system calls on the list work; others fail with EPERM and are logged by the
// kernel where it can.
Status filter_system_calls();

// The effective capabilities by name, "net_admin net_raw", or "all".
std::string effective_capabilities();

}  // namespace gatehouse::kernel
