// SPDX-License-Identifier: GPL-2.0-or-later
//
// To whom a stream is locked, by what its peer said and who speaks, and how that is told.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "alg/listener.h"
#include "gateway/base/text.h"

using namespace gatehouse;
using namespace gatehouse::sip;

namespace {

constexpr Ip4 kSignalling = Ip4::of(11, 0, 9, 1);
constexpr Ip4 kContact = Ip4::of(11, 0, 5, 5);

struct Voice {
    const char* from;
    Duration begins;
    Duration ends = 24h;
};

struct Line {
    const char* what;
    const char* said;  // "": nothing; with "!": it cannot be used
    std::vector<Voice> voices;
    const char* locked;  // to whom, or "everybody"
    Duration by;         // when that is so
};

MediaPeer peer_of(std::string_view said) {
    MediaPeer peer;
    peer.usable = !said.empty() && said.back() != '!';
    if (!peer.usable && !said.empty()) said.remove_suffix(1);
    if (!said.empty()) peer.said = {parse_ip4(said).value(), Port{9000}};
    peer.contact = kContact;
    peer.signalling = kSignalling;
    peer.answered = true;
    peer.talks = true;
    return peer;
}

// A kernel with these voices; whoever is not let in is not heard, but its session stays a while.
struct Stage {
    explicit Stage(std::vector<Voice> those) : voices(std::move(those)) {}

    void pass(Duration time) {
        const Instant end = now + time;
        while (latch.look() && *latch.look() <= end) {
            now = *latch.look();
            for (const Voice& voice : voices)
                speak(voice);
            listen();
        }
        now = end;
    }
    void speak(const Voice& voice) {
        const Ip4 from = parse_ip4(voice.from).value();
        if (now - begin < voice.begins || (latch.remote() && latch.remote() != from)) return;
        const Instant last = std::min(now, begin + voice.ends);
        Session& session = sessions[from];
        if (last > session.last) session = {last, last + life};
    }
    void listen() {
        for (const auto& [from, session] : sessions) {
            MediaSession one;
            one.remote = {from, Port{7}};
            one.from_outside = one.heard = true;
            one.ends = now + std::chrono::floor<std::chrono::seconds>(session.ends - now);
            listener.see(one, latch);
        }
        listener.end_look();
        latch.decide(now);
    }
    std::string locked() const {
        return latch.remote() ? latch.remote()->to_string() : "everybody";
    }

    struct Session {
        Instant last;
        Instant ends;
    };
    Latch latch;
    Listener listener;
    std::vector<Voice> voices;
    std::map<Ip4, Session> sessions;
    Duration life = 300s;  // that a packet gives its session
    Instant begin{Instant{} + 100s};
    Instant now = begin;
};

const std::vector<Line> kLines{
    {"a usable address alone, at once", "11.0.7.7", {}, "11.0.7.7", 0s},
    {"when it speaks, it stays", "11.0.7.7", {{"11.0.66.6", 0s}, {"11.0.7.7", 1s}}, "11.0.7.7", 4s},
    {"a silent one is learned", "11.0.7.7", {}, "everybody", 4s},
    {"for a short time", "11.0.7.7", {}, "11.0.7.7", 10s},
    {"in which a stranger is no candidate", "11.0.7.7", {{"11.0.66.6", 0s}}, "11.0.7.7", 60s},
    {"but a neighbour of it is", "11.0.7.7", {{"11.0.66.6", 0s}, {"11.0.7.8", 0s}}, "11.0.7.8", 7s},
    {"or the peer of the signalling", "11.0.7.7", {{"11.0.9.1", 0s}}, "11.0.9.1", 7s},
    {"an inside address is learned", "10.1.1.1!", {}, "everybody", 2s},
    {"and no address", "", {}, "everybody", 2s},
    {"for a bounded time", "10.1.1.1!", {}, "11.0.9.1", 31s},
    {"a lone voice is locked", "10.1.1.1!", {{"11.0.8.8", 0s}}, "11.0.8.8", 7s},
    {"at its second look", "10.1.1.1!", {{"11.0.8.8", 0s}}, "everybody", 4s},
    {"also when it is late", "10.1.1.1!", {{"11.0.8.8", 20s}}, "11.0.8.8", 25s},
    {"one packet is no voice", "10.1.1.1!", {{"11.0.66.6", 0s, 0s}}, "11.0.9.1", 31s},
    {"and steals nothing", "10.1.1.1!", {{"11.0.66.6", 2s, 2s}, {"11.0.8.8", 4s}}, "11.0.8.8", 10s},
    {"the Contact wins over who spoke first",
     "10.1.1.1!",
     {{"11.0.66.6", 0s}, {"11.0.5.5", 2s}},
     "11.0.5.5",
     4s},
    {"the peer of the signalling, too",
     "10.1.1.1!",
     {{"11.0.66.6", 0s}, {"11.0.9.1", 2s}},
     "11.0.9.1",
     4s},
    {"and its neighbour", "10.1.1.1!", {{"11.0.66.6", 0s}, {"11.0.9.77", 2s}}, "11.0.9.77", 4s},
    {"the Contact before the signalling",
     "10.1.1.1!",
     {{"11.0.9.1", 0s}, {"11.0.5.5", 0s}},
     "11.0.5.5",
     4s},
    {"of two strangers the first one",
     "10.1.1.1!",
     {{"11.0.8.8", 0s}, {"11.0.66.6", 4s}},
     "11.0.8.8",
     60s},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(latching)

BOOST_AUTO_TEST_CASE(a_stream_is_locked_to_the_best_voice) {
    for (const Line& line : kLines) {
        Stage stage(line.voices);
        stage.latch.describe(peer_of(line.said), stage.now);
        stage.pass(line.by);
        BOOST_TEST(stage.locked() == line.locked, line.what << ": " << stage.locked());
    }
}

BOOST_AUTO_TEST_CASE(once_locked_no_second_one_comes_in) {
    Stage stage({{"11.0.8.8", 0s}});
    stage.latch.describe(peer_of("10.1.1.1!"), stage.now);
    stage.pass(10s);
    stage.voices = {{"11.0.5.5", 0s}, {"11.0.9.1", 0s}};
    stage.pass(1h);
    BOOST_TEST(stage.locked() == "11.0.8.8");
    BOOST_TEST(!stage.latch.look());
}

BOOST_AUTO_TEST_CASE(the_same_description_again_keeps_who_speaks_and_looks_for_who_does_not) {
    Stage stage({{"11.0.8.8", 0s, 100s}});
    stage.latch.describe(peer_of("10.1.1.1!"), stage.now);
    stage.pass(50s);
    stage.latch.describe(peer_of("10.1.1.1!"), stage.now);
    BOOST_TEST(stage.locked() == "11.0.8.8");
    stage.pass(100s);
    BOOST_TEST(stage.locked() == "11.0.8.8");
    stage.voices.push_back({"11.0.8.9", 0s});
    stage.latch.describe(peer_of("10.1.1.1!"), stage.now);
    stage.pass(10s);
    BOOST_TEST(stage.locked() == "11.0.8.9");
}

BOOST_AUTO_TEST_CASE(who_speaks_is_told_whatever_time_the_kernel_gives_a_session) {
    for (const Duration life : {30s, 120s, 180s, 300s, 1000s}) {
        Stage stage({{"11.0.7.7", 0s}, {"11.0.9.1", 0s, 1s}});
        stage.latch.describe(peer_of("11.0.7.7"), stage.now);
        stage.pass(20s);
        BOOST_TEST(stage.locked() == "11.0.7.7");
        // Another program has taken away what sets it, and now the kernel's own time holds.
        stage.life = life;
        stage.latch.describe(peer_of("11.0.7.7"), stage.now);
        for (int i = 0; i < 100; ++i) {
            stage.pass(100ms);
            BOOST_TEST(stage.locked() == "11.0.7.7", whole_seconds(life));
        }
    }
}

BOOST_AUTO_TEST_CASE(who_is_silent_does_not_speak_whatever_time_is_left_of_its_session) {
    for (const Duration life : {30s, 120s, 299s, 300s, 1000s}) {
        Stage stage({{"11.0.8.8", 0s, 0s}});
        stage.life = life;
        stage.latch.describe(peer_of("10.1.1.1!"), stage.now);
        stage.pass(29s);
        BOOST_TEST(stage.locked() == "everybody", whole_seconds(life));
    }
}

BOOST_AUTO_TEST_CASE(in_a_flood_those_who_were_named_are_heard_and_no_stranger_is) {
    Stage stage({{"11.0.9.1", 4s}});
    std::vector<std::string> names;
    for (unsigned i = 0; i < 1000; ++i)
        names.push_back(
            Ip4::of(11, 1, static_cast<std::uint8_t>(i / 250), static_cast<std::uint8_t>(i % 250))
                .to_string());
    for (const std::string& name : names)
        stage.voices.push_back({name.c_str(), 0s});
    stage.latch.describe(peer_of("10.1.1.1!"), stage.now);
    stage.pass(7s);
    BOOST_TEST(stage.locked() == "11.0.9.1");
}

BOOST_AUTO_TEST_CASE(another_description_is_learned_anew) {
    Stage stage({{"11.0.8.8", 0s, 60s}});
    stage.latch.describe(peer_of("10.1.1.1!"), stage.now);
    stage.pass(60s);
    stage.voices.push_back({"11.0.4.4", 62s});
    stage.latch.describe(peer_of("10.2.2.2!"), stage.now);
    BOOST_TEST(stage.locked() == "everybody");
    stage.pass(10s);
    BOOST_TEST(stage.locked() == "11.0.4.4");
}

BOOST_AUTO_TEST_CASE(a_peer_on_hold_may_be_silent) {
    Stage stage({{"11.0.7.8", 0s}});
    MediaPeer held = peer_of("11.0.7.7");
    held.talks = false;
    stage.latch.describe(held, stage.now);
    stage.pass(1h);
    BOOST_TEST(stage.locked() == "11.0.7.7");
    stage.latch.describe(peer_of("11.0.7.7"), stage.now);
    stage.pass(7s);
    BOOST_TEST(stage.locked() == "11.0.7.8");
}

BOOST_AUTO_TEST_CASE(forks_are_open_until_one_has_answered_and_then_the_one_that_speaks_stays) {
    Stage stage({{"11.0.7.7", 0s}, {"11.0.66.6", 0s}});
    for (const char* said : {"11.0.7.7", "11.0.3.3"}) {
        MediaPeer early = peer_of(said);
        early.answered = false;
        stage.latch.describe(early, stage.now);
    }
    stage.pass(60s);
    BOOST_TEST(stage.locked() == "everybody");
    stage.latch.describe(peer_of("11.0.3.3"), stage.now);
    stage.pass(4s);
    BOOST_TEST(stage.locked() == "11.0.7.7");
}

BOOST_AUTO_TEST_SUITE_END()
