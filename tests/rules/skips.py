#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges skipped tests: skips.py JUNIT.xml... (written by ctest --output-junit).

A test may be skipped only for something this kernel lacks, and says so on a line of its own:
    kernel lacks: NAME
with a NAME of the list below. A missing package or missing root is no reason: it fails the run.
"""

import re
import sys
import xml.etree.ElementTree as xml

KERNEL_LACKS = {
    "nft queue",             # the queue expression; the xtables target stands in for it
    "conntrack in queue",    # NETLINK_GLUE_CT: conntrack attributes with a queued packet
    "conntrack timeouts",    # nfnetlink_cttimeout: timeout policies
    "flowtables",            # nf_flow_table
    "ipv6 nat",              # nat chains of the ip6 family
    "xdp",                   # BPF programs on veth
}

# Suites that are disabled on purpose.
DISABLED = {
    "victims",  # programs of a test, which starts them itself
    "full",  # both take long, and tests/chaos/run.sh starts them
    "soak",
}

CASE_SKIPPED = re.compile(r"^.*\bis skipped because\b.*$", re.M)


def is_disabled_on_purpose(line):
    suite = re.search(r'Test suite "(\w+)" is skipped because disabled', line)
    return suite is not None and suite.group(1) in DISABLED


def judge(text):
    """(accepted, refused): sentences about what was skipped in one JUnit text."""
    accepted, refused = [], []
    for case in xml.fromstring(text).iter("testcase"):
        name, said = case.get("name"), case.findtext("system-out") or ""
        cases = [line for line in CASE_SKIPPED.findall(said) if not is_disabled_on_purpose(line)]
        if case.find("skipped") is None and not cases:
            continue
        named = re.findall(r"kernel lacks: (.+?)\s*$", said, re.M)
        if named and all(lack in KERNEL_LACKS for lack in named):
            accepted.append(f"{name}: kernel lacks {', '.join(sorted(set(named)))}")
        else:
            why = cases or said.strip().split("\n")[-1:]
            refused.append(f"{name}: {' '.join(why).strip() or 'without a reason'}")
    return accepted, refused


def main(paths):
    failed = False
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        accepted, refused = judge(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text))
        for sentence in accepted:
            print(f"skipped {sentence}")
        for sentence in refused:
            print(f"SKIPPED WITHOUT LEAVE {sentence}")
        failed |= bool(refused)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
