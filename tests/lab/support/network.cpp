// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/network.h"

#include <unistd.h>

#include <algorithm>

#include "gateway/base/text.h"
#include "tests/lab/support/environment.h"

namespace gatehouse::lab {

Mac new_mac() {
    const unsigned number = next_interface_number();
    return Mac{{0x02, 0x00, 0x5e, static_cast<std::uint8_t>(number >> 16U),
                static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)}};
}

Link::Link(Host& a, const std::string& a_interface, Mac a_mac, Host& b,
           const std::string& b_interface)
    : first_{&a, a_interface}, second_{&b, b_interface} {
    // The descriptor of b's network is opened inside a's /proc by number: ip enters a alone.
    const std::string there = concat("/proc/", ::getpid(), "/fd/", b.place().net);
    Place in_a = a.place();
    in_a.mount = -1;
    in_a.pid = -1;
    const std::string lines =
        concat("link add name ", a_interface, " index ", next_interface_number(), " address ",
               a_mac.to_string(), " type veth peer name ", b_interface, " index ",
               next_interface_number(), " address ", new_mac().to_string(), " netns ", there, "\n");
    const Ran made = run_program(in_a, {"ip", "-batch", "-"}, 10s, lines, {});
    if (!made.ok()) throw LabError(concat("cable: ", made.to_string(), "\ngiven: ", lines));
    b.ip(concat("link set ", b_interface, " up"));
    a.ip(concat("link set ", a_interface, " up"));
    a.wait_for_carrier(a_interface);
    b.wait_for_carrier(b_interface);
}

void Link::unplug() const {
    second_.host->ip(concat("link set ", second_.interface, " down"));
    const Deadline deadline(5s);
    while (first_.host->has_carrier(first_.interface)) {
        if (deadline.over()) throw LabError(concat("carrier stays on ", first_.interface));
        ::usleep(500);
    }
}

void Link::plug() const {
    second_.host->ip(concat("link set ", second_.interface, " up"));
    first_.host->wait_for_carrier(first_.interface);
}

void Link::remove() const {
    second_.host->ip(concat("link del ", second_.interface));
}

Bridge::Bridge(Host& host, const std::string& name, const Addresses& addresses)
    : host_(&host), name_(name), addresses_(addresses) {
    host.ip(concat("link add name ", name, " index ", next_interface_number(), " address ",
                   new_mac().to_string(), " type bridge forward_delay 0 mcast_snooping 0\n",
                   "link set ", name, " up\n", address_lines(name, addresses)));
}

Link Bridge::plug(Host& other, const std::string& interface, Mac mac) {
    const std::string port = concat("port", next_interface_number());
    const Link link(other, interface, mac, *host_, port);
    host_->ip(concat("link set ", port, " master ", name_));
    host_->wait_for_carrier(name_);
    return link;
}

std::string address_lines(const std::string& interface, const Addresses& addresses) {
    std::string out;
    for (const std::string& one : addresses) {
        append(out, "address add ", one, " dev ", interface, is_v6(one) ? " nodad\n" : "\n");
    }
    return out;
}

std::string default_route_lines(const Addresses& own, const Addresses& gateways) {
    std::string out;
    for (const bool v6 : {false, true}) {
        const auto of_family = [v6](const std::string& one) { return is_v6(one) == v6; };
        const auto gateway = std::find_if(gateways.begin(), gateways.end(), of_family);
        if (gateway == gateways.end() || std::none_of(own.begin(), own.end(), of_family)) continue;
        append(out, "route replace default via ", without_length(*gateway), "\n");
    }
    return out;
}

bool is_v6(std::string_view address) {
    return address.find(':') != std::string_view::npos;
}

std::string without_length(std::string_view address) {
    return std::string(address.substr(0, address.find('/')));
}

}  // namespace gatehouse::lab
