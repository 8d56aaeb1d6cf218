// SPDX-License-Identifier: GPL-2.0-or-later
//
// A lease: which device has which address, until when. One that has ended stays in the table, so
// that the device gets the same address again, until somebody else needs it.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/base/compact_text.h"
#include "gateway/base/ip.h"
#include "gateway/base/time.h"

namespace gatehouse::dhcp {

// Never leased, in whatever network.
constexpr Ip4 kNoHost{0xffffffff};

enum class LeaseState : std::uint8_t {
    offered,   // promised for a moment
    bound,     // the device has it
    released,  // the device gave it back
    expired,   // the device did not ask again
    conflict,  // somebody else answers there: nobody gets it for a while
};
std::string_view to_string(LeaseState state);  // "offered" ...

struct Lease {
    Ip4 address;
    LeaseState state = LeaseState::offered;
    bool confirmed = false;  // the device has really had it, now or before
    Mac mac;                 // zeros where it has none of Ethernet; of a conflict: who answered
    CompactText client;      // who the device says it is (Client::id)
    CompactText name;        // cleaned; may be empty
    Instant expires;         // of what has ended: when it ended

    // Offered to a device that has not had it before.
    bool is_untaken() const { return state == LeaseState::offered && !confirmed; }
    bool has_ended() const { return state == LeaseState::released || state == LeaseState::expired; }
    bool is_of(std::string_view who) const {
        return state != LeaseState::conflict && client == who;
    }
    friend bool operator==(const Lease&, const Lease&) = default;
};

}  // namespace gatehouse::dhcp
