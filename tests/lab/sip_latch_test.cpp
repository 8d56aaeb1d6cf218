// SPDX-License-Identifier: GPL-2.0-or-later
//
// A call with a phone behind the NAT of another house, which names an address of that house, while
// somebody floods all ports. The server passes messages on as they come, but writes into the
// Contact of the far phone where it saw it, as proxies do that know of NATs.
//
//   phone .20 -- br-lan [router] wan0 11.0.0.1 --+-- 11.0.0.2 server, .3 .4 [internet]
//                                                |
//             far phone .20 -- [plain router] 11.0.0.5
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/sip.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kSoon = 10s;
constexpr Duration kLearned = 30s;
constexpr const char* kRtp = "11.0.0.1:40000";

struct Call {
    Call()
        : far(neighbour(house.net)),
          router(house),
          server(house.internet.udp("11.0.0.2:5060")),
          phone(house.phone.udp("192.168.1.20:5060")),
          rtp(house.phone.udp("192.168.1.20:40000")),
          rtcp(house.phone.udp("192.168.1.20:40001")),
          far_rtp(far.phone.udp("192.168.1.20:9000")),
          attacker(house.internet.udp("11.0.0.4:9000")) {
        make_plain_router(far);
    }

    // The answer to the phone's offer.
    void is_answered(std::string_view far_address, std::string_view far_contact) {
        phone.send_to("11.0.0.2:5060", sip_request("INVITE", "192.168.1.20", "UDP", ++cseq_,
                                                   sdp("192.168.1.20", 40000)));
        const auto offer = server.receive(kSoon);
        BOOST_REQUIRE(offer.has_value());
        BOOST_REQUIRE(number_after(offer->data, "m=audio ") == 40000U);
        std::string answer = sip_answer("200 OK", offer->data, sdp(far_address, 9000));
        const std::size_t contact = answer.find("Contact:");
        answer.replace(contact, answer.find("\r\n", contact) - contact,
                       concat("Contact: <sip:b@", far_contact, ":5060>"));
        server.send_to("11.0.0.1:5060", answer);
        BOOST_REQUIRE(phone.receive(kSoon).has_value());
    }

    // What the phone hears when these speak, each once.
    struct Heard {
        bool peer = false;
        bool attacker = false;
    };
    Heard hears(const UdpSocket& peer) {
        for (const char* port : {"40000", "40001"})
            attacker.send_to(concat("11.0.0.1:", port), "spray");
        peer.send_to(kRtp, "voice");
        Heard heard;
        while (const auto got = rtp.receive(heard.peer ? 20ms : 300ms)) {
            heard.peer |= got->data == "voice";
            heard.attacker |= got->data == "spray";
        }
        while (const auto got = rtcp.receive(1ms))
            heard.attacker |= got->data == "spray";
        return heard;
    }
    Verdict hears_alone(const UdpSocket& peer) {
        return eventually(
            [&] {
                const Heard heard = hears(peer);
                return heard.peer && !heard.attacker;
            },
            kLearned);
    }
    Verdict keeps_hearing_alone(const UdpSocket& peer, Duration time = 3s) {
        return throughout(
            [&] {
                const Heard heard = hears(peer);
                if (heard.attacker) return no_because("the attacker is heard");
                return heard.peer ? Verdict(true) : no_because("the peer is not heard");
            },
            time);
    }

    House house;
    House far;
    Router router;
    UdpSocket server;
    UdpSocket phone;
    UdpSocket rtp;
    UdpSocket rtcp;
    UdpSocket far_rtp;
    UdpSocket attacker;

  private:
    unsigned cseq_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_phone_behind_another_nat_is_heard_and_a_flood_that_began_before_it_is_not) {
    Call call;
    call.is_answered("192.168.1.20", "11.0.0.5");
    call.attacker.send_to(kRtp, "spray");
    BOOST_TEST(call.rtp.receive(kSoon).has_value());
    BOOST_TEST(call.hears(call.far_rtp).peer, "the far phone is heard from the beginning");
    BOOST_TEST(call.hears_alone(call.far_rtp));
    BOOST_TEST(call.keeps_hearing_alone(call.far_rtp));
    // And hears us, where the phone answers whom it hears.
    call.far_rtp.send_to(kRtp, "voice");
    const auto from = call.rtp.receive(kSoon);
    BOOST_REQUIRE(from.has_value());
    call.rtp.send_to(from->from.to_string(), "back");
    BOOST_TEST(call.far_rtp.receive(kSoon).value_or(Datagram{}).data == "back");
}

BOOST_AUTO_TEST_CASE(a_far_phone_that_moves_is_learned_again_with_its_next_description) {
    Call call;
    call.is_answered("192.168.1.20", "11.0.0.5");
    BOOST_TEST(call.hears_alone(call.far_rtp));
    const UdpSocket moved = call.house.internet.udp("11.0.0.3:7000");
    BOOST_TEST(!call.hears(moved).peer);
    call.is_answered("10.64.0.9", "11.0.0.3");
    BOOST_TEST(call.hears_alone(moved));
    BOOST_TEST(call.keeps_hearing_alone(moved));
    BOOST_TEST(!call.hears(call.far_rtp).peer);
}

BOOST_AUTO_TEST_CASE(a_peer_that_speaks_stays_the_only_one_after_a_flush_by_another_program) {
    Call call;
    const UdpSocket media = call.house.internet.udp("11.0.0.3:9000");
    call.is_answered("11.0.0.3", "11.0.0.2");
    BOOST_TEST(call.hears_alone(media));
    // The lifetimes of sessions are the kernel's own from here on.
    call.house.router.run({"nft", "flush", "ruleset"});
    BOOST_TEST(call.hears_alone(media));
    call.is_answered("11.0.0.3", "11.0.0.2");
    BOOST_TEST(call.keeps_hearing_alone(media, 8s));
}

BOOST_AUTO_TEST_CASE(what_a_flood_began_while_it_rang_is_ended_when_the_call_is_answered) {
    Call call;
    call.phone.send_to("11.0.0.2:5060",
                       sip_request("INVITE", "192.168.1.20", "UDP", 1, sdp("192.168.1.20", 40000)));
    BOOST_REQUIRE(call.server.receive(kSoon).has_value());
    call.attacker.send_to(kRtp, "spray");
    BOOST_TEST(call.rtp.receive(kSoon).has_value());
    const UdpSocket media = call.house.internet.udp("11.0.0.3:9000");
    call.is_answered("11.0.0.3", "11.0.0.2");
    BOOST_TEST(call.hears_alone(media));
    BOOST_TEST(call.keeps_hearing_alone(media));
}
