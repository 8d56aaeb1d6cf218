#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""manual.py GATEHOUSE.CONF.5: the manual pages and the completion as a user meets them.

The page of the configuration tells of every section and option of the sample (which a test of
tests/config holds against the table of options), mandoc and man find nothing to complain about,
and bash completes what one would type. That no command and no option of the command line is
missing in gatehouse.8 and in the completion is a rule (tests/rules/documents.py).
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANUAL = ROOT / "gateway/control/manual"
SAMPLE = ROOT / "openwrt/files/gatehouse.config"

# (what is typed, what is offered)
COMPLETIONS = [
    ("gatehouse sta", "status"),
    ("gatehouse forw", "forwards forward"),
    ("gatehouse run -", "-c --foreground"),
    ("gatehouse mappings --j", "--json"),
    ("gatehouse why ", "tcp udp icmp"),
    ("gatehouse forward ", "add del --help"),
    ("gatehouse forward add --proto ", "tcp udp both"),
    ("gatehouse forward add --na", "--name"),
    ("gatehouse forward del ", "4 7"),
    ("gatehouse probe --w", "--wait"),
    ("gatehouse nonsense ", ""),
]

# A daemon's answer, for the completion that asks.
COMPLETE = """source %s
gatehouse() { printf 'ID  PROTO\\n4   udp\\n7   tcp\\n'; }
read -ra COMP_WORDS <<<"$1"
[[ $1 != *' ' ]] || COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_gatehouse
echo "${COMPREPLY[*]}"
"""


def told_by_sample():
    """Each section and option of the sample in order: "ss TYPE" and "it NAME", with its value."""
    out = []
    for line in SAMPLE.read_text("utf-8").split("\n"):
        line = line.removeprefix("#").strip()
        section = re.match(r"config ([a-z_]+)", line)
        option = re.match(r"(?:option|list) ([a-z0-9_]+) '(.*)'$", line)
        if section:
            out.append(("ss", section[1], ""))
        elif option:
            out.append(("it", option[1], option[2]))
    return out


def told_by_page(page):
    sections = page.split("\n.Sh SECTIONS\n")[1].split("\n.Sh ")[0]
    found = re.findall(r"^\.(?:Ss (\w+)|It Ic \w+ Cm (\w+) Pq .* Li (\S+))$", sections, re.M)
    return [("ss", section, "") if section else ("it", name, value)
            for section, name, value in found]


def complaints(page):
    said = subprocess.run(["mandoc", "-Tlint", page], capture_output=True, text=True, check=False)
    for line in (said.stdout + said.stderr).splitlines():
        if "referenced manual not found" not in line and "outdated mandoc.db" not in line:
            yield line
    shown = subprocess.run(["mandoc", "-Tutf8", page], capture_output=True, text=True, check=False)
    if shown.stdout.count("\n") < 50:
        yield f"{page}: shows {shown.stdout.count(chr(10))} lines only"


def main(page):
    wrong = []
    sample, told = told_by_sample(), told_by_page(pathlib.Path(page).read_text("utf-8"))
    if len(sample) < 50:
        wrong.append(f"the sample has {len(sample)} options only")
    wrong += [f"gatehouse.conf.5 does not tell of {row}" for row in sample if row not in told]
    if not wrong and sample != told:
        wrong.append("gatehouse.conf.5 has another order, or more, than the sample")
    for path in (page, str(MANUAL / "gatehouse.8")):
        wrong += complaints(path)
    script = COMPLETE % (MANUAL / "gatehouse.bash")
    for typed, offered in COMPLETIONS:
        done = subprocess.run(["bash", "-c", script, "bash", typed], capture_output=True,
                              text=True, check=False)
        if done.stdout.strip() != offered or done.stderr:
            wrong.append(f"'{typed}' is completed with '{done.stdout.strip()}' {done.stderr}")
    print("\n".join(wrong) or f"{len(told)} sections and options, {len(COMPLETIONS)} completions")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
