// SPDX-License-Identifier: GPL-2.0-or-later
//
// NAT-PMP with natpmpc, PCP packet by packet, and what both share with UPnP.
//
//   phone .20 --+
//   pc    .10 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "gateway/base/bytes.h"
#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kSilence = 300ms;

Ran natpmpc(const Host& host, Command words) {
    words.insert(words.begin(), {"natpmpc", "-g", "192.168.1.1"});
    return host.run(words, 20s);
}

std::string bytes_of(std::string_view hex) {
    bool ok = false;
    const auto bytes = from_hex(hex, ok);
    return std::string(as_text(bytes));
}

// Like a client of PCP, which asks again when it hears nothing, and which knows its answer by the
// nonce.
std::string ask(const UdpSocket& socket, std::string_view hex, std::string_view router) {
    constexpr std::size_t kNonceAt = 48;
    constexpr std::size_t kNonceSize = 24;
    const auto nonce_of = [](std::string_view text) { return text.substr(kNonceAt, kNonceSize); };
    std::string found = "silence";
    (void)eventually(
        [&] {
            socket.send_to(At(concat(router, ":5351")), bytes_of(hex));
            const auto answer = socket.receive(1s);
            if (!answer) return false;
            found = to_hex(as_bytes(answer->data));
            return found.size() > kNonceAt && nonce_of(found) == nonce_of(hex);
        },
        10s);
    return found;
}

// MAP of TCP 6881 for an hour by the pc; the nonce is all of one byte.
std::string map_request(std::string_view nonce_byte, std::string_view lifetime = "00000e10") {
    std::string nonce;
    for (int i = 0; i < 12; ++i)
        nonce += nonce_byte;
    return concat("02010000", lifetime, "00000000000000000000ffffc0a8010a", nonce,
                  "060000001ae11ae100000000000000000000ffff00000000");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(natpmp)

BOOST_AUTO_TEST_CASE(natpmpc_learns_the_address_and_opens_and_closes_a_port) {
    House house;
    const Router router(house);
    BOOST_TEST(natpmpc(house.pc, {}).says("Public IP address : 11.0.0.1"));
    const Ran mapped = natpmpc(house.pc, {"-a", "6200", "6201", "udp", "600"});
    BOOST_TEST(mapped.says("Mapped public port 6200 protocol UDP to local port 6201 "));
    const UdpSocket pc = house.pc.udp("192.168.1.10:6201");
    BOOST_TEST(heard_by(pc, house.internet.udp("11.0.0.3:9"), "11.0.0.1:6200", 10s) ==
               "11.0.0.3:9");
    const Ran shown = router.cli({"forwards", "--json"});
    BOOST_TEST(shown.says("\"origin\":\"natpmp\""));
    BOOST_TEST(shown.says("\"owner\":\"192.168.1.10\""));
    // Whoever else wants it gets another one.
    BOOST_TEST(natpmpc(house.phone, {"-a", "6200", "6201", "udp", "600"})
                   .says("protocol UDP to local port 6201 "));
    BOOST_TEST(natpmpc(house.pc, {"-a", "6200", "6201", "udp", "0"}).ok());
    BOOST_TEST(heard_by(pc, house.internet.udp("11.0.0.2:9"), "11.0.0.1:6200", kSilence) ==
               kNobody);
}

BOOST_AUTO_TEST_CASE(a_new_outside_address_is_announced_to_the_house) {
    House house;
    const Router router(house);
    const UdpSocket listener = house.pc.udp("224.0.0.1:5350");
    house.change_wan_address("11.0.0.9/24");
    BOOST_TEST(eventually(
        [&] {
            const auto heard = listener.receive(1s);
            return Verdict(heard && to_hex(as_bytes(heard->data)).ends_with("0b000009"));
        },
        10s));
    BOOST_TEST(natpmpc(house.pc, {}).says("Public IP address : 11.0.0.9"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(pcp)

BOOST_AUTO_TEST_CASE(a_mapping_belongs_to_its_nonce_also_after_a_restart) {
    House house;
    Router router(house);
    const UdpSocket client = house.pc.udp("192.168.1.10:0");
    const std::string made = ask(client, map_request("aa"), "192.168.1.1");
    BOOST_TEST(made.substr(0, 8) == "02810000");
    BOOST_TEST(made.ends_with("1ae11ae100000000000000000000ffff0b000001"));
    const TcpListener server = house.pc.listen("192.168.1.10:6881");
    BOOST_TEST(tcp_pair(house.internet, server, {}, At("11.0.0.1:6881")).works());
    router.kill_9();
    router.start();
    BOOST_TEST(ask(client, map_request("bb"), "192.168.1.1").substr(0, 8) == "02810002");
    BOOST_TEST(ask(client, map_request("bb", "00000000"), "192.168.1.1").substr(0, 8) ==
               "02810002");
    BOOST_TEST(router.cli({"forwards"}).says("6881"));
    BOOST_TEST(ask(client, map_request("aa", "00000000"), "192.168.1.1").substr(0, 8) ==
               "02810000");
    BOOST_TEST(!router.cli({"forwards"}).says("6881"));
}

// Clients ask for everything again when they see the epoch go back.
BOOST_AUTO_TEST_CASE(an_upgrade_of_the_daemon_is_not_told_and_a_lost_state_is) {
    House house;
    Router router(house);
    const UdpSocket client = house.pc.udp("192.168.1.10:0");
    const auto epoch = [&] {
        const std::string answer = ask(client, map_request("aa"), "192.168.1.1");
        BOOST_REQUIRE(answer.starts_with("02810000"));
        return std::stoul(answer.substr(16, 8), nullptr, 16);
    };
    BOOST_TEST(eventually([&] { return Verdict(epoch() >= 2); }, 30s));
    unsigned long before = epoch();
    // The old program ends, the new one begins.
    router.restart();
    BOOST_TEST(epoch() >= before);
    before = epoch();
    router.kill_9();
    router.start();
    BOOST_TEST(epoch() >= before);
    BOOST_TEST(eventually([&] { return Verdict(epoch() >= 4); }, 30s));
    router.stop();
    std::filesystem::remove(router.state() / "forwards.journal");
    const UdpSocket listener = house.pc.udp("224.0.0.1:5350");
    router.start();
    // Version 2, ANNOUNCE, success, and an epoch of next to nothing.
    BOOST_TEST(eventually(
        [&] {
            const auto heard = listener.receive(1s);
            const std::string told = heard ? to_hex(as_bytes(heard->data)) : "";
            return Verdict(told.starts_with("0280000000000000000000"));
        },
        10s));
    BOOST_TEST(epoch() < 4U);
}

BOOST_AUTO_TEST_CASE(behind_another_nat_the_client_is_told) {
    House house;
    const Router router(house);
    const UdpSocket client = house.phone.udp("192.168.1.20:0");
    BOOST_TEST(ask(client, map_request("aa"), "192.168.1.1").substr(0, 8) == "0281000c");
}

BOOST_AUTO_TEST_SUITE_END()
