// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the SIP gateway knows, as two texts that survive a restart (boot_stamp.h, alg/saved.h,
// alg/saved_calls.h). An empty text restores nothing.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "alg/alg.h"
#include "gateway/base/time.h"

namespace gatehouse::daemon {

// By which the lines tell times.
std::chrono::seconds clock_of_saved(Instant now);

std::string write_registrations(const sip::Alg& alg, std::string_view boot, Instant now);
std::string write_calls(const sip::Alg& alg, std::string_view boot, Instant now);

sip::Restored read_saved_sip(std::string_view registrations, std::string_view calls,
                             std::string_view boot, Instant now);

}  // namespace gatehouse::daemon
