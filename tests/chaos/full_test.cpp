// SPDX-License-Identifier: GPL-2.0-or-later
//
// A router with the memory of a small one, all of whose tables are full: mappings, ports that
// devices asked for, calls, registrations and leases, each as many as may be by default, and as
// many mappings as a small router has sessions (GATEHOUSE_FULL_MAPPINGS). It must go on, start
// again, and put its rules back. `tests/chaos/run.sh full` runs it; GATEHOUSE_FULL_MIB is what the
// daemon may have (control group, counting what the kernel keeps for it, too).
//
//   pc, with 170 addresses --- br-lan 192.168.1.1/16 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3
//   phone, who is all devices that ask for addresses
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "gateway/base/text.h"
#include "tests/lab/support/crowd.h"
#include "tests/lab/support/dhcp.h"
#include "tests/lab/support/dhcp_storm.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/sip.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr unsigned kDevices = 170;

unsigned from_environment(const char* name, unsigned otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : parse_number<unsigned>(text).value_or(otherwise);
}

unsigned allowed_mib() {
    return from_environment("GATEHOUSE_FULL_MIB", 24);
}

// More the kernel of a small router does not remember sessions of (nf_conntrack_max).
unsigned mappings() {
    return from_environment("GATEHOUSE_FULL_MAPPINGS", 16384);
}

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

// A control group for memory, of the first or the second kind.
class MemoryGroup {
  public:
    explicit MemoryGroup(unsigned mib) {
        const std::filesystem::path first = "/sys/fs/cgroup/memory";
        is_first_ = std::filesystem::exists(first / "memory.limit_in_bytes");
        path_ = (is_first_ ? first : std::filesystem::path("/sys/fs/cgroup")) /
                concat("gatehouse-full-", ::getpid());
        std::error_code failed;
        std::filesystem::create_directory(path_, failed);
        std::ofstream limit(path_ / (is_first_ ? "memory.limit_in_bytes" : "memory.max"));
        is_there_ = !failed && bool(limit << mib * 1024 * 1024 << std::flush);
    }
    ~MemoryGroup() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    MemoryGroup(const MemoryGroup&) = delete;
    MemoryGroup& operator=(const MemoryGroup&) = delete;

    bool is_there() const { return is_there_; }
    // A program that puts itself into the group, which its own mounts do not show, and becomes
    // Gatehouse.
    std::string wrapper() const {
        const char* named = std::getenv("GATEHOUSE_PROGRAM");
        const std::string kind = is_first_ ? "-t cgroup -o memory" : "-t cgroup2";
        return executable("within.sh",
                          concat("#!/bin/sh\nif [ \"$1\" = run ]; then\n  mkdir -p /run/cg\n"
                                 "  [ -e /run/cg/cgroup.procs ] || mount ",
                                 kind, " none /run/cg\n  echo $$ > /run/cg/",
                                 path_.filename().string(), "/cgroup.procs || exit 1\nfi\nexec ",
                                 named != nullptr ? named : GATEHOUSE_BINARY, " \"$@\"\n"));
    }
    double kib(const char* first, const char* second) const {
        return std::strtod(text_of(path_ / (is_first_ ? first : second)).c_str(), nullptr) / 1024;
    }
    double now() const { return kib("memory.usage_in_bytes", "memory.current"); }
    double most() const { return kib("memory.max_usage_in_bytes", "memory.peak"); }
    double of_kernel() const { return kib("memory.kmem.usage_in_bytes", "memory.kernel"); }

  private:
    std::filesystem::path path_;
    bool is_first_ = false, is_there_ = false;
};

Ip4 device(unsigned number) {
    return Ip4::of(192, 168, 2, static_cast<std::uint8_t>(10 + number));
}

class Full {
  public:
    Full();
    void fill();
    void go_on();

  private:
    static HouseOptions wide();
    RouterOptions within() const;
    unsigned used(std::string_view table) const;
    void tell(const char* what) const;
    // Calls send(n) for each n, no faster than the router takes them, until the table has as many.
    void fill(std::string_view table, unsigned wanted,
              const std::function<void(unsigned)>& send) const;
    void send(unsigned device_number, Port from, Ip4 to, Port port, std::string_view data) const;
    void call(unsigned number) const;
    void registration(unsigned number) const;

    MemoryGroup group_{allowed_mib()};
    House house_{wide()};
    Router router_{house_, within()};
    PacketSocket wire_ = house_.pc.packets("eth0");
    Mac pc_ = *house_.pc.mac("eth0"), inside_ = *house_.router.mac("br-lan");
};

HouseOptions Full::wide() {
    HouseOptions options;
    options.lan = {"192.168.1.1/16"};
    options.phone = {};
    options.console = {"192.168.1.30/16"};
    options.pc = {"192.168.1.10/16"};
    for (unsigned n = 0; n < kDevices; ++n)
        options.pc.push_back(device(n).to_string() + "/16");
    return options;
}

RouterOptions Full::within() const {
    RouterOptions options;
    options.binary = group_.wrapper();
    options.config = concat(section("dhcp 'lan'", {{"interface", "br-lan"}}),
                            section("nat 'nat'", {{"mappings", std::to_string(mappings())}}));
    return options;
}

Full::Full() {
    BOOST_REQUIRE_MESSAGE(group_.is_there(), "no control group for memory can be made here");
}

unsigned Full::used(std::string_view table) const {
    return number_after(router_.cli({"status", "--json"}).out,
                        concat(R"({"table":")", table, R"(","used":)"));
}

void Full::tell(const char* what) const {
    const std::string status = text_of(concat("/proc/", router_.pid(), "/smaps_rollup"));
    const auto line = [&status](std::string_view name) {
        const std::size_t at = status.find(name);
        return at == std::string::npos ? 0.0
                                       : std::strtod(status.c_str() + at + name.size(), nullptr);
    };
    std::printf(
        "%-34s resident %6.0f KiB, own %6.0f; the group %6.0f, of which the kernel's %6.0f, at "
        "most %6.0f\n",
        what, line("Rss:"), line("Private_Dirty:"), group_.now(), group_.of_kernel(),
        group_.most());
    std::fflush(stdout);
}

void Full::fill(std::string_view table, unsigned wanted,
                const std::function<void(unsigned)>& send) const {
    static constexpr unsigned kAtOnce = 200, kRounds = 6;
    unsigned now = 0;
    for (unsigned n = 0; n < kRounds * wanted && now < wanted; ++n) {
        send(n);
        if (n % kAtOnce != kAtOnce - 1) continue;
        std::this_thread::sleep_for(10ms);
        now = used(table);
    }
    BOOST_TEST(now >= wanted, table << ": " << now << " of " << wanted);
    tell(std::string(table).c_str());
}

void Full::send(unsigned number, Port from, Ip4 to, Port port, std::string_view data) const {
    wire_.send(udp4_frame({pc_, inside_, device(number), to}, from, port, data));
}

void Full::call(unsigned number) const {
    const unsigned of_device = number / 60;  // half of 64 from outside; these are from inside
    const Ip4 address = device(of_device);
    std::string invite = sip_request("INVITE", address.to_string(), "UDP", number + 1,
                                     sdp(address.to_string(), 20000 + 2 * (number % 60)));
    const std::string_view id = "Call-ID: ";
    invite.insert(invite.find(id) + id.size(), concat("call-", number, "-of-"));
    send(of_device, Port{5060}, Ip4::of(11, 0, 0, 2), Port{5060}, invite);
}

void Full::registration(unsigned number) const {
    const unsigned of_device = number % kDevices;
    const Port from{static_cast<std::uint16_t>(5100 + number / kDevices)};
    send(of_device, from, Ip4::of(11, 0, 0, 3), Port{5060},
         sip_request("REGISTER", device(of_device).to_string(), "UDP", number + 1));
}

void Full::fill() {
    tell("nothing");
    DhcpStorm storm(house_.phone, 150);
    BOOST_TEST(storm.run(120s).has_value());
    tell("leases");
    fill("asked_ports", 2048, [this](unsigned each) {
        const unsigned n = each % 2048;
        ByteWriter map;  // RFC 6886 section 3.3
        const auto port = static_cast<std::uint16_t>(30000 + n);
        map.u16(1);
        map.u16(0);
        map.u16(port);
        map.u16(port);
        map.u32(3600);
        send(n % kDevices, Port{4000}, Ip4::of(192, 168, 1, 1), Port{5351}, as_text(map.view()));
    });
    fill("calls", 1024, [this](unsigned n) { call(n % 1024); });
    fill("registrations", 10000, [this](unsigned n) { registration(n % 10000); });
    // What is left of the ports of each protocol.
    fill("mappings", mappings(), [this](unsigned n) {
        const unsigned number = n % kDevices;
        const Port from{static_cast<std::uint16_t>(6000 + n / 2 / kDevices * 37 % 59000)};
        const Ip4 to = Ip4::of(11, 0, 0, 2);
        if (n % 2 == 0) return send(number, from, to, Port{9}, "x");
        wire_.send(tcp4_frame({pc_, inside_, device(number), to}, {from, Port{9}, n, 0, kSyn}, {}));
    });
}

void Full::go_on() {
    const auto is_served = [this] {
        const UdpSocket server = house_.internet.udp("11.0.0.2:7001");
        return eventually([&] { return Verdict(seen_by(server, house_.console.udp()) != kNobody); },
                          20s);
    };
    const Ran all = router_.cli({"mappings", "--json"}, 60s);
    BOOST_TEST(all.ended.code == 0);
    tell("listed");
    house_.router.nft("delete table inet gatehouse");
    BOOST_TEST(eventually([this] { return memory_and_kernel_agree(router_); }, 60s));
    tell("rules put back");
    router_.kill_9();
    router_.start();
    BOOST_TEST(eventually([this] { return memory_and_kernel_agree(router_); }, 60s));
    tell("started again");
    // What there is may not grow, and what ends makes room.
    house_.router.run({"conntrack", "-F"}, 60s);
    BOOST_TEST(is_served());
    tell("sessions over");
}

}  // namespace

// It makes a cgroup to live in, so run.sh names it.
BOOST_AUTO_TEST_SUITE(full, *boost::unit_test::disabled())

BOOST_AUTO_TEST_CASE(a_small_router_with_full_tables_goes_on) {
    Full full;
    full.fill();
    full.go_on();
}

BOOST_AUTO_TEST_SUITE_END()
