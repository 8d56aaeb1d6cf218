// SPDX-License-Identifier: GPL-2.0-or-later
//
// What remains where no direct path exists: a relay on the internet (TURN, RFC 8656). Both sides
// only send outwards, so every NAT type must let it work, also for a house behind a house.
//
//   phone .20 -- [left router] 11.0.0.1 --+-- 11.0.0.5 [right router] -- .30 console
//      |                                  |
//   [inner router] 192.168.1.50      [internet] 11.0.0.2 rendezvous, 11.0.0.4 coturn
//      |
//   inner phone 192.168.2.20
#include <boost/test/unit_test.hpp>

#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

// coturn's own client: two relay addresses, and ten packets from each to the other.
Process call_itself_by_relay(Host& host, const Command& options) {
    Command command = {"turnutils_uclient",
                       "-y",
                       "-c",
                       "-n",
                       "10",
                       "-u",
                       std::string(Coturn::kUser),
                       "-w",
                       std::string(Coturn::kPassword)};
    command.insert(command.end(), options.begin(), options.end());
    command.emplace_back("11.0.0.4");
    return host.start(command);
}

// Each device of the house is of another type.
std::string one_type_each() {
    return nat_type("full-cone") +
           section("host 'console'", {{"address", "192.168.1.30"}, {"nat", "restricted-cone"}}) +
           section("host 'pc'", {{"address", "192.168.1.10"}, {"nat", "port-restricted-cone"}}) +
           section("host 'guest'", {{"address", "192.168.1.40"}, {"nat", "symmetric"}});
}

}  // namespace

// By channels, by indications, and over TCP to the server.
BOOST_AUTO_TEST_CASE(the_client_of_coturn_loses_nothing_behind_any_type) {
    House house;
    Host& guest = house.add_host("guest", {"192.168.1.40/24"});
    const Router router(house, one_type_each());
    const Coturn coturn(house.internet, Coturn::Serves::turn, {"11.0.0.4"});
    std::vector<Process> calls;
    for (Host* device : {&house.phone, &house.console, &house.pc, &guest}) {
        for (const Command& options : {Command{}, Command{"-s"}, Command{"-t"}})
            calls.push_back(call_itself_by_relay(*device, options));
    }
    for (const Process& call : calls)
        BOOST_TEST(call.wait_for_output("Total lost packets 0 (0.000000%)", 30s));
}

BOOST_AUTO_TEST_CASE(agents_that_may_only_use_the_relay_meet_behind_any_pair_of_types) {
    IceStreet street;
    IceAgent phone = street.agent_on(street.left.house.phone);
    IceAgent console = street.agent_on(street.right.house.console);
    for (const std::string_view left : kNatTypes) {
        street.left.becomes(left);
        for (const std::string_view right : kNatTypes) {
            street.right.becomes(right);
            BOOST_TEST_CONTEXT(left << " and " << right)
            BOOST_TEST(agents_meet(phone, console, IcePolicy::relayed, Path::relayed));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_house_behind_a_house_is_relayed_where_both_are_symmetric) {
    IceStreet street;
    Home inner(inner_house(street.left.house));
    street.left.becomes("symmetric");
    street.right.becomes("symmetric");
    inner.becomes("symmetric");
    IceAgent phone = street.agent_on(inner.house.phone);
    IceAgent console = street.agent_on(street.right.house.console);
    BOOST_TEST(agents_meet(phone, console, IcePolicy::any, Path::relayed));
}
