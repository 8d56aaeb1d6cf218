// SPDX-License-Identifier: GPL-2.0-or-later
//
// What calls and registrations cost with the NAT engine behind them: bytes of the heap, and time of
// the processor as one adds up on the other.
#include <malloc.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <ctime>
#include <memory>

#include "alg/alg.h"
#include "gateway/base/text.h"
#include "gateway/nat/engine.h"

using namespace gatehouse;

namespace {

constexpr std::uint32_t kPhonesOfHost = 32;
const Endpoint4 kProvider{Ip4::of(11, 0, 9, 1), Port{5060}};

// The gateway on an engine whose every batch is committed at once. Phones are numbered.
class Telephony {
  public:
    Telephony()
        : engine_({}, hosts_, nat::EngineOptions{{1, 2}}, now_),
          alg_({config::SipMode::automatic, {Port{5060}}}, engine_) {
        tell(nat::OutsideChanged{{Ip4::of(11, 0, 0, 1)}});
        tell(nat::AdoptElements{});
    }

    static Endpoint4 phone(std::uint32_t n) {
        return {Ip4{Ip4::of(192, 168, 0, 1).value + n / kPhonesOfHost},
                Port{static_cast<std::uint16_t>(2048 + n)}};
    }
    std::string out(std::uint32_t n, std::string_view text) {
        if (!engine_.outside_of(Proto::udp, phone(n), kProvider))
            tell(nat::FirstPacket{n, Proto::udp, phone(n), kProvider});
        return pass(n, true, text);
    }
    void in(std::uint32_t n, std::string_view text) { pass(n, false, text); }

    // An established call with sound and picture.
    void call(std::uint32_t n) {
        const std::string own = phone(n).address.to_string();
        const std::string asked = out(n, text("INVITE", n, description(own, n)));
        const std::size_t body = asked.find("\r\n\r\n");
        in(n, concat("SIP/2.0 200 OK", asked.substr(asked.find("\r\n"), body + 4),
                     description("11.0.9.9", n)));
    }
    void register_phone(std::uint32_t n) {
        const std::string asked = out(n, text("REGISTER", n, {}));
        in(n, concat("SIP/2.0 200 OK", asked.substr(asked.find("\r\n"))));
    }
    const sip::Alg& alg() const { return alg_; }

  private:
    static std::string description(std::string_view address, std::uint32_t n) {
        const std::uint32_t port = 20000 + n % kPhonesOfHost * 4;
        return concat("v=0\r\no=phone 1 1 IN IP4 ", address, "\r\ns=-\r\nc=IN IP4 ", address,
                      "\r\nt=0 0\r\nm=audio ", port, " RTP/AVP 8\r\nm=video ", port + 2,
                      " RTP/AVP 96\r\n");
    }
    static std::string text(std::string_view method, std::uint32_t n, std::string_view body) {
        return concat(method, " sip:bob@example.net SIP/2.0\r\nVia: SIP/2.0/UDP ",
                      phone(n).to_string(), ";branch=z9hG4bK", n,
                      ";rport\r\nFrom: <sip:alice-of-the-house@example.net>;tag=8a7b6c5d", n,
                      "\r\nTo: <sip:bob-of-another-house@example.net>\r\n"
                      "Call-ID: 0f7e6d5c4b3a29180f7e6d5c4b3a2918",
                      n, "@", phone(n).address.to_string(), "\r\nCSeq: 1 ", method,
                      "\r\nContact: <sip:alice@", phone(n).to_string(),
                      ">\r\nExpires: 3600\r\nContent-Type: application/sdp\r\n\r\n", body);
    }
    std::string pass(std::uint32_t n, bool outward, std::string_view text) {
        effects_.clear();
        alg_.handle(sip::Datagram{1, outward, phone(n), kProvider, text}, now_, effects_);
        commit();
        return effects_.verdicts.at(0).payload.value_or(std::string(text));
    }
    void tell(const nat::Event& event) {
        engine_.handle(event, now_, nat_);
        commit();
    }
    void commit() {
        engine_.flush(nat_);
        const nat::BatchId last = nat_.batches.empty() ? 0 : nat_.batches.back().id;
        nat_.clear();
        if (last != 0) engine_.handle(nat::Committed{last}, now_, nat_);
        nat_.clear();
    }

    Instant now_{Instant{} + 1000s};
    nat::Hosts hosts_;
    nat::Engine engine_;
    sip::Alg alg_;
    nat::Effects nat_;
    sip::Effects effects_;
};

double processor_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(burden)

BOOST_AUTO_TEST_CASE(a_dialog_takes_no_more_than_4_kib) {
    const auto in_use = []() -> std::size_t {
#ifdef __GLIBC__
        return ::mallinfo2().uordblks;
#else
        return 0;
#endif
    };
    const auto telephony = std::make_unique<Telephony>();
    telephony->call(0);
    const std::size_t before = in_use();
    if (before == 0) {
        BOOST_TEST_MESSAGE("only the allocator of glibc tells what is in use");
        return;
    }
    constexpr std::uint32_t kCalls = 1000;
    for (std::uint32_t n = 1; n <= kCalls; ++n)
        telephony->call(n);
    BOOST_REQUIRE(telephony->alg().calls().size() == kCalls + 1);
    BOOST_REQUIRE(telephony->alg().streams() == 2 * (kCalls + 1));
    const std::size_t each = (in_use() - before) / kCalls;
    BOOST_TEST_MESSAGE("a dialog with two streams: " << each << " bytes");
    BOOST_TEST(each <= 4096U);
}

BOOST_AUTO_TEST_CASE(ten_thousand_registrations_do_not_slow_the_next_one) {
    constexpr std::uint32_t kAll = 10000;
    constexpr std::uint32_t kBatch = 250;
    const auto telephony = std::make_unique<Telephony>();
    std::vector<double> spent;
    for (std::uint32_t n = 0; n < kAll; n += kBatch) {
        const double begin = processor_seconds();
        for (std::uint32_t i = n; i < n + kBatch; ++i)
            telephony->register_phone(i);
        spent.push_back(processor_seconds() - begin);
    }
    BOOST_REQUIRE(telephony->alg().registrations() == kAll);
    // The best of some, for whatever else the machine does.
    const double few = *std::min_element(spent.begin(), spent.begin() + 8);
    const double many = *std::min_element(spent.end() - 8, spent.end());
    BOOST_TEST_MESSAGE("microseconds for one: " << few / kBatch * 1e6 << " with few, "
                                                << many / kBatch * 1e6 << " with many");
    // If each looked at all others it would be some twenty times as slow.
    BOOST_TEST(many < few * 4);
}

BOOST_AUTO_TEST_SUITE_END()
