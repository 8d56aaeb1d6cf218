#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the package does to a router: files_test.py GATEHOUSE [unittest arguments].

The scripts of the package run on a router of stand-ins (router.py); the daemon is asked whether it
takes the configuration that they make.
"""

import json
import pathlib
import re
import sys
import unittest

import router

BINARY = None
RUN = "procd_set_param command /usr/sbin/gatehouse run -c /var/etc/gatehouse.conf --foreground"
CONFIG = "/var/etc/gatehouse.conf"


class RouterCase(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.package = router.Package()
        cls.addClassCleanup(cls.package.remove)

    def setUp(self):
        self.router = router.Router(self.package, BINARY)
        self.addCleanup(self.router.remove)

    def service(self, action):
        ran = self.router.service(action)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        return self.router.calls()

    def started(self):
        self.router.enable()
        said = self.service("start")
        self.assertIn(RUN, said)
        return said

    def translated(self):
        return self.router.read(CONFIG)

    def dhcp(self, text):
        """The same /etc/config/dhcp with something more."""
        self.router.write("/etc/config/dhcp", router.DHCP + text)

    def logged(self, said):
        return "\n".join(line for line in said if line.startswith("logger "))


class Service(RouterCase):
    def test_a_fresh_package_changes_nothing(self):
        self.router.run("/etc/uci-defaults/80-gatehouse")
        said = self.service("start")
        self.assertNotIn(RUN, said)
        self.assertNotIn("uci commit dhcp", said)
        self.assertEqual(self.router.read("/etc/config/dhcp"), router.DHCP)

    def test_it_is_started_for_ever_and_follows_what_others_change(self):
        said = self.started()
        self.assertIn("procd_set_param respawn 3600 5 0", said)
        self.assertIn("procd_set_param stderr 1", said)
        self.assertIn("procd_add_reload_trigger gatehouse network dhcp firewall", said)
        self.assertIn("procd_add_reload_interface_trigger wan", said)

    def test_its_folder_is_in_flash_and_its_own(self):
        said = self.started()
        self.assertIn("chown gatehouse /etc/gatehouse /tmp/hosts/gatehouse", said)
        self.assertEqual(self.router.path("/etc/gatehouse").stat().st_mode & 0o777, 0o700)
        self.assertIn("option state '/etc/gatehouse'", self.translated())
        self.assertEqual(self.router.read("/lib/upgrade/keep.d/gatehouse"), "/etc/gatehouse/\n")

    def test_the_folder_is_in_flash_where_nobody_names_one(self):
        self.router.uci("delete", "gatehouse.main.state")
        self.started()
        self.assertIn("option state '/etc/gatehouse'", self.translated())

    def test_interfaces_are_those_of_the_networks(self):
        self.started()
        self.assertIn("option wan 'eth1'", self.translated())
        self.assertIn("list lan 'br-lan'", self.translated())
        self.router.uci("set", "network.wan.proto=pppoe")
        self.assertIn("gatehouse reload --socket /run/gatehouse.sock", self.service("reload"))
        self.assertIn("option wan 'pppoe-wan'", self.translated())
        self.router.write("/tmp/devices", "wan wwan0\nlan br-lan\n")
        self.service("reload")
        self.assertIn("option wan 'wwan0'", self.translated())

    def test_interfaces_that_are_named_stay(self):
        self.router.uci("set", "gatehouse.main.wan=eth9")
        self.router.uci("add_list", "gatehouse.main.lan=br-a")
        self.router.uci("add_list", "gatehouse.main.lan=br-b")
        self.started()
        self.assertNotIn("eth1", self.translated())
        self.assertEqual(re.findall(r"list lan '(.*)'", self.translated()), ["br-a", "br-b"])

    def test_the_house_is_served_while_the_modem_has_no_device_yet(self):
        self.router.uci("set", "network.wan.proto=qmi")
        self.router.uci("set", "network.wan.device=/dev/cdc-wdm0")
        self.started()
        self.assertIn("option wan 'wan'", self.translated())
        self.assertIn("config dhcp 'pool_lan'", self.translated())

    def test_a_reload_interrupts_nothing(self):
        self.started()
        self.assertNotIn("gatehouse reload --socket /run/gatehouse.sock", self.service("reload"))
        self.router.uci("set", "gatehouse.nat.type=full-cone")
        said = self.service("reload")
        self.assertIn("gatehouse reload --socket /run/gatehouse.sock", said)
        self.assertNotIn("stop", said)

    def test_what_only_a_restart_changes_restarts(self):
        self.started()
        self.router.write("/tmp/answer", "gatehouse: 'state' changes with a restart\nreloaded\n")
        self.router.uci("set", "gatehouse.main.state=/etc/elsewhere")
        self.assertIn("restart", self.service("reload"))

    def test_a_daemon_that_does_not_answer_is_restarted(self):
        self.started()
        self.router.write("/tmp/refuses", "")
        self.router.uci("set", "gatehouse.nat.type=symmetric")
        self.assertIn("restart", self.service("reload"))

    def test_a_bad_configuration_changes_nothing_and_is_logged_with_its_line(self):
        self.started()
        before = self.translated()
        self.router.uci("set", "gatehouse.nat.type=round")
        ran = self.router.service("reload")
        said = self.router.calls()
        self.assertNotEqual(ran.returncode, 0)
        self.assertEqual(self.translated(), before)
        line = self.router.read("/etc/config/gatehouse").split("\n").index("\toption type 'round'") + 1
        self.assertRegex(self.logged(said), rf"daemon\.err .*:{line}: .*round")
        self.assertNotIn("stop", said)

    def test_check_says_what_is_wrong(self):
        self.router.uci("set", "gatehouse.nat.type=round")
        ran = self.router.service("check")
        self.assertNotEqual(ran.returncode, 0)
        self.assertIn("round", ran.stderr)
        self.router.uci("set", "gatehouse.nat.type=full-cone")
        self.assertIn("good", self.router.service("check").stdout)


class HandOver(RouterCase):
    """Who gives out addresses."""

    def test_enabling_takes_dhcp_over_and_disabling_gives_it_back(self):
        said = self.started()
        self.assertEqual(self.router.get("dhcp.lan.dhcpv4"), "disabled")
        self.assertIsNone(self.router.get("dhcp.lan.ignore"))  # dnsmasq goes on answering names
        self.assertLess(said.index("uci commit dhcp"), said.index("dnsmasq reload"))
        self.assertLess(said.index("dnsmasq reload"), said.index(RUN))
        self.router.uci("set", "gatehouse.main.enabled=0")
        said = self.service("reload")
        self.assertLess(said.index("stop"), said.index("dnsmasq reload"))
        self.assertIn("nft delete table inet gatehouse", said)
        self.assertEqual(self.router.read("/etc/config/dhcp").split(), router.DHCP.split())

    def test_taking_over_twice_is_taking_over_once(self):
        self.started()
        self.router.run("/etc/uci-defaults/80-gatehouse")
        self.router.calls()
        said = self.service("start")
        self.assertNotIn("uci commit dhcp", said)
        self.assertEqual(self.router.get("dhcp.lan.gatehouse_dhcpv4"), "server")

    def test_after_an_upgrade_dnsmasq_does_not_serve_first(self):
        self.router.enable()
        self.router.run("/etc/uci-defaults/80-gatehouse")
        self.assertEqual(self.router.get("dhcp.lan.dhcpv4"), "disabled")

    def test_removal_gives_everything_back(self):
        self.started()
        ran = self.router.remove_package()
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        said = self.router.calls()
        self.assertIn("nft delete table inet gatehouse", said)
        self.assertIn("dnsmasq reload", said)
        self.assertEqual(self.router.read("/etc/config/dhcp").split(), router.DHCP.split())

    def test_an_upgrade_of_the_package_gives_nothing_back(self):
        self.started()
        self.router.write("/tmp/prerm", self.package.control("PRERM"), 0o755)
        self.router.run("/tmp/prerm", "upgrade")
        self.assertEqual(self.router.calls(), [])

    def test_a_pool_without_dhcpv4_gets_none_back(self):
        self.router.uci("delete", "dhcp.lan.dhcpv4")
        before = self.router.read("/etc/config/dhcp")
        self.started()
        self.assertEqual(self.router.get("dhcp.lan.dhcpv4"), "disabled")
        self.router.remove_package()
        self.assertEqual(self.router.read("/etc/config/dhcp"), before)

    def test_a_pool_that_was_off_stays_off(self):
        self.router.uci("set", "dhcp.lan.dhcpv4=disabled")
        self.started()
        self.assertIsNone(self.router.get("dhcp.lan.gatehouse_dhcpv4"))
        self.assertNotIn("config dhcp 'pool_lan'", self.translated())

    def test_a_pool_can_be_left_to_dnsmasq(self):
        self.router.uci("set", "dhcp.lan.gatehouse=0")
        self.started()
        self.assertEqual(self.router.get("dhcp.lan.dhcpv4"), "server")
        self.assertNotIn("config dhcp 'pool_lan'", self.translated())

    def test_whoever_switches_dnsmasq_on_in_luci_gets_it(self):
        self.started()
        self.router.uci("delete", "dhcp.lan.dhcpv4")  # what LuCI writes for the default, server
        self.service("reload")
        self.assertIsNone(self.router.get("dhcp.lan.gatehouse_dhcpv4"))
        self.assertEqual(self.router.get("dhcp.lan.gatehouse"), "0")
        self.assertNotIn("config dhcp 'pool_lan'", self.translated())
        self.service("reload")
        self.assertIsNone(self.router.get("dhcp.lan.dhcpv4"))

    def test_only_pools_of_the_house_are_taken(self):
        self.dhcp("config dhcp 'guest'\n\toption interface 'guest'\n")
        self.started()
        self.assertIsNone(self.router.get("dhcp.guest.dhcpv4"))
        # dnsmasq still writes its file, so it is not ours.
        self.assertNotIn("option leases", self.translated().split("# From /etc/config")[1])


class Translation(RouterCase):
    """/etc/config/dhcp in the daemon's words; that it takes them is part of starting."""

    def test_a_pool_is_what_luci_shows(self):
        self.router.uci("set", "dhcp.lan.start=20")
        self.router.uci("set", "dhcp.lan.limit=30")
        self.router.uci("set", "dhcp.lan.leasetime=infinite")
        self.started()
        pool = self.translated().split("config dhcp 'pool_lan'")[1]
        for line in ("option interface 'br-lan'", "option start '20'", "option limit '30'",
                     "option leasetime 'infinite'", "option domain 'lan'"):
            self.assertIn(line, pool)

    def test_static_leases_are_what_luci_shows(self):
        self.dhcp("config host\n\toption name 'phone'\n\toption ip '192.168.1.20'\n"
                  "\tlist mac '00:11:22:33:44:66'\n\tlist mac '00:11:22:33:44:67'\n"
                  "config host\n\toption name 'tv'\n\toption ip '192.168.1.21'\n"
                  "\toption mac '00:11:22:33:44:68 00:11:22:33:44:69'\n\toption leasetime '7d'\n"
                  "config host\n\toption name 'tag'\n\toption mac '00:11:22:33:44:70'\n")
        self.started()
        hosts = self.translated().split("config static_lease")[1:]
        self.assertEqual(len(hosts), 2)
        self.assertIn("option name 'phone'", hosts[0])
        self.assertEqual(re.findall("list mac '(.*)'", hosts[0]),
                         ["00:11:22:33:44:66", "00:11:22:33:44:67"])
        self.assertEqual(len(re.findall("list mac", hosts[1])), 2)
        self.assertIn("option leasetime '7d'", hosts[1])

    def test_options_of_dnsmasq(self):
        for option in ("3,192.168.1.2", "6,192.168.1.3,192.168.1.4", "option:ntp-server,192.168.1.5",
                       "26,1400", "119,home.arpa,lan", "66,192.168.1.6", "67,pxelinux.0",
                       "15,house.arpa", "150,192.168.1.7", "43,text of a vendor"):
            self.router.uci("add_list", f"dhcp.lan.dhcp_option={option}")
        said = self.started()
        pool = self.translated().split("config dhcp 'pool_lan'")[1]
        for line in ("option router '192.168.1.2'", "list dns '192.168.1.3'", "list dns '192.168.1.4'",
                     "list ntp '192.168.1.5'", "option mtu '1400'", "list search 'home.arpa'",
                     "list search 'lan'", "option boot_server '192.168.1.6'",
                     "option boot_file 'pxelinux.0'", "option domain 'house.arpa'",
                     "list dhcp_option '150,address,192.168.1.7'",
                     "list dhcp_option '43,text,text of a vendor'"):
            self.assertIn(line, pool)
        self.assertEqual(self.logged(said), "")

    def test_what_is_not_understood_is_said(self):
        self.router.uci("add_list", "dhcp.lan.dhcp_option=option:whatever,1")
        self.assertRegex(self.logged(self.started()), "not understood in .*option:whatever")

    def test_a_hostile_value_stays_one_word(self):
        hostile = "x' ; touch /tmp/hacked ; echo $(touch /tmp/hacked) `touch /tmp/hacked` '"
        self.router.uci("set", f"dhcp.lan.leasetime={hostile}")
        self.router.uci("add_list", f"dhcp.lan.dhcp_option=43,{hostile}")
        self.router.enable()
        self.router.service("start")
        said = self.router.calls()
        self.assertFalse(self.router.path("/tmp/hacked").exists())
        self.assertRegex(self.logged(said), "daemon.err .*leasetime")  # as the daemon refuses it

    def test_a_house_whose_configuration_is_refused_is_served_by_the_others(self):
        self.router.uci("set", "dhcp.lan.leasetime=soon")
        self.router.enable()
        self.router.service("start")
        self.assertNotIn(RUN, self.router.calls())
        self.assertEqual(self.router.get("dhcp.lan.dhcpv4"), "server")
        self.router.uci("set", "dhcp.lan.leasetime=6h")
        self.assertIn(RUN, self.service("reload"))
        self.assertEqual(self.router.get("dhcp.lan.dhcpv4"), "disabled")

    def test_pools_of_its_own_configuration_win(self):
        self.router.write("/etc/config/gatehouse", self.router.read("/etc/config/gatehouse") +
                          "config dhcp 'mine'\n\toption interface 'br-lan'\n\toption start '7'\n")
        self.started()
        self.assertEqual(self.router.get("dhcp.lan.dhcpv4"), "disabled")
        self.assertNotIn("config dhcp 'pool_lan'", self.translated())


class Notes(RouterCase):
    def notes(self):
        return self.router.service("notes").stdout

    def test_a_good_router_has_none(self):
        self.router.write("/tmp/nft", "chain forward { comment \"gatehouse: let in\" }")
        self.assertEqual(self.notes(), "")

    def test_auto_includes_off(self):
        self.router.uci("set", "firewall.@defaults[0].auto_includes=0")
        self.assertIn("auto_includes", self.notes())
        self.assertIn("auto_includes", self.logged(self.started()))

    def test_a_firewall_that_has_not_read_our_rules(self):
        self.router.write("/tmp/nft", "chain forward { }")
        self.assertIn("service firewall reload", self.notes())

    def test_no_firewall4_and_our_own_filter(self):
        self.router.write("/tmp/nft", "chain forward { }")
        self.router.uci("set", "gatehouse.main.firewall=1")
        self.assertEqual(self.notes(), "")

    def test_offloading_and_calls(self):
        self.router.write("/tmp/nft", "gatehouse:")
        self.router.uci("set", "firewall.@defaults[0].flow_offloading=1")
        self.assertEqual(self.notes(), "")
        self.router.uci("set", "gatehouse.main.firewall=1")
        self.assertIn("flow_offloading", self.notes())
        self.router.uci("set", "gatehouse.sip.mode=off")
        self.assertEqual(self.notes(), "")

    def test_miniupnpd(self):
        self.router.write("/tmp/nft", "gatehouse:")
        self.router.write("/etc/init.d/miniupnpd", "#!/bin/sh\n[ \"$1\" = enabled ]\n", 0o755)
        self.assertIn("miniupnpd", self.notes())


class Ubus(RouterCase):
    """The object `gatehouse`, as rpcd calls it."""

    def call(self, method, arguments=None):
        ran = self.router.run("/usr/libexec/rpcd/gatehouse", "call", method,
                              text=json.dumps(arguments or {}) + "\n")
        self.assertEqual(ran.stderr, "")
        return json.loads(ran.stdout)

    def test_every_method_is_listed_and_answers(self):
        listed = json.loads(self.router.run("/usr/libexec/rpcd/gatehouse", "list").stdout)
        self.router.write("/tmp/answer", "[]\n")
        for method in sorted(set(listed) - {"add_forward", "delete_forward", "reload"}):
            self.assertIsInstance(self.call(method), (dict, list), method)
        self.assertEqual(self.call("leases"), {"rows": []})
        self.assertIn("gatehouse leases --json --socket /run/gatehouse.sock", self.router.calls())

    def test_what_the_daemon_complains_of_is_an_error(self):
        self.router.write("/tmp/answer", "gatehouse: no daemon \"answers\"\n")
        self.router.write("/tmp/refuses", "")
        self.assertEqual(self.call("status"), {"error": "gatehouse: no daemon \"answers\""})

    def test_a_forward_is_added_and_deleted(self):
        self.router.write("/tmp/answer", '[{"id":"7"}]')
        rows = self.call("add_forward", {"proto": "udp", "outside": "5060",
                                         "inside": "192.168.1.20:5060", "name": "my phone"})
        self.assertEqual(rows, {"rows": [{"id": "7"}]})
        self.assertIn("gatehouse forward add --proto udp --outside 5060 --inside 192.168.1.20:5060 "
                      "--name my phone --json --socket /run/gatehouse.sock", self.router.calls())
        self.call("delete_forward", {"id": "7"})
        self.assertIn("gatehouse forward del 7 --json --socket /run/gatehouse.sock",
                      self.router.calls())

    def test_a_hostile_request_runs_nothing(self):
        for value in ("$(touch /tmp/hacked)", "`touch /tmp/hacked`", "'; touch /tmp/hacked; '"):
            self.call("delete_forward", {"id": value})
            self.router.write("/tmp/answer", "[]")
            self.call("add_forward", {"proto": value, "outside": value, "inside": value,
                                      "name": value, "lifetime": value})
        self.assertEqual(self.call("delete_forward", {"id": "--socket"}),
                         {"error": "no such forward"})
        self.assertFalse(self.router.path("/tmp/hacked").exists())

    def test_nonsense_is_an_error(self):
        ran = self.router.run("/usr/libexec/rpcd/gatehouse", "call", "delete_forward", text="{no\n")
        self.assertIn("error", json.loads(ran.stdout))
        self.assertIn("error", self.call("no_such_method"))


class Feed(RouterCase):
    """The tests that the feed's CI runs on the target."""

    def script(self, name, **variables):
        self.router.write("/tmp/test", (router.SOURCE / "openwrt/gatehouse" / name).read_text(), 0o755)
        assignments = [f"{key}={value}" for key, value in variables.items()]
        self.router.write("/usr/sbin/gatehouse", '#!/bin/sh\nexec /usr/libexec/gatehouse "$@"\n', 0o755)
        return self.router.run("env", *assignments, "/tmp/test")

    def test_they_pass(self):
        for name in ("test.sh", "test-version.sh"):
            ran = self.script(name, PKG_NAME="gatehouse", PKG_VERSION="0.1.0")
            self.assertEqual((ran.returncode, ran.stderr), (0, ""), ran.stdout)

    def test_another_version_is_noticed(self):
        for name in ("test.sh", "test-version.sh"):
            self.assertNotEqual(
                self.script(name, PKG_NAME="gatehouse", PKG_VERSION="9.9.9").returncode, 0)


if __name__ == "__main__":
    BINARY = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
