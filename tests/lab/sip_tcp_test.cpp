// SPDX-License-Identifier: GPL-2.0-or-later
//
// SIP over TCP: connections of phones to a server outside, through the router and without its help.
//
//   phone .20 --+
//               +-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   console .30 +
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <list>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/sip.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kSoon = 10s;
constexpr const char* kServer = "11.0.0.2:5060";

// A connection of a phone as both ends see it.
struct Line {
    Line(const House& house, const TcpListener& server, std::string_view local = "192.168.1.20:0")
        : phone(house.phone.connect(kServer, 5s, At(std::string(local)))),
          far(server.accept(kSoon)) {
        BOOST_REQUIRE_MESSAGE(phone.is_alive(), "not connected: " << phone.error());
        BOOST_REQUIRE(far.has_value());
    }

    std::string seen() const { return far->peer().value_or(Endpoint{}).to_string(); }
    // What arrives of a text that grows or shrinks by no more than this on its way.
    std::string out(std::string_view text) {
        BOOST_TEST(phone.send(text));
        return message(*far);
    }
    std::string in(std::string_view text) {
        BOOST_TEST(far->send(text));
        return message(phone);
    }
    // One whole message.
    static std::string message(TcpConnection& from) {
        std::string text;
        while (!has(text, "\r\n\r\n")) {
            const std::string byte = from.receive_exactly(1, kSoon);
            if (byte.empty()) return text;
            text += byte;
        }
        return text + from.receive_exactly(number_after(text, "Content-Length: "), kSoon);
    }

    TcpConnection phone;
    std::optional<TcpConnection> far;
};

// The router's sockets have been read (the first column) by the daemon.
bool nothing_waits(const House& house) {
    const Ran ran = house.router.run({"ss", "-Htn", "state", "established"});
    for (const std::string_view line : split(ran.out, '\n')) {
        if (!line.empty() && !line.starts_with("0 ")) return false;
    }
    return ran.ok() && !ran.out.empty();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_call_over_tcp_names_its_connection_and_has_its_media) {
    House house;
    const Router router(house);
    const TcpListener server = house.internet.listen(kServer);
    Line line(house, server, "192.168.1.20:40060");
    BOOST_TEST(line.seen() == "11.0.0.1:40060");
    const std::string registration = sip_request("REGISTER", "192.168.1.20", "TCP", 1);
    const std::string registered = line.out(registration);
    BOOST_TEST(has(registered, "Via: SIP/2.0/TCP 11.0.0.1:40060;"));
    BOOST_TEST(has(registered, "Contact: <sip:a@11.0.0.1:40060>"));
    BOOST_TEST(line.in(sip_answer("200 OK", registered)) == sip_answer("200 OK", registration));

    const std::string invited =
        line.out(sip_request("INVITE", "192.168.1.20", "TCP", 2, sdp("192.168.1.20", 40000)));
    BOOST_TEST(has(invited, "c=IN IP4 11.0.0.1\r\n"));
    BOOST_TEST(has(invited, "m=audio 40000 "));
    BOOST_TEST(has(invited, "Call-ID: 192.168.1.20\r\n"));
    line.in(sip_answer("200 OK", invited, sdp("11.0.0.3", 9000)));
    const UdpSocket media = house.internet.udp("11.0.0.3:9000");
    const UdpSocket stranger = house.internet.udp("11.0.0.4:9000");
    const UdpSocket rtp = house.phone.udp("192.168.1.20:40000");
    media.send_to("11.0.0.1:40000", "early");
    BOOST_TEST(rtp.receive(kSoon).value_or(Datagram{}).data == "early");
    stranger.send_to("11.0.0.1:40000", "intruder");
    BOOST_TEST(rtp.stays_silent(200ms));
    const Ran calls = router.cli({"calls", "--json"});
    BOOST_TEST(calls.says(R"("state":"established","host":"192.168.1.20:40060")"));
    BOOST_TEST(calls.says(R"("help":"native","reason":"edited")"));
    BOOST_TEST(calls.says(R"({"inside":"192.168.1.20:40000","outside":"11.0.0.1:40000",)"
                          R"("peer":"11.0.0.3:9000"})"));

    BOOST_TEST(
        router.cli({"mappings", "--json"})
            .says(R"("proto":"tcp","inside":"192.168.1.20:40060","outside":"11.0.0.1:40060")"));
    BOOST_TEST(router.cli({"forwards", "--json"}).says("[]"));

    // A call for the phone comes over the connection that it made; there is no other way in.
    BOOST_TEST(has(line.in(crlf("INVITE sip:a@11.0.0.1:40060 SIP/2.0\nContent-Length: 0\n\n")),
                   "INVITE sip:a@192.168.1.20:5060 SIP/2.0"));
    const TcpListener listening = house.phone.listen("192.168.1.20:5060");
    for (const char* way_in : {"11.0.0.1:40060", "11.0.0.1:5060", "11.0.0.1:28672"})
        BOOST_TEST(!house.internet.connect(way_in, 1s, At("11.0.0.2:0")).is_alive());
}

BOOST_AUTO_TEST_CASE(messages_arrive_wherever_they_are_split_and_several_at_once) {
    House house;
    const Router router(house);
    const TcpListener server = house.internet.listen(kServer);
    Line line(house, server);
    const std::string text =
        sip_request("INVITE", "192.168.1.20", "TCP", 1, sdp("192.168.1.20", 40000));
    const std::string whole = line.out(text);
    BOOST_TEST(has(whole, "c=IN IP4 11.0.0.1\r\n"));
    for (std::size_t at = 1; at < text.size(); at += 37) {
        BOOST_TEST(line.phone.send(text.substr(0, at)));
        // Until the router has read the first piece on its own.
        BOOST_TEST(eventually([&] { return nothing_waits(house); }, kSoon));
        BOOST_TEST(line.out(text.substr(at)) == whole);
    }
    BOOST_TEST(line.phone.send(concat("\r\n\r\n", text, text, "\r\n\r\n", text)));
    BOOST_TEST(line.far->receive_exactly(3 * whole.size() + 8, kSoon) ==
               concat("\r\n\r\n", whole, whole, "\r\n\r\n", whole));
    // A ping has its pong at once.
    BOOST_TEST(line.far->send("\r\n"));
    BOOST_TEST(line.phone.receive_exactly(2, kSoon) == "\r\n");
}

BOOST_AUTO_TEST_CASE(the_ends_and_refusals_of_both_sides_are_seen) {
    House house;
    const Router router(house);
    {
        const TcpListener server = house.internet.listen(kServer);
        Line line(house, server);
        line.phone.finish();
        BOOST_TEST(line.far->receive(kSoon).value_or("nothing").empty());
        BOOST_TEST(line.far->send("\r\n"));
        BOOST_TEST(line.phone.receive_exactly(2, kSoon) == "\r\n");
        line.far->close();
        BOOST_TEST(line.phone.receive(kSoon).value_or("nothing").empty());

        Line second(house, server);
        second.far->reset();
        BOOST_TEST(eventually([&] { return !second.phone.is_alive(); }, kSoon));
        BOOST_TEST(second.phone.error() == ECONNRESET);
        Line third(house, server);
        third.phone.reset();
        BOOST_TEST(eventually([&] { return !third.far->is_alive(); }, kSoon));
        BOOST_TEST(third.far->error() == ECONNRESET);
    }
    // Nobody listens any more.
    TcpConnection refused = house.phone.connect(kServer);
    BOOST_TEST(eventually([&] { return !refused.is_alive(); }, kSoon));
    BOOST_TEST(eventually(
        [&] {
            return !house.router.run({"ss", "-Htn"}).says("11.0.0.2:5060");
        },
        kSoon));
}

BOOST_AUTO_TEST_CASE(who_does_not_read_is_not_read_for_and_gets_every_byte) {
    House house;
    const Router router(house);
    const TcpListener server = house.internet.listen(kServer);
    Line line(house, server);
    const std::string block(std::size_t{1} << 16U, 'x');
    std::size_t sent = 0;
    // No SIP, and more than any buffer on the way may take.
    constexpr std::size_t kMost = std::size_t{64} << 20U;
    while (sent < kMost && line.phone.send(block, 300ms))
        sent += block.size();
    BOOST_TEST(sent < kMost);
    const auto resident = [&] {
        return number_after(
            house.router.run({"grep", "VmRSS", concat("/proc/", router.pid(), "/status")}).out,
            "VmRSS:\t   ");
    };
    BOOST_TEST(resident() < 200'000U);  // KiB, also with sanitizers
    std::size_t got = 0;
    line.phone.finish();
    while (const auto some = line.far->receive(kSoon)) {
        if (some->empty()) break;
        got += some->size();
    }
    // Of the last block a part may have been taken.
    BOOST_TEST(got >= sent);
    BOOST_TEST(got < sent + block.size());
}

BOOST_AUTO_TEST_CASE(a_web_page_that_contains_sip_opens_nothing) {
    House house;
    const Router router(house);
    const TcpListener server = house.internet.listen(kServer);
    Line line(house, server);
    const std::string post =
        "POST / HTTP/1.1\r\nHost: 11.0.0.2:5060\r\nContent-Length: 9999\r\n\r\n";
    BOOST_TEST(line.phone.send(post));
    BOOST_TEST(line.far->receive_exactly(post.size(), kSoon) == post);
    // In a segment of its own now.
    for (const std::string& text :
         {sip_request("REGISTER", "192.168.1.20", "TCP", 1),
          sip_request("INVITE", "192.168.1.20", "TCP", 2, sdp("192.168.1.20", 8099))}) {
        BOOST_TEST(line.phone.send(text));
        BOOST_TEST(line.far->receive_exactly(text.size(), kSoon) == text);
        const std::string answer = sip_answer("200 OK", text, sdp("11.0.0.2", 9000));
        BOOST_TEST(line.far->send(answer));
        BOOST_TEST(line.phone.receive_exactly(answer.size(), kSoon) == answer);
    }
    const TcpListener victim = house.phone.listen("192.168.1.20:8099");
    const UdpSocket also = house.phone.udp("192.168.1.20:8099");
    for (const char* way_in : {"11.0.0.1:8099", "11.0.0.1:5060"})
        BOOST_TEST(!house.internet.connect(way_in, 1s, At("11.0.0.2:0")).is_alive());
    house.internet.udp("11.0.0.2:9000").send_to("11.0.0.1:8099", "knock");
    BOOST_TEST(also.stays_silent(200ms));
    BOOST_TEST(router.cli({"calls", "--json"}).says("[]"));
    BOOST_TEST(router.says("not SIP on a SIP port"));
}

BOOST_AUTO_TEST_CASE(while_the_daemon_is_dead_connections_are_only_translated_and_live_on) {
    House house;
    Router router(house);
    const TcpListener server = house.internet.listen(kServer);
    Line before(house, server);
    router.expect_end();
    router.kill_9();
    // The phone learns at once that it has to connect again.
    BOOST_TEST(eventually([&] { return before.phone.receive(1s).has_value(); }, kSoon));
    const std::string text = sip_request("REGISTER", "192.168.1.20", "TCP", 1);
    Line meanwhile(house, server);
    BOOST_TEST(meanwhile.seen().starts_with("11.0.0.1:"));
    BOOST_TEST(meanwhile.out(text) == text);
    router.start();
    BOOST_TEST(meanwhile.out(text) == text);
    BOOST_TEST(meanwhile.in(text) == text);
    Line after(house, server);
    BOOST_TEST(has(after.out(text), concat("Contact: <sip:a@", after.seen(), ">")));
    BOOST_TEST(meanwhile.out(text) == text);
}

BOOST_AUTO_TEST_CASE(who_has_too_many_connections_is_only_translated_and_others_are_served) {
    House house;
    const Router router(house);
    const TcpListener server = house.internet.listen(kServer);
    const std::string text = sip_request("REGISTER", "192.168.1.20", "TCP", 1);
    std::list<Line> lines;
    for (int i = 0; i < 40; ++i)
        lines.emplace_back(house, server);
    BOOST_TEST(lines.back().out(text) == text);
    BOOST_TEST(has(lines.front().out(text), "Contact: <sip:a@11.0.0.1:"));
    const std::string of_console = sip_request("REGISTER", "192.168.1.30", "TCP", 1);
    TcpConnection console = house.console.connect(kServer);
    auto far = server.accept(kSoon);
    BOOST_REQUIRE(far.has_value());
    BOOST_TEST(console.send(of_console));
    BOOST_TEST(has(Line::message(*far), "Contact: <sip:a@11.0.0.1:"));
}

BOOST_AUTO_TEST_CASE(the_port_of_the_router_itself_and_of_the_house_are_not_touched) {
    House house;
    Router router(house);
    const TcpListener own = house.router.listen("192.168.1.1:5060");
    TcpConnection to_router = house.phone.connect("192.168.1.1:5060");
    auto taken = own.accept(kSoon);
    BOOST_REQUIRE(taken.has_value());
    BOOST_TEST(taken->peer().value_or(Endpoint{}).to_string() == to_router.local().to_string());
    // What nobody was led to is refused.
    TcpConnection direct = house.phone.connect("192.168.1.1:28672");
    BOOST_TEST(eventually([&] { return !direct.is_alive(); }, kSoon));

    // Off: byte for byte, from the phone's own port.
    router.configure("config sip 'sip'\n\toption mode 'off'\n");
    BOOST_TEST(router.reload().ok());
    const TcpListener server = house.internet.listen(kServer);
    Line off(house, server);
    const std::string text = sip_request("REGISTER", "192.168.1.20", "TCP", 1);
    BOOST_TEST(off.out(text) == text);
    router.configure("config sip 'sip'\n\toption mode 'observe'\n");
    BOOST_TEST(router.reload().ok());
    Line observed(house, server);
    BOOST_TEST(observed.out(text) == text);
    BOOST_TEST(router.says("would edit"));
}

BOOST_AUTO_TEST_CASE(another_outside_address_ends_the_connections_of_the_old_one) {
    House house;
    const Router router(house);
    const TcpListener server = house.internet.listen(kServer);
    Line line(house, server);
    house.change_wan_address("11.0.0.9/24");
    BOOST_TEST(eventually([&] { return !line.phone.is_alive(); }, kSoon));
    Line again(house, server);
    BOOST_TEST(again.seen().starts_with("11.0.0.9:"));
    BOOST_TEST(has(again.out(sip_request("REGISTER", "192.168.1.20", "TCP", 1)),
                   concat("Contact: <sip:a@", again.seen(), ">")));
}
