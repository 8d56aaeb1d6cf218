// SPDX-License-Identifier: GPL-2.0-or-later
//
// What single parts cost in memory, without a kernel: the engine's answer to a first packet, a
// STUN answer, reading a large configuration, and a message of a phone on its way out.
#include <benchmark/benchmark.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "alg/alg.h"
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

    // Of the calls of its service.
    void commit() {
        effects_.clear();
        engine_.flush(effects_);
        if (!effects_.batches.empty()) {
            const nat::BatchId last = effects_.batches.back().id;
            effects_.clear();
            engine_.handle(nat::Committed{last}, kStart, effects_);
        }
    }

    std::size_t mappings() const { return engine_.counts().mappings; }
    nat::MappingService& service() { return engine_; }

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

std::string sip_request(std::string_view method, std::uint32_t n, std::string_view body) {
    const std::string host = first_packet(n).inside.to_string();
    return concat(method, " sip:bob@example.net SIP/2.0\r\nVia: SIP/2.0/UDP ", host,
                  ";branch=z9hG4bK-524287-1---a5d9c7f0b1e2;rport\r\nMax-Forwards: 70\r\n"
                  "Contact: <sip:alice@",
                  host, ">\r\nTo: <sip:bob@example.net>\r\nFrom: <sip:alice@example.net>;tag=", n,
                  "\r\nCall-ID: ", n, "\r\nCSeq: 1 ", method,
                  "\r\nAllow: INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, MESSAGE, OPTIONS, INFO\r\n"
                  "User-Agent: phone 1.0\r\nExpires: 3600\r\nContent-Type: application/sdp\r\n"
                  "Content-Length: ",
                  body.size(), "\r\n\r\n", body);
}

// A phone with as many registered others beside it.
class Telephony {
  public:
    explicit Telephony(std::uint32_t registered)
        : router_(config_of(config::NatType::restricted_cone)),
          alg_({config::SipMode::automatic, {Port{5060}}}, router_.service()) {
        router_.tell(first_packet(0));
        for (std::uint32_t i = 1; i <= registered; ++i) {
            // One host may not register as many as the ports that it has here.
            constexpr std::uint32_t kApart = 4;
            const std::uint32_t n = i * kApart;
            router_.tell(first_packet(n));
            const std::string text = sip_request("REGISTER", n, "");
            const std::string sent = pass(n, text, true);
            (void)pass(n, concat("SIP/2.0 200 OK", sent.substr(sent.find("\r\n"))), false);
        }
    }

    std::string pass(std::uint32_t n, std::string_view text, bool outward) {
        effects_.clear();
        const nat::FirstPacket flow = first_packet(n);
        alg_.handle(sip::Datagram{1, outward, flow.inside, flow.remote, text}, kStart, effects_);
        router_.commit();
        return effects_.verdicts.at(0).payload.value_or(std::string(text));
    }

    const sip::Alg& alg() const { return alg_; }

  private:
    Router router_;
    sip::Alg alg_;
    sip::Effects effects_;
};

// Read, edited and written, within a call that stands.
void sip_invites(benchmark::State& state) {
    Telephony telephony(static_cast<std::uint32_t>(state.range(0)));
    const std::string address = first_packet(0).inside.address.to_string();
    const std::string invite = sip_request(
        "INVITE", 0,
        concat("v=0\r\no=alice 1 1 IN IP4 ", address, "\r\ns=-\r\nc=IN IP4 ", address,
               "\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\n"
               "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"));
    for (auto _ : state) {
        if (telephony.pass(0, invite, true).find(address) != std::string::npos) {
            return state.SkipWithError("the message still names the phone's address");
        }
    }
    state.SetItemsProcessed(state.iterations());
    state.counters["registered"] = static_cast<double>(telephony.alg().registrations());
}
BENCHMARK(sip_invites)->Arg(0)->Arg(10'000);

}  // namespace
}  // namespace gatehouse::bench

BENCHMARK_MAIN();
