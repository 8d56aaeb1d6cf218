// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/privileges.h"

#include <arpa/inet.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdio>

#include "gateway/base/text.h"
#include "gateway/daemon/router_ports.h"

using namespace gatehouse;
using namespace gatehouse::daemon;

BOOST_AUTO_TEST_CASE(a_user_is_found_by_its_whole_name) {
    const char* table =
        "root:x:0:0:root:/root:/bin/bash\n"
        "gatehouse2:x:990:991::/:/usr/sbin/nologin\n"
        "short:x:5\n"
        "odd:x:minus:1::/:\n"
        "gatehouse:x:992:993::/var/lib/gatehouse:/usr/sbin/nologin\n";
    const auto account = account_in(table, "gatehouse");
    BOOST_REQUIRE(account.has_value());
    BOOST_TEST(account->uid == 992U);
    BOOST_TEST(account->gid == 993U);
    for (const char* none : {"gate", "short", "odd", "nobody", "x", ""}) {
        BOOST_TEST(!account_in(table, none).has_value(), none);
    }
}

BOOST_AUTO_TEST_CASE(root_is_never_an_ordinary_user) {
    BOOST_TEST(find_account("root").error().text == "root, as configured");
    BOOST_TEST(find_account("").error().text == "root, as configured");
    BOOST_TEST(find_account("no such user").error().text ==
               "root, because there is no user 'no such user'");
}

BOOST_AUTO_TEST_CASE(a_file_has_a_folder_and_no_file_has_none) {
    BOOST_TEST(folder_of("/etc/config/gatehouse") == "/etc/config");
    BOOST_TEST(folder_of("/gatehouse.conf") == "/");
    BOOST_TEST(folder_of("gatehouse.conf") == ".");
    BOOST_TEST(folder_of("") == "");
}

// As the kernel writes it: four bytes read as a number of this machine.
std::string kernels_hex(Ip4 address) {
    std::array<char, 9> text{};
    std::snprintf(text.data(), text.size(), "%08X", htonl(address.value));
    return text.data();
}

// Lines of a running system.
BOOST_AUTO_TEST_CASE(the_ports_on_which_the_router_listens_are_read_from_the_kernels_tables) {
    const std::string tcp = concat(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
        "   1: ",
        kernels_hex(Ip4::of(192, 168, 1, 1)),
        ":1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
        "   2: 0100000A:8235 0200000B:0050 01 00000000:00000000 00:00000000 00000000     0\n"
        "   3: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
        "   4: nonsense\n"
        "   5: 00000000:ZZZZ 00000000:0000 0A\n");
    const auto ports = listening_ports(tcp, Proto::tcp);
    BOOST_REQUIRE(ports.size() == 2U);
    BOOST_TEST(ports[0].number == 22);
    BOOST_TEST(ports[1].number == 5000);
    const std::vector<Ip4> inside{Ip4::of(192, 168, 1, 1)};
    BOOST_TEST(listening_ports(tcp, Proto::tcp, inside).size() == 1U);
    const char* udp6 =
        "   0: 00000000000000000000000000000000:0223 00000000000000000000000000000000:0000 07 0\n"
        "   1: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 07 0\n";
    const auto udp = listening_ports(udp6, Proto::udp);
    BOOST_REQUIRE(udp.size() == 1U);
    BOOST_TEST(udp[0].number == 547);
}
