// SPDX-License-Identifier: GPL-2.0-or-later
//
// The registrations as a text that survives a restart, one line for each account:
//     ENDPOINT REGISTRAR OUTSIDE-PORT UNTIL ACCOUNT
// UNTIL is in seconds of the clock of whoever keeps it. Of several lines about the same account of
// an endpoint at a registrar the last one counts, so that changes can be written behind what there
// is. What is not understood, or over, is left out.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/time.h"

namespace gatehouse::sip {

struct SavedRegistration {
    Endpoint4 inside;
    Endpoint4 registrar;
    Port outside;
    Duration left{};
    std::string account;

    friend bool operator==(const SavedRegistration&, const SavedRegistration&) = default;
};

// What stands between blanks: not empty, and printable ASCII without one.
bool is_plain(std::string_view text);

// clock: what it shows now; it must not jump.
std::string write_saved(const std::vector<SavedRegistration>& all, std::chrono::seconds clock);
std::vector<SavedRegistration> read_saved(std::string_view text, std::chrono::seconds clock);

}  // namespace gatehouse::sip
