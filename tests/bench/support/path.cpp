// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/support/path.h"

#include <net/if.h>

#include <array>
#include <sstream>

#include "gateway/base/text.h"
#include "tests/bench/support/yes_sayer.h"

namespace gatehouse::bench {
namespace {

constexpr std::uint32_t kFirstHost = Ip4::of(192, 168, 1, 11).value;
constexpr std::uint32_t kHosts = kMostEndpoints / kPortsPerHost;
// Behind the default route, so that no neighbour has to be asked for.
constexpr std::uint32_t kFirstRemote = Ip4::of(11, 16, 0, 0).value;
constexpr std::uint32_t kRemotes = 1U << 20U;
constexpr std::uint32_t kRemotePorts = 8;

std::string_view config_of(Way way) {
    // One host stands for a whole house here.
    return way == Way::symmetric
               ? "config nat 'nat'\n\toption host_sessions '1000000'\n\toption type 'symmetric'\n"
               : "config nat 'nat'\n\toption host_sessions '1000000'\n";
}

bool is_masquerade(Way way) {
    return way == Way::masquerade || way == Way::hook || way == Way::firewall ||
           way == Way::asking || way == Way::helper;
}

// The least that keeps strangers out, written as everybody writes it.
constexpr std::string_view kFilter = R"(table inet filter {
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        ct state invalid drop
        iifname "br-lan" accept
    }
}
)";

// What any filter costs before it has looked at anything.
constexpr std::string_view kEmptyChain = R"(table inet filter {
    chain forward {
        type filter hook forward priority filter; policy accept;
    }
}
)";

// Where yes_sayer.h puts its rule, here and below.
constexpr std::string_view kAsking = R"(table inet asking {
    map source { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
    map inbound { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
    chain ask {
    }
    chain forward {
        type filter hook forward priority filter; policy accept;
        ct status & confirmed == 0 jump ask
    }
}
)";

// A restricted cone and nothing else: an endpoint leaves from where the map says, and whom it has
// written to may answer from any port. Unknown endpoints are asked about.
constexpr std::string_view kCone = R"(table inet asking {
    map source { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
    map inbound { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
    set permit {
        type ipv4_addr . inet_proto . inet_service . ipv4_addr
        flags dynamic,timeout
        timeout 5m
        size 131072
    }
    chain ask {
    }
    chain begin {
        add @permit { ip saddr . meta l4proto . th sport . ip daddr }
        ip saddr . meta l4proto . th sport @source accept
        jump ask
    }
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        ct state invalid drop
        iifname "br-lan" goto begin
        ip daddr . meta l4proto . th dport . ip saddr @permit accept
    }
    chain to_outside {
        type nat hook postrouting priority srcnat; policy accept;
        iifname "br-lan" snat ip to ip saddr . meta l4proto . th sport map @source
    }
    chain from_outside {
        type nat hook prerouting priority dstnat; policy accept;
        iifname != "br-lan" dnat ip to ip daddr . meta l4proto . th dport map @inbound
    }
}
)";

// The other end of a cable, whose number the kernel tells.
std::string peer_of(const lab::Host& host, const std::string& interface, const lab::Host& other) {
    const std::string link =
        host.inside([&] { return read_file(concat("/sys/class/net/", interface, "/iflink")); });
    const auto number = parse_number<unsigned>(trim(link));
    if (!number) throw lab::LabError(concat("no cable at ", interface));
    return other.inside([&] {
        std::array<char, IF_NAMESIZE> name{};
        if (::if_indextoname(*number, name.data()) == nullptr) lab::throw_errno("find a cable");
        return std::string(name.data());
    });
}

}  // namespace

std::string_view to_string(Way way) {
    constexpr std::string_view names[] = {"forwarding", "masquerade", "hook",      "firewall",
                                          "asking",     "cone",       "gatehouse", "symmetric",
                                          "dnsmasq",    "kea",        "miniupnpd", "helper"};
    return names[static_cast<std::size_t>(way)];
}

Traffic inside_traffic(std::uint32_t endpoints, bool new_flows) {
    Traffic out;
    out.source = {kFirstHost, kPortsPerHost, std::max(1U, endpoints / kPortsPerHost)};
    out.source_port = {1024, 1, endpoints};
    out.destination = {kFirstRemote, 1, 1};
    out.destination_port = {7000, 1, 1};
    if (new_flows) {
        out.destination = {kFirstRemote, endpoints * kRemotePorts, kRemotes};
        out.destination_port = {7001, endpoints, kRemotePorts};
    }
    return out;
}

Path::Path(Way given, Cores on) : way(given), cores(on) {
    lan_port_ = peer_of(house.phone, "eth0", house.router);
    internet_port_ = peer_of(house.router, house.wan_interface(), house.internet);
    for (const std::string& interface : {lan_port_, house.wan_interface()})
        for (const pid_t thread : poll_in_thread(house.router, interface, cores.router))
            router_time_.add(thread);
    for (const pid_t thread : deferred_work_of(cores.router))
        router_time_.add(thread);
    poll_in_thread(house.phone, "eth0", cores.around);
    know_neighbours();
    house.internet.ip("route add 192.168.1.0/24 via 11.0.0.1\n");
    if (is_masquerade(way)) {
        lab::make_plain_router(house);
    } else if (!has_daemon(way)) {
        house.router.sysctl("net.ipv4.ip_forward", "1");
    }
    if (way == Way::firewall) house.router.nft(kFilter);
    if (way == Way::hook) house.router.nft(kEmptyChain);
    if (way == Way::asking) start_yes_sayer(kAsking);
    if (way == Way::cone) start_yes_sayer(kCone);
    if (has_daemon(way)) start_daemon();
}

void Path::start_daemon() {
    router_.emplace(house, std::string(config_of(way)));
    pin(router_->pid(), cores.router);
    prefer_session(router_->pid());
    router_time_.add(router_->pid());
}

void Path::start_yes_sayer(std::string_view rules) {
    house.router.nft(rules);
    yes_sayer_.emplace(house.router.start({"/proc/self/exe", std::string(kSayYes)}));
    if (!yes_sayer_->wait_for_output("ready", 20s)) throw lab::LabError(yes_sayer_->output());
    pin(yes_sayer_->pid(), cores.router);
    prefer_session(yes_sayer_->pid());
    router_time_.add(yes_sayer_->pid());
}

const lab::Router& Path::router() const {
    if (!router_) throw lab::LabError("no daemon on this way");
    return *router_;
}

void Path::poll_internet_around() const {
    poll_in_thread(house.internet, internet_port_, cores.around);
}

void Path::cut_before_cables() const {
    const auto cut = [](const lab::Host& host, const std::string& interface) {
        const lab::Ran ran = host.run({"ethtool", "-K", interface, "tso", "off"});
        if (!ran.ok()) throw lab::LabError(ran.to_string());
    };
    cut(house.phone, "eth0");
    cut(house.router, house.wan_interface());
}

void Path::know_neighbours() const {
    const auto phone = house.phone.mac("eth0");
    const auto internet = house.internet.mac(house.net.bridge.name());
    if (!phone || !internet) throw lab::LabError("a host has lost its interface");
    std::string lines = concat("neigh replace 11.0.0.2 lladdr ", internet->to_string(), " dev ",
                               house.wan_interface(), " nud permanent\n");
    for (std::uint32_t i = 0; i < kHosts; ++i) {
        append(lines, "neigh replace ", Ip4{kFirstHost + i}.to_string(), " lladdr ",
               phone->to_string(), " dev ", house.lan.name(), " nud permanent\n");
    }
    house.router.ip(lines);
}

Generator Path::from_phone(const Traffic& traffic) const {
    const auto next_hop = house.router.mac(house.lan.name());
    if (!next_hop) throw lab::LabError("the router has no LAN");
    return Generator(house.phone, "eth0", *next_hop, traffic);
}

Generator Path::from_internet(const Traffic& traffic) const {
    const auto next_hop = house.router.mac(house.wan_interface());
    if (!next_hop) throw lab::LabError("the router has no WAN");
    return Generator(house.internet, internet_port_, *next_hop, traffic);
}

std::uint64_t Path::queue_visits() const {
    // By a program of the router: /proc/net is that of the process that looks.
    const lab::Ran table = house.router.run({"cat", "/proc/net/netfilter/nfnetlink_queue"});
    if (!table.ok()) throw lab::LabError(table.to_string());
    std::uint64_t sum = 0;
    for (const std::string_view line : split(table.out, '\n')) {
        // queue, port, waiting, copy mode, copy range, dropped, dropped by user, last number, 1
        std::istringstream words{std::string(line)};
        std::uint64_t number = 0;
        for (int column = 0; column < 8; ++column)
            if (!(words >> number)) number = 0;
        sum += number;
    }
    return sum;
}

std::uint64_t Path::mappings() const {
    if (way == Way::forwarding) return 0;
    const std::string sessions = house.router.sysctl("net.netfilter.nf_conntrack_count");
    if (!has_daemon(way)) return parse_number<std::uint64_t>(sessions).value_or(0);
    const std::string map = way == Way::symmetric ? "source_session" : "source";
    const lab::Ran ran = house.router.run({"nft", "list", "map", "inet", "gatehouse", map}, 30s);
    if (!ran.ok()) return parse_number<std::uint64_t>(sessions).value_or(0);
    std::uint64_t colons = 0;  // one between key and value of each element, and one in the type
    for (std::size_t at = ran.out.find(" : "); at != std::string::npos;
         at = ran.out.find(" : ", at + 1))
        ++colons;
    return colons - std::min<std::uint64_t>(colons, 1);
}

}  // namespace gatehouse::bench
