// SPDX-License-Identifier: GPL-2.0-or-later
//
// The daemon's answers as a person reads them on a terminal.
#pragma once

#include <string>

#include "gateway/control/json_value.h"

namespace gatehouse::control {

std::string show_status(const JsonValue& status);

// The answer of /api/v1/why.
std::string show_why(const JsonValue& flow);
// "12:34:56  forward_added  proto=tcp inside=...", in the time of this machine.
std::string show_event(const JsonValue& event);

}  // namespace gatehouse::control
