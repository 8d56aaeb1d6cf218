# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules that other programs check: clang-format 14 for C++, ShellCheck for shell scripts.

Both get the texts of the tree in a folder of their own, so a sample is checked like a checkout.
"""

import pathlib
import re
import subprocess
import tempfile

from house import CPP, ROOT, Finding, matches, rule

# procd's scripts run under OpenWrt's ash, source what is not here and set what is read elsewhere.
OPENWRT = ("--shell=dash", "--exclude=SC3043,SC2034,SC1091,SC2154")


def run(tree_texts, command, batch):
    """What the command says about the files of batch, one (path, line, text) per complaint."""
    if not batch:
        return
    with tempfile.TemporaryDirectory() as folder:
        for path, text in tree_texts.items():
            place = pathlib.Path(folder, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        done = subprocess.run(command + batch, cwd=folder, capture_output=True, text=True,
                              check=False)
    said = done.stdout + done.stderr
    found = re.findall(r"^([^\s:]+):(\d+):\d+: (.*)$", said, re.M)
    if done.returncode != 0 and not found:
        yield Finding(batch[0], 1, f"{command[0]} failed: {said.strip()}")
    for path, line, text in found:
        yield Finding(path, int(line), text)


def is_script(path, text):
    return matches(path, ("*.sh",)) or re.match(r"#!.*\b(?:ba|da|a)?sh\b", text)


@rule
def cpp_is_formatted(tree):
    style = tree.texts.get(".clang-format") or (ROOT / ".clang-format").read_text("utf-8")
    texts = dict(tree.sources(*CPP))
    program = "clang-format-14"
    seen = set()
    for finding in run({**texts, ".clang-format": style}, [program, "--dry-run", "-Werror"],
                       list(texts)):
        if finding.path not in seen:
            seen.add(finding.path)
            yield Finding(finding.path, finding.line, f"run: {program} -i {finding.path}")


@rule
def shell_is_sound(tree):
    scripts = {p: t for p, t in tree.sources("*") if is_script(p, t)}
    openwrt = [p for p, t in scripts.items()
               if p.startswith("openwrt/") and not t.startswith("#!/bin/bash")]
    command = ["shellcheck", "--format=gcc", "--external-sources"]
    yield from run(scripts, command, [p for p in scripts if p not in openwrt])
    yield from run(scripts, command + list(OPENWRT), openwrt)
