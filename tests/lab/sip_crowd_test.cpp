// SPDX-License-Identifier: GPL-2.0-or-later
//
// Many phones with equal ports, which call at the same time by two servers. Every packet of media
// has its phone's number in it, and is looked for where it belongs and nowhere else.
//
//   phones .101 .. .140 (one host) --+-- [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 servers [internet]
//   pc .10, which floods ------------+
#include <atomic>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <set>
#include <thread>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/sip.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kSoon = 10s;
constexpr unsigned kRtp = 41000;

struct Caller {
    std::string address;
    UdpSocket sip;
    UdpSocket rtp;
    std::string outside{};  // of its signalling
    unsigned media = 0;     // its outside port
};

class Phones {
  public:
    Phones(House& house, unsigned count)
        : servers_{house.internet.udp("11.0.0.2:5060"), house.internet.udp("11.0.0.3:5060")},
          media_{house.internet.udp("11.0.0.2:9000"), house.internet.udp("11.0.0.3:9000")} {
        std::string lines;
        for (unsigned i = 0; i < count; ++i)
            append(lines, "addr add 192.168.1.", 101 + i, "/24 dev eth0\n");
        house.phone.ip(lines);
        for (unsigned i = 0; i < count; ++i) {
            const std::string address = concat("192.168.1.", 101 + i);
            all_.push_back({address, house.phone.udp(concat(address, ":5060")),
                            house.phone.udp(concat(address, ":", kRtp))});
        }
    }

    std::size_t size() const { return all_.size(); }
    const Caller& at(std::size_t i) const { return all_[i]; }

    // One after the other they ask, then all are answered.
    void call() {
        std::vector<std::string> offers(all_.size());
        for (std::size_t i = 0; i < all_.size(); ++i)
            offers[i] = ask(i, 1);
        for (std::size_t i = 0; i < all_.size(); ++i)
            answer(i, offers[i]);
    }
    // Another call of one of them, with the same ports.
    void call_again(std::size_t i, unsigned cseq) { answer(i, ask(i, cseq)); }

    // Each hears what is said to it, and nothing else; each is heard, from its own port.
    void talk() const {
        for (std::size_t i = 0; i < all_.size(); ++i) {
            all_[i].rtp.send_to(concat(server_of(i), ":9000"), concat("from ", i));
            media_of(i).send_to(concat("11.0.0.1:", all_[i].media), concat("to ", i));
        }
        for (std::size_t i = 0; i < all_.size(); ++i) {
            const auto heard = all_[i].rtp.receive(kSoon);
            BOOST_TEST(heard.value_or(Datagram{}).data == concat("to ", i));
        }
        for (std::size_t i = 0; i < all_.size(); ++i) {
            const auto said = media_of(i).receive(kSoon);
            BOOST_REQUIRE(said.has_value());
            const unsigned who = number_after(said->data, "from ");
            BOOST_REQUIRE(who < all_.size());
            BOOST_TEST(said->from.to_string() == concat("11.0.0.1:", all_[who].media));
            BOOST_TEST(who % 2 == i % 2);
        }
        for (const Caller& one : all_)
            BOOST_TEST(!one.rtp.receive(1ms).has_value());
    }

  private:
    static const char* server_of(std::size_t i) { return i % 2 == 0 ? "11.0.0.2" : "11.0.0.3"; }
    const UdpSocket& media_of(std::size_t i) const { return media_[i % 2]; }

    std::string ask(std::size_t i, unsigned cseq) {
        Caller& one = all_[i];
        one.sip.send_to(concat(server_of(i), ":5060"),
                        sip_request("INVITE", one.address, "UDP", cseq, sdp(one.address, kRtp)));
        const std::string call_id = concat("Call-ID: ", one.address, "\r\n");
        for (;;) {
            const auto offer = servers_[i % 2].receive(kSoon);
            BOOST_REQUIRE(offer.has_value());
            if (!has(offer->data, call_id)) continue;
            one.outside = offer->from.to_string();
            one.media = number_after(offer->data, "m=audio ");
            BOOST_TEST(has(offer->data, concat("Contact: <sip:a@", one.outside, ">")));
            return offer->data;
        }
    }
    void answer(std::size_t i, std::string_view offer) {
        servers_[i % 2].send_to(all_[i].outside,
                                sip_answer("200 OK", offer, sdp(server_of(i), 9000)));
        const std::string got = all_[i].sip.receive(kSoon).value_or(Datagram{}).data;
        BOOST_TEST(has(got, concat("Via: SIP/2.0/UDP ", all_[i].address, ":5060;")));
    }

    UdpSocket servers_[2];
    UdpSocket media_[2];
    std::vector<Caller> all_;
};

// Numbered packets, one every few milliseconds each way, on a thread of their own.
class Talk {
  public:
    Talk(const UdpSocket& phone, const UdpSocket& peer, std::string to_peer, std::string to_phone)
        : thread_(
              [this, &phone, &peer, to_peer = std::move(to_peer), to_phone = std::move(to_phone)] {
                  while (!over_ && sent_ < 20000) {
                      const std::string text = std::to_string(sent_++);
                      phone.send_to(to_peer, text);
                      peer.send_to(to_phone, text);
                      // Both are here after a moment, or later, or lost.
                      if (peer.receive(5ms)) ++heard_[0];
                      if (phone.receive(5ms)) ++heard_[1];
                  }
                  while (peer.receive(200ms))
                      ++heard_[0];
                  while (phone.receive(200ms))
                      ++heard_[1];
              }) {}
    ~Talk() { end(); }
    Talk(const Talk&) = delete;
    Talk& operator=(const Talk&) = delete;

    void end() {
        over_ = true;
        if (thread_.joinable()) thread_.join();
    }
    unsigned sent() const { return sent_; }
    unsigned heard(std::size_t way) const { return heard_[way]; }

  private:
    std::atomic<bool> over_{false};
    std::atomic<unsigned> sent_{0};
    std::atomic<unsigned> heard_[2]{};
    std::thread thread_;
};

}  // namespace

BOOST_DATA_TEST_CASE(phones_with_equal_ports_call_at_the_same_time_and_none_hears_another,
                     boost::unit_test::data::make({2U, 10U, 40U}), count) {
    House house;
    const Router router(house);
    Phones phones(house, count);
    phones.call();
    std::set<std::string> signalling;
    std::set<unsigned> media;
    for (std::size_t i = 0; i < phones.size(); ++i) {
        signalling.insert(phones.at(i).outside);
        media.insert(phones.at(i).media);
        BOOST_TEST(phones.at(i).media % 2 == 0U);
    }
    BOOST_TEST(signalling.size() == count);
    BOOST_TEST(media.size() == count);
    for (int i = 0; i < 3; ++i)
        phones.talk();
}

BOOST_AUTO_TEST_CASE(a_flood_of_calls_by_one_device_leaves_those_of_the_others_alone) {
    House house;
    const Router router(house);
    Phones phones(house, 4);
    phones.call();
    const UdpSocket sink = house.internet.udp("11.0.0.4:5060");
    const UdpSocket flooder = house.pc.udp("192.168.1.10:5060");
    for (unsigned round = 0; round < 5; ++round) {
        for (unsigned i = 0; i < 400; ++i) {
            std::string text =
                sip_request("INVITE", "192.168.1.10", "UDP", 1, sdp("192.168.1.10", 20000 + 2 * i));
            const std::size_t id = text.find("Call-ID: ");
            text.insert(id + 9, concat(round, ".", i, "."));
            flooder.send_to("11.0.0.4:5060", text);
        }
        phones.talk();
        phones.call_again(round % 4, 2 + round);
        phones.talk();
    }
    BOOST_TEST(sink.receive(kSoon).has_value());
    const Ran calls = router.cli({"calls", "--json"});
    BOOST_TEST(calls.says("192.168.1.104"));
    std::size_t of_flooder = 0;
    for (std::size_t at = calls.out.find("\"host\":\"192.168.1.10:"); at != std::string::npos;
         at = calls.out.find("\"host\":\"192.168.1.10:", at + 1))
        ++of_flooder;
    BOOST_TEST(of_flooder > 0U);
    BOOST_TEST(of_flooder <= 64U);
}

BOOST_AUTO_TEST_CASE(
    no_packet_of_a_call_is_lost_when_the_daemon_is_killed_comes_back_and_is_configured) {
    House house;
    Router router(house);
    Phones phones(house, 1);
    phones.call();
    const UdpSocket peer = house.internet.udp("11.0.0.2:9002");
    Talk talk(phones.at(0).rtp, peer, "11.0.0.2:9002", concat("11.0.0.1:", phones.at(0).media));
    const auto goes_on = [&talk] {
        return eventually([&talk, from = talk.sent()] { return talk.sent() > from + 50; }, kSoon);
    };
    BOOST_TEST(goes_on());
    router.kill_9();
    BOOST_TEST(goes_on());
    router.start();
    BOOST_TEST(goes_on());
    router.configure(nat_type("symmetric"));
    BOOST_TEST(router.reload().ok());
    BOOST_TEST(goes_on());
    talk.end();
    BOOST_TEST_MESSAGE(talk.sent() << " packets each way");
    BOOST_TEST(talk.heard(0) == talk.sent());
    BOOST_TEST(talk.heard(1) == talk.sent());
}
