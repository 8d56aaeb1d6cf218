// SPDX-License-Identifier: GPL-2.0-or-later
//
// The gateway device beside miniupnpd: how many AddPortMapping per second with few forwards there
// and with many, how long one takes, and what a forward costs. Each is a connection of its own,
// as clients make them.
//
//     phone eth0 ---------------- br-lan 192.168.1.1 [router] the server
//     processor B                                    processor A
#include <algorithm>
#include <fstream>
#include <iostream>
#include <optional>

#include "gateway/base/text.h"
#include "tests/bench/measures.h"
#include "tests/lab/support/nat.h"
#include "tests/lab/support/sockets.h"
#include "tests/lab/support/upnp.h"

namespace gatehouse::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kPhone = "192.168.1.20";
constexpr std::uint32_t kFirstPort = 40'000;
constexpr std::uint32_t kSample = 200;  // requests for one rate

constexpr std::string_view kTable = R"(table inet filter {
    chain miniupnpd { }
    chain prerouting_miniupnpd { }
    chain postrouting_miniupnpd { }
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "br-lan" accept
        jump miniupnpd
    }
    chain prerouting {
        type nat hook prerouting priority dstnat;
        jump prerouting_miniupnpd
    }
    chain postrouting {
        type nat hook postrouting priority srcnat;
        jump postrouting_miniupnpd
    }
}
)";

constexpr std::string_view kConfig = R"(ext_ifname=wan0
listening_ip=br-lan
port=5000
enable_natpmp=yes
enable_upnp=yes
secure_mode=yes
force_igd_desc_v1=yes
upnp_table_name=filter
upnp_nat_table_name=filter
upnp_forward_chain=miniupnpd
upnp_nat_chain=prerouting_miniupnpd
upnp_nat_postrouting_chain=postrouting_miniupnpd
uuid=00db1b5c-8d5b-4a6c-9a37-0f3ac4b4d8e1
allow 1024-65535 0.0.0.0/0 1024-65535
)";

// A server on the router of a house of its own.
class Server {
  public:
    Server(Way way, Cores cores) {
        if (way == Way::gatehouse) {
            router_.emplace(
                house, lab::section("upnp 'upnp'", {{"host_quota", "20000"}, {"quota", "20000"}}));
        } else {
            start_miniupnpd();
        }
        pin(pid(), cores.router);
        prefer_session(pid());
    }

    pid_t pid() const { return router_ ? router_->pid() : other_; }

    lab::House house;

  private:
    void start_miniupnpd() {
        lab::make_plain_router(house);
        house.router.nft(kTable);
        const auto folder = lab::work_directory();
        const std::string config = (folder / "miniupnpd.conf").string();
        const std::string number = (folder / "miniupnpd.pid").string();
        std::ofstream(config) << kConfig;
        // With -d it would stay our child, but writes so much that it is ten times slower. It ends
        // with the router; until it has a session of its own, its parent must not end.
        starter_ = house.router.start(
            {"sh", "-c", concat("miniupnpd -f ", config, " -P ", number, "; exec sleep 3600")});
        const auto known = lab::eventually(
            [&] {
                const auto inner = parse_number<pid_t>(trim(read_file(number)));
                other_ = inner ? process_in("miniupnpd", *inner) : 0;
                return other_ > 0;
            },
            10s);
        if (!known) throw lab::LabError("miniupnpd does not start");
    }

    std::optional<lab::Router> router_;
    lab::Process starter_;
    pid_t other_ = 0;
};

struct Adding {
    const lab::IgdClient& client;
    std::uint32_t forwards = 0;  // so far

    // Adds so many; how long each took.
    std::vector<Duration> more(std::uint32_t count) {
        std::vector<Duration> out;
        for (std::uint32_t i = 0; i < count; ++i) {
            const auto begin = Clock::now();
            if (!client.add(kFirstPort + forwards, kPhone))
                throw lab::LabError(concat("refused at ", forwards, " forwards"));
            ++forwards;
            out.push_back(Clock::now() - begin);
        }
        return out;
    }
};

// One request after the other: what the client does in between counts, too.
void add_rows(std::string_view row, Way way, std::vector<Duration> times, Results& results) {
    Duration sum{};
    for (const Duration time : times)
        sum += time;
    std::sort(times.begin(), times.end());
    results.add(std::string(row), way,
                times.size() * 1'000'000 / std::max<std::uint64_t>(1, microseconds(sum)));
    results.add(concat(row, "-p99"), way, microseconds(times[times.size() * 99 / 100]));
}

// From a foreign flush of all rules until a stranger's datagram to this port arrives again.
std::optional<Duration> time_to_reinstall(const lab::House& house, std::uint32_t port) {
    constexpr Duration kTry = 2ms;
    const lab::UdpSocket phone = house.phone.udp(lab::At(concat(kPhone, ':', port)));
    const lab::At place(concat("11.0.0.1:", port));
    house.router.nft("flush ruleset");
    const auto begin = Clock::now();
    // From another port at each try: a session that began without a way in keeps it.
    while (Clock::now() - begin < 30s) {
        if (lab::heard_by(phone, house.internet.udp("11.0.0.2:0"), place, kTry) != lab::kNobody) {
            return Clock::now() - begin;
        }
    }
    return std::nullopt;
}

}  // namespace

void measure_igd(Way way, const Settings& settings, Results& results) {
    const Server server(way, settings.cores);
    const lab::IgdClient client(server.house.phone);
    Adding adding{client};
    const auto add = [&](std::uint32_t count) {
        return server.house.phone.inside([&] {
            pin(0, settings.cores.around);
            return adding.more(count);
        });
    };
    add(10);
    add_rows("igd-add-at-0", way, add(kSample), results);
    const std::uint64_t before = resident_bytes(server.pid());
    const std::uint32_t few = adding.forwards;
    add(1000 - few);
    add_rows("igd-add-at-1000", way, add(kSample), results);
    if (way == Way::gatehouse) {
        add(5000 - adding.forwards);
        const auto took = time_to_reinstall(server.house, kFirstPort + 4999);
        if (!took) throw lab::LabError("the ports do not come back");
        results.add("igd-reinstall-5000", way, microseconds(*took) / 1000);
        add(10'000 - adding.forwards);
        add_rows("igd-add-at-10000", way, add(kSample), results);
    }
    const std::uint64_t after = resident_bytes(server.pid());
    results.add("igd-memory", way, growth(before, after) / (adding.forwards - few));
}

}  // namespace gatehouse::bench
