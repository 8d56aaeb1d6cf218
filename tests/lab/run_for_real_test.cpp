// SPDX-License-Identifier: GPL-2.0-or-later
//
// gateway/run.sh on a machine that somebody wants to try as a router: what it says before, that it
// routes, and that nothing of it stays.
//
//   phone .20 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fstream>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

const std::string kScript = GATEHOUSE_SOURCE "/gateway/run.sh";

const Environment kProgram = {{"GATEHOUSE_PROGRAM", gatehouse_program()}};

// A configuration that keeps to the folder of the test.
std::string write_config(const std::string& folder) {
    const std::string file = folder + "/gatehouse.conf";
    std::ofstream(file) << "config gateway 'main'\n    option wan 'wan0'\n    list lan 'br-lan'\n"
                        << "    option flush_on_exit '1'\n    option state '" << folder
                        << "/state'\n    option control '/run/gatehouse.sock'\n";
    return file;
}

void try_it(int signal, bool to_group) {
    House house;
    house.router.nft(
        "table ip other {\n chain theirs {\n type filter hook forward priority 10; "
        "policy drop;\n iifname \"br-lan\" accept\n oifname \"br-lan\" accept\n }\n}\n");
    Process script =
        house.router.start({"bash", kScript, "--config", write_config(work_directory())}, kProgram);
    BOOST_TEST(script.wait_for_output("daemon: ready", 20s));
    BOOST_TEST(
        script.wait_for_output("table ip other of another program drops what is forwarded", 1s));
    BOOST_TEST(house.phone.can_ping("11.0.0.2"));
    to_group ? script.signal_group(signal) : script.signal(signal);
    const auto ended = script.wait(20s);
    BOOST_TEST_REQUIRE(ended.has_value(), script.output());
    BOOST_TEST(ended->code == 0, script.output());
    BOOST_TEST(house.router.nft_ruleset().find("gatehouse") == std::string::npos);
    BOOST_TEST(house.router.sysctl("net.ipv4.ip_forward") == "0");
    BOOST_TEST(!house.phone.can_ping("11.0.0.2", 500ms));
    BOOST_TEST(!house.router.run({"test", "-e", "/run/gatehouse.sock"}).ok());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(for_real)

BOOST_AUTO_TEST_CASE(ctrl_c_ends_it_and_nothing_stays) {
    try_it(SIGINT, true);
}

BOOST_AUTO_TEST_CASE(so_does_the_end_of_the_script) {
    try_it(SIGTERM, false);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_is_told_and_nothing_is_begun) {
    House house;
    const auto fails = [&](const Command& words, std::string_view text) {
        Command command = {"bash", kScript};
        command.insert(command.end(), words.begin(), words.end());
        const Process script = house.router.start(command, kProgram);
        const auto ended = script.wait(20s);
        BOOST_TEST(script.output().find(text) != std::string::npos, script.output());
        BOOST_TEST((ended && ended->code != 0));
    };
    fails({"--lan", "nothing0", "--wan", "wan0"}, "there is no interface 'nothing0'");
    fails({"--lan", "br-lan"}, "both --lan and --wan are needed");
    fails({"--config", "/nowhere"}, "/nowhere");
    BOOST_TEST(house.router.nft_ruleset().find("gatehouse") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
