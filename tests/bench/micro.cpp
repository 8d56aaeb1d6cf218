// SPDX-License-Identifier: GPL-2.0-or-later
//
// What single parts cost in memory, without a kernel: the engine's answer to a first packet, a
// STUN answer, and reading a large configuration.
#include <benchmark/benchmark.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "gateway/base/text.h"
#include "gateway/config/loader.h"
#include "gateway/nat/engine.h"
#include "gateway/stun/server.h"

namespace gatehouse::bench {
namespace {

constexpr Instant kStart{1000s};
constexpr std::uint32_t kPortsPerHost = 250;
constexpr std::uint32_t kEndpoints = 50'000;  // of one engine: an outside address has 64,512 ports

// An engine whose every batch is committed at once, as if the kernel took no time.
class Router {
  public:
    explicit Router(const config::Config& config)
        : engine_(config, hosts_, nat::EngineOptions{{1, 2}}, kStart) {
        tell(nat::OutsideChanged{{Ip4::of(11, 0, 0, 1)}});
        tell(nat::AdoptElements{});
    }

    void tell(const nat::Event& event) {
        effects_.clear();
        engine_.handle(event, kStart, effects_);
        if (effects_.batches.empty()) return;
        const nat::BatchId last = effects_.batches.back().id;
        effects_.clear();
        engine_.handle(nat::Committed{last}, kStart, effects_);
    }

    std::size_t mappings() const { return engine_.counts().mappings; }

  private:
    nat::Hosts hosts_;
    nat::Engine engine_;
    nat::Effects effects_;
};

nat::FirstPacket first_packet(std::uint32_t n) {
    nat::FirstPacket packet;
    packet.token = n;
    packet.inside = {Ip4{Ip4::of(192, 168, 1, 11).value + n / kPortsPerHost},
                     Port{static_cast<std::uint16_t>(1024 + n)}};
    packet.remote = {Ip4::of(11, 0, 0, 2), Port{7000}};
    return packet;
}

config::Config config_of(config::NatType type) {
    config::Config config;
    config.gateway.wan = "wan";
    config.gateway.lan = {"lan"};
    config.nat.type = type;
    config.nat.mapping = config::behaviour_of(type).mapping;
    config.nat.filtering = config::behaviour_of(type).filtering;
    return config;
}

void first_packets(benchmark::State& state, config::NatType type) {
    const config::Config config = config_of(type);
    std::optional<Router> router;
    std::uint32_t next = kEndpoints;
    for (auto _ : state) {
        if (next == kEndpoints) {
            state.PauseTiming();
            router.emplace(config);
            next = 0;
            state.ResumeTiming();
        }
        router->tell(first_packet(next++));
    }
    if (router->mappings() != next) state.SkipWithError("a first packet got no mapping");
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(first_packets, restricted_cone, config::NatType::restricted_cone);
BENCHMARK_CAPTURE(first_packets, symmetric, config::NatType::symmetric);

// Each from another network and a second after the last one, so that no limit is met.
void stun_answers(benchmark::State& state) {
    stun::ServerConfig config;
    config.address = Ip4::of(11, 0, 0, 2);
    config.alternate_address = Ip4::of(11, 0, 0, 3);
    stun::Server server(config, HashKey{1, 2});
    stun::Message request;
    request.id.bytes = {0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    const std::vector<std::uint8_t> bytes = stun::write_message(request);
    stun::Arrival arrival;
    arrival.datagram = bytes;
    Instant now = kStart;
    std::uint32_t network = 0;
    for (auto _ : state) {
        arrival.source = {Ip4{Ip4::of(12, 0, 0, 1).value + (network++ % 65536 << 8U)}, Port{5000}};
        const auto answer = server.handle(arrival, now += 1s);
        if (!answer) return state.SkipWithError("no answer");
        benchmark::DoNotOptimize(answer->bytes.data());
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(stun_answers);

std::string large_configuration(std::uint32_t sections) {
    std::string out = "config gateway 'main'\n\toption wan 'eth0'\n\tlist lan 'br-lan'\n";
    for (std::uint32_t n = 1; n < sections; ++n) {
        append(out, "config forward 'f", n, "'\n\toption proto 'udp'\n\toption outside '", 1024 + n,
               "'\n\toption inside '192.168.1.10:", 1024 + n, "'\n");
    }
    return out;
}

void configuration_sections(benchmark::State& state) {
    constexpr std::uint32_t kSections = 10'000;
    const std::string text = large_configuration(kSections);
    for (auto _ : state) {
        const config::ConfigResult result = config::load_config(text, "large");
        if (!result.config || result.config->forwards.size() != kSections - 1)
            return state.SkipWithError("the configuration is not read");
    }
    state.SetItemsProcessed(state.iterations() * kSections);
}
BENCHMARK(configuration_sections)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gatehouse::bench

BENCHMARK_MAIN();
