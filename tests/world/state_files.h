// SPDX-License-Identifier: GPL-2.0-or-later
//
// The files of the state folder that the world keeps on its disk.
#pragma once

namespace gatehouse::world {

inline constexpr const char* kLeasesJournal = "leases.journal";
inline constexpr const char* kForwardsJournal = "forwards.journal";
inline constexpr const char* kForwards = "forwards";
inline constexpr const char* kRegistrations = "registrations";
inline constexpr const char* kCalls = "calls";

}  // namespace gatehouse::world
