# SPDX-License-Identifier: GPL-2.0-or-later
"""A router made of what the package installs and of stand-ins for the rest of OpenWrt.

It is a folder in which programs run as at the root of a file system, with BusyBox as /bin/sh and
the built daemon as /usr/sbin/gatehouse. Only `check` reaches the daemon: what else it is told is
noted, like every word to procd, firewall4 and the other services.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
HERE = SOURCE / "tests/openwrt"
sys.path.insert(0, str(HERE / "stand_ins"))
import uci  # noqa: E402

NETWORK = """\
config interface 'lan'
\toption proto 'static'
\toption device 'br-lan'
\toption ipaddr '192.168.1.1'

config interface 'wan'
\toption proto 'dhcp'
\toption device 'eth1'
"""

DHCP = """\
config dnsmasq
\toption domain 'lan'
\toption leasefile '/tmp/dhcp.leases'

config dhcp 'lan'
\toption interface 'lan'
\toption start '100'
\toption limit '150'
\toption leasetime '12h'
\toption dhcpv4 'server'

config dhcp 'wan'
\toption interface 'wan'
\toption ignore '1'
"""

FIREWALL = """\
config defaults
\toption input 'REJECT'
\toption forward 'REJECT'
"""

DAEMON = """\
#!/bin/sh
[ "$1" = check ] && exec /usr/libexec/gatehouse "$@"
echo "gatehouse $*" >>/tmp/calls
cat /tmp/answer 2>/dev/null
[ ! -e /tmp/refuses ]
"""

NOTES_CALL = """\
#!/bin/sh
echo "{name} $*" >>/tmp/calls
{more}
"""


def build(recipe, out, *arguments):
    """Runs a recipe of openwrt/ with the stand-in of the build system."""
    return subprocess.run(
        ["make", "--silent", "-C", str(SOURCE / "openwrt" / recipe), f"TOPDIR={HERE}/buildroot",
         f"OUT={out}", *arguments], capture_output=True, text=True, check=True)


class Package:
    """What the recipe of the daemon makes."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-package-"))
        empty = self.folder / "program"
        empty.write_text("", "utf-8")
        build("gatehouse", self.folder, f"BINARY={empty}")
        self.root = self.folder / "root"
        self.source = self.folder / "source"

    def remove(self):
        shutil.rmtree(self.folder)

    def control(self, field):
        return (self.folder / "control" / field).read_text("utf-8")


class Router:
    """A router with that package, and with the built daemon."""

    def __init__(self, package, binary):
        self.package = package
        self.binary = binary
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-router-"))
        shutil.copytree(package.root, self.root, dirs_exist_ok=True)
        self.install_stand_ins()
        for name, text in (("network", NETWORK), ("dhcp", DHCP), ("firewall", FIREWALL)):
            self.write(f"/etc/config/{name}", text)

    def remove(self):
        shutil.rmtree(self.root)

    def install_stand_ins(self):
        shutil.move(self.path("/usr/sbin/gatehouse"), self.path("/usr/libexec/gatehouse"))
        for name in ("bin", "sbin", "usr/bin", "usr/lib", "lib64", "lib/functions", "dev", "tmp/hosts",
                     "usr/share/libubox", "run", "var"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        shutil.copy("/usr/bin/busybox", self.path("/bin/busybox"))
        (self.root / "bin/sh").symlink_to("busybox")
        for place in pathlib.Path("/usr/lib").glob("*-linux-gnu*"):  # where the loader is
            (self.root / "lib" / place.name).symlink_to(f"../usr/lib/{place.name}")
        (self.root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n", "utf-8")
        shutil.copy(HERE / "stand_ins/functions.sh", self.path("/lib/functions.sh"))
        self.write("/lib/functions/network.sh", "")
        shutil.copy(HERE / "stand_ins/uci.py", self.path("/sbin/uci"))
        shutil.copy(HERE / "stand_ins/rc_common.sh", self.path("/etc/rc.common"))
        shutil.copy(HERE / "stand_ins/jshn.sh", self.path("/usr/share/libubox/jshn.sh"))
        self.write("/usr/sbin/gatehouse", DAEMON, mode=0o755)
        for name, more in (("/sbin/fw4", ""), ("/usr/sbin/nft", "cat /tmp/nft"),
                           ("/etc/init.d/dnsmasq", "")):
            self.write(name, NOTES_CALL.format(name=name.rsplit("/", 1)[1], more=more), mode=0o755)

    def path(self, name):
        return self.root / name.lstrip("/")

    def read(self, name):
        return self.path(name).read_text("utf-8")

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(mode)

    def run(self, *command, text=None):
        """Runs a command in the folder; user and mount namespaces make that harmless."""
        binds = "".join(
            f"mount --rbind -o ro {host} {self.root}{inside} && "
            for host, inside in (("/usr/bin", "/usr/bin"), ("/usr/lib", "/usr/lib"),
                                 ("/usr/lib64", "/lib64"), ("/dev", "/dev"),
                                 (self.binary, "/usr/libexec/gatehouse")))
        shell = binds + 'exec chroot "$0" /bin/sh -c \'"$@"\' sh "$@"'
        return subprocess.run(
            ["unshare", "--map-root-user", "--mount", "/bin/sh", "-c", shell, str(self.root),
             *command],
            input=text, capture_output=True, text=True, check=False,
            env={"PATH": "/usr/sbin:/sbin:/bin:/usr/bin"})

    def service(self, action):
        """`service gatehouse ACTION`."""
        return self.run("/bin/sh", "/etc/rc.common", "/etc/init.d/gatehouse", action)

    def calls(self):
        """What was said to others since the last question."""
        path = self.path("/tmp/calls")
        said = path.read_text("utf-8").splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return said

    def uci(self, *words):
        """What somebody changes, and commits."""
        return uci.main(words, str(self.path("/etc/config")))

    def get(self, place):
        """The value at a place of UCI, or nothing."""
        return uci.value_at(place, str(self.path("/etc/config")))

    def enable(self):
        self.uci("set", "gatehouse.main.enabled=1")

    def remove_package(self):
        self.write("/tmp/prerm", self.package.control("PRERM"), 0o755)
        return self.run("/tmp/prerm")
