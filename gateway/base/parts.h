// SPDX-License-Identifier: GPL-2.0-or-later
//
// What all rooms leave out of a build (CMake option GATEHOUSE_IPV6); daemon/parts.h has the rooms
// that a build lacks. Without IPv6 nothing opens a pinhole, and no device is served over it. The
// filter keeps its rules for IPv6: the house stays as closed as it is.
#pragma once

namespace gatehouse {

#ifdef GATEHOUSE_WITHOUT_IPV6
inline constexpr bool kHasIpv6 = false;
#else
inline constexpr bool kHasIpv6 = true;
#endif

}  // namespace gatehouse
