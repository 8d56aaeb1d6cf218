// SPDX-License-Identifier: GPL-2.0-or-later
//
// New mappings: how many per second, what each costs in memory, and how long its first packet
// waits.
#include "gateway/base/text.h"
#include "tests/bench/measures.h"
#include "tests/bench/support/drive.h"

namespace gatehouse::bench {
namespace {

constexpr std::uint64_t kMappingsForRate = 20'000;
constexpr std::uint64_t kMappingsForMemory = 50'000;

void memory(const Path& path, const Generator& generator, const Sink& sink, Results& results) {
    const bool daemon = has_daemon(path.way);
    const std::uint64_t have = generator.position();
    const std::uint64_t kernel = kernel_bytes();
    const std::uint64_t resident = daemon ? resident_bytes(path.daemon()) : 0;
    const std::uint64_t mapped = path.mappings();
    path.drive(path.house.phone,
               [&] { return convey(path, generator, sink, kMappingsForMemory - have); });
    const std::uint64_t more = growth(mapped, path.mappings());
    if (more == 0) return;
    results.add("memory-kernel", path.way, growth(kernel, kernel_bytes()) / more);
    if (!daemon) return;
    results.add("memory-daemon", path.way, growth(resident, resident_bytes(path.daemon())) / more);
}

}  // namespace

void measure_new_mappings(Way way, const Settings& settings, Results& results) {
    const Path path(way, settings.cores);
    const Sink sink = path.sink_on_internet();
    const Generator generator = path.from_phone(inside_traffic(kMostEndpoints));
    const std::uint64_t mapped = path.mappings();
    Passed passed = path.drive(path.house.phone,
                               [&] { return convey(path, generator, sink, kMappingsForRate); });
    // A packet that left without a mapping was masqueraded because the daemon was too slow.
    if (way != Way::forwarding)
        passed.packets = std::min(passed.packets, growth(mapped, path.mappings()));
    results.add("new-mappings", way, passed.per_second());
    results.add("new-mappings-share", way, passed.router_percent());
    memory(path, generator, sink, results);
}

void measure_first_packet(Way way, const Settings& settings, Results& results) {
    const Path path(way, settings.cores);
    Sink sink = path.sink_on_internet();
    sink.set_mode(Sink::Mode::age);
    const Generator generator = path.from_phone(inside_traffic(kMostEndpoints));
    const auto measure = [&](const std::string& row, std::uint64_t packets, std::uint64_t rate) {
        sink.forget_ages();
        const Passed passed =
            path.drive(path.house.phone, [&] { return pace(generator, sink, packets, rate); });
        results.add(concat(row, "-p50"), way, microseconds(sink.age(500)));
        results.add(concat(row, "-p99"), way, microseconds(sink.age(990)));
        results.add(concat(row, "-lost"), way, passed.lost);
    };
    path.drive(path.house.phone, [&] { return pace(generator, sink, 20, 200); });
    measure("first-packet-idle", settings.quick ? 100 : 500, 250);
    measure("first-packet-10k", settings.quick ? 3000 : 20'000, 10'000);
}

}  // namespace gatehouse::bench
