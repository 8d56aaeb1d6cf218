// SPDX-License-Identifier: GPL-2.0-or-later
//
// Clients that ask for a port and end: upnpc, natpmpc and the Python module of miniupnpc, each in
// every kind of house (port_life.h draws them).
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "gateway/base/text.h"
#include "tests/lab/support/port_life.h"
#include "tests/lab/support/upnp.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

const std::string kPort(PortHome::kPort);
const std::string kPc(PortHome::kPc);

Ran ask_igd(PortHome& home, const Command& words) {
    return upnpc(home.pc(), words, kGateway1, PortHome::kRouter);
}

Ran ask_natpmp(PortHome& home, const std::string& lifetime) {
    return home.pc().run(
        {"natpmpc", "-g", std::string(PortHome::kRouter), "-a", kPort, kPort, "udp", lifetime},
        20s);
}

// A search that an overloaded machine has answered too late is made again.
Verdict run_python(PortHome& home, std::string_view call) {
    return eventually(
        [&] {
            return home.pc()
                .run({"/usr/bin/python3", "-c",
                      concat("import miniupnpc\n"
                             "u = miniupnpc.UPnP(multicastif='eth0', discoverdelay=1000)\n"
                             "u.discover()\n"
                             "u.selectigd()\n"
                             "print('said', u.",
                             call, ")\n")},
                     20s)
                .says("said True");
        },
        60s);
}

const PortClient kClients[] = {
    {"upnpc", false,
     [](PortHome& home) {
         BOOST_TEST(ask_igd(home, {"-a", kPc, kPort, kPort, "UDP", "600"})
                        .says(concat("external ", home.told(), ':', kPort,
                                     " UDP is redirected to internal ", kPc, ':', kPort)));
     },
     [](PortHome& home) {
         BOOST_TEST(ask_igd(home, {"-d", kPort, "UDP"}).says("returned : 0"));
     }},
    {"natpmpc", false,
     [](PortHome& home) {
         BOOST_TEST(ask_natpmp(home, "600").says(concat("Mapped public port ", kPort)));
     },
     [](PortHome& home) { BOOST_TEST(ask_natpmp(home, "0").ok()); }},
    {"python3-miniupnpc", false,
     [](PortHome& home) {
         BOOST_TEST(run_python(
             home, concat("addportmapping(", kPort, ", 'UDP', u.lanaddr, ", kPort, ", 'x', '')")));
     },
     [](PortHome& home) {
         BOOST_TEST(run_python(home, concat("deleteportmapping(", kPort, ", 'UDP')")));
     }},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(clients)

BOOST_DATA_TEST_CASE(a_port_lives_through_everything,
                     boost::unit_test::data::make(kBeyond) * boost::unit_test::data::make(kClients),
                     beyond, client) {
    live_through_everything(beyond, client);
}

BOOST_AUTO_TEST_SUITE_END()
