// SPDX-License-Identifier: GPL-2.0-or-later
//
// The daemon's life: what it survives, what it says, what it gives up.
//
//   phone   .20 --+
//   console .30 --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      .10 --+
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "gateway/base/text.h"
#include "tests/lab/support/lab.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

constexpr const char* kStandard =
    "config gateway 'main'\n\toption wan 'wan0'\n\tlist lan 'br-lan'\n"
    "\toption control '/run/gatehouse.sock'\n\toption state '/run/gatehouse'\n";

// A connection from the pc to the internet, over which something is said now and then.
class Conversation {
  public:
    explicit Conversation(House& house)
        : listener_(house.internet.listen("11.0.0.2:7")), near_(house.pc.connect("11.0.0.2:7")) {
        auto far = listener_.accept();
        BOOST_REQUIRE(far.has_value());
        far_.emplace(std::move(*far));
    }
    bool goes_on() {
        const std::string word = "word " + std::to_string(++words_);
        return near_.send(word) && far_->receive_exactly(word.size()) == word && far_->send(word) &&
               near_.receive_exactly(word.size()) == word;
    }

  private:
    TcpListener listener_;
    TcpConnection near_;
    std::optional<TcpConnection> far_;
    int words_ = 0;
};

// What /proc/PROCESS/status says of that, or "".
std::string fact_of(const std::string& process, const std::string& name) {
    std::ifstream file(concat("/proc/", process, "/status"));
    for (std::string line; std::getline(file, line);) {
        const auto words = split(line, '\t');
        if (words.size() > 1 && words[0] == concat(name, ":")) return std::string(words[1]);
    }
    return {};
}

// The process that writes the files of the daemon.
std::string writer_of(const Router& router) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string process = entry.path().filename();
        if (fact_of(process, "Name") == "gatehouse-files" &&
            fact_of(process, "PPid") == std::to_string(router.pid())) {
            return process;
        }
    }
    return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(survival)

BOOST_AUTO_TEST_CASE(a_hundred_kills_lose_no_session) {
    House house;
    Router router(house);
    Conversation conversation(house);
    BOOST_REQUIRE(conversation.goes_on());
    int lost = 0;
    for (int round = 0; round < 100; ++round) {
        router.kill_9();
        if (!conversation.goes_on()) ++lost;
        router.start();
        if (!conversation.goes_on()) ++lost;
    }
    std::cerr << "words lost in 100 kills and starts: " << lost << "\n";
    BOOST_TEST(lost == 0);
}

// What writes the files stands still as it does while a disk does not answer. The daemon goes on,
// and what it has promised is there after its death: the next one waits until it is written.
BOOST_AUTO_TEST_CASE(a_disk_that_does_not_answer_stops_nothing_and_what_was_promised_is_kept) {
    House house;
    Router router(house);
    const pid_t writer = std::stoi(writer_of(router));
    BOOST_REQUIRE(::kill(writer, SIGSTOP) == 0);
    for (const std::string port : {"8001", "8002", "8003"}) {
        BOOST_TEST(router
                       .cli({"forward", "add", "--proto", "tcp", "--outside", port, "--inside",
                             "192.168.1.10:80"})
                       .ok());
    }
    Conversation conversation(house);
    BOOST_TEST(conversation.goes_on());
    router.kill_9();
    std::thread disk([writer] {
        std::this_thread::sleep_for(1s);
        (void)::kill(writer, SIGCONT);
    });
    const auto began = std::chrono::steady_clock::now();
    router.start();
    const auto took = std::chrono::steady_clock::now() - began;
    disk.join();
    BOOST_TEST((took > 500ms));
    const Ran forwards = router.cli({"forwards"});
    for (const char* port : {"8001", "8002", "8003"})
        BOOST_TEST(forwards.says(port));
    BOOST_TEST(conversation.goes_on());
}

BOOST_AUTO_TEST_CASE(without_what_writes_its_files_the_daemon_does_it_and_says_so) {
    House house;
    Router router(house);
    BOOST_REQUIRE(::kill(std::stoi(writer_of(router)), SIGKILL) == 0);
    BOOST_TEST(router.says("the process that writes files has ended"));
    BOOST_TEST(router
                   .cli({"forward", "add", "--proto", "tcp", "--outside", "8001", "--inside",
                         "192.168.1.10:80"})
                   .ok());
    router.kill_9();
    router.start();
    BOOST_TEST(router.cli({"forwards"}).says("8001"));
}

BOOST_AUTO_TEST_CASE(new_sessions_begin_while_the_daemon_is_dead) {
    House house;
    Router router(house);
    router.kill_9();
    Conversation conversation(house);
    BOOST_TEST(conversation.goes_on());
}

BOOST_AUTO_TEST_CASE(a_foreign_flush_is_repaired_within_a_second_and_sessions_go_on) {
    House house;
    const Router router(house);
    Conversation conversation(house);
    BOOST_TEST(conversation.goes_on());
    const std::string before = house.router.nft_ruleset();
    for (int round = 0; round < 10; ++round) {
        house.router.nft("flush ruleset");
        BOOST_TEST(eventually(
            [&] {
                return Verdict(house.router.nft_ruleset().find("masquerade") != std::string::npos);
            },
            20s));
        BOOST_TEST(conversation.goes_on());
    }
    BOOST_TEST(router.says("table changed by another program, loading again by=nft["));
}

BOOST_AUTO_TEST_CASE(a_rule_put_into_our_table_by_another_program_does_not_stay) {
    House house;
    const Router router(house);
    house.router.nft("insert rule inet gatehouse forward accept");
    BOOST_TEST(eventually(
        [&] {
            const std::string chain =
                house.router.run({"nft", "list", "chain", "inet", "gatehouse", "forward"}).out;
            return Verdict(chain.find("\t\taccept") == std::string::npos);
        },
        20s));
}

BOOST_AUTO_TEST_CASE(other_programs_tables_are_left_alone) {
    House house;
    house.router.nft("table ip mine { chain c { counter; }; }");
    Router router(house);
    house.router.nft("add rule ip mine c accept");
    router.restart();
    BOOST_TEST(house.router.nft_ruleset().find("table ip mine") != std::string::npos);
    BOOST_TEST(router.log().find("table changed by another program") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_daemon_starts_before_its_interfaces_exist_and_follows_them) {
    House house;
    house.wan_vanishes();
    const Router router(house);
    BOOST_TEST(router.cli({"status", "--json"}).says("\"reach\":\"none\""));
    house.wan_comes_back();
    BOOST_TEST(router.says("outside address none -> 11.0.0.1 reach=public"));
    BOOST_TEST(house.pc.can_ping("11.0.0.2"));
    house.rename_wan("uplink");
    BOOST_TEST(router.says("outside address 11.0.0.1 -> none"));
    BOOST_TEST(!house.pc.can_ping("11.0.0.2", 1s));
    house.rename_wan("wan0");
    BOOST_TEST(router.says("outside address none -> 11.0.0.1 reach=public"));
    BOOST_TEST(house.pc.can_ping("11.0.0.2"));
}

BOOST_AUTO_TEST_CASE(a_cable_that_is_pulled_and_a_new_address_are_told) {
    House house;
    const Router router(house);
    house.unplug_wan();
    BOOST_TEST(router.says("interface up -> down name=wan0"));
    house.plug_wan();
    BOOST_TEST(router.says("interface down -> up name=wan0"));
    house.router.ip("address del 11.0.0.1/24 dev wan0\naddress add 100.64.3.4/24 dev wan0");
    BOOST_TEST(router.says("-> 100.64.3.4 reach=cgnat"));
    BOOST_TEST(router.cli({"status"}).says("wan0  100.64.3.4/24  cgnat"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(one_at_a_time)

BOOST_AUTO_TEST_CASE(a_second_daemon_ends_with_one_clear_line_and_touches_nothing) {
    House house;
    const Router router(house);
    const std::string rules = house.router.nft_ruleset();
    const Ran second = house.router.run(
        {gatehouse_program(), "run", "-c", router.config_file().string(), "--foreground"});
    BOOST_TEST(second.ended.code == 1);
    BOOST_TEST(second.says("gatehouse: gatehouse runs already: process "));
    BOOST_TEST(second.err.find('\n') == second.err.size() - 1);
    BOOST_TEST(house.router.nft_ruleset() == rules);
    BOOST_TEST(router.cli({"status"}).ok());
}

BOOST_AUTO_TEST_CASE(of_twenty_daemons_started_at_once_one_works) {
    House house;
    RouterOptions options;
    options.start = false;
    const Router router(house, options);
    std::vector<Process> daemons;
    for (int i = 0; i < 20; ++i) {
        daemons.push_back(house.router.start(
            {gatehouse_program(), "run", "-c", router.config_file().string(), "--foreground"}));
    }
    BOOST_TEST(eventually(
        [&] {
            const auto running = std::count_if(daemons.begin(), daemons.end(),
                                               [](const Process& p) { return p.is_running(); });
            return Verdict(running == 1);
        },
        20s));
    for (const Process& daemon : daemons) {
        if (daemon.is_running()) {
            BOOST_TEST(daemon.wait_for_output("daemon: ready", 10s));
        } else {
            BOOST_TEST(daemon.ended()->code == 1);
        }
    }
    BOOST_TEST(router.cli({"status"}).ok());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(configuration)

BOOST_AUTO_TEST_CASE(a_reload_with_a_bad_file_changes_nothing_and_says_why) {
    House house;
    Router router(house);
    const std::string rules = house.router.nft_ruleset();
    router.configure(
        "config gateway 'main'\n\toption wan 'wan0'\n\tlist lan 'br-lan'\n"
        "config nat 'nat'\n\toption prots '1-2'\n");
    const Ran reload = router.reload();
    BOOST_TEST(reload.ended.code == 2);
    BOOST_TEST(reload.says(":5: unknown option 'prots' in 'nat'"));
    BOOST_TEST(house.router.nft_ruleset() == rules);
    BOOST_TEST(house.pc.can_ping("11.0.0.2"));
}

BOOST_AUTO_TEST_CASE(a_reload_takes_effect_by_command_and_by_signal) {
    House house;
    Router router(house);
    router.configure(std::string(kStandard) + "config nat 'nat'\n\toption ports '20000-20999'\n");
    BOOST_TEST(router.reload().says("reloaded"));
    BOOST_TEST(house.router.nft_ruleset().find("20000-20999") != std::string::npos);
    router.configure(std::string(kStandard) + "config nat 'nat'\n\toption ports '30000-30999'\n");
    ::kill(router.pid(), SIGHUP);
    BOOST_TEST(eventually(
        [&] {
            return Verdict(house.router.nft_ruleset().find("30000-30999") != std::string::npos);
        },
        20s));
}

BOOST_AUTO_TEST_CASE(a_file_that_only_root_may_read_is_reloaded_by_the_command) {
    House house;
    Router router(house, std::string(kStandard) + "\toption user 'nobody'\n");
    router.configure(std::string(kStandard) +
                     "\toption user 'nobody'\n"
                     "config nat 'nat'\n\toption ports '20000-20999'\n");
    house.router.run({"chmod", "600", router.config_file().string()});
    BOOST_TEST(router.reload().says("reloaded"));
    BOOST_TEST(house.router.nft_ruleset().find("20000-20999") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_ruleset_stays_at_the_end_unless_it_shall_go) {
    House house;
    Router router(house);
    router.stop();
    BOOST_TEST(house.router.nft_ruleset().find("table inet gatehouse") != std::string::npos);
    router.configure(std::string(kStandard) + "\toption flush_on_exit '1'\n");
    router.start();
    router.stop();
    BOOST_TEST(house.router.nft_ruleset().find("table inet gatehouse") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(where_another_program_filters_we_do_not) {
    House house;
    const Router router(house, std::string(kStandard) + "\toption firewall '0'\n");
    house.internet.ip("route add 192.168.1.0/24 via 11.0.0.1");
    const Capture inside = house.router.capture("br-lan");
    house.internet.udp("11.0.0.4:9").send_to("192.168.1.20:9", "let me in");
    BOOST_TEST(
        inside.wait_for([](const Packet& p) { return p.is_from("11.0.0.4:9"); }).has_value());
    const Capture outside = house.router.capture("wan0");
    BOOST_TEST(house.pc.can_ping("11.0.0.2"));
    BOOST_TEST(outside.none([](const Packet& p) {
        return p.is_icmp() && p.icmp_type == 8 && p.ip4_source_in("192.168.0.0/16");
    }));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(privileges)

BOOST_AUTO_TEST_CASE(the_daemon_works_as_an_ordinary_user_with_three_capabilities) {
    House house;
    const Router router(house, std::string(kStandard) + "\toption user 'nobody'\n");
    const Ran shown = router.cli({"status"});
    BOOST_TEST(shown.says("nobody"));
    BOOST_TEST(shown.says("net_bind_service net_admin net_raw"));
    house.router.nft("flush ruleset");
    BOOST_TEST(eventually(
        [&] { return Verdict(house.router.nft_ruleset().find("masquerade") != std::string::npos); },
        20s));
}

BOOST_AUTO_TEST_CASE(what_writes_its_files_is_that_user_without_any_capability_and_goes_with_it) {
    House house;
    Router router(house, std::string(kStandard) + "\toption user 'nobody'\n");
    const std::string writer = writer_of(router);
    const std::string daemon = std::to_string(router.pid());
    for (const char* name : {"Uid", "Gid", "NoNewPrivs", "Seccomp"})
        BOOST_TEST(fact_of(writer, name) == fact_of(daemon, name), name);
    for (const char* name : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
        BOOST_TEST(fact_of(writer, name) == "0000000000000000", name);
    std::size_t open = 0;
    for (const auto& entry : std::filesystem::directory_iterator(concat("/proc/", writer, "/fd"))) {
        const std::string what = std::filesystem::read_symlink(entry.path());
        const bool expected = what == "/dev/null" || what.starts_with("socket:") ||
                              what.find("gatehouse") != std::string::npos;
        BOOST_TEST(expected, what);
        if (what.starts_with("socket:")) ++open;
    }
    BOOST_TEST(open == 1U);
    router.stop();
    BOOST_TEST(fact_of(writer, "Name") == "");
}

BOOST_AUTO_TEST_CASE(without_its_user_the_daemon_works_as_root_and_says_so) {
    House house;
    const Router router(house, std::string(kStandard) + "\toption user 'nosuchuser'\n");
    BOOST_TEST(router.cli({"status"}).says("root, because there is no user 'nosuchuser'"));
    BOOST_TEST(house.pc.can_ping("11.0.0.2"));
}

// As its unit for systemd starts it: an ordinary user from the first moment on, with capabilities,
// a state folder of its own and a control socket that was opened for it.
BOOST_AUTO_TEST_CASE(the_daemon_needs_no_root_where_the_system_opens_its_socket) {
    House house;
    RouterOptions options;
    options.start = false;
    const Router files(house, options);
    house.router.run({"install", "-d", "-o", "nobody", "-m", "700", "/run/state"});
    const std::string config = "/run/gatehouse.conf";
    BOOST_TEST(house.router.run({"tee", config}, 10s, kStandard).ok());
    const std::string caps = "+net_admin,+net_raw,+net_bind_service";
    Process daemon =
        house.router.start({"systemd-socket-activate", "-l", "/run/gatehouse.sock", "setpriv",
                            "--reuid=65534", "--regid=65534", "--clear-groups",
                            concat("--inh-caps=", caps), concat("--ambient-caps=", caps),
                            gatehouse_program(), "run", "--foreground", "-c", config});
    const auto ask = [&](const std::string& what) {
        return house.router.run({gatehouse_program(), what, "--socket", "/run/gatehouse.sock"});
    };
    BOOST_TEST(eventually([&] { return ask("status").says("as started"); }, 20s));
    BOOST_TEST(eventually([&] { return house.pc.can_ping("11.0.0.2"); }, 20s));
    BOOST_TEST(ask("reload").ok());
    BOOST_TEST(daemon.stop(10s).code == 0);
    BOOST_TEST(house.router.run({"test", "-S", "/run/gatehouse.sock"}).ok());
}

BOOST_AUTO_TEST_CASE(only_root_may_change_the_gateway_and_everybody_may_look) {
    House house;
    const Router router(house);
    const std::string tool = gatehouse_program();
    const Command as_nobody = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", tool};
    const auto ask = [&](const std::string& what) {
        Command command = as_nobody;
        command.insert(command.end(), {what, "--socket", router.control()});
        return house.router.run(command);
    };
    BOOST_TEST(ask("status").ok());
    const Ran refused = ask("reload");
    BOOST_TEST(refused.ended.code == 1);
    BOOST_TEST(refused.says("only root may change the gateway"));
}

BOOST_AUTO_TEST_SUITE_END()
