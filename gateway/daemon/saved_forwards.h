// SPDX-License-Identifier: GPL-2.0-or-later
//
// The forwards that somebody asked for by command, as a text that survives a restart (see
// boot_stamp.h for its first line), with one line for each forward:
//     PROTO OUTSIDE COUNT INSIDE REMOTE UNTIL NAME
// "-" stands for no remote and for no end. What is not understood, or over, is left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/time.h"
#include "gateway/nat/mapping_service.h"

namespace gatehouse::daemon {

std::string write_forwards(const std::vector<nat::Forward>& all, std::string_view boot,
                           Instant now);
std::vector<nat::ForwardRequest> read_forwards(std::string_view text, std::string_view boot,
                                               Instant now);

}  // namespace gatehouse::daemon
