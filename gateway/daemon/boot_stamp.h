// SPDX-License-Identifier: GPL-2.0-or-later
//
// The first line of a text that survives a restart: the boot in which it was written, and when, in
// seconds since that boot. No wall clock is needed, which many routers do not have and which jumps
// when they hear of the time: after another boot what the text keeps has the time left that it had.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/time.h"

namespace gatehouse::daemon {

std::string write_boot_stamp(std::string_view boot, Instant now);

struct Stamped {
    std::string_view text;  // behind that line
    Instant now;            // of the clock by which the text tells times
};
// Nothing where the first line is another.
std::optional<Stamped> read_boot_stamp(std::string_view text, std::string_view boot, Instant now);

}  // namespace gatehouse::daemon
