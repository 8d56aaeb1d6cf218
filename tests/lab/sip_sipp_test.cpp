// SPDX-License-Identifier: GPL-2.0-or-later
//
// Calls of a real user agent (sipp, scenarios in tests/lab/sipp) whose audio is counted where it
// arrives. The phones know nothing but their inside addresses, the server believes what it is told.
//
//   phone .20 --+
//               +-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   console .30 +
#include <boost/test/unit_test.hpp>
#include <set>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr std::size_t kEnough = 10;  // packets of 20 or 30 ms, of a second or more
constexpr Duration kSoon = 30s;

// A sipp that plays one scenario that many times and ends.
Process start_sipp(Host& host, std::string_view scenario, std::string_view address, Command more) {
    const std::string file = concat(GATEHOUSE_SOURCE "/tests/lab/sipp/", scenario, ".xml");
    Command command{"sipp", "-sf",      file,       "-i",  std::string(address), "-p",
                    "5060", "-nostdin", "-timeout", "60s", "-timeout_error",     "-s",
                    "bob"};
    command.insert(command.end(), more.begin(), more.end());
    return host.start(command, {{"TERM", "dumb"}});
}

Process start_server(House& house, std::string_view scenario, const char* calls) {
    Process server =
        start_sipp(house.internet, scenario, "11.0.0.2", {"-mp", "7000", "-rtp_echo", "-m", calls});
    BOOST_REQUIRE(eventually(
        [&] {
            return house.internet.run({"ss", "-Hlun", "sport", "=", "5060"}).says(":5060");
        },
        kSoon));
    return server;
}

Process start_phone(Host& host, std::string_view scenario, std::string_view address) {
    return start_sipp(host, scenario, address, {"11.0.0.2:5060", "-mp", "6000", "-m", "1"});
}

void ends_well(const Process& sipp) {
    const auto ended = sipp.wait(65s);
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST(ended->code == 0, sipp.output());
}

// Whether audio has gone from one to the other; what has passed may still be on its way to us.
Verdict has_audio(const Capture& capture, std::string_view from, std::string_view to) {
    const auto matches = [&](const Packet& p) {
        return p.is_udp() && p.is_from(from) && p.is_to(to);
    };
    return eventually([&] { return capture.count(matches) > kEnough; }, kSoon);
}

// The lines that begin so in the INVITEs of this endpoint.
std::set<std::string> lines_of_invites(const Capture& capture, std::string_view from,
                                       std::string_view begin) {
    std::set<std::string> out;
    for (const Packet& packet : capture.packets()) {
        const std::string_view text = packet.payload();
        if (!packet.is_from(from) || !text.starts_with("INVITE")) continue;
        for (const std::string_view line : split(text, '\n')) {
            if (line.starts_with(begin)) out.emplace(trim(line));
        }
    }
    return out;
}

bool names_inside(const Packet& packet) {
    const std::string_view text = packet.payload();
    const bool sip = text.find("SIP/2.0") != std::string_view::npos;
    // sipp's Call-ID ends in its address, and stays.
    std::size_t at = sip ? text.find("192.168.1.") : std::string_view::npos;
    while (at != std::string_view::npos) {
        if (at == 0 || text[at - 1] != '@' || text.rfind("Call-ID", at) == std::string_view::npos ||
            text.substr(text.rfind("Call-ID", at), at - text.rfind("Call-ID", at)).find('\n') !=
                std::string_view::npos) {
            return true;
        }
        at = text.find("192.168.1.", at + 1);
    }
    return false;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_call_has_audio_both_ways_and_keeps_its_ports_when_it_is_held) {
    House house;
    const Router router(house);
    const Capture outside = house.router.capture("wan0");
    const Capture inside = house.phone.capture("eth0");
    const Process server = start_server(house, "server", "1");
    const Process phone = start_phone(house.phone, "phone", "192.168.1.20");
    ends_well(phone);
    ends_well(server);
    BOOST_TEST(has_audio(outside, "11.0.0.1:6000", "11.0.0.2:7000"));
    BOOST_TEST(has_audio(inside, "11.0.0.2:7000", "192.168.1.20:6000"));
    BOOST_TEST(outside.none(names_inside));
    const auto media = lines_of_invites(outside, "11.0.0.1:5060", "m=audio");
    BOOST_REQUIRE(media.size() == 1U);
    BOOST_TEST(*media.begin() == "m=audio 6000 RTP/AVP 8");
    BOOST_TEST(router.cli({"calls", "--json"}).says(R"("state":"ended")"));
}

BOOST_AUTO_TEST_CASE(two_phones_with_the_same_ports_call_at_the_same_time) {
    House house;
    const Router router(house);
    const Capture outside = house.router.capture("wan0");
    const Capture first = house.phone.capture("eth0");
    const Capture second = house.console.capture("eth0");
    const Process server = start_server(house, "server", "2");
    const Process phone = start_phone(house.phone, "phone", "192.168.1.20");
    const Process console = start_phone(house.console, "phone", "192.168.1.30");
    ends_well(phone);
    ends_well(console);
    BOOST_TEST(has_audio(first, "11.0.0.2:7000", "192.168.1.20:6000"));
    BOOST_TEST(has_audio(second, "11.0.0.2:7000", "192.168.1.30:6000"));
    BOOST_TEST(outside.none(names_inside));
}

BOOST_AUTO_TEST_CASE(a_call_over_tcp_has_audio_both_ways_and_keeps_its_ports_when_it_is_held) {
    House house;
    const Router router(house);
    const Capture outside = house.router.capture("wan0");
    const Capture inside = house.phone.capture("eth0");
    const Process server = start_sipp(house.internet, "server", "11.0.0.2",
                                      {"-mp", "7000", "-rtp_echo", "-m", "1", "-t", "t1"});
    BOOST_REQUIRE(eventually(
        [&] {
            return house.internet.run({"ss", "-Hltn", "sport", "=", "5060"}).says(":5060");
        },
        kSoon));
    const Process phone = start_sipp(house.phone, "phone", "192.168.1.20",
                                     {"11.0.0.2:5060", "-mp", "6000", "-m", "1", "-t", "t1"});
    ends_well(phone);
    ends_well(server);
    BOOST_TEST(has_audio(outside, "11.0.0.1:6000", "11.0.0.2:7000"));
    BOOST_TEST(has_audio(inside, "11.0.0.2:7000", "192.168.1.20:6000"));
    BOOST_TEST(outside.none(names_inside));
    BOOST_TEST(lines_of_invites(outside, "11.0.0.1:5060", "m=audio").size() == 1U);
    BOOST_TEST(lines_of_invites(outside, "11.0.0.1:5060", "Contact").size() == 1U);
    BOOST_TEST(router.cli({"calls", "--json"}).says(R"("state":"ended")"));
}

BOOST_AUTO_TEST_CASE(a_registered_phone_is_called_after_all_its_sessions_are_forgotten) {
    House house;
    const Router router(house);
    const Process registrar = start_server(house, "registrar", "1");
    ends_well(start_phone(house.phone, "register", "192.168.1.20"));
    ends_well(registrar);
    BOOST_TEST(eventually(
        [&] {
            return router.cli({"mappings", "--json"}).says(R"("origin":"sip")");
        },
        kSoon));
    // As after an hour of silence.
    house.router.run({"conntrack", "-F"});

    const Capture inside = house.phone.capture("eth0");
    const Capture outside = house.router.capture("wan0");
    const Process phone =
        start_sipp(house.phone, "answer", "192.168.1.20", {"-mp", "6000", "-rtp_echo", "-m", "1"});
    BOOST_REQUIRE(eventually(
        [&] {
            return house.phone.run({"ss", "-Hlun", "sport", "=", "5060"}).says(":5060");
        },
        kSoon));
    const Process caller =
        start_sipp(house.internet, "call", "11.0.0.2", {"11.0.0.1:5060", "-mp", "7000", "-m", "1"});
    ends_well(caller);
    ends_well(phone);
    const auto called = inside.wait_for([](const Packet& p) {
        return p.payload().starts_with("INVITE sip:bob@192.168.1.20:5060 SIP/2.0");
    });
    BOOST_TEST(called.has_value());
    BOOST_TEST(has_audio(inside, "11.0.0.2:7000", "192.168.1.20:6000"));
    BOOST_TEST(has_audio(outside, "11.0.0.1:6000", "11.0.0.2:7000"));
    BOOST_TEST(outside.none(names_inside));
}

BOOST_AUTO_TEST_CASE(a_registration_opens_nothing_for_anybody_else) {
    House house;
    const Router router(house);
    const Process registrar = start_server(house, "registrar", "1");
    ends_well(start_phone(house.phone, "register", "192.168.1.20"));
    ends_well(registrar);
    const UdpSocket phone = house.phone.udp("192.168.1.20:5060");
    const UdpSocket stranger = house.internet.udp("11.0.0.4:5060");
    stranger.send_to("11.0.0.1:5060", "INVITE sip:ghost@11.0.0.1 SIP/2.0\r\n\r\n");
    BOOST_TEST(phone.stays_silent(300ms));
}
