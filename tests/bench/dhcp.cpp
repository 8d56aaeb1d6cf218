// SPDX-License-Identifier: GPL-2.0-or-later
//
// The DHCP server beside dnsmasq and Kea: how long a house waits after a power cut, how many
// exchanges per second there are, how many when far more are asked for, and what a lease costs.
//
//     devices, relay eth0 192.168.0.2 ----- br-lan 192.168.0.1/16 [router] the server
//     processor B                                                  processor A
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>

#include "gateway/base/text.h"
#include "tests/bench/measures.h"
#include "tests/bench/support/dhcp_load.h"
#include "tests/lab/support/dhcp.h"
#include "tests/lab/support/dhcp_storm.h"
#include "tests/lab/support/nat.h"

namespace gatehouse::bench {
namespace {

constexpr std::uint32_t kLeases = 10'000;
constexpr Ip4 kServer = Ip4::of(192, 168, 0, 1);
constexpr Ip4 kRelay = Ip4::of(192, 168, 0, 2);
constexpr double kStep = 1.4;
constexpr double kFollows = 0.9;  // a server that finishes this share of what is begun keeps up

constexpr std::string_view kKea = R"({ "Dhcp4": {
    "interfaces-config": { "interfaces": [ "br-lan" ] },
    "lease-database": { "type": "memfile", "persist": true, "name": "FOLDER/kea.csv",
                        "lfc-interval": 0 },
    "valid-lifetime": 43200, "authoritative": true,
    "option-data": [ { "name": "routers", "data": "192.168.0.1" } ],
    "loggers": [ { "name": "kea-dhcp4", "severity": "ERROR",
                   "output_options": [ { "output": "stderr" } ] } ],
    "subnet4": [ { "subnet": "192.168.0.0/16",
                   "pools": [ { "pool": "192.168.8.0 - 192.168.247.255" } ] } ] } }
)";

lab::HouseOptions wide_house() {
    lab::HouseOptions out = lab::without_addresses();
    out.lan = {"192.168.0.1/16"};
    return out;
}

// A server on the router of a house of its own, with 60,000 addresses, as it comes.
class Server {
  public:
    // Where a device is looked for before its address is given away, only that is measured: so not
    // for the rates. Gatehouse does not look for devices behind a relay, and Kea for none.
    Server(Way way, Cores cores, bool probe) : house(wide_house()) {
        house.phone.ip(concat("address add ", kRelay.to_string(), "/16 dev eth0\n"));
        if (way == Way::gatehouse) {
            router_.emplace(house, lab::section("dhcp 'lan'", {{"interface", "br-lan"},
                                                               {"start", "2048"},
                                                               {"limit", "60000"}}));
        } else if (way == Way::dnsmasq) {
            lab::Command command(
                {"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
                 "--user=root", "--interface=br-lan", "--dhcp-authoritative",
                 "--dhcp-range=192.168.8.0,192.168.247.255,255.255.0.0,12h",
                 "--dhcp-lease-max=100000", "--quiet-dhcp",
                 "--dhcp-leasefile=" + (lab::work_directory() / "dnsmasq.leases").string()});
            if (!probe) command.emplace_back("--no-ping");
            other_ = house.router.start(command);
        } else {
            start_kea();
        }
        pin(pid(), cores.router);
        prefer_session(pid());
    }

    pid_t pid() const { return router_ ? router_->pid() : other_->pid(); }
    // Until the first device has its address.
    void wait(DhcpLoad& load, std::uint32_t device) const {
        const lab::Deadline deadline(std::chrono::seconds(20));
        while (load.run(device, 1, 5, std::chrono::milliseconds(400)).finished == 0)
            if (deadline.over())
                throw lab::LabError(concat("no lease: ", other_ ? other_->output() : ""));
    }

    lab::House house;

  private:
    void start_kea() {
        // What an earlier one has left there would keep this one from starting.
        const auto place = lab::work_directory() / house.router.name() / "kea";
        std::filesystem::remove_all(place);
        std::filesystem::create_directories(place);
        const std::string folder = place.string();
        std::string text(kKea);
        text.replace(text.find("FOLDER"), 6, folder);
        const std::string file = folder + "/kea.json";
        std::ofstream(file) << text;
        other_ = house.router.start({"kea-dhcp4", "-c", file},
                                    {{"KEA_PIDFILE_DIR", folder}, {"KEA_LOCKFILE_DIR", folder}});
    }

    std::optional<lab::Router> router_;
    std::optional<lab::Process> other_;
};

void measure_storm(Way way, const Settings& settings, std::size_t devices, Results& results) {
    Server server(way, settings.cores, true);
    {
        DhcpLoad load(server.house.phone, kRelay, kServer);
        server.wait(load, 0xffffff);
    }
    const std::chrono::seconds limit(settings.quick ? 20 : 60);
    const std::string row = concat("dhcp-storm-", devices);
    const auto [time, bound] = server.house.phone.inside([&] {
        pin(0, settings.cores.around);
        lab::DhcpStorm storm(server.house.phone, devices);
        const auto last = storm.run(limit);
        return std::pair(last, storm.addresses().size());
    });
    if (time) results.add(row, way, static_cast<std::uint64_t>(time->count()));
    results.add(row + "-left", way, devices - bound);
}

// Gives addresses to so many devices; how many have one. Some are left out where the server is
// slower than it began.
std::uint32_t fill(DhcpLoad& load) {
    std::uint64_t rate = 1500;
    std::uint64_t begun = 0;
    std::uint64_t bound = 0;
    for (int i = 0; i < 40 && bound < kLeases; ++i) {
        const Served some = load.run(static_cast<std::uint32_t>(begun), UINT32_MAX, rate,
                                     std::chrono::milliseconds(500));
        begun += some.begun;
        bound += some.finished;
        if (some.finished * 10 < some.begun * 9) rate = std::max<std::uint64_t>(50, rate / 2);
    }
    return static_cast<std::uint32_t>(bound);
}

struct Devices {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    bool once = false;  // nobody asks again
};

// More and more per second, until the server no longer follows; the most that it finished.
std::uint64_t peak(DhcpLoad& load, Devices devices, Duration step) {
    std::uint64_t most = 0;
    double rate = 200;
    for (int i = 0; i < 20; ++i, rate *= kStep) {
        const Served served =
            load.run(devices.first, devices.count, static_cast<std::uint64_t>(rate), step);
        if (devices.once) devices.first += static_cast<std::uint32_t>(served.begun);
        most = std::max(most, served.per_second());
        if (static_cast<double>(served.finished) < kFollows * static_cast<double>(served.begun))
            break;
    }
    return most;
}

void measure_rates(Way way, const Settings& settings, Results& results) {
    Server server(way, settings.cores, false);
    const Duration step = std::chrono::milliseconds(settings.quick ? 500 : 1500);
    const auto on_phone = [&](auto&& work) {
        return server.house.phone.inside([&] {
            pin(0, settings.cores.around);
            return work();
        });
    };
    DhcpLoad load(server.house.phone, kRelay, kServer);
    on_phone([&] { server.wait(load, 0xffffff); });
    const std::uint64_t before = resident_bytes(server.pid());
    const std::uint32_t bound = on_phone([&] { return fill(load); });
    const std::uint64_t after = resident_bytes(server.pid());
    if (bound > 0) results.add("dhcp-memory", way, growth(before, after) / bound);
    const std::uint32_t known = std::min(bound, kLeases) / 2;
    const std::uint64_t most = on_phone([&] { return peak(load, {0, known, false}, step); });
    results.add("dhcp-known", way, most);
    const Served flooded = on_phone([&] { return load.run(0, known, 3 * most, 2 * step); });
    results.add("dhcp-known-flooded", way, flooded.per_second());
    // Short, so that the addresses suffice.
    const std::uint64_t fresh = on_phone([&] {
        return peak(load, {1U << 24U, UINT32_MAX, true}, std::chrono::milliseconds(500));
    });
    results.add("dhcp-new", way, fresh);
}

}  // namespace

void measure_dhcp(Way way, const Settings& settings, Results& results) {
    measure_storm(way, settings, 30, results);
    measure_storm(way, settings, 250, results);
    measure_rates(way, settings, results);
}

}  // namespace gatehouse::bench
