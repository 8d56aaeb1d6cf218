// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

namespace gatehouse::stun {

enum class Transport : std::uint8_t { udp, tcp };

}  // namespace gatehouse::stun
