// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the daemon sees: the first packet of an endpoint once, nothing of what follows, and nothing
// of what strangers send.
#include <unistd.h>

#include <map>
#include <set>

#include "gateway/base/text.h"
#include "tests/bench/measures.h"
#include "tests/bench/support/drive.h"
#include "tests/lab/support/capture.h"
#include "tests/lab/support/packet.h"

namespace gatehouse::bench {
namespace {

constexpr std::uint32_t kBurst = 10;
constexpr std::uint32_t kBurstFlows = 100;
constexpr std::uint64_t kScanPerSecond = 200'000;

void one_way(const Path& path, const Sink& sink, Results& results) {
    const Generator generator = path.from_phone(inside_traffic(1));
    const std::uint64_t before = path.queue_visits();
    const Passed passed =
        path.drive(path.house.phone, [&] { return pace(generator, sink, 50, 1000); });
    results.add("one-way-visits", path.way, path.queue_visits() - before);
    results.add("one-way-lost", path.way, passed.lost);
}

// Flow by flow, its packets back to back; the flow is told by its remote port.
void bursts(const Path& path, const Sink& sink, Results& results) {
    Traffic traffic = inside_traffic(1);
    traffic.source_port = {20'000, kBurst, kBurstFlows};
    traffic.destination_port = {9000, kBurst, kBurstFlows};
    const Generator generator = path.from_phone(traffic);
    const lab::Capture capture = path.house.router.capture(path.house.wan_interface());
    const std::uint64_t before = path.queue_visits();
    const Passed passed = path.drive(
        path.house.phone, [&] { return convey(path, generator, sink, kBurst * kBurstFlows); });
    std::map<std::string, std::set<std::string>> endpoints;
    for (const lab::Packet& packet : capture.packets()) {
        if (packet.is_udp() && packet.outgoing)
            endpoints[packet.flow.destination.to_string()].insert(packet.flow.source.to_string());
    }
    std::size_t most = 0;
    for (const auto& [flow, outside] : endpoints)
        most = std::max(most, outside.size());
    results.add("burst-flows", path.way, endpoints.size());
    results.add("burst-endpoints", path.way, most);
    results.add("burst-visits", path.way, path.queue_visits() - before);
    results.add("burst-lost", path.way, passed.lost);
}

std::uint64_t arrived_from_outside(const Path& path) {
    const std::string file =
        concat("/sys/class/net/", path.house.wan_interface(), "/statistics/rx_packets");
    const std::string text = path.house.router.inside([&] { return read_file(file); });
    return parse_number<std::uint64_t>(trim(text)).value_or(0);
}

void scan(const Path& path, const Sink& sink, const Settings& settings, Results& results) {
    Traffic traffic;
    traffic.source = {Ip4::of(11, 64, 0, 0).value, 1, 1U << 16U};
    traffic.source_port = {1024, 7, 60'000};
    traffic.destination = {Ip4::of(11, 0, 0, 1).value, 1, 1};
    traffic.destination_port = {1024, 1, 60'000};
    const Generator generator = path.from_internet(traffic);
    const std::uint64_t seconds = settings.quick ? 1 : 3;
    const Activity start = activity_of(path.daemon());
    ::sleep(static_cast<unsigned>(seconds));
    const Activity idle = activity_of(path.daemon());
    const std::uint64_t before = arrived_from_outside(path);
    path.drive(path.house.internet,
               [&] { return pace(generator, sink, kScanPerSecond * seconds, kScanPerSecond, 50); });
    const Activity end = activity_of(path.daemon());
    const std::uint64_t arrived = arrived_from_outside(path) - before;
    results.add("scan-packets", path.way, arrived / seconds);
    results.add("scan-idle-wake-ups", path.way, idle.wake_ups - start.wake_ups);
    results.add("scan-wake-ups", path.way, end.wake_ups - idle.wake_ups);
    results.add("scan-idle-run-time", path.way, microseconds(idle.run_time - start.run_time));
    results.add("scan-run-time", path.way, microseconds(end.run_time - idle.run_time));
}

}  // namespace

void measure_visits(Way way, const Settings& settings, Results& results) {
    const Path path(way, settings.cores);
    const Sink sink = path.sink_on_internet();
    one_way(path, sink, results);
    bursts(path, sink, results);
    scan(path, sink, settings, results);
}

}  // namespace gatehouse::bench
