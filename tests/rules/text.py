# SPDX-License-Identifier: GPL-2.0-or-later
"""Plain text: no tabs, no blanks at the end, and no word that says that something is missing."""

import re

from house import Finding, matches, numbered, rule

# make and OpenWrt's own files are written with tabs, and so are samples of UCI syntax.
TABS_ALLOWED = ("*.md", "*/gatehouse.8", "*.5.in", "openwrt/*", "*/Makefile", "*.mk", "tests/config/*.txt",
                "tests/golden/*")

# Spelled in halves, so that this file can be checked as well.
UNFINISHED = re.compile(
    r"\b(?:" + "|".join(a + b for a, b in (
        ("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("HA", "CK"), ("W", "IP"),
    )) + r")\b|(?i:\b(?:un|not )" + "implemented" + r"\b)"
)


@rule
def lines_end_cleanly(tree):
    for path, text in tree.sources("*"):
        if "\r" in text:
            yield Finding(path, text[:text.index("\r")].count("\n") + 1, "carriage return")
        for number, line in numbered(text.replace("\r", "")):
            if line != line.rstrip(" \t"):
                yield Finding(path, number, "blanks at the end of the line")
        if text and (not text.endswith("\n") or text.endswith("\n\n")):
            yield Finding(path, text.count("\n") + 1, "a file ends with exactly one newline")


@rule
def there_are_no_tabs(tree):
    for path, text in tree.sources("*"):
        for number, line in numbered(text):
            if "\t" in line and not matches(path, TABS_ALLOWED):
                yield Finding(path, number, "a tab; indent with blanks, write \\t in literals")


@rule
def text_is_utf8(tree):
    for path, text in tree.sources("*"):
        if "\N{REPLACEMENT CHARACTER}" in text:
            yield Finding(path, 1, "not UTF-8")


@rule
def nothing_is_left_unfinished(tree):
    for path, text in tree.sources("*"):
        for number, line in numbered(text):
            match = UNFINISHED.search(line)
            if match:
                yield Finding(path, number, f"'{match.group(0)}': finish it or leave it out")
