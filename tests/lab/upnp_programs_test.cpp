// SPDX-License-Identifier: GPL-2.0-or-later
//
// Programs that have a port opened while they run: Transmission, libtorrent and gupnp-igd, each in
// every kind of house (port_life.h draws them). What becomes of the port meanwhile they need not
// notice.
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>

#include "gateway/base/text.h"
#include "tests/lab/support/port_life.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr Duration kPatience = 60s;
constexpr const char* kProgram = GATEHOUSE_SOURCE "/tests/lab/programs/port_client.py";

void stop(PortHome& home) {
    home.program.signal(SIGTERM);
    BOOST_TEST(home.program.wait(30s).has_value());
}

const PortClient kPrograms[] = {
    {"transmission-daemon", true,
     [](PortHome& home) {
         const std::filesystem::path folder = new_log("transmission");
         std::filesystem::create_directories(folder);
         home.program = home.pc().start({"transmission-daemon", "-f", "-g", folder.string(), "-P",
                                         std::string(PortHome::kPort), "-m", "-O", "-Y"});
     },
     stop, false},
    {"libtorrent", true,
     [](PortHome& home) {
         home.program = home.pc().start({kProgram, "libtorrent", std::string(PortHome::kPort)});
         BOOST_TEST(home.program.wait_for_output(concat("open ", PortHome::kPort), kPatience));
     },
     // TCP and UDP, which it asks for by PCP and by UPnP.
     stop, true, true, 2},
    {"gupnp-igd", false,
     [](PortHome& home) {
         home.program = home.pc().start(
             {kProgram, "gupnp-igd", std::string(PortHome::kPort), std::string(PortHome::kPc)});
         BOOST_TEST(home.program.wait_for_output(concat("open ", PortHome::kPort), kPatience));
     },
     // Whether it still knows a gateway that has started again is a matter of luck.
     stop, true, false},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(programs)

BOOST_DATA_TEST_CASE(a_port_lives_through_everything,
                     boost::unit_test::data::make(kBeyond) *
                         boost::unit_test::data::make(kPrograms),
                     beyond, program) {
    live_through_everything(beyond, program);
}

BOOST_AUTO_TEST_SUITE_END()
