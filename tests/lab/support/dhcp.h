// SPDX-License-Identifier: GPL-2.0-or-later
//
// What tests of the DHCP server share: a house whose devices have no address yet, and what became
// of them.
#pragma once

#include <sys/stat.h>

#include <fstream>
#include <string>
#include <string_view>

#include "tests/lab/support/environment.h"
#include "tests/lab/support/house.h"
#include "tests/lab/support/router.h"
#include "tests/lab/support/wait.h"

namespace gatehouse::lab {

constexpr Duration kDhcpLimit = 30s;

inline HouseOptions without_addresses() {
    HouseOptions options;
    options.phone = options.console = options.pc = {};
    return options;
}

// A file in the folder of the test that can be run.
inline std::string executable(const std::string& name, std::string_view text) {
    const auto path = work_directory() / name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), 0755);
    return path.string();
}

// The address that a client has set up, as text.
inline std::string address_of(const Host& host) {
    for (const IpAddress& address : host.addresses("eth0")) {
        if (address.is_v4()) return address.to_string();
    }
    return "";
}

inline std::string leases(const Router& router) {
    return router.cli({"leases", "--json"}).out;
}

inline Verdict shows(const Router& router, std::string_view text) {
    const std::string out = leases(router);
    if (out.find(text) != std::string::npos) return true;
    return no_because(out);
}

inline Verdict eventually_shows(const Router& router, std::string_view text) {
    return eventually([&] { return shows(router, text); }, kDhcpLimit);
}

inline Verdict reaches(const Host& host, std::string_view address) {
    return eventually([&] { return host.can_ping(address); }, kDhcpLimit);
}

}  // namespace gatehouse::lab
