// SPDX-License-Identifier: GPL-2.0-or-later
//
// Messages of two phones and their server in any order, with time between them. Whatever the order,
// the bounds hold; and when everything has run out nothing is left open.
#include <algorithm>

#include "gateway/base/text.h"
#include "tests/alg/support/house.h"
#include "tests/fuzz/support/require.h"

using namespace gatehouse;
using namespace gatehouse::sip;
using namespace gatehouse::sip::test;

namespace {

class Play {
  public:
    explicit Play(ByteReader& in) : in_(in) {}

    void step() {
        const unsigned kind = in_.u8() % 8;
        const Endpoint4 phone = in_.u8() % 2 == 0 ? kPhone : kSecond;
        if (kind == 0) return house_.jump(std::chrono::seconds(in_.u8() * 8));
        if (kind == 1) return move();
        const bool outward = in_.u8() % 2 == 0;
        const std::string text = message(phone, outward);
        (void)(outward ? house_.out(phone, text) : house_.in(phone, text));
        require(house_.alg.calls().size() <= Calls::kMost, "too many calls");
        require(house_.alg.streams() <= Alg::kStreamsPerCall * config::Sip{}.calls,
                "too many streams");
        require(house_.house.broken_batches == 0, "the kernel did not take it");
        check_written();
    }

    // What is read after a kill is what stands.
    void check_written() const {
        const auto stand = house_.alg.saved_calls(house_.house.now);
        for (const SavedCall& one : read_saved_calls(house_.written, house_.wall())) {
            const auto same = [&one](const SavedCall& other) {
                return other.call.id == one.call.id &&
                       other.call.inside.address == one.call.inside.address;
            };
            require(std::any_of(stand.begin(), stand.end(), same), "a call that has ended stands");
        }
    }

    void end() {
        house_.jump(26h);
        require(house_.alg.calls().size() == 0, "a call for ever");
        require(house_.alg.streams() == 0, "a stream for ever");
        require(house_.alg.registrations() == 0, "a registration for ever");
        require(house_.house.engine->forwards().empty(), "a port for ever");
        require(house_.house.agrees(), "the kernel has something else");
    }

  private:
    void move() {
        const Ip4 to = in_.u8() % 2 == 0 ? gatehouse::test::kOutside : gatehouse::test::kOutside2;
        house_.house.event(nat::OutsideChanged{{to}});
    }

    std::string message(Endpoint4 phone, bool outward) {
        static constexpr std::string_view kMethods[] = {"INVITE", "ACK",      "BYE",   "CANCEL",
                                                        "UPDATE", "REGISTER", "PRACK", "OPTIONS"};
        static constexpr std::string_view kStatus[] = {"100 a", "180 b", "200 c",
                                                       "302 d", "407 e", "487 f"};
        const std::string_view method = kMethods[in_.u8() % std::size(kMethods)];
        const unsigned shape = in_.u8();
        const Endpoint4 outside = house_.outside(phone);
        const bool mapped = outside != Endpoint4{};
        const std::string own = (outward ? phone : mapped ? outside : kServer).to_string();
        const std::string start = (shape & 1U) != 0
                                      ? concat("SIP/2.0 ", kStatus[in_.u8() % std::size(kStatus)])
                                      : concat(method, " sip:x@", own, " SIP/2.0");
        const std::string headers =
            concat(start, "\nVia: SIP/2.0/UDP ", own,
                   ";branch=1;rport\nFrom: <sip:a@x>;tag=1\nTo: <sip:b@x>",
                   (shape & 2U) != 0 ? ";tag=2" : "", "\nCall-ID: ", in_.u8() % 6,
                   "\nCSeq: ", in_.u8() % 3, " ", method, "\nContact: <sip:a@", own,
                   ">;expires=", in_.u8() * 16, "\n");
        if ((shape & 4U) == 0) return crlf(headers + "\n");
        const auto port = 40000 + in_.u8() % 16;
        const std::string address = parse_endpoint4(own).value().address.to_string();
        return with_body(headers,
                         sdp(address, static_cast<unsigned>(port),
                             (shape & 8U) != 0 ? concat("a=rtcp:", 40000 + in_.u8() % 16, "\n")
                                               : std::string()));
    }

    ByteReader& in_;
    SipHouse house_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr int kMostSteps = 24;
    ByteReader in(Bytes(data, size));
    Play play(in);
    for (int step = 0; step < kMostSteps && in.remaining() > 0; ++step)
        play.step();
    play.end();
    return 0;
}
