// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/saved_sip.h"

#include "alg/saved.h"
#include "alg/saved_calls.h"
#include "gateway/daemon/boot_stamp.h"

namespace gatehouse::daemon {

std::chrono::seconds clock_of_saved(Instant now) {
    return std::chrono::seconds(whole_seconds(now.time_since_epoch()));
}

std::string write_registrations(const sip::Alg& alg, std::string_view boot, Instant now) {
    return write_boot_stamp(boot, now) + sip::write_saved(alg.saved(now), clock_of_saved(now));
}

std::string write_calls(const sip::Alg& alg, std::string_view boot, Instant now) {
    return write_boot_stamp(boot, now) +
           sip::write_saved_calls(alg.saved_calls(now), clock_of_saved(now));
}

sip::Restored read_saved_sip(std::string_view registrations, std::string_view calls,
                             std::string_view boot, Instant now) {
    sip::Restored out;
    if (const auto stamped = read_boot_stamp(registrations, boot, now))
        out.registrations = sip::read_saved(stamped->text, clock_of_saved(stamped->now));
    if (const auto stamped = read_boot_stamp(calls, boot, now))
        out.calls = sip::read_saved_calls(stamped->text, clock_of_saved(stamped->now));
    return out;
}

}  // namespace gatehouse::daemon
