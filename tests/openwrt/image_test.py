#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""The description of the image: its list of packages, its checker, and the call of ImageBuilder."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import router

IMAGE = router.SOURCE / "openwrt/image"
sys.path.insert(0, str(IMAGE))
import check  # noqa: E402

# What a release offers (24.10 and 25.12), as far as it matters here.
BASE = ["libstdcpp6", "libmnl0", "libnftnl11", "nftables-json", "libmicrohttpd-no-ssl", "luci",
        "luci-base", "kmod-nft-core", "kmod-nft-nat", "kmod-nft-fib", "kmod-nft-queue",
        "kmod-nft-tproxy", "kmod-nft-connlimit", "kmod-nf-conntrack", "kmod-nf-conntrack-netlink",
        "kmod-nfnetlink-queue", "kmod-nfnetlink-cttimeout", "kmod-nft-offload"]
PROVIDED = ["libstdcpp", "libmnl", "libnftnl", "nftables", "libmicrohttpd"]


def opkg_index(without=()):
    lines = [f"Package: {name}\nVersion: 1-r1\n" for name in BASE if name not in without]
    lines[0] += "Provides: " + ", ".join(one for one in PROVIDED if one not in without) + "\n"
    return "\n".join(lines)


class List(unittest.TestCase):
    def test_every_package_of_this_feed_that_users_see_is_in_it(self):
        added, left_out = check.wanted()
        self.assertEqual(len(added), len(set(added)))
        self.assertFalse(set(added) & set(left_out))
        self.assertEqual({name for name in check.ours() if name != "pugixml"} - set(added), set())

    def test_what_answers_the_same_devices_is_left_out(self):
        self.assertIn("miniupnpd-nftables", check.wanted()[1])

    def test_routers_are_of_three_kinds(self):
        lines = [line.split() for line in (IMAGE / "routers").read_text("utf-8").splitlines()
                 if not line.startswith("#")]
        self.assertEqual({line[0] for line in lines}, {"x86", "arm", "mips"})
        for line in lines:
            self.assertEqual(len(line), 3)
            self.assertRegex(line[1], r"^\w+/\w+$")


class Checker(unittest.TestCase):
    def test_it_knows_what_our_packages_need(self):
        ours = check.ours()
        self.assertIn("kmod-nft-queue", ours["gatehouse"])
        self.assertIn("kmod-nfnetlink-cttimeout", ours["gatehouse"])
        self.assertEqual(ours["luci-app-gatehouse"], ["luci-base", "gatehouse"])
        self.assertEqual(ours["pugixml"], ["libstdcpp"])

    def test_a_release_that_has_everything_passes_in_both_forms(self):
        self.assertEqual(list(check.missing(check.names_of(opkg_index()))), [])
        apk = json.dumps({"packages": {name: "1-r1" for name in BASE + PROVIDED}})
        self.assertEqual(list(check.missing(check.names_of(apk))), [])

    def test_what_a_release_lacks_is_named(self):
        for lack in ("kmod-nft-queue", "libmicrohttpd", "luci"):
            said = " ".join(check.missing(check.names_of(opkg_index(without=[lack]))))
            self.assertIn(lack, said)


class Call(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "builder").mkdir()
        (self.folder / "builder/Makefile").write_text(
            "image:\n\t@echo 'profile=$(PROFILE)' 'packages=$(PACKAGES)' 'files=$(FILES)'\n", "utf-8")
        (self.folder / "built").mkdir()

    def build(self, name):
        return subprocess.run([str(IMAGE / "build.sh"), name, str(self.folder / "builder"),
                               str(self.folder / "built")], capture_output=True, text=True,
                              check=False)

    def test_imagebuilder_is_told_the_profile_the_packages_and_the_files(self):
        (self.folder / "built/gatehouse-0.1.0-r1.apk").write_text("", "utf-8")
        ran = self.build("mips")
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        self.assertIn("profile=ubnt_edgerouter-x", ran.stdout)
        self.assertIn("packages=gatehouse luci-app-gatehouse", ran.stdout)
        self.assertIn(" -miniupnpd-nftables", ran.stdout)
        self.assertIn(f"files={IMAGE}/files", ran.stdout)
        self.assertTrue((self.folder / "builder/packages/gatehouse-0.1.0-r1.apk").exists())

    def test_without_packages_or_for_an_unknown_router_it_says_so(self):
        self.assertIn("no packages", self.build("x86").stderr)
        self.assertIn("no router", self.build("toaster").stderr)


class FirstBoot(unittest.TestCase):
    def test_the_image_enables_it_once(self):
        package = router.Package()
        self.addCleanup(package.remove)
        box = router.Router(package, "/bin/true")
        self.addCleanup(box.remove)
        script = "etc/uci-defaults/90-gatehouse-image"
        box.write("/" + script, (IMAGE / "files" / script).read_text("utf-8"), 0o755)
        box.run("/etc/uci-defaults/80-gatehouse")
        ran = box.run("/" + script)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        self.assertEqual(box.get("gatehouse.main.enabled"), "1")
        self.assertEqual(box.get("dhcp.lan.dhcpv4"), "disabled")
        box.uci("set", "gatehouse.main.enabled=0")
        box.run("/" + script)  # after an upgrade of the system
        self.assertEqual(box.get("gatehouse.main.enabled"), "0")


if __name__ == "__main__":
    unittest.main(verbosity=2)
