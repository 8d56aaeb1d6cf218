// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lab itself: programs inside hosts, the handle of the daemon, and that nothing is left behind
// however a test ends. Single hosts, and the standard house (lab_test.cpp draws it).
#include "tests/lab/support/lab.h"

#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <thread>

#include "gateway/base/text.h"

using namespace gatehouse;
using namespace gatehouse::lab;
namespace fs = std::filesystem;
namespace ut = boost::unit_test;

BOOST_AUTO_TEST_SUITE(programs)

BOOST_AUTO_TEST_CASE(a_program_gives_its_exit_code_and_both_outputs) {
    const Host pc("pc");
    const Ran ran = pc.run({"sh", "-c", "cat; echo oops >&2; exit 3"}, 5s, "what it was given");
    BOOST_TEST(ran.ended.code == 3);
    BOOST_TEST(ran.out == "what it was given");
    BOOST_TEST(ran.err == "oops\n");
    BOOST_TEST(!ran.ok());
    BOOST_TEST(!ran.timed_out);
}

BOOST_AUTO_TEST_CASE(a_program_that_takes_too_long_is_killed) {
    const Host pc("pc");
    const auto start = std::chrono::steady_clock::now();
    const Ran ran = pc.run({"sh", "-c", "echo begun; sleep 600 & sleep 600"}, 200ms);
    BOOST_TEST(ran.timed_out);
    BOOST_TEST(ran.ended.signal == SIGKILL);
    BOOST_TEST(ran.out == "begun\n");
    BOOST_TEST((std::chrono::steady_clock::now() - start < 5s));
    BOOST_TEST(!pc.run({"pgrep", "sleep"}).ok());
}

BOOST_AUTO_TEST_CASE(a_program_that_does_not_exist_is_a_clear_error) {
    const Host pc("pc");
    BOOST_CHECK_EXCEPTION(pc.run({"no-such-program"}), LabError, [](const LabError& error) {
        return std::string_view(error.what()).find("no-such-program") != std::string_view::npos;
    });
    BOOST_CHECK_THROW(pc.ip("address add nonsense dev lo"), LabError);
    BOOST_CHECK_THROW(pc.nft("nonsense"), LabError);
    BOOST_CHECK_THROW(pc.sysctl("net.ipv4.no_such", "1"), LabError);
}

BOOST_AUTO_TEST_CASE(a_started_program_is_watched_frozen_and_ended) {
    Host pc("pc");
    const Process server =
        pc.start({"sh", "-c", "echo ready; while :; do echo t; sleep 0.01; done"});
    BOOST_TEST(server.wait_for_output("ready", 5s));
    server.freeze();
    const std::size_t size = server.output().size();
    BOOST_TEST(throughout([&] { return server.output().size() <= size + 2; }, 100ms));
    server.thaw();
    BOOST_TEST(eventually([&] { return server.output().size() > size + 4; }, 20s));
    BOOST_TEST(server.is_running());
    BOOST_TEST(!server.wait(10ms).has_value());
    BOOST_TEST(server.stop().signal == SIGTERM);
    BOOST_TEST(!server.is_running());
}

BOOST_AUTO_TEST_CASE(waiting_for_output_ends_with_the_program) {
    Host pc("pc");
    const Process brief = pc.start({"echo", "bye"});
    const auto start = std::chrono::steady_clock::now();
    BOOST_TEST(!brief.wait_for_output("hello", 30s));
    BOOST_TEST((std::chrono::steady_clock::now() - start < 10s));
    BOOST_TEST(brief.wait_for_output("bye", 1s));
}

BOOST_AUTO_TEST_CASE(nothing_of_a_program_outlives_its_scope) {
    Host pc("pc");
    {
        const Process parent = pc.start({"sh", "-c", "sleep 601 & sleep 602 & echo up; wait"});
        BOOST_TEST(parent.wait_for_output("up", 5s));
        BOOST_TEST(pc.run({"pgrep", "-f", "sleep 601"}).ok());
    }
    BOOST_TEST(eventually([&] { return !pc.run({"pgrep", "sleep"}).ok(); }, 20s));
}

BOOST_AUTO_TEST_CASE(a_host_has_files_of_its_own) {
    Host phone("phone");
    Host pc("pc");
    BOOST_TEST(phone.run({"hostname"}).out == "phone\n");
    BOOST_TEST(phone.run({"ls", "/sys/class/net"}).out == "lo\n");
    BOOST_TEST(phone.run({"sh", "-c", "echo 1 > /run/here"}).ok());
    BOOST_TEST(!pc.run({"cat", "/run/here"}).ok());
    phone.resolve_with({"192.168.1.1"});
    BOOST_TEST(phone.run({"cat", "/etc/resolv.conf"}).out == "nameserver 192.168.1.1\n");
    BOOST_TEST(pc.run({"cat", "/etc/resolv.conf"}).out == "");
    std::ifstream own("/etc/resolv.conf");
    const std::string text((std::istreambuf_iterator<char>(own)), {});
    BOOST_TEST((text != "nameserver 192.168.1.1\n"));
    phone.sysctl("net.ipv4.ip_forward", "1");
    BOOST_TEST(pc.sysctl("net.ipv4.ip_forward") == "0");
    BOOST_TEST(phone.run({"sysctl", "-n", "net.ipv4.ip_forward"}).out == "1\n");
}

BOOST_AUTO_TEST_CASE(waiting_says_what_it_waited_for) {
    int looks = 0;
    BOOST_TEST(eventually([&] { return ++looks == 4; }, 20s));
    BOOST_TEST(looks == 4);
    const Verdict never = eventually([] { return no_because("the phone is mute"); }, 20ms);
    BOOST_TEST(!never);
    const auto text = never.message();
    const std::string said(text.begin(), text.end());
    BOOST_TEST(said == "not within 20 ms: the phone is mute");
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

// This program once more, with one of the cases that never run by themselves.
Process run_case(const std::string& name, const Environment& environment) {
    Environment all = environment;
    all.emplace_back("GATEHOUSE_LAB_DIR", (work_directory() / "nested").string());
    Place here;
    here.directory = work_directory();
    return Process::start(
        here,
        {fs::read_symlink("/proc/self/exe").string(), "--run_test=" + name, "--color_output=no"},
        new_log("nested"), all);
}

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

ino_t network_of(const fs::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

std::vector<ino_t> networks_in_use() {
    std::vector<ino_t> out;
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
        if (parse_number<int>(entry.path().filename().string())) {
            out.push_back(network_of(entry.path() / "ns/net"));
        }
    }
    return out;
}

std::string script_of_a_fake_gatehouse() {
    return "#!/bin/sh\n"
           "case \"$1\" in\n"
           "run) echo \"daemon: ready\" >&2; trap 'echo ended; exit 0' TERM\n"
           "     while :; do sleep 0.02; done;;\n"
           "status) echo '{\"version\":\"fake\"}';;\n"
           "*) exit 2;;\n"
           "esac\n";
}

// What is asked of the built program here, a script does: the class is under test, not the daemon.
RouterOptions fake_gatehouse() {
    RouterOptions options;
    options.binary = work_directory() / "fake-gatehouse";
    std::ofstream(options.binary) << script_of_a_fake_gatehouse();
    fs::permissions(options.binary, fs::perms::owner_all);
    return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(victims, *ut::disabled())

// Builds a house, a cable into the witness's network and an orphan, and waits to be killed.
BOOST_AUTO_TEST_CASE(a_house_whose_test_is_killed) {
    House house;
    Place here;
    here.net = house.pc.place().net;
    const Ran bait = run_program(here,
                                 {"ip", "link", "add", "bait", "type", "veth", "peer", "name",
                                  "bait", "netns", variable("LAB_WITNESS")},
                                 5s, {}, {});
    BOOST_TEST(bait.ok());
    BOOST_TEST(house.phone.run({"sh", "-c", "setsid sh -c 'setsid sleep 600 &' &"}).ok());
    struct stat status {};
    BOOST_TEST(::fstat(house.phone.place().net, &status) == 0);
    std::cout << "phone in " << status.st_ino << " built" << std::endl;
    std::this_thread::sleep_for(60s);
}

BOOST_AUTO_TEST_CASE(a_daemon_that_dies) {
    House house;
    Router router(house, fake_gatehouse());
    ::kill(router.pid(), SIGSEGV);
    BOOST_TEST(eventually([] { return false; }, 30s));
}

BOOST_AUTO_TEST_CASE(a_check_that_fails) {
    House house;
    (void)house.phone.start({"echo", "left behind"}).wait(5s);
    const Capture capture = house.phone.capture("eth0");
    BOOST_TEST(false);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(cleanliness)

BOOST_AUTO_TEST_CASE(a_killed_test_leaves_nothing_behind) {
    const Host witness("witness");
    const Process victim =
        run_case("victims/a_house_whose_test_is_killed",
                 {{"LAB_WITNESS", concat("/proc/", ::getpid(), "/fd/", witness.place().net)}});
    BOOST_REQUIRE(victim.wait_for_output(" built", 30s));
    BOOST_TEST(witness.has_interface("bait"));
    const std::string said = victim.output();
    const std::size_t at = said.find("phone in ") + 9;
    const auto phone = parse_number<ino_t>(said.substr(at, said.find(' ', at) - at));
    BOOST_REQUIRE(phone.has_value());
    const auto in_use = [&] {
        const std::vector<ino_t> all = networks_in_use();
        return std::find(all.begin(), all.end(), *phone) != all.end();
    };
    BOOST_TEST(in_use());
    victim.signal(SIGKILL);
    BOOST_TEST(eventually([&] { return !in_use(); }, 20s));
    BOOST_TEST(eventually([&] { return !witness.has_interface("bait"); }, 20s));
}

BOOST_AUTO_TEST_CASE(the_system_sees_no_names_of_the_lab) {
    const House house;
    std::ifstream mounts("/proc/self/mountinfo");
    const std::string text((std::istreambuf_iterator<char>(mounts)), {});
    BOOST_TEST((text.find("nsfs") == std::string::npos || text.find("phone") == std::string::npos));
    BOOST_TEST(!fs::exists("/run/netns/phone"));
}

BOOST_AUTO_TEST_CASE(a_failing_test_keeps_its_logs_and_says_where) {
    const Process failing = run_case("victims/a_check_that_fails", {});
    BOOST_TEST(failing.wait(30s).value_or(Ended{}).code != 0);
    BOOST_TEST(failing.wait_for_output("lab: logs of a_check_that_fails are in ", 1s));
    std::vector<std::string> kept;
    for (const auto& entry : fs::recursive_directory_iterator(work_directory() / "nested")) {
        kept.push_back(entry.path().filename().string());
    }
    BOOST_TEST((std::find(kept.begin(), kept.end(), "01-phone-echo.log") != kept.end()));
    BOOST_TEST((std::find(kept.begin(), kept.end(), "02-phone-eth0.pcap") != kept.end()));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(routers)

BOOST_AUTO_TEST_CASE(a_router_starts_answers_restarts_and_stops) {
    House house;
    Router router(house, fake_gatehouse());
    BOOST_TEST(router.is_running());
    BOOST_TEST(router.cli({"status", "--json"}).says("fake"));
    BOOST_TEST(router.run({"cat", router.config_file().string()}).says("option wan 'wan0'"));
    const pid_t before = router.pid();
    router.restart();
    BOOST_TEST(router.pid() != before);
    BOOST_TEST(router.problem() == "");
    router.freeze();
    router.thaw();
    router.kill_9();
    BOOST_TEST(!router.is_running());
    BOOST_TEST(router.problem() == "");
    router.start();
    router.stop();
    BOOST_TEST(router.says("ended"));
}

BOOST_AUTO_TEST_CASE(a_daemon_that_dies_fails_its_test_at_once_with_its_log) {
    const auto start = std::chrono::steady_clock::now();
    const Process test = run_case("victims/a_daemon_that_dies", {});
    BOOST_TEST(test.wait(60s).value_or(Ended{}).code != 0);
    BOOST_TEST((std::chrono::steady_clock::now() - start < 25s));
    BOOST_TEST(test.wait_for_output("ended unexpectedly with signal 11", 1s));
    BOOST_TEST(test.wait_for_output("daemon: ready", 1s));
}

BOOST_AUTO_TEST_CASE(a_daemon_that_does_not_start_is_a_clear_error) {
    House house;
    RouterOptions options;
    options.binary = "/bin/false";
    BOOST_CHECK_EXCEPTION(Router(house, options), LabError, [](const LabError& error) {
        return std::string_view(error.what()).find("does not start") != std::string_view::npos;
    });
}

BOOST_AUTO_TEST_CASE(a_report_of_a_sanitizer_is_recognised) {
    BOOST_TEST(sanitizer_report("daemon: ready\nall is well\n") == "");
    BOOST_TEST(sanitizer_report("x\n==7==ERROR: AddressSanitizer: heap-use-after-free\ny") ==
               "==7==ERROR: AddressSanitizer: heap-use-after-free");
    BOOST_TEST(sanitizer_report("a.cpp:3:9: runtime error: signed overflow") != "");
}

BOOST_AUTO_TEST_SUITE_END()
