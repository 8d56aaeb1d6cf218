// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/house.h"

#include "gateway/base/text.h"

namespace gatehouse::lab {

Internet::Internet(const Addresses& addresses)
    : host("internet"), bridge(host, "net0", addresses) {}

Host& Internet::add_host(const std::string& name, const Addresses& addresses) {
    Host& other = others_.emplace_back(name);
    bridge.plug(other, "eth0");
    other.ip(address_lines("eth0", addresses) + default_route_lines(addresses, bridge.addresses()));
    return other;
}

HouseOptions neighbour(Internet& internet) {
    HouseOptions options;
    options.name = "neighbour";
    options.wan = {"11.0.0.5/24"};
    options.internet = &internet;
    return options;
}

HouseOptions inner_house(House& outer) {
    HouseOptions options;
    options.name = "inner";
    options.wan = {"192.168.1.50/24"};
    options.lan = {"192.168.2.1/24"};
    options.phone = {"192.168.2.20/24"};
    options.console = {"192.168.2.30/24"};
    options.pc = {"192.168.2.10/24"};
    options.behind = &outer;
    return options;
}

namespace {

Internet* given_internet(const HouseOptions& options) {
    return options.behind != nullptr ? &options.behind->net : options.internet;
}

}  // namespace

House::House(HouseOptions options)
    : own_internet_(given_internet(options) == nullptr ? std::make_unique<Internet>() : nullptr),
      options_(std::move(options)),
      net(own_internet_ ? *own_internet_ : *given_internet(options_)),
      internet(net.host),
      router(named("router")),
      lan(router, "br-lan", options_.lan),
      phone(named("phone")),
      console(named("console")),
      pc(named("pc")),
      wan_mac_(new_mac()) {
    plug_device(phone, options_.phone);
    plug_device(console, options_.console);
    plug_device(pc, options_.pc);
    wan_comes_back();
}

std::string House::named(const std::string& role) const {
    return options_.name.empty() ? role : concat(options_.name, "-", role);
}

void House::plug_device(Host& device, const Addresses& addresses) {
    lan.plug(device, "eth0");
    if (addresses.empty()) return;
    device.ip(address_lines("eth0", addresses) + default_route_lines(addresses, options_.lan));
}

Host& House::add_host(const std::string& name, const Addresses& addresses) {
    Host& other = others_.emplace_back(named(name));
    plug_device(other, addresses);
    return other;
}

Bridge& House::uplink() const {
    return options_.behind != nullptr ? options_.behind->lan : net.bridge;
}

std::string House::wan_address() const {
    return options_.wan.empty() ? "" : without_length(options_.wan.front());
}

void House::change_wan_address(const std::string& address) {
    const bool v6 = is_v6(address);
    std::erase_if(options_.wan, [v6](const std::string& old) { return is_v6(old) == v6; });
    options_.wan.insert(options_.wan.begin(), address);
    router.ip(concat("address flush dev ", wan_interface(), " scope global to ",
                     v6 ? "::/0\n" : "0.0.0.0/0\n", address_lines(wan_interface(), {address})));
    uplink().host().ip(concat("neigh flush dev ", uplink().name()));
    wan_default_route();
}

void House::add_wan_address(const std::string& address) {
    options_.wan.push_back(address);
    router.ip(address_lines(wan_interface(), {address}));
}

void House::wan_down() {
    router.ip(concat("link set ", wan_interface(), " down"));
}

void House::wan_up() {
    router.ip(concat("link set ", wan_interface(), " up"));
    router.wait_for_carrier(wan_interface());
    wan_default_route();
}

void House::unplug_wan() {
    wan_->unplug();
}

void House::plug_wan() {
    wan_->plug();
}

void House::rename_wan(const std::string& interface) {
    router.ip(concat("link set ", wan_interface(), " down\nlink set ", wan_interface(), " name ",
                     interface));
    wan_->renamed(interface);
    wan_up();
}

void House::wan_vanishes() {
    wan_->remove();
}

void House::wan_comes_back() {
    const std::string interface = wan_ ? wan_interface() : "wan0";
    wan_ = std::make_unique<Link>(uplink().plug(router, interface, wan_mac_));
    router.ip(address_lines(interface, options_.wan));
    wan_default_route();
}

void House::wan_default_route() {
    const std::string lines = default_route_lines(options_.wan, uplink().addresses());
    if (!lines.empty()) router.ip(lines);
}

void make_plain_router(const House& house) {
    house.router.sysctl("net.ipv4.ip_forward", "1");
    house.router.nft(
        concat("table ip plain {\n chain out {\n  type nat hook postrouting priority "
               "srcnat;\n  oifname \"",
               house.wan_interface(), "\" masquerade\n }\n}\n"));
}

void add_kernel_helpers(const House& house) {
    house.router.nft(R"(table ip helper {
    ct helper sip_udp { type "sip" protocol udp; l3proto ip
    }
    ct helper sip_tcp { type "sip" protocol tcp; l3proto ip
    }
    ct helper ftp { type "ftp" protocol tcp; l3proto ip
    }
    ct helper irc { type "irc" protocol tcp; l3proto ip
    }
    chain before {
        type filter hook prerouting priority mangle;
        udp dport 5060 ct helper set "sip_udp"
        tcp dport 5060 ct helper set "sip_tcp"
        tcp dport 21 ct helper set "ftp"
        tcp dport 6667 ct helper set "irc"
    }
}
)");
}

}  // namespace gatehouse::lab
