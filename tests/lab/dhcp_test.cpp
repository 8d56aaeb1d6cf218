// SPDX-License-Identifier: GPL-2.0-or-later
//
// Devices that get their addresses from Gatehouse, each with the client of a small device (udhcpc).
//
//   phone   --+
//   console --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      --+
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fstream>

#include "gateway/base/text.h"
#include "tests/lab/support/dhcp.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/nat.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

std::string pool(std::initializer_list<std::pair<std::string_view, std::string_view>> more = {}) {
    return section("dhcp 'lan'", {{"interface", "br-lan"}}) + [&more] {
        std::string out;
        for (const auto& [name, value] : more)
            append(out, "\toption ", name, " '", value, "'\n");
        return out;
    }();
}

std::string static_lease(const Host& host, std::string_view address) {
    return section("static_lease", {{"mac", host.mac("eth0")->to_string()}, {"address", address}});
}

// What udhcpc calls when something happens: says it, and does it.
std::string script() {
    return executable("udhcpc.sh", R"(#!/bin/sh
case $1 in
deconfig) ip address flush dev "$interface" ;;
bound | renew)
    ip address flush dev "$interface"
    ip address add "$ip/$mask" dev "$interface"
    ip route replace default via "$router"
    ;;
esac
echo "did $1 ip=$ip dns=$dns domain=$domain lease=$lease hostname=$hostname"
)");
}

Process ask(Host& host, const Command& more = {}) {
    Command command{"udhcpc", "-f", "-i", "eth0",   "-t", "5",
                    "-T",     "1",  "-s", script(), "-x", concat("hostname:", host.name())};
    command.insert(command.end(), more.begin(), more.end());
    return host.start(command);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dhcp)

BOOST_AUTO_TEST_CASE(a_device_gets_an_address_uses_it_renews_it_and_gives_it_back) {
    House house(without_addresses());
    const Router router(house, pool());
    house.router.resolve_with({"9.9.9.9"});
    const Process client = ask(house.phone);
    BOOST_REQUIRE(client.wait_for_output("did bound", kDhcpLimit));
    const std::string address = address_of(house.phone);
    const std::string row =
        concat(R"("address":")", address, R"(","mac":")", house.phone.mac("eth0")->to_string(),
               R"(","name":"phone","state":"bound","expires_in":4)");
    BOOST_TEST(shows(router, row));
    BOOST_TEST(client.wait_for_output("domain=lan lease=43200", kDhcpLimit));
    BOOST_TEST(reaches(house.phone, "11.0.0.2"));
    BOOST_TEST(router.cli({"hosts"}).says("phone"));
    BOOST_TEST(router.cli({"leases"}).says(concat(address, "  ")));
    std::size_t from = client.output().size();
    client.signal(SIGUSR1);
    BOOST_TEST(client.wait_for_output("did renew", kDhcpLimit, from));
    from = client.output().size();
    client.signal(SIGUSR2);
    BOOST_TEST(client.wait_for_output("did deconfig", kDhcpLimit, from));
    BOOST_TEST(eventually_shows(router, R"("state":"released","expires_in":null)"));
    // And gets the same one again.
    from = client.output().size();
    client.signal(SIGUSR1);
    BOOST_TEST(client.wait_for_output(concat("did bound ip=", address), kDhcpLimit, from));
}

BOOST_AUTO_TEST_CASE(leases_survive_a_restart_and_a_kill) {
    House house(without_addresses());
    Router router(house, pool());
    const Process client = ask(house.phone);
    BOOST_REQUIRE(client.wait_for_output("did bound", kDhcpLimit));
    const std::string address = address_of(house.phone);
    router.restart();
    BOOST_TEST(router.says("leases restored count=1", kDhcpLimit));
    BOOST_TEST(shows(router, concat(address, R"(","mac")")));
    router.kill_9();
    router.start();
    BOOST_TEST(shows(router, R"("name":"phone","state":"bound")"));
    const std::size_t from = client.output().size();
    client.signal(SIGUSR1);
    BOOST_TEST(client.wait_for_output(concat("did renew ip=", address), kDhcpLimit, from));
}

BOOST_AUTO_TEST_CASE(a_reservation_made_later_takes_effect_at_the_next_renewal) {
    House house(without_addresses());
    Router router(house, pool());
    const Process client = ask(house.phone);
    BOOST_REQUIRE(client.wait_for_output("did bound", kDhcpLimit));
    router.configure(pool() + static_lease(house.phone, "192.168.1.20"));
    BOOST_TEST(router.reload().ok());
    client.signal(SIGUSR1);
    BOOST_TEST(client.wait_for_output("did bound ip=192.168.1.20", kDhcpLimit));
    BOOST_TEST(shows(router, R"([{"address":"192.168.1.20","mac")"));
    BOOST_TEST(client.output().find("did nak") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_address_that_somebody_has_taken_is_not_given_out) {
    House house(without_addresses());
    const Router router(house, pool({{"start", "100"}, {"limit", "2"}}));
    house.console.ip("address add 192.168.1.100/24 dev eth0");
    house.pc.ip("address add 192.168.1.7/24 dev eth0");
    const Process client = ask(house.phone);
    BOOST_REQUIRE(client.wait_for_output("did bound ip=192.168.1.101", kDhcpLimit));
    const Process second = ask(house.pc);
    BOOST_TEST(router.says("no address is free", kDhcpLimit));
    BOOST_TEST(shows(router, R"({"address":"192.168.1.100","mac":")" +
                                 house.console.mac("eth0")->to_string() +
                                 R"(","name":null,"state":"conflict")"));
}

BOOST_AUTO_TEST_CASE(all_devices_come_at_once_and_each_gets_its_own) {
    House house(without_addresses());
    const Router router(house, pool());
    const Process first = ask(house.phone, {"-B"});
    const Process second = ask(house.console);
    const Process third = ask(house.pc);
    for (const Process* client : {&first, &second, &third})
        BOOST_REQUIRE(client->wait_for_output("did bound", kDhcpLimit));
    BOOST_TEST(address_of(house.phone) != address_of(house.console));
    BOOST_TEST(address_of(house.console) != address_of(house.pc));
    BOOST_TEST(reaches(house.phone, address_of(house.pc)));
}

BOOST_AUTO_TEST_CASE(the_server_follows_a_lan_that_is_renumbered_and_comes_late) {
    HouseOptions options = without_addresses();
    options.lan = {};
    House house(options);
    const Router router(house, pool());
    const Process client = ask(house.phone, {"-A", "1"});
    house.router.ip("address add 192.168.1.1/24 dev br-lan");
    BOOST_REQUIRE(client.wait_for_output("did bound ip=192.168.1.", kDhcpLimit));
    house.router.ip("address flush dev br-lan\naddress add 10.5.0.1/16 dev br-lan");
    BOOST_REQUIRE(router.says("-> 10.5.0.1/16", kDhcpLimit));
    client.signal(SIGUSR1);
    BOOST_TEST(client.wait_for_output("did bound ip=10.5.0.", kDhcpLimit));
}

BOOST_AUTO_TEST_CASE(other_programs_find_leases_and_names) {
    House house(without_addresses());
    const auto folder = work_directory();
    Router router(house,
                  pool() + section("dhcp_files", {{"leases", (folder / "dhcp.leases").string()},
                                                  {"hosts", (folder / "hosts").string()}}));
    const Process client = ask(house.phone);
    BOOST_REQUIRE(client.wait_for_output("did bound", kDhcpLimit));
    const std::string address = address_of(house.phone);
    const auto read = [](const std::filesystem::path& path) {
        std::ifstream in(path);
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    BOOST_TEST(eventually(
        [&] { return Verdict(read(folder / "hosts") == concat(address, " phone.lan phone\n")); },
        kDhcpLimit));
    const std::string line = read(folder / "dhcp.leases");
    BOOST_TEST(line.find(concat(" ", house.phone.mac("eth0")->to_string(), " ", address,
                                " phone 01:")) != std::string::npos,
               line);
}

BOOST_AUTO_TEST_CASE(a_name_server_learns_the_names_as_they_come_and_go) {
    House house(without_addresses());
    const auto folder = work_directory() / "names";
    std::filesystem::create_directory(folder);
    Router router(house, pool() + section("dhcp_files", {{"hosts", (folder / "house").string()}}));
    const Process server = house.router.start(
        {"dnsmasq", "-k", "--conf-file=/dev/null", "--user=root", "--no-resolv", "--no-hosts",
         "--listen-address=192.168.1.1", "--bind-interfaces", "--log-facility=-", "--pid-file",
         concat("--hostsdir=", folder.string())});
    const Process phone = ask(house.phone);
    BOOST_REQUIRE(phone.wait_for_output("did bound", kDhcpLimit));
    const std::string address = address_of(house.phone);
    house.phone.resolve_with({"192.168.1.1"});
    const auto found = [&](const char* name) {
        return house.phone.run({"getent", "ahostsv4", name}).out;
    };
    const auto becomes = [&](const char* name, const std::string& what) {
        return eventually(
            [&]() -> Verdict {
                const std::string out = found(name);
                return out.compare(0, what.size(), what) == 0 && out.empty() == what.empty()
                           ? Verdict(true)
                           : no_because(out);
            },
            kDhcpLimit);
    };
    BOOST_TEST(becomes("phone.lan", address));
    BOOST_TEST(becomes("console.lan", ""));
    const Process console = ask(house.console);
    BOOST_REQUIRE(console.wait_for_output("did bound", kDhcpLimit));
    BOOST_TEST(becomes("console.lan", address_of(house.console)));
    // Who gives its address back is no longer found.
    console.signal(SIGUSR2);
    BOOST_TEST(becomes("console.lan", ""));
    BOOST_TEST(becomes("phone", address));
}

BOOST_AUTO_TEST_SUITE_END()
