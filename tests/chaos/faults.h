// SPDX-License-Identifier: GPL-2.0-or-later
//
// What homes do to their routers. Each is done and over when its function returns, but for what the
// router has to do then.
#pragma once

#include <span>
#include <string>

#include "gateway/base/random.h"
#include "tests/lab/support/lab.h"

namespace gatehouse::chaos {

using namespace gatehouse::lab;

struct Ground {
    House& house;
    Router& router;
    Random& random;
    std::string address = "11.0.0.1";  // the router's, outside

    Duration up_to(Duration most) const;
    // Lets that long pass; everything goes on meanwhile.
    void linger(Duration most) const;
};

struct Fault {
    const char* name;
    void (*happen)(Ground&);
    // The outside address goes, and with it every connection.
    bool ends_connections = false;
    // The rules are gone for a moment: nobody can hold back what passes then, and a connection that
    // speaks may break.
    bool takes_rules_away = false;
};

std::span<const Fault> all_faults();

// The configuration that the walk begins with; the state folder is a small disk of its own.
std::string configuration(int udp_seconds = 300);
void make_state_disk(const House& house);

}  // namespace gatehouse::chaos
