// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/coturn.h"

#include "gateway/base/text.h"

namespace gatehouse::lab {
namespace {

// Newer versions than that of Debian 12 want RFC 5780 asked for.
bool wants_rfc5780_option(const Host& host) {
    const Ran help = host.run({"turnserver", "--help"});
    return help.out.find("\n --rfc5780") != std::string::npos;
}

}  // namespace

Coturn::Coturn(Host& host, Serves what, const std::vector<std::string>& addresses) {
    Command command = {"turnserver",
                       "-n",
                       "-p",
                       "3478",
                       "--no-tls",
                       "--no-dtls",
                       "--no-cli",
                       "--alt-listening-port=3479",
                       "--log-file=stdout",
                       "--userdb=/run/turndb",
                       "--pidfile=/run/turn"};
    for (const std::string& address : addresses)
        command.insert(command.end(), {"-L", address});
    if (what == Serves::stun_only) {
        command.emplace_back("-S");
    } else {
        // As operators do it; and a packet that it cannot send at all ends an allocation.
        command.insert(command.end(),
                       {"--lt-cred-mech", "--realm", "lab", "--user", concat(kUser, ":", kPassword),
                        "--denied-peer-ip", "192.168.0.0-192.168.255.255"});
    }
    if (addresses.size() > 1 && wants_rfc5780_option(host)) command.emplace_back("--rfc5780");
    server_ = host.start(command);
    for (const std::string& address : addresses)
        wait_until_bound(host, concat(address, ":3478"), server_);
    if (addresses.size() > 1) wait_until_bound(host, concat(addresses.back(), ":3479"), server_);
}

void wait_until_bound(const Host& host, std::string_view udp_endpoint, const Process& server) {
    const Verdict bound = eventually(
        [&]() -> Verdict {
            const Ran list = host.run({"ss", "--listening", "--udp", "--numeric"});
            return list.out.find(concat(udp_endpoint, " ")) != std::string::npos;
        },
        20s);
    if (!bound) throw LabError(concat("nobody serves ", udp_endpoint, ": ", server.output()));
}

}  // namespace gatehouse::lab
