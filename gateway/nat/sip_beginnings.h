// SPDX-License-Identifier: GPL-2.0-or-later
//
// How messages of SIP begin. A new flow whose first datagram begins so is handed to the SIP gateway
// whatever its ports are.
#pragma once

#include <string>
#include <string_view>

namespace gatehouse::nat {

bool begins_sip(std::string_view datagram);

// The first eight bytes of each, as a set of numbers in the text of a rule.
std::string sip_beginnings_text();

}  // namespace gatehouse::nat
