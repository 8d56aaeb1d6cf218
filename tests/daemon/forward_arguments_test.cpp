// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/daemon/forward_arguments.h"

#include <boost/test/unit_test.hpp>

#include "gateway/daemon/forward_body.h"

using namespace gatehouse;
using namespace gatehouse::daemon;

namespace {

using Words = std::vector<std::string_view>;

std::string wrong(const Words& words) {
    const auto command = parse_forward_arguments(words);
    return command ? "nothing is wrong" : command.error().text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(forward_arguments)

BOOST_AUTO_TEST_CASE(add_becomes_the_body_of_a_request) {
    const auto command = parse_forward_arguments(
        Words{"add", "--proto", "udp", "--outside", "5060", "--inside", "192.168.1.20:5060"});
    BOOST_REQUIRE(command.ok());
    BOOST_TEST(command->body == R"({"proto":"udp","outside":"5060","inside":"192.168.1.20:5060"})");
    BOOST_TEST(command->ids.empty());
    BOOST_TEST(command->socket == "/run/gatehouse.sock");
    BOOST_TEST(!command->json);
}

BOOST_AUTO_TEST_CASE(every_option_of_add_is_handed_on_in_any_order) {
    const auto command = parse_forward_arguments(Words{
        "add", "--name", "my \"web\"", "--lifetime", "2h", "--json", "--remote", "11.0.0.9",
        "--inside", "192.168.1.20", "--socket", "/tmp/s", "--outside", "80", "--proto", "tcp"});
    BOOST_REQUIRE(command.ok());
    BOOST_TEST(command->body ==
               R"({"proto":"tcp","outside":"80","inside":"192.168.1.20","remote":"11.0.0.9",)"
               R"("lifetime":7200,"name":"my \"web\""})");
    BOOST_TEST(command->socket == "/tmp/s");
    BOOST_TEST(command->json);
}

BOOST_AUTO_TEST_CASE(a_bad_lifetime_is_left_for_the_daemon_to_refuse) {
    const auto command = parse_forward_arguments(Words{
        "add", "--proto", "udp", "--outside", "80", "--inside", "10.0.0.1", "--lifetime", "soon"});
    BOOST_REQUIRE(command.ok());
    const auto asked = parse_forward_body(command->body);
    BOOST_REQUIRE(!asked.ok());
    BOOST_TEST(asked.error().text ==
               "'lifetime' is 'soon': whole seconds from 1 to 31536000 are meant");
}

BOOST_AUTO_TEST_CASE(del_takes_numbers) {
    const auto command = parse_forward_arguments(Words{"del", "7", "--socket", "/tmp/s", "8"});
    BOOST_REQUIRE(command.ok());
    BOOST_TEST(command->ids == (std::vector<std::string>{"7", "8"}));
    BOOST_TEST(command->body.empty());
    BOOST_TEST(command->socket == "/tmp/s");
}

BOOST_AUTO_TEST_CASE(help_is_given_anywhere) {
    BOOST_TEST(parse_forward_arguments(Words{"--help"})->help);
    BOOST_TEST(parse_forward_arguments(Words{"add", "--proto", "-h"})->help);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said) {
    BOOST_TEST(wrong({}) == "forward: say 'add' or 'del'; try --help");
    BOOST_TEST(wrong({"delete", "7"}) == "forward: 'delete' is not understood; try --help");
    BOOST_TEST(wrong({"add"}) == "forward add: --proto is missing; try --help");
    BOOST_TEST(wrong({"add", "--proto", "udp", "--outside", "5060"}) ==
               "forward add: --inside is missing; try --help");
    BOOST_TEST(wrong({"add", "--proto"}) == "forward add: --proto needs a value");
    BOOST_TEST(wrong({"add", "--proto", "udp", "--proto", "tcp"}) ==
               "forward add: --proto is twice");
    BOOST_TEST(wrong({"add", "--port", "7"}) == "forward: '--port' is not understood; try --help");
    BOOST_TEST(wrong({"del"}) ==
               "forward del: the number of a forward is missing; 'gatehouse forwards' shows them");
    BOOST_TEST(wrong({"del", "web"}) ==
               "forward del: 'web' is not the number of a forward; 'gatehouse forwards' shows "
               "them");
    BOOST_TEST(wrong({"del", "--socket"}) == "forward del: --socket needs a value");
}

BOOST_AUTO_TEST_SUITE_END()
