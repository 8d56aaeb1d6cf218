// SPDX-License-Identifier: GPL-2.0-or-later
//
// What this build has. A part that was left out (CMake options GATEHOUSE_...) is never made; what
// only it needs is then not reached by anything, and the linker leaves it out of the program. Its
// options in the configuration are still understood.
#pragma once

namespace gatehouse::daemon {

#ifdef GATEHOUSE_WITHOUT_SIP
inline constexpr bool kHasSip = false;
#else
inline constexpr bool kHasSip = true;
#endif

#ifdef GATEHOUSE_WITHOUT_UPNP
inline constexpr bool kHasUpnp = false;
#else
inline constexpr bool kHasUpnp = true;
#endif

}  // namespace gatehouse::daemon
