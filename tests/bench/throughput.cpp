// SPDX-License-Identifier: GPL-2.0-or-later
//
// Packets and flows per second, with few and with many mappings.
#include <iostream>
#include <thread>

#include "gateway/base/text.h"
#include "tests/bench/measures.h"
#include "tests/bench/support/drive.h"

namespace gatehouse::bench {
namespace {

constexpr std::uint32_t kSomeEndpoints = 1000;
// The kernel has room for 262,144 sessions by default, of all the steps of a path.
constexpr std::uint64_t kMostNewFlows = 120'000;
constexpr std::uint64_t kMostNewFlowsOfStep = 30'000;

// Each endpoint sends a packet and gets an answer, and again after more than the two seconds from
// which on the kernel counts a flow of datagrams as established.
void settle(const Path& path, const Generator& generator, Sink& sink, std::uint32_t endpoints) {
    sink.set_mode(Sink::Mode::reflect);
    const Passed passed = convey(path, generator, sink, endpoints);
    std::this_thread::sleep_for(2100ms);
    convey(path, generator, sink, endpoints);
    sink.set_mode(Sink::Mode::drop);
    if (passed.lost * 100 > endpoints) {
        throw lab::LabError(concat(to_string(path.way), ": ", passed.lost, " of ", endpoints,
                                   " endpoints do not get through"));
    }
}

Duration flood_time(const Settings& settings) {
    return settings.quick ? 300ms : 1500ms;
}

void established(const Path& path, const Settings& settings, std::size_t bytes,
                 const std::string& row, Results& results) {
    Sink sink = path.sink_on_internet();
    Traffic traffic = inside_traffic(kSomeEndpoints);
    traffic.frame_bytes = bytes;
    const Generator generator = path.from_phone(traffic);
    const Passed passed = path.drive(path.house.phone, [&] {
        settle(path, generator, sink, kSomeEndpoints);
        return flood(path, generator, sink, flood_time(settings), UINT64_MAX);
    });
    results.add(row, path.way, passed.per_router_second());
    results.add(row + "-share", path.way, passed.router_percent());
}

}  // namespace

void measure_established(Way way, const Settings& settings, Results& results) {
    const Path path(way, settings.cores);
    established(path, settings, kSmallestFrame, "established-64", results);
    established(path, settings, 1400 + 14, "established-1400", results);
}

void measure_bulk(Way way, const Settings& settings, Results& results) {
    Path path(way, settings.cores);
    path.poll_internet_around();
    const std::string core = std::to_string(settings.cores.around);
    const lab::Process server =
        path.house.internet.start({"iperf3", "-s", "-1", "-A", core, "--forceflush"});
    if (const auto ready = server.wait_for_output("Server listening", 5s); !ready)
        throw lab::LabError(concat("iperf3 does not start: ", server.output()));
    const lab::Ran ran = path.house.phone.run(
        {"iperf3", "-c", "11.0.0.2", "-A", core, "-f", "m", "-t", settings.quick ? "1" : "3", "-J"},
        20s);
    const std::size_t sum = ran.out.find("\"sum_received\"");
    const std::string_view name = "\"bits_per_second\":";
    const std::size_t at = sum == std::string::npos ? sum : ran.out.find(name, sum);
    if (at == std::string::npos) throw lab::LabError(ran.to_string());
    results.add("tcp-bulk", way,
                static_cast<std::uint64_t>(std::stod(ran.out.substr(at + name.size())) / 1e6));
}

void measure_new_flows(Way way, const Settings& settings, Results& results) {
    const Path path(way, settings.cores);
    Sink sink = path.sink_on_internet();
    const Generator known = path.from_phone(inside_traffic(kSomeEndpoints));
    const Generator flows = path.from_phone(inside_traffic(kSomeEndpoints, true));
    const Passed passed = path.drive(path.house.phone, [&] {
        settle(path, known, sink, kSomeEndpoints);
        return flood(path, flows, sink, 5s, kMostNewFlows);
    });
    results.add("new-flows", way, passed.per_router_second());
    results.add("new-flows-share", way, passed.router_percent());
}

void measure_crowd(Way way, const Settings& settings, Results& results) {
    const Path path(way, settings.cores);
    Sink sink = path.sink_on_internet();
    for (const std::uint32_t endpoints : {0U, 1000U, 16'000U, kMostEndpoints}) {
        const std::uint32_t some = std::max(1U, endpoints);
        const Generator known = path.from_phone(inside_traffic(some));
        const Passed old = path.drive(path.house.phone, [&] {
            settle(path, known, sink, some);
            return flood(path, known, sink, flood_time(settings), UINT64_MAX);
        });
        results.add(concat("established-at-", endpoints), way, old.per_router_second());
        if (way == Way::symmetric) continue;
        const Generator flows = path.from_phone(inside_traffic(some, true));
        const Passed fresh = path.drive(
            path.house.phone, [&] { return flood(path, flows, sink, 5s, kMostNewFlowsOfStep); });
        results.add(concat("new-flows-at-", endpoints), way, fresh.per_router_second());
    }
}

}  // namespace gatehouse::bench
