// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a forward costs in the engine and in the gateway device together.
#include "tests/support/counted_heap.h"

#ifndef GATEHOUSE_FOREIGN_ALLOCATOR
#include <boost/test/unit_test.hpp>

#include "tests/nat/support/house.h"
#include "upnp/claims.h"

using namespace gatehouse;
using namespace gatehouse::test;
using namespace gatehouse::upnp;

namespace {

// Forwards of one device, each batch answered; the effects are thrown away.
class Filler {
  public:
    explicit Filler(nat::OwnerKind kind)
        : kind_(kind), engine_(config(), hosts_, EngineOptions{{1, 2}, 131072}, now_) {
        hosts_.publish(kHost, HostSource::neighbour, parse_mac("02:00:00:00:00:10"));
        authority_.configure(config().upnp);
        authority_.set_lans({{"lan", {{Ip4::of(192, 168, 1, 1), 24}}, {}}});
        engine_.handle(OutsideChanged{{kOutside}}, now_, edits_);
        engine_.handle(AdoptElements{}, now_, edits_);
        forget();
    }

    void make(std::uint32_t from, std::uint32_t to) {
        for (std::uint32_t n = from; n < to; ++n) {
            now_ += 1ms;
            MapWish wish;
            wish.kind = kind_;
            if (kind_ == OwnerKind::pcp) wish.nonce = to_hex(as_bytes("twelve bytes"));
            wish.client = kHost;
            wish.inside = {kHost, Port{static_cast<std::uint16_t>(40000 + n)}};
            wish.outside = wish.inside.port;
            wish.must_have_port = true;
            wish.lifetime = 3600s;
            wish.description = "a game";
            BOOST_REQUIRE(claims_.map(wish, now_).ok());
            claims_.write_journal(now_, effects_);
            forget();
        }
    }

  private:
    static constexpr Ip4 kHost = Ip4::of(192, 168, 1, 10);

    static config::Config config() {
        config::Config out = default_config();
        out.upnp.host_quota = out.upnp.quota = 20000;
        return out;
    }

    void forget() {
        engine_.flush(edits_);
        if (!edits_.batches.empty()) {
            engine_.handle(Committed{edits_.batches.back().id}, now_, edits_);
        }
        edits_.clear();
        effects_.clear();
    }

    OwnerKind kind_;
    Hosts hosts_;
    Instant now_{Instant{} + 1000s};
    nat::Effects edits_;
    upnp::Effects effects_;
    Engine engine_;
    Authority authority_{hosts_};
    Claims claims_{engine_, hosts_, authority_};
};

}  // namespace

#ifdef _LIBCPP_VERSION  // whose tables are a little larger
constexpr std::size_t kMost = 410;
#else
constexpr std::size_t kMost = 400;
#endif

BOOST_AUTO_TEST_SUITE(memory)

BOOST_AUTO_TEST_CASE(a_forward_takes_no_more_than_400_bytes_in_every_language) {
    for (const auto kind : {OwnerKind::igd, OwnerKind::natpmp, OwnerKind::pcp}) {
        Filler filler(kind);
        filler.make(0, 1);
        const std::size_t before = live_bytes;
        std::uint32_t made = 1;
        for (const std::uint32_t upto : {1000U, 3200U, 8200U, 10000U, 16000U}) {
            filler.make(made, upto);
            made = upto;
            const std::size_t each = (live_bytes - before) / made;
            BOOST_TEST_MESSAGE(to_string(kind) << ", " << made << ": " << each << " bytes each");
            BOOST_TEST(each <= kMost);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

#endif
