// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <ostream>

#include "dhcp/lease.h"

namespace gatehouse::dhcp {

inline std::ostream& operator<<(std::ostream& out, LeaseState state) {
    return out << to_string(state);
}

}  // namespace gatehouse::dhcp
