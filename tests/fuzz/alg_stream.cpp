// SPDX-License-Identifier: GPL-2.0-or-later
//
// The bytes of a SIP connection over TCP, split as the input says. Every byte comes out once and in
// its order; the messages are the same wherever the bytes are split; and a gateway that only
// observes changes none of them.
#include <algorithm>

#include "alg/framer.h"
#include "tests/alg/support/house.h"
#include "tests/fuzz/support/require.h"

using namespace gatehouse;
using namespace gatehouse::sip;
using namespace gatehouse::sip::test;

namespace {

struct Cut {
    std::string bytes;
    std::vector<std::string> messages;
};

// In steps of these sizes, one after the other and again.
Cut cut(std::string_view bytes, std::string_view steps) {
    Framer framer;
    Cut out;
    for (std::size_t i = 0; !bytes.empty(); ++i) {
        const std::size_t step =
            steps.empty() ? bytes.size()
                          : std::size_t{static_cast<unsigned char>(steps[i % steps.size()])} + 1;
        const std::string_view some = bytes.substr(0, step);
        bytes.remove_prefix(some.size());
        framer.add(some);
        while (const auto piece = framer.next()) {
            out.bytes += piece->text;
            if (piece->message) out.messages.emplace_back(piece->text);
        }
        require(framer.held() <= Framer::kMostHead + Framer::kMostBody, "too much is held");
    }
    framer.give_up(Reason::unfinished);
    if (const auto rest = framer.next()) out.bytes += rest->text;
    return out;
}

// What a gateway makes of it.
std::string pass(std::string_view bytes, bool outward, config::SipMode mode) {
    SipHouse house({mode, {Port{5060}}});
    std::string out;
    const auto tell = [&](const Event& event) {
        house.effects.clear();
        house.alg.handle(event, house.house.now, house.effects);
        house.house.flush();
        for (const StreamBytes& one : house.effects.bytes)
            out += one.bytes;
    };
    tell(StreamBegun{1, kPhone, kServer});
    tell(StreamConnected{1, house.effects.connects.at(0).outside});
    tell(StreamData{1, outward, bytes.substr(0, bytes.size() / 2), false});
    tell(StreamData{1, outward, bytes.substr(bytes.size() / 2), true});
    tell(StreamEnded{1});
    if (house.alg.calls().size() > 0) house.jump(26h);
    require(house.house.engine->forwards().empty(), "a port for ever");
    require(house.alg.connections() == 0, "a connection for ever");
    require(house.house.broken_batches == 0, "the kernel did not take it");
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kSteps = 4;
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const std::string_view steps = all.substr(0, std::min(size, kSteps));
    const std::string_view bytes = all.substr(steps.size());
    const Cut whole = cut(bytes, {});
    const Cut split = cut(bytes, steps);
    require(whole.bytes == bytes && split.bytes == bytes, "other bytes than came in");
    require(whole.messages == split.messages, "other messages where it was split");
    const unsigned choice = steps.empty() ? 0U : static_cast<unsigned char>(steps.back());
    const auto mode = (choice & 1U) == 0 ? config::SipMode::automatic : config::SipMode::observe;
    const std::string out = pass(bytes, (choice & 2U) == 0, mode);
    require(mode == config::SipMode::automatic || out == bytes, "observing changed it");
    return 0;
}
