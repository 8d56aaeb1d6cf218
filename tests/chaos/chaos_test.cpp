// SPDX-License-Identifier: GPL-2.0-or-later
//
// A house with everything in it, and a random walk over everything that happens to routers. After
// each step nothing may have been lost, nothing may have come back that was given up, nobody may
// have come in, and the router must answer.
//
//   phone   .20 --+
//   console .30 --+                                       11.0.0.2 .3 servers
//   tv      .40 --+-- br-lan 192.168.1.1 [router] wan0 ---- 11.0.0.4 a stranger
//   pc      .10 --+   (floods; and devices that ask for addresses)
//
// GATEHOUSE_SEED chooses the walk, GATEHOUSE_CHAOS_SECONDS its length.
#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include "gateway/base/text.h"
#include "tests/chaos/devices.h"
#include "tests/chaos/faults.h"
#include "tests/chaos/traffic.h"
#include "tests/lab/support/crowd.h"
#include "tests/lab/support/sip.h"
#include "tests/world/seeds.h"

using namespace gatehouse;
using namespace gatehouse::chaos;

namespace {

using Clock = std::chrono::steady_clock;

// Of a daemon that has borne a flood of 6,000 new flows.
constexpr std::size_t kMostKilobytes = 24U * 1024U;
// A machine that does much else at the same time takes its part of the second that it may take.
constexpr Duration kSoon = 3s;

std::chrono::seconds length_of_walk() {
    const char* text = std::getenv("GATEHOUSE_CHAOS_SECONDS");
    return std::chrono::seconds(text == nullptr ? 100 : parse_number<int>(text).value_or(100));
}

double milliseconds(Duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

class Walk {
  public:
    explicit Walk(std::uint64_t seed);

    void go(std::chrono::seconds length);
    void print() const;

  private:
    void step();
    void begin_anew();
    void call();
    Verdict is_in_order();
    Verdict answers();
    Verdict counts_add_up() const;
    std::uint64_t leaked() const;
    std::size_t descriptors() const;
    std::size_t kilobytes() const;

    SeededRandom random_;
    House house_;
    Host& tv_ = house_.add_host("tv", {"192.168.1.40/24"});
    std::vector<const Host*> devices_{&house_.phone, &house_.console, &tv_};
    // Where the daemon keeps its state must be there before it.
    bool disk_ = (make_state_disk(house_), true);
    Router router_{house_, configuration()};
    Ground ground_{house_, router_, random_};
    UdpSocket phone_ = house_.phone.udp("192.168.1.20:5060");
    UdpSocket registrar_ = house_.internet.udp("11.0.0.2:5060");
    Traffic traffic_{house_, devices_};
    Devices wishes_{house_, router_, devices_, random_};
    unsigned calls_ = 0;
    std::map<std::size_t, std::string> faces_;
    std::map<std::string, int> happened_;
    std::uint64_t leaked_ = 0, leaked_without_rules_ = 0;
    Duration slowest_{};
    std::size_t most_descriptors_ = 0, most_kilobytes_ = 0;
    int steps_ = 0;
};

Walk::Walk(std::uint64_t seed) : random_(seed) {
    house_.internet.nft(
        "table inet watch { counter leaked { }; chain in { type filter hook prerouting priority "
        "raw; iifname \"net0\" ip saddr 192.168.0.0/16 counter name leaked; }; }");
    begin_anew();
}

// The phone calls, or tells the other side of a call where it is now.
void Walk::call() {
    std::string got;
    BOOST_REQUIRE(eventually(
        [&]() -> Verdict {
            phone_.send_to("11.0.0.2:5060", sip_request("INVITE", "192.168.1.20", "UDP", ++calls_,
                                                        sdp("192.168.1.20", 40000)));
            const auto request = registrar_.receive(500ms);
            if (!request || !has(request->data, concat("c=IN IP4 ", ground_.address, "\r\n"))) {
                return no_because(request ? request->data : "no INVITE");
            }
            got = request->data;
            registrar_.send_to(request->from, sip_answer("200 OK", got, sdp("11.0.0.3", 9000)));
            return Verdict(phone_.receive(500ms).has_value());
        },
        kPatience));
    // What began within the last two seconds before the daemon dies is not yet on the disk.
    BOOST_REQUIRE(eventually(
        [&] {
            return house_.router.run({"grep", "-q", "11.0.0.3:9000", "/run/state/calls"}).ok();
        },
        kPatience));
    traffic_.talk_to(concat(ground_.address, ":", number_after(got, "m=audio ")));
}

void Walk::begin_anew() {
    BOOST_REQUIRE(answers());
    traffic_.connect();
    call();
    const Verdict flows = traffic_.flows(ground_.address, kPatience);
    BOOST_REQUIRE_MESSAGE(flows, flows.message());
    faces_ = traffic_.faces();
}

std::uint64_t Walk::leaked() const {
    return number_after(
        house_.internet.run({"nft", "list", "counter", "inet", "watch", "leaked"}).out, "packets ");
}

std::size_t Walk::descriptors() const {
    std::error_code ignored;
    std::filesystem::directory_iterator all(concat("/proc/", router_.pid(), "/fd"), ignored);
    return static_cast<std::size_t>(std::distance(all, std::filesystem::directory_iterator()));
}

std::size_t Walk::kilobytes() const {
    std::ifstream file(concat("/proc/", router_.pid(), "/status"));
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::size_t at = text.find("VmRSS:");
    return at == std::string::npos
               ? 0
               : number_after(text, text.substr(at, text.find_first_of("0123456789", at) - at));
}

// The control socket, devices that ask for ports, a flow that has not been before.
Verdict Walk::answers() {
    const auto began = Clock::now();
    const Verdict status = eventually(
        [&] {
            return Verdict(router_.cli({"status", "--json"}).says(ground_.address));
        },
        kPatience);
    if (!status) return status;
    const auto told = wishes_.time_to_answer(ground_.address);
    if (!told) return no_because("no device is told the address");
    const UdpSocket server = house_.internet.udp("11.0.0.2:7002");
    const Host& device = *devices_[random_.below(devices_.size())];
    const Verdict flow = eventually(
        [&] { return Verdict(seen_by(server, device.udp()).starts_with(ground_.address + ":")); },
        kPatience);
    if (!flow) return flow;
    slowest_ = std::max(slowest_, std::chrono::duration_cast<Duration>(Clock::now() - began));
    return true;
}

Verdict Walk::counts_add_up() const {
    const std::string metrics =
        house_.router
            .run({"curl", "-s", "--unix-socket", router_.control(), "http://gatehouse/metrics"})
            .out;
    const auto value = [&](std::string_view name) {
        return number_after(metrics, concat("\n", name, " "));
    };
    const unsigned leases = value(R"(gatehouse_leases{state="bound"})");
    if (leases != wishes_.leases()) {
        return no_because(concat("leases: ", leases, " of ", wishes_.leases()));
    }
    const unsigned asked = value(R"(gatehouse_table_entries{table="asked_ports"})");
    if (asked != wishes_.ports()) {
        return no_because(concat("asked ports: ", asked, " of ", wishes_.ports()));
    }
    if (value("gatehouse_sip_calls") != 1) {
        return no_because(concat("calls: ", value("gatehouse_sip_calls")));
    }
    return true;
}

Verdict Walk::is_in_order() {
    if (const Verdict here = answers(); !here) return here;
    if (const Verdict flows = traffic_.flows(ground_.address, kPatience); !flows) return flows;
    if (const auto now = traffic_.faces(); now != faces_) {
        for (const auto& [number, face] : now) {
            if (face != faces_.at(number)) {
                return no_because(
                    concat("flow ", number, " was ", faces_.at(number), ", is ", face));
            }
        }
    }
    if (const Verdict kept = wishes_.has_what_was_promised(ground_.address); !kept) return kept;
    if (const Verdict right = eventually([&] { return counts_add_up(); }, kPatience); !right) {
        return right;
    }
    return memory_and_kernel_agree(router_);
}

void Walk::step() {
    const auto faults = all_faults();
    const Fault& fault = faults[random_.below(faults.size())];
    ++happened_[fault.name];
    ++steps_;
    BOOST_TEST_CONTEXT("step " << steps_ << ": " << fault.name) {
        if (fault.ends_connections) traffic_.hang_up();
        if (fault.takes_rules_away) BOOST_REQUIRE(traffic_.hush());
        fault.happen(ground_);
        if (fault.takes_rules_away) {
            BOOST_REQUIRE(answers());
            traffic_.speak_again();
        }
        if (fault.ends_connections) begin_anew();
        const auto over = Clock::now();
        const Verdict order = is_in_order();
        std::printf("%4d %-28s in order after %5.0f ms\n", steps_, fault.name,
                    milliseconds(std::chrono::duration_cast<Duration>(Clock::now() - over)));
        BOOST_REQUIRE_MESSAGE(order, order.message());
        const std::uint64_t now = leaked();
        (fault.takes_rules_away ? leaked_without_rules_ : leaked_) +=
            now - leaked_ - leaked_without_rules_;
        BOOST_REQUIRE_MESSAGE(leaked_ == 0, leaked_ << " packets left with an inside address");
        most_descriptors_ = std::max(most_descriptors_, descriptors());
        most_kilobytes_ = std::max(most_kilobytes_, kilobytes());
        for (int wishes = 0; wishes < 3; ++wishes) {
            const std::string wrong = wishes_.want_something();
            BOOST_REQUIRE_MESSAGE(wrong.empty(), wrong);
        }
    }
}

void Walk::go(std::chrono::seconds length) {
    const auto end = Clock::now() + length;
    const std::size_t descriptors_at_first = descriptors();
    while (Clock::now() < end)
        step();
    // Those of one connection or another may just be open.
    BOOST_TEST(most_descriptors_ <= descriptors_at_first + 12);
    BOOST_TEST(most_kilobytes_ < kMostKilobytes);
    BOOST_TEST(slowest_ < kSoon, "served again after " << milliseconds(slowest_) << " ms");
}

void Walk::print() const {
    std::printf("%d steps, %zu ports and %zu leases at the end\n", steps_, wishes_.ports(),
                wishes_.leases());
    for (const auto& [name, count] : happened_)
        std::printf("  %3d x %s\n", count, name.c_str());
    std::printf(
        "slowest to serve again %.0f ms; descriptors %zu, memory %zu KiB at the most; "
        "%llu packets left untranslated while rules were gone\n",
        milliseconds(slowest_), most_descriptors_, most_kilobytes_,
        static_cast<unsigned long long>(leaked_without_rules_));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_house_in_which_everything_happens_loses_nothing) {
    world::for_each_seed(1, [](std::uint64_t seed) {
        std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
        Walk walk(seed);
        walk.go(length_of_walk());
        walk.print();
    });
}
