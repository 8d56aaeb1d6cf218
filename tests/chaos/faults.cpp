// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/chaos/faults.h"

#include <signal.h>

#include <thread>
#include <vector>

#include "gateway/base/text.h"
#include "tests/lab/support/crowd.h"

namespace gatehouse::chaos {

namespace {

void kill(Ground& on) {
    on.router.kill_9();
    on.linger(800ms);
    on.router.start();
}

void kill_again_and_again(Ground& on) {
    for (int i = 0; i < 3; ++i) {
        on.router.kill_9();
        on.router.start();
        on.linger(100ms);
    }
}

void stop(Ground& on) {
    on.router.stop();
    on.linger(500ms);
    on.router.start();
}

void freeze(Ground& on) {
    on.router.freeze();
    on.linger(4s);
    on.router.thaw();
}

void freeze_under_a_flood(Ground& on) {
    on.router.freeze();
    flood(on.house, {.count = 3000});
    on.linger(500ms);
    on.router.thaw();
}

void send_a_flood(Ground& on) {
    flood(on.house, {.count = 6000});
}

void delete_table(Ground& on) {
    on.house.router.nft("delete table inet gatehouse");
}

void flush_everything(Ground& on) {
    on.house.router.nft("flush ruleset");
}

void flush_again_and_again(Ground& on) {
    for (int i = 0; i < 5; ++i) {
        on.house.router.nft("flush ruleset");
        on.linger(100ms);
    }
}

void flush_and_kill(Ground& on) {
    on.house.router.nft("flush ruleset");
    on.router.kill_9();
    on.router.start();
}

void insert_a_rule(Ground& on) {
    on.house.router.nft("insert rule inet gatehouse forward drop");
}

void add_tables(Ground& on) {
    on.house.router.nft("table ip other { chain c { counter; }; }\ndelete table ip other");
}

void pull_the_cable(Ground& on) {
    on.house.unplug_wan();
    on.linger(1s);
    on.house.plug_wan();
}

void wiggle_the_cable(Ground& on) {
    for (int i = 0; i < 5; ++i) {
        on.house.unplug_wan();
        on.linger(100ms);
        on.house.plug_wan();
    }
}

void pull_the_cable_and_kill(Ground& on) {
    on.house.unplug_wan();
    on.router.kill_9();
    on.house.plug_wan();
    on.router.start();
}

void link_down(Ground& on) {
    on.house.wan_down();
    on.linger(500ms);
    on.house.wan_up();
}

void change_address(Ground& on) {
    on.address = concat("11.0.0.", on.random.between(20, 250));
    on.house.change_wan_address(on.address + "/24");
}

void change_address_while_dead(Ground& on) {
    on.router.kill_9();
    change_address(on);
    on.router.start();
}

void pull_the_modem(Ground& on) {
    on.house.wan_vanishes();
    on.linger(500ms);
    on.house.wan_comes_back();
}

void reload(Ground& on) {
    on.router.configure(configuration(static_cast<int>(on.random.between(200, 400))));
    const Ran ran = on.router.reload();
    if (!ran.ok()) throw LabError(ran.to_string());
}

void reload_nonsense(Ground& on) {
    on.router.configure("config gateway 'main'\n\toption wan 'wan0'\n\toption nonsense '1'\n");
    if (on.router.reload().ok()) throw LabError("nonsense was taken for a configuration");
    on.router.configure(configuration());
}

void reload_and_kill(Ground& on) {
    on.router.configure(configuration(static_cast<int>(on.random.between(200, 400))));
    ::kill(on.router.pid(), SIGHUP);
    on.linger(20ms);
    on.router.kill_9();
    on.router.start();
}

void start_another(Ground& on) {
    const Ran ran = on.house.router.run({on.router.program().string(), "run", "--foreground", "-c",
                                         on.router.config_file().string()});
    if (ran.ended != Ended{1, 0}) throw LabError(ran.to_string());
}

// As a provider does that has no address for a while.
void lose_the_address(Ground& on) {
    on.house.router.ip("addr flush dev wan0");
    on.linger(1s);
    on.house.change_wan_address(on.address + "/24");
}

void rename_the_link(Ground& on) {
    on.house.rename_wan("wan9");
    on.linger(500ms);
    on.house.rename_wan("wan0");
    on.house.wan_default_route();
}

void inside_down(Ground& on) {
    on.house.router.ip("link set br-lan down");
    on.linger(500ms);
    on.house.router.ip("link set br-lan up");
}

// What was asked about is gone when the answer comes.
void link_down_with_packets_in_the_queue(Ground& on) {
    on.router.freeze();
    flood(on.house, {.count = 1000});
    on.house.wan_down();
    on.router.thaw();
    on.linger(300ms);
    on.house.wan_up();
}

void fill_the_disk(Ground& on) {
    (void)on.house.router.run({"sh", "-c", "cat /dev/zero > /run/state/all 2>/dev/null"});
    on.linger(1s);
    on.house.router.run({"rm", "/run/state/all"});
}

void write_protect_the_disk(Ground& on) {
    on.house.router.run({"mount", "-o", "remount,ro", "/run/state"});
    on.router.kill_9();
    on.router.start();
    on.linger(500ms);
    on.house.router.run({"mount", "-o", "remount,rw", "/run/state"});
}

// Power fails while a journal is written: behind what was whole stands what is not.
void tear_a_write(Ground& on) {
    on.router.kill_9();
    (void)on.house.router.run(
        {"sh", "-c",
         "for file in /run/state/*journal; do head -c 37 /dev/urandom >> \"$file\"; done"});
    on.router.start();
}

// They say nothing, and are in nobody's way.
void open_idle_connections(Ground& on) {
    std::vector<TcpConnection> idle;
    for (int i = 0; i < 200; ++i)
        idle.push_back(on.house.pc.begin_connect("192.168.1.1:5000"));
    on.linger(1s);
}

constexpr Fault kFaults[] = {
    {"kill -9", kill},
    {"kill -9, three times", kill_again_and_again},
    {"stop and start", stop},
    {"SIGSTOP", freeze},
    {"SIGSTOP under a flood", freeze_under_a_flood},
    {"a flood of new flows", send_a_flood},
    {"delete table", delete_table, false, true},
    {"flush ruleset", flush_everything, false, true},
    {"flush ruleset, five times", flush_again_and_again, false, true},
    {"flush ruleset and kill -9", flush_and_kill, false, true},
    {"a strange rule in our table", insert_a_rule},
    {"other tables come and go", add_tables},
    {"cable pulled", pull_the_cable},
    {"cable wiggled", wiggle_the_cable},
    {"cable pulled and kill -9", pull_the_cable_and_kill},
    {"link down and up", link_down},
    {"another address", change_address, true},
    {"another address, while dead", change_address_while_dead, true},
    {"modem pulled", pull_the_modem, true},
    {"reload", reload},
    {"reload of nonsense", reload_nonsense},
    {"reload and kill -9", reload_and_kill},
    {"a second daemon", start_another},
    {"disk full", fill_the_disk},
    {"no address for a while", lose_the_address, true},
    {"link renamed and back", rename_the_link, true},
    {"inside down and up", inside_down},
    {"link down, packets in the queue", link_down_with_packets_in_the_queue},
    {"disk read-only and kill -9", write_protect_the_disk},
    {"a torn write", tear_a_write},
    {"200 idle connections", open_idle_connections},
};

}  // namespace

Duration Ground::up_to(Duration most) const {
    return Duration(
        static_cast<Duration::rep>(random.between(0, static_cast<std::uint64_t>(most.count()))));
}

void Ground::linger(Duration most) const {
    std::this_thread::sleep_for(up_to(most));
}

std::span<const Fault> all_faults() {
    return kFaults;
}

std::string configuration(int udp_seconds) {
    return concat(
        "config gateway 'main'\n\toption wan 'wan0'\n\tlist lan 'br-lan'\n"
        "\toption control '/run/gatehouse.sock'\n\toption state '/run/state'\n",
        section("timeout 'timeout'", {{"udp", std::to_string(udp_seconds)}}),
        section("dhcp 'lan'", {{"interface", "br-lan"}}));
}

void make_state_disk(const House& house) {
    house.router.run({"mkdir", "/run/state"});
    house.router.run({"mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", "/run/state"});
}

}  // namespace gatehouse::chaos
