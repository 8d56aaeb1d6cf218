#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks this checkout against the rules of the house: check.py [GROUP...], all without names."""

import importlib
import sys

import house

GROUPS = ("directions", "core", "layout", "text", "sizes", "documents",
          "requirements", "tools")

SHOWN = 20


def load():
    """Every rule of every group, by group and name."""
    for group in GROUPS:
        importlib.import_module(group)
    return house.RULES


def main(groups):
    rules = load()
    unknown = [group for group in groups if group not in rules]
    if unknown:
        print(f"no such group of rules: {' '.join(unknown)}; there are: {' '.join(GROUPS)}")
        return 2
    tree = house.read_tree()
    failed = 0
    for group in groups or GROUPS:
        for name, rule in rules[group].items():
            findings = list(rule(tree))
            failed += len(findings)
            print(f"{'FAIL' if findings else 'ok  '} {name.replace('_', ' ')}")
            for finding in findings[:SHOWN]:
                print(f"     {finding}")
            if len(findings) > SHOWN:
                print(f"     and {len(findings) - SHOWN} more")
        if group == "sizes":
            for finding in sys.modules[group].report(tree):
                print(f"note {finding}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
