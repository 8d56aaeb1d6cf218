#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""The recipes of openwrt/ against the rest of the house: what they say is what is there."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import router

SOURCE = router.SOURCE

# Where OpenWrt has what CMake looks for. pugixml is linked from its archive.
PACKAGES = {"libmnl": "libmnl", "libnftables": "nftables", "libnftnl": "libnftnl",
            "libmicrohttpd": "libmicrohttpd", "pugixml": None}

# What the rules and sockets of the daemon need of the kernel, by a word of its sources.
KERNEL = {"fib saddr": "kmod-nft-fib", "masquerade": "kmod-nft-nat", "tproxy ip": "kmod-nft-tproxy",
          "ct count": "kmod-nft-connlimit", "ct timeout": "kmod-nfnetlink-cttimeout",
          "NFNL_SUBSYS_QUEUE": "kmod-nfnetlink-queue",
          "NFNL_SUBSYS_CTNETLINK": "kmod-nf-conntrack-netlink",
          "NFNL_SUBSYS_NFTABLES": "kmod-nft-core", "\"queue\"": "kmod-nft-queue"}

# https://wiki.alpinelinux.org/wiki/APKBUILD_Reference: what apk takes for a version.
APK_VERSION = r"\d+(\.\d+)*[a-z]?(_(alpha|beta|pre|rc|cvs|svn|git|hg|p)\d*)*"


def read(path):
    return (SOURCE / path).read_text("utf-8")


def words_of(name, text):
    return re.search(rf"^{name}[:+]?=(.*)$", text, re.M).group(1).strip()


class Recipe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.package = router.Package()
        cls.addClassCleanup(cls.package.remove)
        cls.depends = [one.split(":")[-1].lstrip("+")
                       for one in cls.package.control("DEPENDS").split()]

    def test_the_version_is_that_of_the_project_and_apk_takes_it(self):
        version = words_of("PKG_VERSION", read("openwrt/gatehouse/Makefile"))
        self.assertIn(f"project(gatehouse VERSION {version} ", read("CMakeLists.txt"))
        self.assertRegex(version, rf"^{APK_VERSION}$")

    def test_every_library_that_is_linked_is_depended_on(self):
        modules = re.findall(r"pkg_check_modules\(\w+ REQUIRED IMPORTED_TARGET (\S+)\)",
                             read("CMakeLists.txt"))
        self.assertEqual(sorted(modules), sorted(PACKAGES))
        for module in modules:
            if PACKAGES[module]:
                self.assertIn(PACKAGES[module], self.depends)
        self.assertIn("libstdcpp", self.depends)
        self.assertEqual(words_of("PKG_BUILD_DEPENDS", read("openwrt/gatehouse/Makefile")), "pugixml")

    def test_every_kernel_module_is_depended_on(self):
        sources = "".join(path.read_text("utf-8") for folder in ("gateway", "alg", "dhcp", "upnp")
                          for path in sorted((SOURCE / folder).rglob("*.cpp")))
        for word, module in KERNEL.items():
            self.assertIn(word, sources)
            self.assertIn(module, self.depends)

    def test_every_file_is_installed_and_can_be_used(self):
        installed = [path for path in self.package.root.rglob("*") if path.is_file()]
        contents = [path.read_bytes() for path in installed]
        for path in sorted((SOURCE / "openwrt/files").iterdir()):
            if path.name != "gatehouse.config":
                self.assertIn(path.read_bytes(), contents, f"{path.name} is not installed")
        for path in installed:
            runs = path.parts[-2] in ("init.d", "uci-defaults", "rpcd", "sbin")
            self.assertEqual(os.access(path, os.X_OK), runs, path)

    def test_the_configuration_is_the_sample_but_for_what_a_package_must_not_do(self):
        sample = read("openwrt/files/gatehouse.config").split("\n")
        shipped = (self.package.root / "etc/config/gatehouse").read_text("utf-8").split("\n")
        changed = [(a.strip(), b.strip()) for a, b in zip(sample, shipped) if a != b]
        self.assertEqual(len(sample), len(shipped))
        self.assertEqual(changed, [("option enabled '1'", "option enabled '0'"),
                                   ("option state '/var/lib/gatehouse'",
                                    "option state '/etc/gatehouse'"),
                                   ("option firewall '1'", "option firewall '0'")])
        self.assertEqual(self.package.control("CONFFILES").split(), ["/etc/config/gatehouse"])

    def test_the_user_is_the_one_that_the_daemon_becomes(self):
        user = re.match(r"(\w+)=(\d+):\1=\2$", self.package.control("USERID").strip())
        self.assertIsNotNone(user)
        self.assertIn(f"option user '{user.group(1)}'", read("openwrt/files/gatehouse.config"))

    def test_the_capabilities_are_those_that_systemd_leaves(self):
        unit = read("gateway/daemon/gatehouse.service.in")
        # procd starts it as root, so that it becomes its user and gives it its folder by itself.
        becoming = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID"]
        wanted = sorted([*words_of("CapabilityBoundingSet", unit).split(), *becoming])
        ours = json.loads(read("openwrt/files/gatehouse.capabilities.json"))
        self.assertEqual(ours["bounding"], wanted)
        self.assertEqual(sorted(ours["permitted"]), wanted)

    def test_what_is_copied_for_building_can_be_configured(self):
        with tempfile.TemporaryDirectory() as build:
            ran = subprocess.run(
                ["cmake", "-S", str(self.package.source), "-B", build,
                 *self.package.control("OPTIONS").split(), "-DCMAKE_BUILD_TYPE=Release",
                 "-DCMAKE_INSTALL_PREFIX=/usr"], capture_output=True, text=True, check=False)
            self.assertEqual(ran.returncode, 0, ran.stderr)
            listed = (pathlib.Path(build) / "cmake_install.cmake").read_text("utf-8")
            self.assertIn("/sbin", listed)
            self.assertNotIn("systemd", listed)

    def test_the_mark_that_lets_in_is_the_daemons(self):
        mark = re.search(r'kWelcomeMark = "(0x[0-9a-f]+)"', read("gateway/nat/ruleset.h")).group(1)
        self.assertIn(f"ct mark & {mark} == {mark} accept", read("openwrt/files/forward.nft"))

    def test_the_xml_reader_is_named_by_its_hash(self):
        recipe = read("openwrt/pugixml/Makefile")
        self.assertRegex(words_of("PKG_HASH", recipe), "^[0-9a-f]{64}$")
        with tempfile.TemporaryDirectory() as out:
            router.build("pugixml", out, "metadata")


if __name__ == "__main__":
    unittest.main(verbosity=2)
