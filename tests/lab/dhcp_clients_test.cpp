// SPDX-License-Identifier: GPL-2.0-or-later
//
// Other clients than that of dhcp_test, each in its own way of doing things, and the odd cases that
// only frames of our own can make.
//
//   phone   --+
//   console --+-- br-lan 192.168.1.1 [router] wan0 11.0.0.1 ---- 11.0.0.2 .3 .4 [internet]
//   pc      --+
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <csignal>

#include "gateway/base/text.h"
#include "tests/lab/support/dhcp.h"
#include "tests/lab/support/lab.h"
#include "tests/lab/support/nat.h"

using namespace gatehouse;
using namespace gatehouse::lab;

namespace {

std::string pool() {
    return section("dhcp 'lan'", {{"interface", "br-lan"}, {"limit", "20"}});
}

// A request in hex behind the header: Ethernet address of the host, the rest as given.
std::string request(const Host& host, std::uint16_t flags, Ip4 giaddr, std::string_view options) {
    bool ok = true;
    ByteWriter out;
    out.bytes(from_hex("01 01 06 00 12345678 0000", ok));
    out.u16(flags);
    out.zeros(12);
    write_ip4(out, giaddr);
    out.bytes(host.mac("eth0")->bytes);
    out.zeros(10 + 64 + 128);
    out.bytes(from_hex("63825363", ok));
    out.bytes(from_hex(options, ok));
    out.u8(255);
    return std::string(as_text(out.view()));
}

// Sends a request as a host without an address does.
void broadcast(const Host& host, const PacketSocket& socket, const std::string& message) {
    const Mac everybody{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    socket.send(udp4_frame({*host.mac("eth0"), everybody, Ip4{}, Ip4{0xffffffff}}, Port{68},
                           Port{67}, message));
}

std::optional<Packet> reply(const PacketSocket& socket, Duration limit = kDhcpLimit) {
    return socket.receive(
        [](const Packet& p) {
            return !p.outgoing && p.is_udp() && p.flow.source.port.number == 67;
        },
        limit);
}

// The address in a reply (yiaddr).
std::string given(const Packet& packet) {
    ByteReader in(as_bytes(packet.payload()));
    in.skip(16);
    return read_ip4(in).to_string();
}

void write_inside(const Host& host, const std::string& path, const std::string& text,
                  const std::string& mode = "644") {
    BOOST_TEST(
        host.run({"sh", "-c", R"(mkdir -p "${1%/*}" && printf %s "$2" > "$1" && chmod "$3" "$1")",
                  "sh", path, text, mode})
            .ok());
}

// Managers of links wait for udev to have looked at each, unless /sys cannot be written.
void as_without_udev(const Host& host) {
    BOOST_TEST(host.run({"mount", "-o", "remount,ro,bind", "/sys"}).ok());
    host.run({"mkdir", "-p", "/run/dbus"});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(clients)

BOOST_AUTO_TEST_CASE(dhclient_gets_an_address_and_releases_it) {
    House house(without_addresses());
    const Router router(house, pool());
    const std::string script = executable("dhclient.sh", R"(#!/bin/sh
case $reason in
BOUND | RENEW | REBOOT)
    ip address flush dev "$interface"
    ip address add "$new_ip_address/24" dev "$interface"
    ip route replace default via "$new_routers"
    ;;
esac
echo "did $reason $new_ip_address $new_domain_name"
)");
    const std::string file = (work_directory() / "dhclient.leases").string();
    const std::string pid = (work_directory() / "dhclient.pid").string();
    const Command common{"-sf", script, "-lf", file, "-pf", pid, "eth0"};
    const auto with = [&common](Command command) {
        command.insert(command.end(), common.begin(), common.end());
        return command;
    };
    const Process client = house.phone.start(with({"dhclient", "-v", "-d"}));
    BOOST_REQUIRE(client.wait_for_output("did BOUND 192.168.1.1", kDhcpLimit));
    const std::string address = address_of(house.phone);
    BOOST_TEST(eventually_shows(router, concat(address, R"(","mac")")));
    BOOST_TEST(reaches(house.phone, "11.0.0.2"));
    // It says so when it has written the lease down, after its script.
    BOOST_REQUIRE(client.wait_for_output("bound to 192.168.1.1", kDhcpLimit));
    (void)client.kill();
    // As after a reboot: it asks for what it had.
    const Process again = house.phone.start(with({"dhclient", "-v", "-d"}));
    BOOST_REQUIRE(again.wait_for_output(concat("did REBOOT ", address), kDhcpLimit));
    (void)again.kill();
    BOOST_TEST(house.phone.run(with({"dhclient", "-r", "-v"}), kDhcpLimit).ok());
    BOOST_TEST(eventually_shows(router, R"("state":"released")"));
}

BOOST_AUTO_TEST_CASE(dhcpcd_gets_an_address_with_an_identifier_of_its_own) {
    House house(without_addresses());
    const Router router(house, pool());
    // It keeps leases where every dhcpcd of the machine does.
    house.console.run({"mount", "-t", "tmpfs", "tmpfs", "/var/lib/dhcpcd"});
    const std::string conf = executable("dhcpcd.conf", "duid\nhostname console\nipv4only\n");
    const Process client = house.console.start(
        {"dhcpcd", "-B", "-d", "-f", conf, "-c", "/bin/true", "--noipv4ll", "--noarp", "eth0"});
    BOOST_REQUIRE(client.wait_for_output("leased 192.168.1.1", kDhcpLimit));
    BOOST_TEST(eventually([&] { return Verdict(!address_of(house.console).empty()); }, kDhcpLimit));
    BOOST_TEST(eventually_shows(router, R"("name":"console","state":"bound")"));
    BOOST_TEST(reaches(house.console, "11.0.0.2"));
}

BOOST_AUTO_TEST_CASE(networkd_gets_an_address_and_gives_it_back) {
    House house(without_addresses());
    const Router router(house, pool());
    as_without_udev(house.phone);
    write_inside(house.phone, "/run/systemd/network/eth0.network",
                 "[Match]\nName=eth0\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\n");
    const Process client =
        house.phone.start({"env", "SYSTEMD_LOG_TARGET=console", "SYSTEMD_LOG_LEVEL=debug",
                           "/lib/systemd/systemd-networkd"});
    BOOST_REQUIRE(client.wait_for_output("State changed: configuring -> configured", kDhcpLimit));
    const std::string address = address_of(house.phone);
    // It names itself by its DUID (RFC 4361), and by the name of its machine.
    BOOST_TEST(eventually_shows(router, concat(R"("address":")", address, R"(","mac":")",
                                               house.phone.mac("eth0")->to_string(),
                                               R"(","name":"phone","state":"bound")")));
    BOOST_TEST(reaches(house.phone, "11.0.0.2"));
    client.signal(SIGTERM);
    BOOST_TEST(client.wait_for_output("DHCPv4 client: RELEASE", kDhcpLimit));
    BOOST_TEST(eventually_shows(router, R"("state":"released")"));
}

BOOST_AUTO_TEST_CASE(networkmanager_gets_an_address_and_keeps_it_when_it_starts_again) {
    House house(without_addresses());
    const Router router(house, pool());
    as_without_udev(house.pc);
    for (const char* folder : {"/var/lib/NetworkManager", "/etc/NetworkManager"})
        house.pc.run({"mount", "-t", "tmpfs", "tmpfs", folder});
    write_inside(
        house.pc, "/run/manager.conf",
        "[main]\nplugins=keyfile\ndhcp=internal\ndns=none\nauth-polkit=false\nno-auto-default=*\n"
        "[keyfile]\nunmanaged-devices=none\n");
    write_inside(house.pc, "/etc/NetworkManager/system-connections/house.nmconnection",
                 "[connection]\nid=house\nuuid=8e5b1f6e-1d2c-4b3a-8f00-2f6a1c9d7e01\n"
                 "type=ethernet\ninterface-name=eth0\n[ipv4]\nmethod=auto\ndhcp-hostname=pc\n"
                 "[ipv6]\nmethod=disabled\n",
                 "600");
    const Process bus =
        house.pc.start({"dbus-daemon", "--system", "--nofork", "--nopidfile", "--print-address"});
    BOOST_REQUIRE(bus.wait_for_output("unix:path=", kDhcpLimit));
    const Command manager{"NetworkManager", "--debug", "--config=/run/manager.conf"};
    Process client = house.pc.start(manager);
    BOOST_REQUIRE(eventually_shows(router, R"("name":"pc","state":"bound")"));
    BOOST_TEST(reaches(house.pc, "11.0.0.2"));
    const std::string address = address_of(house.pc);
    (void)client.kill();
    client = house.pc.start(manager);
    BOOST_TEST(client.wait_for_output(concat("new lease, address=", address), kDhcpLimit));
    BOOST_TEST(reaches(house.pc, "11.0.0.2"));
    BOOST_TEST(address_of(house.pc) == address);
}

BOOST_AUTO_TEST_CASE(an_offer_goes_to_the_device_alone_or_to_all_as_it_asks) {
    House house(without_addresses());
    const Router router(house, pool());
    const PacketSocket socket = house.phone.packets("eth0");
    broadcast(house.phone, socket, request(house.phone, 0, {}, "350101"));
    const auto alone = reply(socket);
    BOOST_REQUIRE(alone.has_value());
    BOOST_TEST(alone->mac_destination.to_string() == house.phone.mac("eth0")->to_string());
    BOOST_TEST(alone->is_to(given(*alone) + ":68"));
    BOOST_TEST(alone->is_from("192.168.1.1:67"));
    BOOST_TEST(has_right_checksums(*alone));
    broadcast(house.phone, socket, request(house.phone, 0x8000, {}, "350101"));
    const auto all = reply(socket);
    BOOST_REQUIRE(all.has_value());
    BOOST_TEST(all->mac_destination.to_string() == "ff:ff:ff:ff:ff:ff");
    BOOST_TEST(all->is_to("255.255.255.255:68"));
    BOOST_TEST(given(*all) == given(*alone));
}

BOOST_AUTO_TEST_CASE(a_relay_gets_the_answer_for_its_device) {
    House house(without_addresses());
    const Router router(house, pool());
    house.pc.ip("address add 192.168.1.9/24 dev eth0");
    const UdpSocket relay = house.pc.udp("192.168.1.9:67");
    relay.send_to("192.168.1.1:67",
                  request(house.phone, 0, Ip4::of(192, 168, 1, 9), "350101 5204 0102 abcd"));
    const auto answer = relay.receive(kDhcpLimit);
    BOOST_REQUIRE(answer.has_value());
    BOOST_TEST(answer->from.to_string() == "192.168.1.1:67");
    const std::string hex = to_hex(as_bytes(answer->data));
    BOOST_TEST(hex.find("52040102abcdff") != std::string::npos, hex);
}

BOOST_AUTO_TEST_CASE(another_server_on_the_link_is_noticed) {
    House house(without_addresses());
    const Router router(house, pool());
    const PacketSocket socket = house.phone.packets("eth0");
    broadcast(house.phone, socket, request(house.phone, 0, {}, "350103 3204c0a80164 3604c0a801fe"));
    BOOST_TEST(router.says("another server is on the link interface=br-lan", kDhcpLimit));
    BOOST_TEST(router.cli({"status"}).says("lost_to_other_dhcp_servers  1"));
}

BOOST_AUTO_TEST_CASE(a_full_disk_does_not_stop_the_service) {
    House house(without_addresses());
    house.router.run({"mkdir", "/run/full"});
    house.router.run({"mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", "/run/full"});
    house.router.run({"sh", "-c", "head -c 4096 /dev/zero > /run/full/all"});
    Router router(house,
                  concat("config gateway 'main'\n\toption wan 'wan0'\n\tlist lan 'br-lan'\n"
                         "\toption control '/run/gatehouse.sock'\n\toption state '/run/full'\n",
                         pool()));
    const PacketSocket socket = house.phone.packets("eth0");
    broadcast(house.phone, socket, request(house.phone, 0, {}, "350103 3204c0a80164"));
    BOOST_TEST(reply(socket).has_value());
    BOOST_TEST(router.says("leases not stored", kDhcpLimit));
    BOOST_TEST(router.cli({"status"}).says("leases_not_on_disk"));
    BOOST_TEST(eventually_shows(router, R"("address":"192.168.1.100")"));
}

BOOST_AUTO_TEST_CASE(a_port_that_another_program_holds_is_taken_when_it_is_free) {
    House house(without_addresses());
    Process other = house.router.start({"socat", "-u", "UDP4-RECV:67", "STDOUT"});
    BOOST_REQUIRE(eventually(
        [&] {
            return house.router.run({"ss", "-lun"}).says("0.0.0.0:67");
        },
        kDhcpLimit));
    const Router router(house, pool());
    BOOST_REQUIRE(router.says("interface not served interface=br-lan", kDhcpLimit));
    (void)other.kill();
    const PacketSocket socket = house.phone.packets("eth0");
    BOOST_TEST(eventually(
        [&]() -> Verdict {
            broadcast(house.phone, socket, request(house.phone, 0, {}, "350103 3204c0a80164"));
            return reply(socket, 500ms) ? Verdict(true) : no_because("no answer");
        },
        kDhcpLimit));
}

BOOST_AUTO_TEST_SUITE_END()
