// SPDX-License-Identifier: GPL-2.0-or-later
//
// TCP through the router, as RFC 5382 and RFC 7857 ask for it: every legal course of a connection,
// silence towards those who come uninvited, and no harm from errors and resets.
//
//   phone .20 --+
//   pc    .10 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
#include <boost/test/unit_test.hpp>
#include <cerrno>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Ip4 kPc = Ip4::of(192, 168, 1, 10);
constexpr Ip4 kOutside = Ip4::of(11, 0, 0, 1);
constexpr Ip4 kServer = Ip4::of(11, 0, 0, 2);
constexpr std::uint8_t kUnreachable = 3;  // RFC 792

FrameHead from_server(const House& house) {
    return {*house.internet.mac("net0"), *house.router.mac("wan0"), kServer, kOutside};
}

Frame early_syn(const House& house, Port from, Port to) {
    return tcp4_frame(from_server(house), {from, to, 4711, 0, kSyn, 65535}, "");
}

// Either end says that it has no more, the other goes on, and then it is over.
void check_half_closing(TcpPair page) {
    BOOST_REQUIRE(page.works());
    const std::string much(50'000, 'x');
    page.client.finish();
    BOOST_TEST(page.server->receive().value_or("nothing").empty());
    BOOST_TEST(page.server->send(much));
    BOOST_TEST((page.client.receive_exactly(much.size()) == much));
    page.server->finish();
    BOOST_TEST(page.client.receive().value_or("nothing").empty());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(courses)

BOOST_AUTO_TEST_CASE(a_half_closed_connection_goes_on_whoever_began_it) {
    House house;
    const Router router(
        house, section("forward 'web'",
                       {{"proto", "tcp"}, {"outside", "8080"}, {"inside", "192.168.1.10:80"}}));
    const TcpListener outside = house.internet.listen("11.0.0.2:80");
    check_half_closing(tcp_pair(house.phone, outside));
    const TcpListener inside = house.pc.listen("192.168.1.10:80");
    check_half_closing(tcp_pair(house.internet, inside, {}, At("11.0.0.1:8080")));
}

// The reset ends nothing at once: what is still on its way is translated as before.
BOOST_AUTO_TEST_CASE(what_follows_a_reset_is_translated_as_before) {
    House house;
    const Router router(house);
    const Capture inside = house.pc.capture("eth0");
    const Capture outside = house.router.capture("wan0");
    const TcpListener web = house.internet.listen("11.0.0.2:80");
    TcpPair page = tcp_pair(house.pc, web, At("192.168.1.10:40000"));
    BOOST_REQUIRE(page.works());
    const auto last = [&] {
        Packet out;
        for (const Packet& p : inside.packets()) {
            if (p.outgoing && p.is_tcp() && p.is_to("11.0.0.2:80")) out = p;
        }
        return out;
    }();
    page.server->reset();
    BOOST_TEST(eventually([&] { return Verdict(page.client.error() == ECONNRESET); }, 20s));
    const FrameHead head{*house.pc.mac("eth0"), *house.router.mac("br-lan"), kPc, kServer};
    const auto sequence = last.tcp_sequence + static_cast<std::uint32_t>(last.payload().size());
    const TcpFields late{
        Port{40000}, Port{80}, sequence, last.tcp_acknowledgement, std::uint8_t{kAck | kPsh}, 1000};
    house.pc.packets("eth0").send(tcp4_frame(head, late, "late"));
    const auto left = outside.wait_for(
        [](const Packet& p) { return p.outgoing && p.is_tcp() && p.payload() == "late"; });
    BOOST_REQUIRE(left.has_value());
    BOOST_TEST(left->flow.source.to_string() == "11.0.0.1:40000");
}

BOOST_AUTO_TEST_CASE(silent_connections_live_as_long_as_the_documents_ask_for) {
    House house;
    const Router router(house);
    const TcpListener web = house.internet.listen("11.0.0.2:80");
    TcpPair page = tcp_pair(house.pc, web);
    BOOST_REQUIRE(page.works());
    const auto left = [&] { return seconds_left(house.router, {"tcp", "dport=80 "}).value_or(0); };
    constexpr int kEstablished = 2 * 3600 + 4 * 60, kTransitory = 4 * 60, kMoment = 10;
    BOOST_TEST(left() > kEstablished - kMoment);
    page.client.finish();
    page.server->finish();
    BOOST_TEST(eventually([&] { return Verdict(left() <= kTransitory); }, 20s));
    BOOST_TEST(left() > kTransitory - kMoment);
}

BOOST_AUTO_TEST_CASE(a_connection_that_both_sides_begin_has_the_whole_time_to_open) {
    House house;
    const Router router(house);
    for (const Host* end : {&house.internet, &house.pc}) {
        end->nft(
            "table ip silent {\n chain c {\n  type filter hook output priority 0\n"
            "  meta l4proto tcp drop\n }\n}\n");
    }
    const FrameHead head{*house.pc.mac("eth0"), *house.router.mac("br-lan"), kPc, kServer};
    const TcpFields syn{Port{40000}, Port{20000}, 1000, 0, kSyn, 65535};
    const Capture inside = house.pc.capture("eth0");
    const Capture outside = house.internet.capture("net0");
    const auto from_house = [](const Packet& p) { return p.is_from("11.0.0.1:40000"); };
    const auto from_peer = [](const Packet& p) { return p.is_from("11.0.0.2:20000"); };
    house.pc.packets("eth0").send(tcp4_frame(head, syn, ""));
    BOOST_REQUIRE(outside.wait_for(from_house).has_value());
    house.internet.packets("net0").send(early_syn(house, Port{20000}, Port{40000}));
    BOOST_REQUIRE(inside.wait_for(from_peer).has_value());
    BOOST_TEST(seconds_left(house.router, {"tcp", "SYN_SENT2", "sport=40000 "}).value_or(0) > 230);
}

// The notebook sleeps, and the server goes on sending.
BOOST_AUTO_TEST_CASE(a_connection_with_data_that_nobody_confirms_lives_as_long_as_any) {
    House house;
    const Router router(house);
    const Capture inside = house.pc.capture("eth0");
    const TcpListener web = house.internet.listen("11.0.0.2:80");
    TcpPair page = tcp_pair(house.pc, web, At("192.168.1.10:40000"));
    BOOST_REQUIRE(page.works());
    house.pc.nft(
        "table ip asleep {\n chain c {\n  type filter hook output priority 0\n"
        "  meta l4proto tcp drop\n }\n}\n");
    BOOST_TEST(page.server->send("are you there?"));
    const auto question = [](const Packet& p) { return p.payload() == "are you there?"; };
    constexpr std::size_t kAgainAndAgain = 4;
    BOOST_TEST(eventually([&] { return Verdict(inside.count(question) >= kAgainAndAgain); }, 15s));
    const int left = seconds_left(house.router, {"tcp", "dport=80 "}).value_or(0);
    BOOST_TEST(left > 7000);
    house.pc.nft("flush ruleset");
    BOOST_TEST(page.client.receive_exactly(14, 10s) == "are you there?");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(uninvited)

// Six seconds are what RFC 5382 REQ-4 gives the inside host to come towards the peer.
BOOST_AUTO_TEST_CASE(an_early_syn_is_not_answered_and_not_in_the_way) {
    House house;
    const Router router(house);
    const TcpListener third = house.internet.listen("11.0.0.3:80");
    const TcpPair before = tcp_pair(house.phone, third, At("192.168.1.20:40000"));
    BOOST_REQUIRE(before.seen() == "11.0.0.1:40000");
    const PacketSocket wan = house.internet.packets("net0");
    const Capture outside = house.router.capture("wan0");
    const Capture inside = house.phone.capture("eth0");
    for (const Port to : {Port{40000}, Port{40001}})
        wan.send(early_syn(house, Port{20000}, to));
    wan.send(early_syn(house, Port{20001}, Port{40000}));
    const auto is_early = [](const Packet& p) { return p.is_tcp() && p.tcp_sequence == 4711; };
    BOOST_TEST(eventually([&] { return Verdict(outside.count(is_early) == 3U); }, 20s));
    const TcpListener peer = house.internet.listen("11.0.0.2:20001");
    TcpPair met = tcp_pair(house.phone, peer, At("192.168.1.20:40000"));
    BOOST_TEST(met.seen() == "11.0.0.1:40000");
    BOOST_TEST(met.works());
    BOOST_TEST(throughout(
        [&] {
            return outside.none([](const Packet& p) {
                return p.outgoing && (p.is_to("11.0.0.2:20000") || p.is_icmp());
            });
        },
        6500ms));
    BOOST_TEST(inside.none(is_early));
}

// The stranger's own packet opens nothing for long: where nobody listens, the reset that answers it
// ends its session, and no mapping is kept alive.
BOOST_AUTO_TEST_CASE(a_reset_that_answers_a_stranger_keeps_nothing_alive) {
    House house;
    const Router router(house, nat_type("full-cone"));
    const TcpListener third = house.internet.listen("11.0.0.3:80");
    const TcpPair before = tcp_pair(house.phone, third, At("192.168.1.20:40000"));
    BOOST_REQUIRE(before.seen() == "11.0.0.1:40000");
    const TcpConnection stranger = house.internet.connect("11.0.0.1:40000", 2s, At("11.0.0.4:666"));
    BOOST_TEST(stranger.error() == ECONNREFUSED);
    BOOST_TEST(!seconds_left(house.router, {"tcp", "src=11.0.0.4 "}).has_value());
    BOOST_TEST(before.client.is_alive());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(errors)

BOOST_AUTO_TEST_CASE(an_error_about_a_connection_is_translated_and_ends_nothing) {
    House house;
    const Router router(house);
    const TcpListener web = house.internet.listen("11.0.0.2:80");
    TcpPair page = tcp_pair(house.pc, web, At("192.168.1.10:40000"));
    BOOST_REQUIRE(page.works());
    const PacketSocket wan = house.internet.packets("net0");
    const PacketSocket wire = house.pc.packets("eth0");
    const TcpFields old{Port{40000}, Port{80}, 1, 1, kAck, 1000};
    const std::string about = quoted(tcp4_frame({{}, {}, kOutside, kServer}, old, "x"));
    constexpr std::uint8_t kCodes[] = {0, 1, 2, 3, 9, 10, 13};
    for (const std::uint8_t code : kCodes) {
        wan.send(icmp4_frame(from_server(house), kUnreachable, code, 0, about));
        const auto told = wire.receive([code](const Packet& p) {
            return p.is_icmp() && p.icmp_type == kUnreachable && p.icmp_code == code;
        });
        BOOST_REQUIRE(told.has_value());
        BOOST_TEST(told->about.source.to_string() == "192.168.1.10:40000");
        BOOST_TEST(told->about.destination.to_string() == "11.0.0.2:80");
        BOOST_TEST(has_right_checksums(*told));
    }
    BOOST_TEST(seconds_left(house.router, {"tcp", "ESTABLISHED", "dport=80 "}).has_value());
    BOOST_TEST(page.works());
}

BOOST_AUTO_TEST_SUITE_END()
