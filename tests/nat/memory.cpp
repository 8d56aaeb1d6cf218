// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a mapping costs: bytes by a counting allocator, and edits by counting them.
#include "tests/support/counted_heap.h"

#ifndef GATEHOUSE_FOREIGN_ALLOCATOR
#include <boost/test/unit_test.hpp>
#include <memory>

#include "gateway/nat/engine.h"
#include "tests/nat/support/house.h"

using namespace gatehouse;
using namespace gatehouse::test;

namespace {

// Mappings of many hosts, each batch answered; the effects are thrown away.
class Filler {
  public:
    explicit Filler(const config::Config& config)
        : engine_(std::make_unique<Engine>(config, hosts_, EngineOptions{{1, 2}, 131072}, now_)) {
        engine_->handle(OutsideChanged{{kOutside}}, now_, effects_);
        engine_->handle(AdoptElements{}, now_, effects_);
        effects_.clear();
    }

    void make(std::uint32_t from, std::uint32_t to) {
        for (std::uint32_t n = from; n < to; ++n) {
            const Endpoint4 inside{Ip4{0xc0a80000U + n % 250},
                                   Port{static_cast<std::uint16_t>(1024 + n)}};
            engine_->handle(FirstPacket{n, Proto::udp, inside, at(kServer, 80)}, now_, effects_);
            engine_->handle(Committed{effects_.batches.back().id}, now_, effects_);
            effects_.clear();
        }
    }
    const Engine& engine() const { return *engine_; }

  private:
    Hosts hosts_;
    Instant now_{Instant{} + 1000s};
    Effects effects_;
    std::unique_ptr<Engine> engine_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(memory)

BOOST_AUTO_TEST_CASE(a_mapping_takes_no_more_than_160_bytes_in_every_type) {
    for (const auto type : {config::NatType::full_cone, config::NatType::restricted_cone,
                            config::NatType::symmetric}) {
        config::Config config = config_of(type);
        config.nat.host_mappings = 65536;
        Filler filler(config);
        filler.make(0, 1);  // the pool of the protocol
        const std::size_t before = live_bytes;
        std::uint32_t made = 1;
        // Where an index has just grown is the worst place.
        for (const std::uint32_t upto : {4000U, 12300U, 24600U, 49200U, 60000U}) {
            filler.make(made, upto);
            made = upto;
            const std::size_t each = (live_bytes - before) / made;
            BOOST_TEST_MESSAGE(made << " mappings: " << each << " bytes each");
            BOOST_TEST(each <= 160U);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_first_packet_of_a_warm_engine_allocates_next_to_nothing) {
    config::Config config = default_config();
    config.nat.host_mappings = 65536;
    Filler filler(config);
    filler.make(0, 30000);
    const std::size_t before = allocations;
    filler.make(30000, 40000);
    BOOST_TEST(allocations - before < 200U);
}

BOOST_AUTO_TEST_SUITE_END()

#endif
