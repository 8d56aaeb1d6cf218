#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""What gateway/conflicts.sh finds on machines that are played by stand-ins for their programs."""

import pathlib
import subprocess
import sys
import tempfile

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "gateway/conflicts.sh"

DROPS = """table ip filter {
\tchain FORWARD {
\t\ttype filter hook forward priority filter; policy drop;
%s\t}
}
"""
OURS = """table inet gatehouse {
\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
\t}
\tchain to_outside {
\t\toifname "eth0" masquerade
\t}
}
"""
SHARES = 'table ip nat {\n\tchain POSTROUTING {\n\t\toifname "%s" masquerade\n\t}\n}\n'
HOLDER = 'UNCONN 0 0 0.0.0.0:67 0.0.0.0:* users:(("%s",pid=9,fd=5))\n'

# (what there is, {program: (what it says, exit code)}, what must be said, what must not)
CASES = [
    ("a quiet machine", {}, [], []),
    ("our own rules and an idle manager",
     {"nft": (OURS, 0), "ss": ("", 0), "ufw": ("Status: inactive\n", 0),
      "firewall-cmd": ("not running\n", 252), "nmcli": ("eth1:unmanaged\neth0:connected\n", 0),
      "networkctl": ("  2 eth0 ether routable configured\n  3 eth1 ether carrier unmanaged\n", 0)},
     [], []),
    ("a DHCP server", {"ss": (HOLDER % "dnsmasq" + HOLDER % "dnsmasq", 0)},
     ["dnsmasq listens on port 67", "leave config dhcp out"], []),
    ("two of them", {"ss": (HOLDER % "dnsmasq" + HOLDER % "kea-dhcp4", 0)},
     ["dnsmasq kea-dhcp4 listens"], []),
    ("docker", {"nft": (DROPS % "\t\tjump DOCKER-USER\n\t}\n\tchain DOCKER-USER {\n", 0)},
     ["docker drops", "iptables -I DOCKER-USER -i eth1 -o eth0 -j ACCEPT",
      "iptables -I DOCKER-USER -i eth0 -o eth1 -j ACCEPT"], ["another program drops"]),
    ("somebody's filter", {"nft": (OURS + DROPS % "", 0)},
     ["table ip filter of another program drops", "nft delete table ip filter"], ["docker"]),
    ("somebody who translates on the same interface", {"nft": (SHARES % "eth0", 0)},
     ["table ip nat of another program translates"], ["drops"]),
    ("somebody who translates elsewhere", {"nft": (SHARES % "eth7", 0)}, [], []),
    ("ufw", {"ufw": ("Status: active\n\nTo Action From\n", 0)},
     ["ufw is active", "ufw route allow in on eth1 out on eth0"], []),
    ("firewalld", {"firewall-cmd": ("running\n", 0)},
     ["firewalld is running", "--change-interface=eth1"], []),
    ("NetworkManager", {"nmcli": ("eth0:connected\neth1:connected\n", 0)},
     ["NetworkManager manages eth1 (connected)", "nmcli device set eth1 managed no"],
     ["manages eth0"]),
    ("systemd-networkd",
     {"networkctl": ("  2 eth0 ether routable configured\n  3 eth1 ether routable configured\n", 0)},
     ["systemd-networkd manages eth1 (configured)", "networkctl status eth1"], ["manages eth0"]),
    ("a program that fails", {"nft": ("", 1), "nmcli": ("", 8), "networkctl": ("", 1),
                              "ufw": ("ERROR: you need to be root\n", 1), "ss": ("", 1)}, [], []),
]

TOOLS = ("awk", "bash", "cat", "grep", "paste", "sed", "sort")


def say(programs):
    with tempfile.TemporaryDirectory() as folder:
        for tool in TOOLS:
            where = subprocess.run(["which", tool], capture_output=True, text=True, check=True)
            pathlib.Path(folder, tool).symlink_to(where.stdout.strip())
        for name, (text, code) in programs.items():
            stand_in = pathlib.Path(folder, name)
            stand_in.write_text(f"#!{folder}/bash\ncat <<'SAID'\n{text}SAID\nexit {code}\n", "utf-8")
            stand_in.chmod(0o755)
        return subprocess.run(
            ["bash", "-c", f"set -euo pipefail; source {SCRIPT}; find_conflicts eth0 eth1"],
            capture_output=True, text=True, check=False, env={"PATH": folder})


def main():
    wrong = []
    for title, programs, said, silent in CASES:
        done = say(programs)
        text = done.stdout + done.stderr
        missing = [words for words in said if words not in done.stdout]
        extra = [words for words in silent if words in text]
        if missing or extra or done.stderr or done.returncode != (1 if said else 0) \
                or (not said and done.stdout):
            wrong.append(f"{title}: missing {missing}, too much {extra}, code {done.returncode}\n{text}")
    print("\n".join(wrong) or f"{len(CASES)} machines")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
